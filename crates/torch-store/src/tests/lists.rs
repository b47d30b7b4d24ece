//! Lists of messages and the journal's history.

use torch_core::journal::JournalEntry;
use torch_core::{DeliveryState, Envelope, Recipient, Sender, TeamId, Write};

use super::sample::{Home, NOW, accept, advance, envelope, raised, role, team};
use crate::{Filter, Store};

/// The first team's hub got messages 2 and 4, its developer 1 and 3; then the second team's hub wrote 9 to
/// the person. Message 3 was acked.
fn five_messages(home: &Home) -> (Store, TeamId, Envelope, Envelope) {
    let (mut store, one, agents) = raised(home);
    for number in 1..=4 {
        let to = &agents[usize::try_from(number % 2).expect("small")];
        store
            .commit(NOW, &accept(&envelope(&one, to, number)))
            .expect("commits");
    }
    let two = team(2);
    let mut report = envelope(&two, &agents[0], 9);
    report.recipient = Recipient::Human;
    report.sender = Sender::Agent {
        agent: agents[0].id,
        team: two.id,
        role: role("hub"),
    };
    store.commit(NOW, &accept(&report)).expect("commits");
    let third = envelope(&one, &agents[1], 3);
    store
        .commit(NOW, &advance(&third, DeliveryState::Acked))
        .expect("commits");
    (store, one.id, third, report)
}

/// The pair numbers of what a filter finds.
fn list(store: &Store, filter: &Filter) -> Vec<u64> {
    let found = store.messages(filter).expect("reads");
    found
        .iter()
        .map(|message| message.envelope.pair_seq)
        .collect()
}

#[test]
fn lists_are_filtered_and_paged() {
    let home = Home::new();
    let (store, one, third, report) = five_messages(&home);
    let all = Filter::default();
    let cases: [(Filter, &[u64]); 9] = [
        (all.clone(), &[9, 4, 3, 2, 1]),
        (
            Filter {
                limit: Some(2),
                ..all.clone()
            },
            &[9, 4],
        ),
        (
            Filter {
                limit: Some(0),
                ..all.clone()
            },
            &[],
        ),
        (
            Filter {
                before: Some(third.id),
                ..all.clone()
            },
            &[2, 1],
        ),
        (
            Filter {
                team: Some(report.team),
                ..all.clone()
            },
            &[9],
        ),
        (
            Filter {
                role: Some(role("hub")),
                ..all.clone()
            },
            &[9, 4, 2],
        ),
        (
            Filter {
                state: Some(DeliveryState::Acked),
                ..all.clone()
            },
            &[3],
        ),
        (
            Filter {
                recipient_human: true,
                ..all.clone()
            },
            &[9],
        ),
        (
            Filter {
                team: Some(one),
                role: Some(role("developer")),
                limit: Some(1),
                ..all
            },
            &[3],
        ),
    ];
    for (filter, expected) in cases {
        assert_eq!(list(&store, &filter), expected, "{filter:?}");
    }
}

#[test]
fn what_the_person_read_is_remembered() {
    let home = Home::new();
    let (mut store, _, _, report) = five_messages(&home);
    let mut inbox = Filter {
        recipient_human: true,
        unread_only: true,
        ..Filter::default()
    };
    assert_eq!(list(&store, &inbox), [9]);
    for _ in 0..2 {
        store
            .commit(NOW, &[Write::ReadInbox { message: report.id }])
            .expect("commits");
    }
    assert!(list(&store, &inbox).is_empty());
    inbox.unread_only = false;
    assert!(store.messages(&inbox).expect("reads")[0].read);
}

#[test]
fn history_is_newest_first_and_by_prefix() {
    let home = Home::new();
    let mut store = home.store();
    for kind in ["agent.state", "agent.launched", "agent.state", "agent%"] {
        store
            .commit(NOW, &[Write::Journal(JournalEntry::new(kind, "A", ""))])
            .expect("commits");
    }
    store
        .commit(
            NOW,
            &[Write::Journal(JournalEntry::new("agent.state", "B", ""))],
        )
        .expect("commits");
    let seqs = |prefix: &str, limit| -> Vec<u64> {
        store
            .history("A", prefix, limit)
            .expect("reads")
            .iter()
            .map(|row| row.seq)
            .collect()
    };
    assert_eq!(seqs("agent.state", 10), [3, 1]);
    assert_eq!(seqs("agent.state", 1), [3]);
    assert_eq!(seqs("agent%", 10), [4]);
    assert_eq!(seqs("", 10), [4, 3, 2, 1]);
}
