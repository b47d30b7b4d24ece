//! Everything that is written comes back, also after a crash; what fails leaves nothing.

use std::os::unix::ffi::OsStringExt as _;

use proptest::prelude::*;
use torch_core::journal::JournalEntry;
use torch_core::message::{Decision, Verdict};
use torch_core::{
    AgentId, DeferReason, Delivery, DeliveryState, DesiredState, Envelope, LaunchId, MessageId,
    MessageKind, Recipient, Sender, TeamId, Timestamp, Write,
};

use super::sample::{Home, NOW, accept, advance, envelope, raised, role};
use crate::PairSeq;

/// Text that breaks careless storage: NUL, quotes, SQL, escapes, bidi, astral characters.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        Just("'; DROP TABLE message; --".to_owned()),
        Just("a\0b\0".to_owned()),
        Just("\u{1b}[201~\u{202e}\u{feff}\"\\\u{10ffff}".to_owned()),
        Just(String::new()),
    ]
}

fn sender() -> impl Strategy<Value = Sender> {
    prop_oneof![
        Just(Sender::Human),
        Just(Sender::Script),
        Just(Sender::Unknown),
        Just(Sender::Torch),
        any::<u64>().prop_map(|n| Sender::Agent {
            agent: AgentId::new(n >> 20, u128::from(n)),
            team: TeamId::new(1, u128::from(n)),
            role: role("tester"),
        }),
    ]
}

prop_compose! {
    fn verdict()(decision in prop_oneof![Just(Decision::Deliver), Just(Decision::Reroute), Just(Decision::Refuse)],
                 rule in hostile(), reason in hostile()) -> Verdict {
        Verdict { decision, rule, reason }
    }
}

prop_compose! {
    fn any_envelope()(
        ids in (0..1_u64 << 48, any::<u128>(), any::<u64>()),
        sender in sender(),
        human in any::<bool>(),
        texts in (hostile(), hostile(), hostile()),
        lists in (prop::collection::vec(hostile(), 0..3), prop::collection::vec(hostile(), 0..3)),
        verdict in verdict(),
        original in prop::option::of(prop::collection::vec(any::<u8>(), 0..40)),
        key in prop::option::of(hostile()),
        numbers in (0..i64::MAX as u64, prop::option::of(0..i64::MAX as u64)),
        flags in (any::<bool>(), any::<bool>()),
        file in prop::option::of(prop::collection::vec(any::<u8>(), 0..20)),
    ) -> Envelope {
        let recipient = if human {
            Recipient::Human
        } else {
            Recipient::Agent { agent: AgentId::new(2, u128::from(ids.2)), role: role("developer") }
        };
        Envelope {
            id: MessageId::new(ids.0, ids.1),
            team: TeamId::new(3, u128::from(ids.2)),
            at: Timestamp(numbers.0),
            kind: if flags.1 { MessageKind::HubCopy } else { MessageKind::Briefing },
            sender,
            sender_rule: texts.0,
            recipient,
            target: texts.1,
            pair_seq: numbers.0,
            body: texts.2,
            original,
            cleaned: lists.0,
            verdict,
            critical: lists.1,
            key,
            expires: numbers.1.map(Timestamp),
            inline: flags.0,
            urgent: flags.0 != flags.1,
            body_file: file.map(|bytes| std::ffi::OsString::from_vec(bytes).into()),
            cause: flags.1.then(|| MessageId::new(4, ids.1)),
        }
    }
}

