//! While there is no conversation: pages are asked whom to meet.
//!
//! Owns what a page can do meanwhile, which is to meet and to end; and that what it says too late is kept.

use super::Web;
use super::page::To;
use super::saying::{Said, Saying};
use super::server::{Heard, TabId};
use super::wire::{self, Action, Stage, Told};
use crate::terminal::Answer;
use crate::terminal::app::MOST_WRITTEN;
use couplet::code::Code;
use couplet::text;

/// How much of what is said too late is kept.
pub(super) const MOST_LATE: usize = 100;

/// Asks until a page has answered, or the program is to end. Gives what pages were told at last, too.
pub(super) async fn ask(web: &mut Web, stage: Stage, mut told: Told) -> (Answer, Told) {
    let hello = web.hello(stage, web.saying.meeting(), false);
    web.audience.tell(To::All, &hello);
    web.audience.tell(To::All, &told);
    let mut late_ones = 0;
    loop {
        let heard = tokio::select! {
            heard = web.heard.recv() => heard,
            status = web.signals.next() => {
                web.ended_by = Some(status);
                None
            }
        };
        match heard {
            None => return (Answer::Leave { ended_by: web.ended_by }, told),
            Some(Heard::Opened { tab, telling }) => {
                web.audience.opened(tab, telling);
                web.audience.tell(To::One(tab), &hello);
                web.audience.tell(To::One(tab), &told);
            }
            Some(Heard::Closed { tab }) => web.audience.closed(tab),
            Some(Heard::Said { tab, text }) => match understood(&text) {
                Understood::Answer(Answer::Leave { .. }) => {
                    web.is_over = true;
                    return (Answer::Leave { ended_by: None }, told);
                }
                Understood::Answer(answer) => return (answer, told),
                Understood::Words { text, id } => {
                    late(web, tab, (&text, id), &mut told, &mut late_ones);
                }
                Understood::TooLate => {}
                Understood::Wrong(wrong) => {
                    let mut answer = told.clone();
                    if let Told::Asking { wrong: it, .. } | Told::Ended { wrong: it, .. } =
                        &mut answer
                    {
                        *it = Some(wrong);
                    }
                    web.audience.tell(To::One(tab), &answer);
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

/// Words that nobody is there for any more: they are shown with what was never sent.
fn late(
    web: &mut Web,
    tab: TabId,
    (text, id): (&str, Option<String>),
    told: &mut Told,
    already: &mut usize,
) {
    let Told::Ended { unsent, .. } = told else {
        let text = "there is no line yet, so nothing was said".to_owned();
        return web.audience.tell(To::One(tab), &Told::Notice { text });
    };
    if *already == MOST_LATE {
        // It isn't answered for, so the page keeps it.
        let text = "the line is over, and nothing more is kept; copy what you wrote".to_owned();
        return web.audience.tell(To::One(tab), &Told::Notice { text });
    }
    if let Some(text) = kept(text, id.as_deref(), &mut web.saying) {
        *already += 1;
        unsent.push(text);
        web.audience.tell(To::All, told);
    }
    if let Some(id) = id {
        web.audience.tell(To::One(tab), &Told::Said { id });
    }
}

/// Words that a page says when all is over, if there are any in what it says.
pub(super) fn too_late(text: &str, saying: &mut Saying) -> Option<String> {
    let Understood::Words { text, id } = understood(text) else { return None };
    kept(&text, id.as_deref(), saying)
}

fn kept(text: &str, id: Option<&str>, saying: &mut Saying) -> Option<String> {
    let is_new = match saying.take(id, None) {
        Said::Now | Said::Late => true,
        Said::Again | Said::Unclear => false,
    };
    Some(text::message(text, MOST_WRITTEN)).filter(|text| is_new && !text.trim().is_empty())
}

/// What a page says.
#[derive(Debug, PartialEq)]
enum Understood {
    /// Whom to meet, or that it is over.
    Answer(Answer),
    /// Words for somebody.
    Words { text: String, id: Option<String> },
    /// What is about a line that is over.
    TooLate,
    /// What isn't understood, in a sentence.
    Wrong(String),
}

fn understood(text: &str) -> Understood {
    match serde_json::from_str::<Action>(text) {
        Ok(Action::Meet { code: Some(code), .. }) => match Code::parse(&code) {
            Ok(code) => Understood::Answer(Answer::Code(code)),
            Err(error) => Understood::Wrong(error.to_string()),
        },
        Ok(Action::Meet { new: true, .. }) => Understood::Answer(Answer::New),
        Ok(Action::Meet { .. }) => Understood::Answer(Answer::Anybody),
        Ok(Action::End) => Understood::Answer(Answer::Leave { ended_by: None }),
        Ok(Action::Say { text, id, .. }) => Understood::Words { text, id },
        Ok(_) => Understood::TooLate,
        Err(_) => Understood::Wrong(wire::UNCLEAR.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_whom_to_meet() {
        let answer = |text| match understood(text) {
            Understood::Answer(answer) => answer,
            other @ (Understood::Words { .. } | Understood::TooLate | Understood::Wrong(_)) => {
                panic!("{other:?}")
            }
        };
        assert_eq!(answer(r#"{"action":"meet"}"#), Answer::Anybody);
        assert_eq!(answer(r#"{"action":"meet","new":true}"#), Answer::New);
        let code = answer(r#"{"action":"meet","code":"7 otter Lamp"}"#);
        assert!(matches!(code, Answer::Code(_)), "{code:?}");
        let wrong = understood(r#"{"action":"meet","code":"7-oter-lamp"}"#);
        let Understood::Wrong(wrong) = wrong else { panic!("{wrong:?}") };
        assert!(wrong.contains("did you mean otter?"), "{wrong}");
        assert!(matches!(answer(r#"{"action":"end"}"#), Answer::Leave { .. }));
        assert_eq!(understood(r#"{"action":"pass"}"#), Understood::TooLate);
        assert_eq!(understood("[]"), Understood::Wrong(wire::UNCLEAR.to_owned()));
    }

    #[test]
    fn what_is_said_too_late_is_kept_once() {
        let mut saying = Saying::default();
        let say = |id: &str, text: &str| {
            serde_json::json!({"action": "say", "id": id, "meeting": 1, "text": text}).to_string()
        };
        let mut late = |id: &str, text: &str| too_late(&say(id, text), &mut saying);
        assert_eq!(late("a", "too late").as_deref(), Some("too late"));
        assert_eq!(late("a", "too late"), None, "it is there already");
        assert_eq!(late("b", " \n"), None);
        assert_eq!(late("c", "x\u{1b}[2J").as_deref(), Some("x"));
        assert_eq!(too_late(r#"{"action":"pass"}"#, &mut saying), None);
    }
}
