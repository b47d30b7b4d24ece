//! The ledger: what is open comes back, what is settled stays, and violations reach their day file once.

use jiff::tz::TimeZone;
use serde_json::{Value, json};
use torch_core::journal::JournalEntry;
use torch_core::ledger::{Dependencies, Severity, Violation, ViolationState};
use torch_core::{AgentId, LedgerRecord, Team, ViolationId, Write};

use super::sample::{Home, NOW, raised, role};
use crate::export::KindExporter;
use crate::{LedgerKind, Store};

fn violation(number: u128, team: &Team, status: ViolationState) -> Violation {
    Violation {
        id: ViolationId::new(NOW.0, number),
        team: team.id,
        agent: AgentId::new(NOW.0, 101),
        role: role("developer"),
        to: "researcher".to_owned(),
        rule: "mode.matrix".to_owned(),
        severity: Severity::Medium,
        evidence: "to researcher: \"psst; -- '\"".to_owned(),
        message: None,
        remedy: "write to the orchestrator".to_owned(),
        at: NOW,
        last: NOW,
        count: 1,
        status,
    }
}

fn put(store: &mut Store, record: LedgerRecord) {
    let write = Write::PutLedger(Box::new(record));
    store.commit(NOW, &[write]).expect("commits");
}

#[test]
fn open_records_come_back_and_settled_ones_stay() {
    let home = Home::new();
    let (mut store, team, _) = raised(&home);
    let open = violation(1, &team, ViolationState::Open);
    let by = "human".to_owned();
    let settled = violation(2, &team, ViolationState::Resolved { by, at: NOW });
    let waits = Dependencies {
        team: team.id,
        role: role("pm"),
        on: vec![role("devops")],
        at: NOW,
    };
    for row in [&open, &settled] {
        put(&mut store, LedgerRecord::Violation(row.clone()));
    }
    put(&mut store, LedgerRecord::Dependencies(waits.clone()));
    drop(store);
    let mut store = home.store();
    let kept = store.load().expect("loads").ledger;
    let waits = LedgerRecord::Dependencies(waits);
    assert_eq!(kept.len(), 2, "{kept:?}");
    assert!(kept.contains(&waits) && kept.contains(&LedgerRecord::Violation(open.clone())));
    let all = store.ledger(LedgerKind::Violation).expect("reads");
    assert_eq!(all.len(), 2);
    // Settled, it replaces what was there.
    let expired = violation(1, &team, ViolationState::Expired { at: NOW });
    put(&mut store, LedgerRecord::Violation(expired));
    assert_eq!(store.open_ledger().expect("reads"), [waits]);
    assert_eq!(store.ledger(LedgerKind::Violation).expect("reads").len(), 2);
}

#[test]
fn a_record_that_was_tampered_with_is_refused() {
    let home = Home::new();
    let (mut store, team, _) = raised(&home);
    let row = violation(1, &team, ViolationState::Open);
    put(&mut store, LedgerRecord::Violation(row));
    drop(store);
    home.tamper("UPDATE ledger SET open = 0");
    let read = Store::open(&home.path(), NOW).and_then(|store| store.ledger(LedgerKind::Violation));
    assert!(read.expect_err("altered").is_damage());
}

fn lines(home: &Home) -> Vec<Value> {
    let file = home
        .dir
        .path()
        .join("logs/communications/2026-01-02/violations.jsonl");
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let lines = text.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().expect("JSON lines")
}

#[test]
fn each_step_of_a_violation_is_one_line() {
    let home = Home::new();
    let (mut store, ..) = raised(&home);
    let logs = home.dir.path().join("logs");
    let mut exporter = KindExporter::of_violations(&logs, TimeZone::UTC);
    let note = |store: &mut Store, kind: &str| {
        let data = json!({"id": "v-1", "rule": "mode.matrix"});
        let entry = JournalEntry::new(kind, "v", "request send").with(data);
        store
            .commit(NOW, &[Write::Journal(entry)])
            .expect("commits");
    };
    note(&mut store, "violation.opened");
    note(&mut store, "agent.state");
    assert!(!exporter.step(&store).expect("exports"));
    note(&mut store, "violation.resolved");
    assert!(!exporter.step(&store).expect("exports"));
    // Another daemon goes on where the file ends.
    let mut next = KindExporter::of_violations(&logs, TimeZone::UTC);
    assert!(!next.step(&store).expect("exports"));
    let lines = lines(&home);
    let events: Vec<&Value> = lines.iter().map(|line| &line["event"]).collect();
    assert_eq!(events, ["violation.opened", "violation.resolved"]);
    assert_eq!(lines[0]["rule"], "mode.matrix");
    assert_eq!(lines[0]["time"], "2026-01-02T03:04:05.000+00:00");
}
