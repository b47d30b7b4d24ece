//! The analysis of each period: closed once, the same when it is made again, and the same numbers as for a person.

use std::path::PathBuf;

use jiff::tz::TimeZone;
use serde_json::{Value, json};
use torch_core::analysis::{Fate, analyse};
use torch_core::journal::JournalEntry;
use torch_core::message::Decision;
use torch_core::{DeliveryState, Envelope, TeamId, Timestamp, Write};

use super::sample::{Home, NOW, accept, delivery, envelope, raised};
use crate::Store;
use crate::export::{ComplianceExporter, ExportError};

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;

fn at(after: u64) -> Timestamp {
    Timestamp(NOW.0 + after)
}

fn file(home: &Home) -> PathBuf {
    let day = "logs/communications/2026-01-02/compliance_analysis.jsonl";
    home.dir.path().join(day)
}

fn text(home: &Home) -> String {
    std::fs::read_to_string(file(home)).unwrap_or_default()
}

fn lines(home: &Home) -> Vec<Value> {
    let text = text(home);
    let lines = text.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().expect("each line is JSON")
}

fn utc(home: &Home) -> ComplianceExporter {
    ComplianceExporter::new(&home.dir.path().join("logs"), TimeZone::UTC)
}

fn all(exporter: &mut ComplianceExporter, store: &Store, now: Timestamp) {
    while exporter.step(store, now).expect("exports") {}
}

/// A message that is judged at this instant.
fn say(store: &mut Store, mut message: Envelope, after: u64) -> Envelope {
    message.at = at(after);
    let mut writes = accept(&message);
    if message.verdict.decision == Decision::Refuse {
        let refused = delivery(&message, DeliveryState::Refused);
        writes[1] = Write::PutDelivery(Box::new(refused));
        writes[2] = Write::Journal(JournalEntry::new("message.refused", message.id, "request"));
    }
    store.commit(at(after), &writes).expect("commits");
    message
}

fn advance(store: &mut Store, message: &Envelope, state: DeliveryState, after: u64) {
    let mut now = delivery(message, state);
    now.since = at(after);
    let kind = format!("delivery.{state}");
    let entry = JournalEntry::new(&kind, message.id, "hook").with(json!({"attempt": 2}));
    let writes = [Write::PutDelivery(Box::new(now)), Write::Journal(entry)];
    store.commit(at(after), &writes).expect("commits");
}

fn finish(store: &mut Store, team: TeamId, after: u64) {
    let entry = JournalEntry::new("team.phase", team, "request").with(json!({"phase": "finished"}));
    store
        .commit(at(after), &[Write::Journal(entry)])
        .expect("commits");
}

/// Two hours: NOW is 03:04:05. One message arrives at once, one in the next hour, one is refused, one is given up.
fn two_hours(home: &Home) -> Store {
    let (mut store, team, agents) = raised(home);
    let quick = say(&mut store, envelope(&team, &agents[1], 1), 0);
    advance(&mut store, &quick, DeliveryState::Consumed, 40);
    let slow = say(&mut store, envelope(&team, &agents[1], 2), MINUTE);
    let mut refused = envelope(&team, &agents[1], 3);
    refused.verdict.decision = Decision::Refuse;
    refused.verdict.rule = "edge.self".to_owned();
    say(&mut store, refused, 2 * MINUTE);
    let lost = say(&mut store, envelope(&team, &agents[0], 4), 3 * MINUTE);
    advance(&mut store, &slow, DeliveryState::Consumed, HOUR + MINUTE);
    advance(&mut store, &lost, DeliveryState::Dead, HOUR + 2 * MINUTE);
    store
}

#[test]
fn an_hour_is_written_once_it_is_over() {
    let home = Home::new();
    let (mut store, team, agents) = raised(&home);
    let message = say(&mut store, envelope(&team, &agents[1], 1), 0);
    advance(&mut store, &message, DeliveryState::Consumed, 40);
    let mut exporter = utc(&home);
    assert!(!exporter.step(&store, at(MINUTE)).expect("exports"));
    assert!(!exporter.is_due(at(MINUTE), false), "not before the hour");
    assert!(exporter.is_due(at(MINUTE), true), "a finish may end it");
    assert_eq!(lines(&home), [Value::Null; 0]);
    assert!(exporter.is_due(at(HOUR), false));
    all(&mut exporter, &store, at(HOUR));
    all(&mut utc(&home), &store, at(5 * HOUR));
    let lines = lines(&home);
    assert_eq!(lines.len(), 1, "{lines:?}");
    let line = &lines[0];
    for (field, value) in [
        ("from", "2026-01-02T03:04:05.000+00:00"),
        ("until", "2026-01-02T04:00:00.000+00:00"),
        ("closed_by", "hour"),
    ] {
        assert_eq!(line[field], value, "{field}");
    }
    assert_eq!(line["seq"], 3);
    let pair = &line["teams"][0]["pairs"][0];
    assert_eq!(pair["p90_ms"], 40, "{line}");
    assert_eq!(pair["repeated"], 1, "{line}");
}

