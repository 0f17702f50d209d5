//! While there is no conversation: pages are asked whom to meet.
//!
//! Owns what a page can do meanwhile, which is to meet and to end.

use super::Web;
use super::page::To;
use super::server::Heard;
use super::wire::{Action, Stage, Told};
use crate::terminal::Answer;
use couplet::code::Code;

/// Asks until a page has answered, or the program is to end.
pub(super) async fn ask(web: &mut Web, stage: Stage, told: Told) -> Answer {
    let hello = web.hello(stage);
    web.audience.tell(To::All, &hello);
    web.audience.tell(To::All, &told);
    loop {
        let heard = tokio::select! {
            heard = web.heard.recv() => heard,
            status = web.signals.next() => {
                web.ended_by = Some(status);
                None
            }
        };
        match heard {
            None => return Answer::Leave { ended_by: web.ended_by },
            Some(Heard::Opened { tab, telling }) => {
                web.audience.opened(tab, telling);
                web.audience.tell(To::One(tab), &hello);
                web.audience.tell(To::One(tab), &told);
            }
            Some(Heard::Closed { tab }) => web.audience.closed(tab),
            Some(Heard::Said { tab, text }) => match understood(&text) {
                Ok(Some(Answer::Leave { .. })) => {
                    web.is_over = true;
                    return Answer::Leave { ended_by: None };
                }
                Ok(Some(answer)) => return answer,
                Ok(None) => {}
                Err(wrong) => {
                    let relay = web.about.relay.clone();
                    let wrong = match stage {
                        Stage::Asking => Told::Asking { relay, wrong: Some(wrong) },
                        Stage::Ended | Stage::Talking => Told::Notice { text: wrong },
                    };
                    web.audience.tell(To::One(tab), &wrong);
                }
            },
            Some(Heard::Ready { answer, .. }) => {
                // A page that has gone doesn't need an answer.
                let _ = answer.send(Err("there is nobody to send to yet".to_owned()));
            }
            Some(Heard::Wanted { answer, .. }) => drop(answer.send(None)),
            Some(Heard::Transcript { answer }) => drop(answer.send(web.said.clone())),
        }
    }
}

/// What a page says; nothing if it is about a line that is over.
fn understood(text: &str) -> Result<Option<Answer>, String> {
    match serde_json::from_str::<Action>(text) {
        Ok(Action::Meet { code: Some(code), .. }) => {
            Code::parse(&code).map(|code| Some(Answer::Code(code))).map_err(|e| e.to_string())
        }
        Ok(Action::Meet { new: true, .. }) => Ok(Some(Answer::New)),
        Ok(Action::Meet { .. }) => Ok(Some(Answer::Anybody)),
        Ok(Action::End) => Ok(Some(Answer::Leave { ended_by: None })),
        Ok(_) => Ok(None),
        Err(_) => Err("the page said something that isn't understood; reload it".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_whom_to_meet() {
        assert_eq!(understood(r#"{"action":"meet"}"#), Ok(Some(Answer::Anybody)));
        assert_eq!(understood(r#"{"action":"meet","new":true}"#), Ok(Some(Answer::New)));
        let code = understood(r#"{"action":"meet","code":"7 otter Lamp"}"#);
        assert!(matches!(code, Ok(Some(Answer::Code(_)))), "{code:?}");
        let wrong = understood(r#"{"action":"meet","code":"7-oter-lamp"}"#).unwrap_err();
        assert!(wrong.contains("did you mean otter?"), "{wrong}");
        assert!(matches!(understood(r#"{"action":"end"}"#), Ok(Some(Answer::Leave { .. }))));
        assert_eq!(understood(r#"{"action":"say","text":"too late"}"#), Ok(None));
        assert!(understood("[]").is_err());
    }
}
