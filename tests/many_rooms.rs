//! A relay with 200 rooms at once: 400 engines exchange 100 messages each in strict alternation.

mod support;

use couplet::message::Role;
use couplet::session::Event as SessionEvent;
use support::headless::Client;
use support::relay::Relay;

const ROOMS: usize = 200;
const MESSAGES: usize = 100;

/// Says `MESSAGES` messages, each in its turn, and hears as many; gives what was heard. Nobody leaves
/// before all are through: the seat would be the next newcomer's.
async fn talk(mut client: Client, first: bool, me: String) -> (Client, Vec<String>) {
    let mut heard = Vec::new();
    for turn in 0..MESSAGES {
        if !first {
            heard.push(client.words().await);
        }
        client.role(Role::Emi).await;
        client.say(&format!("{me} {turn}")).await;
        client.role(Role::Rec).await;
        if first {
            heard.push(client.words().await);
        }
    }
    (client, heard)
}

#[tokio::test(flavor = "multi_thread")]
async fn four_hundred_clients_alternate_in_two_hundred_rooms() {
    let relay = Relay::start(&[]);
    let dir = tempfile::tempdir().expect("a directory");
    let mut talks = Vec::new();
    for room in 0..ROOMS {
        // Paired in the order of arrival, so each pair is complete before the next begins.
        let mut one = Client::start(&relay.address, dir.path());
        one.next(|event| matches!(event, SessionEvent::Seated { .. }).then_some(())).await;
        let mut two = Client::start(&relay.address, dir.path());
        two.next(|event| matches!(event, SessionEvent::Seated { .. }).then_some(())).await;
        let names = [format!("room {room} seat 1"), format!("room {room} seat 2")];
        let [name_one, name_two] = names.clone();
        let one = tokio::spawn(talk(one, true, name_one));
        let two = tokio::spawn(talk(two, false, name_two));
        talks.push((names, one, two));
    }
    let mut clients = Vec::new();
    for ([name_one, name_two], one, two) in talks {
        let expected = |name: &str| -> Vec<String> {
            (0..MESSAGES).map(|turn| format!("{name} {turn}")).collect()
        };
        let (one, heard_by_one) = one.await.expect("no panic");
        let (two, heard_by_two) = two.await.expect("no panic");
        assert_eq!(heard_by_one, expected(&name_two));
        assert_eq!(heard_by_two, expected(&name_one));
        clients.extend([one, two]);
    }
    for client in clients {
        client.leaves().await;
    }
}
