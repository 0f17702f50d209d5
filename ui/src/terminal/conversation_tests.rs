//! Tests of the scrollback: where the reader is, what is new, and what it costs.

use super::*;
use jiff::civil::date;

const WIDE: Columns = Columns { text: 40, own: 37 };
const TIME: WallTime = WallTime { date: date(2026, 11, 22), hour: 12, minute: 0, second: 0 };

fn empty() -> Conversation {
    let mut conversation = Conversation::default();
    conversation.set_today(TIME.date);
    conversation
}

fn numbered(count: usize) -> Conversation {
    let mut conversation = empty();
    for number in 0..count {
        conversation.push(TIME, Who::Me, format!("message {number}"));
    }
    conversation
}

fn seen(conversation: &Conversation, columns: Columns, height: usize) -> Vec<String> {
    let visible = conversation.visible(columns, height);
    let text = |row: &Row| match row {
        Row::Day(day) => format!("-- {day} --"),
        Row::Ruler { new } => format!("-- {new} new --"),
        Row::Text { entry, range, .. } => {
            conversation.entry(*entry).unwrap().text[range.clone()].to_owned()
        }
    };
    visible.rows.iter().map(text).collect()
}

#[test]
fn nothing_is_seen_of_nothing() {
    let mut conversation = Conversation::default();
    conversation.scroll_up(3, WIDE, 5);
    conversation.scroll_down(3, WIDE);
    assert_eq!(conversation.visible(WIDE, 5), Visible::default());
}

#[test]
fn scrolling_stops_at_both_ends() {
    let mut conversation = numbered(10);
    conversation.scroll_up(2, WIDE, 3);
    assert_eq!(seen(&conversation, WIDE, 3), ["message 5", "message 6", "message 7"]);
    assert_eq!(conversation.visible(WIDE, 3).below, 2);
    conversation.scroll_up(100, WIDE, 3);
    assert_eq!(seen(&conversation, WIDE, 3), ["message 0", "message 1", "message 2"]);
    conversation.scroll_down(6, WIDE);
    assert!(conversation.is_scrolled());
    conversation.scroll_down(1, WIDE);
    assert!(!conversation.is_scrolled());
    assert_eq!(seen(&conversation, WIDE, 3), ["message 7", "message 8", "message 9"]);
}

#[test]
fn a_conversation_that_fits_doesnt_scroll() {
    let mut conversation = numbered(2);
    conversation.scroll_up(1, WIDE, 5);
    assert!(!conversation.is_scrolled());
}

#[test]
fn the_reader_stays_where_it_is_while_more_comes() {
    let mut conversation = numbered(10);
    conversation.scroll_up(4, WIDE, 3);
    let before = seen(&conversation, WIDE, 3);
    conversation.push_words(TIME, Who::Peer("bob".into()), "news".into(), Some(1), true);
    assert_eq!(seen(&conversation, WIDE, 3), before);
    assert!(conversation.take_shown(conversation.visible(WIDE, 3).complete_before).is_empty());
    conversation.go_to_newest();
    assert_eq!(seen(&conversation, WIDE, 3), ["message 9", "-- 1 new --", "news"]);
    assert_eq!(conversation.take_shown(conversation.visible(WIDE, 3).complete_before), [1]);
    conversation.all_read();
    assert_eq!(seen(&conversation, WIDE, 3), ["message 8", "message 9", "news"]);
}

#[test]
fn tall_entries_scroll_row_by_row() {
    let mut conversation = numbered(1);
    conversation.push_words(TIME, Who::Peer("bob".into()), "a\nb\nc\nd".into(), Some(7), true);
    assert_eq!(seen(&conversation, WIDE, 2), ["c", "d"]);
    conversation.scroll_up(1, WIDE, 2);
    assert_eq!(seen(&conversation, WIDE, 2), ["b", "c"]);
    assert!(conversation.take_shown(conversation.visible(WIDE, 2).complete_before).is_empty());
    // Narrower, so that it is even taller: still in the same entry.
    let narrow = Columns { text: 1, own: 1 };
    assert_eq!(seen(&conversation, narrow, 2), ["b", "c"]);
    conversation.scroll_down(1, WIDE);
    assert_eq!(conversation.take_shown(conversation.visible(WIDE, 2).complete_before), [7]);
}

