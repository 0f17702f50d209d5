//! The pages that are open, and what they are told.
//!
//! Owns that nobody waits for a page: one that doesn't take what it is told is let go of, comes back
//! by itself, and is told all again.

use super::page::To;
use super::server::TabId;
use super::wire::Told;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::mpsc;

/// The pages.
#[derive(Debug, Default)]
pub(super) struct Audience {
    pages: BTreeMap<TabId, mpsc::Sender<Arc<str>>>,
}

impl Audience {
    /// A page has come.
    pub(super) fn opened(&mut self, tab: TabId, telling: mpsc::Sender<Arc<str>>) {
        self.pages.insert(tab, telling);
    }

    /// It has gone.
    pub(super) fn closed(&mut self, tab: TabId) {
        self.pages.remove(&tab);
    }

    /// Those that are there.
    pub(super) fn tabs(&self) -> Vec<TabId> {
        self.pages.keys().copied().collect()
    }

    /// Lets go of all, once they have heard what they were told.
    pub(super) fn dismiss(&mut self) -> Vec<TabId> {
        std::mem::take(&mut self.pages).into_keys().collect()
    }

    /// Tells them something.
    pub(super) fn tell(&mut self, to: To, told: &Told) {
        let Ok(text) = serde_json::to_string(told) else { return };
        let text: Arc<str> = text.into();
        self.pages.retain(|tab, telling| {
            let is_meant = match to {
                To::All => true,
                To::One(one) => one == *tab,
                To::AllBut(one) => one != *tab,
            };
            !is_meant || telling.try_send(Arc::clone(&text)).is_ok()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice() -> Told {
        Told::Notice { text: "hello".to_owned() }
    }

    #[test]
    fn each_is_told_what_is_meant_for_it_and_who_does_not_listen_is_let_go_of() {
        let mut audience = Audience::default();
        let (first, mut to_first) = mpsc::channel(1);
        let (second, mut to_second) = mpsc::channel(4);
        audience.opened(TabId(1), first);
        audience.opened(TabId(2), second);
        audience.tell(To::AllBut(TabId(1)), &notice());
        assert!(to_first.try_recv().is_err());
        assert_eq!(&*to_second.try_recv().unwrap(), r#"{"event":"notice","text":"hello"}"#);
        audience.tell(To::All, &notice());
        audience.tell(To::One(TabId(1)), &notice());
        assert_eq!(audience.tabs(), [TabId(2)], "the first one's queue was full");
        to_second.close();
        audience.tell(To::All, &notice());
        assert!(audience.tabs().is_empty());
    }
}