prop_compose! {
    fn any_delivery()(
        state in prop::sample::select(DeliveryState::ALL.to_vec()),
        waits in any::<bool>(),
        attempt in any::<u32>(),
        possible_duplicate in any::<bool>(),
        launch in prop::option::of(any::<u128>()),
        since in 0..i64::MAX as u64,
        evidence in hostile(),
    ) -> Delivery {
        Delivery {
            message: MessageId::new(0, 0),
            state,
            reason: waits.then_some(DeferReason::CopyMode),
            attempt,
            possible_duplicate,
            launch: launch.map(|random| LaunchId::new(5, random)),
            since: Timestamp(since),
            evidence,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn messages_come_back(envelope in any_envelope(), mut delivery in any_delivery(),
                          kind in hostile(), cause in hostile(), data in hostile()) {
        let home = Home::new();
        let mut store = home.store();
        delivery.message = envelope.id;
        let data = serde_json::json!({ data.clone(): [data, 1.5, -1, null] });
        let entry = JournalEntry::new(&kind, envelope.id, cause).with(data);
        store.commit(NOW, &[
            Write::PutMessage(Box::new(envelope.clone())),
            Write::PutDelivery(Box::new(delivery.clone())),
            Write::Journal(JournalEntry::new("message.accepted", envelope.id, "")),
            Write::Journal(entry.clone()),
        ]).expect("commits");
        drop(store);
        let store = home.store();
        let id = envelope.id;
        for form in [id.to_string(), id.to_string().to_lowercase(), id.short(), id.tag(), id.tag().to_uppercase()] {
            let found = store.message(&form).expect("reads").expect("is there");
            prop_assert_eq!((&found.envelope, &found.delivery, found.read), (&envelope, &delivery, false));
        }
        if let Some(key) = &envelope.key {
            let found = store.message_by_key(&envelope.sender, key).expect("reads").expect("is there");
            prop_assert_eq!(found.envelope.id, id);
        }
        let row = store.trace(&id.to_string()).expect("reads").remove(1);
        prop_assert_eq!((row.seq, row.at), (2, NOW));
        prop_assert_eq!((row.kind, row.cause, row.data), (entry.kind, entry.cause, entry.data));
        prop_assert_eq!(store.verify().expect("verifies").broken, None);
    }
}

#[test]
fn a_snapshot_has_what_is_open() {
    let home = Home::new();
    let (mut store, mut team, mut agents) = raised(&home);
    let messages: Vec<Envelope> = (1..=14)
        .map(|number| envelope(&team, &agents[1], number))
        .collect();
    for (message, state) in messages.iter().zip(DeliveryState::ALL) {
        store.commit(NOW, &accept(message)).expect("commits");
        store
            .commit(NOW, &advance(message, state))
            .expect("commits");
    }
    agents[1].state = torch_core::AgentState::Crashed;
    agents[1].completed = Some("half".to_owned());
    let offset = |offset| Write::SpoolOffset {
        agent: agents[1].id,
        offset,
    };
    let writes = [
        Write::PutAgent(Box::new(agents[1].clone())),
        offset(5),
        offset(900),
    ];
    store.commit(NOW, &writes).expect("commits");
    // A crash: nothing is closed, another process opens the same files.
    std::mem::forget(store);
    let mut store = home.store();
    let snapshot = store.load().expect("loads");
    assert_eq!(
        (&snapshot.teams, &snapshot.agents),
        (&vec![team.clone()], &agents)
    );
    let open: Vec<_> = snapshot
        .open
        .iter()
        .map(|(_, delivery)| delivery.state)
        .collect();
    let expected: Vec<_> = DeliveryState::ALL
        .into_iter()
        .filter(|state| !state.is_final())
        .collect();
    assert_eq!(open, expected);
    assert_eq!(snapshot.open[0].0, messages[0]);
    let pair = PairSeq {
        sender: "human".to_owned(),
        team: team.id,
        recipient: Some(agents[1].id),
        last: 14,
    };
    assert_eq!(snapshot.pair_seqs, [pair]);
    assert_eq!(snapshot.spool_offsets, [(agents[1].id, 900)].into());
    assert_eq!(snapshot.last_message_id, Some(messages[13].id));
    assert_eq!(snapshot.last_seq, 1 + 2 * 14);
    assert_eq!(store.waiting().expect("counts"), [(agents[1].id, 9)].into());
    assert_eq!(store.open_of(team.id).expect("reads").len(), 10);

    team.desired = DesiredState::Stopped;
    store
        .commit(NOW, &[Write::PutTeam(Box::new(team.clone()))])
        .expect("commits");
    let snapshot = store.load().expect("loads");
    assert_eq!(
        snapshot.open.len(),
        9,
        "accepted ones of a stopped team stay out"
    );
    assert_eq!(snapshot.agents.len(), 2, "an update keeps the agents");
}

#[test]
fn a_removed_team_leaves_its_messages() {
    let home = Home::new();
    let (mut store, team, agents) = raised(&home);
    let message = envelope(&team, &agents[1], 1);
    store.commit(NOW, &accept(&message)).expect("commits");
    let spool = Write::SpoolOffset {
        agent: agents[1].id,
        offset: 1,
    };
    store
        .commit(NOW, &[spool, Write::RemoveTeam(team.id)])
        .expect("commits");
    let snapshot = store.load().expect("loads");
    assert_eq!(
        (
            snapshot.teams.len(),
            snapshot.agents.len(),
            snapshot.spool_offsets.len()
        ),
        (0, 0, 0)
    );
    assert_eq!(
        store
            .message(&message.id.tag())
            .expect("reads")
            .expect("stays")
            .envelope,
        message
    );
    assert_eq!(
        store.team_name(team.id).expect("reads").as_deref(),
        Some("app-1")
    );
}

#[test]
fn an_empty_commit_touches_nothing() {
    let home = Home::new();
    let (mut store, _, _) = raised(&home);
    let before = std::fs::read(home.path().with_extension("db-wal")).expect("reads");
    store.commit(NOW, &[]).expect("commits");
    let after = std::fs::read(home.path().with_extension("db-wal")).expect("reads");
    assert!(before == after);
}

#[test]
fn an_endless_life_is_stored() {
    let home = Home::new();
    let (mut store, team, agents) = raised(&home);
    let mut message = envelope(&team, &agents[1], 1);
    message.expires = Some(Timestamp(u64::MAX));
    store.commit(NOW, &accept(&message)).expect("commits");
    let found = store
        .message(&message.id.tag())
        .expect("reads")
        .expect("is there");
    assert!(found.envelope.expires > Some(Timestamp(1 << 60)));
}
