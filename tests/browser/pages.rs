//! One line, several looks at it: a page that is loaded again, a second one, and none for a while.

use super::scene::{Person, Place, met};
use crate::support::contents;
use crate::support::relay::Relay;
use serde_json::json;

#[test]
fn a_page_that_is_loaded_again_and_a_second_one_show_all_of_it() {
    let (place, relay) = (Place::new(), Relay::start(&[]));
    let [ann, bob] = met(&place, &relay.address, &["--limit", "256K"]);
    let film = place.file("film.mkv", &contents(60 << 20, 9));
    ann.enter("say", "hello bob");
    bob.sees("log", "hello bob");
    ann.enter("say", "held until my turn");
    ann.write("say", "half a thou");
    bob.upload("pick-files", &[&film]);
    let id = ann.accepts("film.mkv");
    let progress = format!("progress-{id}");
    let moving = "const e = find(args[0]); return seen(e) && e.value > 0";
    ann.waits("some percent", moving, &json!([progress]));
    let all_of_it = |page: &crate::support::browser::Page| {
        page.sees("log", "hello bob");
        page.sees("held", "held until my turn");
        page.sees("say", "half a thou");
        page.sees("turn", "listening");
        page.sees("seal", "sealed");
        page.sees("transfer-list", "film.mkv");
        page.waits("some percent", moving, &json!([progress]));
    };
    all_of_it(&ann);
    ann.reload();
    all_of_it(&ann);

    let address = format!("http://{}/", ann.web.address);
    let second = ann.beside("ann's second", &address);
    all_of_it(&second);
    // What is written in one stands in the other; what happens, in both.
    second.write("say", "ght");
    ann.sees("say", "half a thought");
    bob.enter("say", "hello ann");
    for page in [&ann.page, &second] {
        page.sees("log", "hello ann");
        page.sees("log", "held until my turn");
        page.misses("held", "held until my turn");
    }
    second.click(&format!("cancel-{id}"));
    ann.sees_of("film.mkv", "cancelled");
    ann.is_sound();
    second.is_sound();

    // Without any page the line goes on; who comes back sees it all.
    let elsewhere = ann.beside("elsewhere", "about:blank");
    second.close();
    let Person { web, page, .. } = ann;
    page.close();
    bob.enter("say", "are you still there?");
    bob.marked("are you still there?", "taken");
    bob.sees("peer", "ann");
    let again = elsewhere.beside("ann again", &address);
    again.sees("log", "hello bob");
    again.sees("log", "are you still there?");
    again.sees("say", "half a thought");
    again.sees("state-1", "cancelled");
    bob.marked("are you still there?", "shown");
    again.is_sound();
    drop(web);
}

#[test]
fn a_page_whose_program_is_gone_says_so_and_keeps_what_is_written() {
    let (place, relay) = (Place::new(), Relay::start(&[]));
    let ann = place.page("ann", &relay, &["--new"]);
    ann.has_a_code();
    let Person { web, page, .. } = ann;
    drop(web);
    page.sees("banner", "couplet isn’t running any more");
    page.enter("say", "still here");
    page.sees("notice", "nothing was sent");
    page.sees("say", "still here");
    page.is_sound();
}