#[test]
fn nothing_is_shown_where_there_is_no_room() {
    let mut conversation = empty();
    conversation.push_words(TIME, Who::Peer("bob".into()), "hello".into(), Some(1), true);
    assert!(conversation.take_shown(conversation.visible(WIDE, 0).complete_before).is_empty());
}

#[test]
fn marks_reach_their_message() {
    let mut conversation = numbered(3);
    conversation.push_own(TIME, DraftId(4), "mine".into(), false);
    conversation.push(TIME, Who::System(Sign::Info), "later".into());
    for mark in [Mark::Sent, Mark::Taken, Mark::Shown] {
        conversation.mark(DraftId(4), mark);
        assert_eq!(conversation.entry(3).unwrap().mark, Some(mark));
    }
    conversation.mark(DraftId(99), Mark::Taken);
    // What waits for somebody is nowhere until it is shown.
    conversation.push_own(TIME, DraftId(5), "for whoever comes".into(), true);
    for (mark, seen) in [(Mark::Sent, None), (Mark::Taken, None), (Mark::Shown, Some(Mark::Shown))]
    {
        conversation.mark(DraftId(5), mark);
        assert_eq!(conversation.entry(5).unwrap().mark, seen);
    }
}

#[test]
fn the_cost_doesnt_grow_with_the_number_of_entries() {
    let mut conversation = numbered(100_000);
    let started = |c: &Conversation| c.wraps();
    conversation.visible(WIDE, 24);
    assert_eq!(started(&conversation), 24);
    conversation.visible(WIDE, 24);
    assert_eq!(started(&conversation), 24, "a second look costs nothing");
    conversation.push(TIME, Who::Me, "one more".into());
    conversation.visible(WIDE, 24);
    assert_eq!(started(&conversation), 25);
    conversation.scroll_up(22, WIDE, 24);
    conversation.visible(WIDE, 24);
    assert!(started(&conversation) <= 25 + 24);
    conversation.visible(Columns { text: 20, own: 17 }, 24);
    assert!(started(&conversation) <= 25 + 24 + 24 + 1, "another width breaks only what is seen");
}

#[test]
fn the_oldest_go_when_there_are_too_many() {
    let mut conversation = numbered(MOST_ENTRIES + 10);
    conversation.scroll_up(usize::MAX / 2, WIDE, 1);
    assert_eq!(seen(&conversation, WIDE, 1), ["message 10"]);
    for number in 0..5 {
        conversation.push(TIME, Who::Me, format!("more {number}"));
    }
    assert_eq!(seen(&conversation, WIDE, 1), ["message 15"]);
}

#[test]
fn days_have_rulers_and_the_first_only_if_it_isnt_today() {
    let mut conversation = numbered(2);
    assert_eq!(seen(&conversation, WIDE, 5), ["message 0", "message 1"]);
    let tomorrow = WallTime { date: date(2026, 11, 23), ..TIME };
    conversation.set_today(tomorrow.date);
    let first = ["-- 2026-11-22 --", "message 0", "message 1"];
    assert_eq!(seen(&conversation, WIDE, 5), first);
    conversation.push_words(tomorrow, Who::Peer("bob".into()), "a\nb".into(), Some(1), false);
    let all = [&first[..], &["-- 2026-11-23 --", "-- 1 new --", "a", "b"]].concat();
    for height in 0..9 {
        assert_eq!(seen(&conversation, WIDE, height), all[all.len().saturating_sub(height)..]);
    }
    // Row by row over both rulers, up and down again.
    for up in 0..=all.len() - 2 {
        assert_eq!(seen(&conversation, WIDE, 2), all[all.len() - 2 - up..all.len() - up]);
        conversation.scroll_up(1, WIDE, 2);
    }
    for down in 0..=all.len() - 2 {
        assert_eq!(seen(&conversation, WIDE, 2), all[down..down + 2]);
        conversation.scroll_down(1, WIDE);
    }
    assert!(!conversation.is_scrolled());
    // The oldest that is kept always tells its day.
    let mut conversation = numbered(MOST_ENTRIES);
    conversation.push(tomorrow, Who::Me, "x".into());
    conversation.set_today(tomorrow.date);
    conversation.scroll_up(usize::MAX / 2, WIDE, 2);
    assert_eq!(seen(&conversation, WIDE, 2), ["-- 2026-11-22 --", "message 1"]);
}