#[test]
fn what_arrives_later_counts_where_it_arrives() {
    let home = Home::new();
    let store = two_hours(&home);
    all(&mut utc(&home), &store, at(3 * HOUR));
    let lines = lines(&home);
    assert_eq!(lines.len(), 2, "{lines:?}");
    let (first, second) = (&lines[0]["teams"][0], &lines[1]["teams"][0]);
    assert_eq!(first["messages"], 4);
    let to = |team: &Value, to: &str| {
        let pairs = team["pairs"].as_array().cloned().unwrap_or_default();
        let found = pairs.into_iter().find(|pair| pair["to"] == to);
        found.unwrap_or_default()
    };
    let developer = to(first, "developer");
    assert_eq!(
        (
            &developer["messages"],
            &developer["waiting"],
            &developer["refused"]
        ),
        (&3.into(), &1.into(), &1.into())
    );
    assert_eq!(developer["max_ms"], 40);
    assert_eq!(first["rules"][0]["rule"], "edge.self");
    // Since 03:05:05, at 04:00.
    let longest = &first["bottlenecks"][0];
    assert_eq!(
        (&longest["to"], &longest["longest_ms"]),
        (&"developer".into(), &(HOUR - 5 * MINUTE - 5_000).into())
    );
    assert_eq!(second["messages"], 0);
    assert_eq!(to(second, "developer")["p50_ms"], HOUR);
    assert_eq!(to(second, "orchestrator")["lost"], 1);
}

#[test]
fn a_finish_ends_a_period() {
    let home = Home::new();
    let (mut store, team, agents) = raised(&home);
    say(&mut store, envelope(&team, &agents[1], 1), 0);
    finish(&mut store, team.id, MINUTE);
    let mut exporter = utc(&home);
    all(&mut exporter, &store, at(MINUTE));
    assert_eq!(lines(&home).len(), 1);
    assert_eq!(lines(&home)[0]["closed_by"], "finish");
    assert_eq!(lines(&home)[0]["until"], "2026-01-02T03:05:05.000+00:00");
    // The rest of the hour is a period of its own.
    say(&mut store, envelope(&team, &agents[0], 2), 2 * MINUTE);
    all(&mut exporter, &store, at(HOUR));
    let rest = &lines(&home)[1];
    assert_eq!(rest["from"], "2026-01-02T03:06:05.000+00:00");
    assert_eq!(rest["teams"][0]["messages"], 1);
}

#[test]
fn lines_are_made_again_as_they_were() {
    let home = Home::new();
    let store = two_hours(&home);
    // As they were written at their time.
    let mut exporter = utc(&home);
    all(&mut exporter, &store, at(3 * HOUR));
    let whole = text(&home);
    for cut in (0..whole.len()).step_by(97) {
        std::fs::write(file(&home), &whole[..cut]).expect("writes");
        all(&mut utc(&home), &store, at(3 * HOUR));
        assert_eq!(text(&home), whole, "cut at {cut}");
    }
    let foreign = "{\"seq\":1000}\n";
    std::fs::write(file(&home), foreign).expect("writes");
    let error = utc(&home).step(&store, at(3 * HOUR));
    assert!(matches!(
        error,
        Err(ExportError::Ahead { exported: 1000, .. })
    ));
    assert_eq!(text(&home), foreign, "left alone");
}

#[test]
fn the_newest_are_told_with_the_same_numbers() {
    let home = Home::new();
    let store = two_hours(&home);
    let facts = store.newest_facts(None, 100).expect("reads");
    let fates: Vec<_> = facts.iter().map(|fact| fact.fate).collect();
    assert_eq!(
        fates,
        [
            Fate::Arrived(at(40)),
            Fate::Arrived(at(HOUR + MINUTE)),
            Fate::Settled,
            Fate::Lost
        ]
    );
    let teams = analyse(&facts, at(3 * HOUR));
    assert_eq!((teams[0].team.as_str(), teams[0].messages), ("app-1", 4));
    assert_eq!(store.newest_facts(None, 1).expect("reads").len(), 1);
    let nobody = Some(TeamId::new(0, 77));
    assert_eq!(store.newest_facts(nobody, 100).expect("reads"), []);
}
