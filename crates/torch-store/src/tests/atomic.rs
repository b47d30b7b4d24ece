//! A failing write leaves nothing of its commit.

use torch_core::journal::JournalEntry;
use torch_core::{DeliveryState, Envelope, MessageId, Sender, Write};

use super::sample::{Home, NOW, accept, agent, delivery, envelope, raised, team};
use crate::{Filter, Store, StoreError};

/// Whether an error is the one that a write must fail with.
type Expected = fn(&StoreError) -> bool;

/// Everything the store can tell, to compare before and after.
fn everything(store: &Store) -> (crate::Snapshot, Vec<crate::StoredMessage>, crate::Audit) {
    let messages = store.messages(&Filter::default()).expect("reads");
    (
        store.load().expect("loads"),
        messages,
        store.verify().expect("verifies"),
    )
}

#[test]
fn a_failing_write_leaves_nothing_and_a_usable_store() {
    let home = Home::new();
    let (mut store, team_one, agents) = raised(&home);
    let mut first = envelope(&team_one, &agents[1], 1);
    first.key = Some("k'\0".to_owned());
    store.commit(NOW, &accept(&first)).expect("commits");

    let put = |message: &Envelope| Write::PutMessage(Box::new(message.clone()));
    let mut same_short = envelope(&team_one, &agents[1], 1);
    same_short.id = MessageId::new(NOW.0 + 1, 1 | 1 << 60);
    let mut same_key = envelope(&team_one, &agents[0], 2);
    same_key.key.clone_from(&first.key);
    let lonely = envelope(&team_one, &agents[1], 3);
    let mut huge = envelope(&team_one, &agents[1], 4);
    huge.pair_seq = u64::MAX;
    let orphan = agent(&team(9), 7, "tester");
    let twin = agent(&team_one, 8, "developer");

    let cases: Vec<(Write, Expected)> = vec![
        (put(&first), |error| {
            matches!(error, StoreError::DuplicateMessage { .. })
        }),
        (put(&same_short), |error| {
            matches!(error, StoreError::ShortIdTaken { .. })
        }),
        (put(&same_key), |error| {
            matches!(error, StoreError::KeyTaken { .. })
        }),
        (put(&lonely), |error| {
            matches!(error, StoreError::NoDelivery { .. })
        }),
        (put(&huge), |error| {
            matches!(error, StoreError::OutOfRange { .. })
        }),
        (
            Write::PutDelivery(Box::new(delivery(&lonely, DeliveryState::Queued))),
            |error| matches!(error, StoreError::UnknownMessage { .. }),
        ),
        (Write::ReadInbox { message: lonely.id }, |error| {
            matches!(error, StoreError::UnknownMessage { .. })
        }),
        (Write::PutAgent(Box::new(orphan)), |error| {
            matches!(error, StoreError::Sql { .. })
        }),
        (Write::PutAgent(Box::new(twin)), |error| {
            matches!(error, StoreError::Sql { .. })
        }),
        (
            Write::SpoolOffset {
                agent: agents[0].id,
                offset: u64::MAX,
            },
            |error| matches!(error, StoreError::OutOfRange { .. }),
        ),
    ];
    let before = everything(&store);
    for (bad, expected) in cases {
        let mut writes = accept(&envelope(&team_one, &agents[1], 50));
        writes.insert(0, Write::PutTeam(Box::new(team(2))));
        writes.push(bad);
        writes.push(Write::Journal(JournalEntry::new("after", "A", "")));
        let error = store.commit(NOW, &writes).expect_err("fails");
        assert!(expected(&error), "{error:?}");
        assert!(everything(&store) == before, "{error} left something");
    }
    // The same key of another sender is another message.
    same_key.sender = Sender::Script;
    store
        .commit(NOW, &accept(&same_key))
        .expect("the store is usable");
    assert_eq!(store.verify().expect("verifies").broken, None);
}