/// What the acceptance of 100,000 messages says in time and bytes, counted in work: the benchmark
/// `conversation` measures it.
#[test]
fn a_hundred_thousand_messages_cost_little_each() {
    const COUNT: usize = 100_000;
    let mut conversation = empty();
    let who = Who::Peer("bob".into());
    for number in 0..COUNT {
        let mut text = String::with_capacity(500);
        text.push_str("a message of some length that has to be wrapped, and then some");
        if number.is_multiple_of(2) {
            conversation.push_words(TIME, who.clone(), text, Some(number as u64), true);
        } else {
            // The peer has never shown them, so that their marks are still waited for.
            conversation.push_own(TIME, DraftId(number as u64), text, true);
        }
    }
    let each = |capacity: usize, size: usize| capacity * size;
    // What an allocator adds to a text, and a tree to what is in it, generously.
    let text = 16 * COUNT;
    let drafts = 2 * (conversation.by_draft.len() * 24 + conversation.waiting.len() * 12);
    let overhead = each(conversation.entries.capacity(), size_of::<Entry>())
        + each(conversation.unshown.capacity(), size_of::<(usize, u64)>())
        + text
        + drafts;
    assert!(overhead / COUNT < 150, "{} bytes a message", overhead / COUNT);

    let mut before = 0;
    let mut broken = |conversation: &Conversation| {
        let now = conversation.wraps();
        now - std::mem::replace(&mut before, now)
    };
    conversation.visible(WIDE, 50);
    assert!(broken(&conversation) <= 50, "the first frame");
    conversation.push(TIME, Who::Me, "one more".into());
    conversation.visible(WIDE, 50);
    assert_eq!(broken(&conversation), 1, "a new message");
    for page in 0..100 {
        conversation.scroll_up(48, WIDE, 50);
        conversation.visible(WIDE, 50);
        let broken = broken(&conversation);
        assert!(broken <= 100, "page {page} up: {broken} entries broken");
    }
    for width in 20..120 {
        conversation.visible(Columns { text: width, own: width - 3 }, 50);
        let broken = broken(&conversation);
        assert!(broken <= 51, "at width {width}: {broken} entries broken");
    }
}

#[test]
fn what_is_remembered_of_rows_is_bounded() {
    let mut conversation = empty();
    for _ in 0..100 {
        conversation.push(TIME, Who::Me, "\n".repeat(20_000));
    }
    for _ in 0..200 {
        conversation.scroll_up(10_000, WIDE, 50);
        conversation.visible(WIDE, 50);
        let kept = conversation.cache.borrow().kept();
        assert!(kept <= 64 * 1024 + 20_001, "{kept} rows are kept");
    }
    conversation.amend(50, "short".into());
    assert_eq!(seen(&conversation, WIDE, 1).len(), 1);
}

#[test]
fn words_that_are_gone_wait_for_no_mark() {
    let mut conversation = empty();
    for number in 0..MOST_ENTRIES + 7 {
        conversation.push_own(TIME, DraftId(number as u64), "x".into(), number % 3 == 0);
    }
    assert_eq!(conversation.by_draft.len(), MOST_ENTRIES);
    assert!(conversation.waiting.len() <= MOST_ENTRIES / 3 + 1);
}
