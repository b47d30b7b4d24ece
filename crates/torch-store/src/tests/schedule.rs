//! Planned notes: they come back until they fired, together with the message that they became.

use torch_core::{
    BootClock, MessageId, Recipient, Schedule, ScheduleId, ScheduleState, Sender, Write,
};

use super::sample::{Home, NOW, accept, envelope, raised, role};
use crate::StoreError;

fn planned(number: u128, team: &torch_core::Team, after: u64) -> Schedule {
    let due = torch_core::Timestamp(NOW.0 + after);
    Schedule {
        id: ScheduleId::new(NOW.0, number),
        team: team.id,
        sender: Sender::Human,
        sender_rule: "sender.human".to_owned(),
        rule: "schedule.person".to_owned(),
        recipient: Recipient::Agent {
            agent: torch_core::AgentId::new(NOW.0, 101),
            role: role("developer"),
        },
        target: "developer".to_owned(),
        note: "a \"note\"\nof two lines; -- '".to_owned(),
        after_millis: after,
        due,
        anchor: BootClock::new(Some("b".to_owned()), 7_000, NOW).instant(due),
        check: false,
        recurs: None,
        state: ScheduleState::Pending,
    }
}

#[test]
fn pending_notes_come_back_in_the_order_they_are_due() {
    let home = Home::new();
    let (mut store, team, _) = raised(&home);
    let (late, early) = (planned(1, &team, 900_000), planned(2, &team, 60_000));
    let mut gone = planned(3, &team, 1_000);
    gone.state = ScheduleState::Cancelled;
    let writes = [&late, &early, &gone].map(|row| Write::PutSchedule(Box::new(row.clone())));
    store.commit(NOW, &writes).expect("commits");
    drop(store);
    let mut store = home.store();
    let kept = store.load().expect("loads").schedules;
    assert_eq!(kept, [early.clone(), late.clone()]);

    // The clock was set: the row is replaced.
    let mut moved = early;
    moved.due = moved.due.moved(3_600_000);
    let write = Write::PutSchedule(Box::new(moved.clone()));
    store.commit(NOW, &[write]).expect("commits");
    assert_eq!(store.schedules().expect("reads"), [late, moved]);
}

#[test]
fn a_note_fires_together_with_its_message_or_not_at_all() {
    let home = Home::new();
    let (mut store, team, agents) = raised(&home);
    let row = planned(1, &team, 60_000);
    store
        .commit(NOW, &[Write::PutSchedule(Box::new(row.clone()))])
        .expect("commits");
    let message = envelope(&team, &agents[1], 50);
    let mut fired = row.clone();
    fired.state = ScheduleState::Fired(message.id);
    // A message without its delivery is refused at the end of the transaction: the row stays pending.
    let half = [
        Write::PutSchedule(Box::new(fired.clone())),
        Write::PutMessage(Box::new(message.clone())),
    ];
    let error = store.commit(NOW, &half).expect_err("half a message");
    assert!(matches!(error, StoreError::NoDelivery { .. }), "{error}");
    assert_eq!(store.schedules().expect("reads"), [row]);
    let mut whole = vec![Write::PutSchedule(Box::new(fired))];
    whole.extend(accept(&message));
    store.commit(NOW, &whole).expect("commits");
    assert_eq!(store.schedules().expect("reads"), []);
    let stored: String = store
        .conn
        .query_row("SELECT record FROM schedule", [], |row| row.get(0))
        .expect("the row stays");
    assert!(
        stored.contains(&MessageId::to_string(&message.id)),
        "{stored}"
    );
}

#[test]
fn a_removed_team_takes_its_notes_along() {
    let home = Home::new();
    let (mut store, team, _) = raised(&home);
    let write = Write::PutSchedule(Box::new(planned(1, &team, 60_000)));
    store.commit(NOW, &[write]).expect("commits");
    store
        .commit(NOW, &[Write::RemoveTeam(team.id)])
        .expect("commits");
    assert_eq!(store.schedules().expect("reads"), []);
}

#[test]
fn a_registry_of_the_first_schema_is_brought_up_to_date() {
    let home = Home::new();
    std::fs::create_dir_all(home.path().parent().expect("a folder")).expect("a folder");
    let mut conn = rusqlite::Connection::open(home.path()).expect("opens");
    let first = &crate::schema::MIGRATIONS[..1];
    crate::schema::migrate(&mut conn, &home.path(), NOW, first).expect("applies");
    drop(conn);
    assert!(matches!(
        crate::Store::open_read_only(&home.path()),
        Err(StoreError::Older { .. })
    ));
    let (mut store, team, _) = raised(&home);
    let write = Write::PutSchedule(Box::new(planned(1, &team, 60_000)));
    store.commit(NOW, &[write]).expect("commits");
    assert_eq!(store.schedules().expect("reads").len(), 1);
}
