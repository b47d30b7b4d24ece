//! Messages: the line after sending, lists, one in full, and its trace.

use serde_json::Value;
use torch_api::view::{JournalView, MessageView};
use torch_core::{DeferReason, DeliveryState};

use super::style::{BAD, DIM, STRONG, WARN, delivery, paint};
use super::table::{Cell, Table};
use super::time::Clock;
use super::{first_line, fit, plain};

/// `m-7k3f9q2a queued → developer`, with a reroute, a copy or a refusal said plainly, and by which rule.
pub fn sent(message: &MessageView) -> String {
    format!("{}\n", line(message, &state_words(message)))
}

/// `m-7k3f9q2a stored → developer`, with the same notes, and why it waits if it does.
pub fn stored(message: &MessageView) -> String {
    let mut line = line(message, "stored");
    if let Some(reason) = message.waits {
        line.push_str(&format!(", waits: {}", waits_for(reason)));
        // Of a program that is not there the evidence says why, and what brings it back.
        let said = reason == DeferReason::NoAgent && message.state == DeliveryState::Deferred;
        if said && !message.evidence.is_empty() {
            line.push_str(&format!(" ({})", first_line(&message.evidence, 120)));
        }
    }
    format!("{line}\n")
}

fn line(message: &MessageView, state: &str) -> String {
    let mut line = format!(
        "{} {} → {}",
        message.id,
        paint(delivery(message.state), state),
        message.to
    );
    match message.decision.as_str() {
        "reroute" => line.push_str(&format!(
            ", rerouted from {}: {} (rule {})",
            first_line(&message.target, 60),
            message.reason,
            message.rule
        )),
        "record" => line.push_str(&format!(", kept and not typed (rule {})", message.rule)),
        "refuse" => line.push_str(&format!(": {} (rule {})", message.reason, message.rule)),
        _ => {}
    }
    if copied(message) {
        let words = message.critical.join(", ");
        line.push_str(&format!(
            ", copied to orchestrator: critical ({})",
            plain(&words)
        ));
    }
    if message.possible_duplicate {
        line.push_str(", possible duplicate");
    }
    line
}

/// Whether the hub gets a copy: a critical message between two others.
fn copied(message: &MessageView) -> bool {
    let hub = torch_core::RoleName::HUB;
    !message.critical.is_empty()
        && message.kind == "message"
        && message.decision == "deliver"
        && message.to != hub
        && message.from != hub
}

/// The state with the reason why it waits: `deferred (asking)`.
pub fn state_words(message: &MessageView) -> String {
    match message.waits {
        Some(reason) if message.state == DeliveryState::Deferred => {
            format!("{} ({reason})", message.state)
        }
        _ => message.state.to_string(),
    }
}

/// Why a message waits, in words.
pub fn waits_for(reason: DeferReason) -> &'static str {
    match reason {
        DeferReason::Starting => "the agent's program is still starting",
        DeferReason::Busy => "the agent is in a turn",
        DeferReason::Asking => "the agent has a dialog open, which only a person may answer",
        DeferReason::Limited => "a usage limit holds the agent",
        DeferReason::Draft => "somebody's half-typed text stands in the agent's composer",
        DeferReason::CopyMode => "a person scrolls in the agent's pane",
        DeferReason::NoAgent => "no live agent program is in the pane",
        DeferReason::PaneInput => "the pane takes no input, or shares it with other panes",
        DeferReason::UnknownScreen => "the agent's screen is none that torch knows",
        DeferReason::NotShown => "the pasted message did not show up whole",
        DeferReason::Paused => "a person paused the agent or its team",
        DeferReason::Capped => "the agent has used up its turns of the hour",
        DeferReason::NoLogin => "the agent's turns fail for want of a login or a key",
    }
}

/// A list, newest first, cut to a terminal of `width` columns if there is one.
pub fn list(messages: &[MessageView], clock: &Clock, width: Option<usize>) -> String {
    if messages.is_empty() {
        return "no messages\n".to_owned();
    }
    // Of one team alone it would only take room.
    let teams = messages.iter().any(|other| other.team != messages[0].team);
    let headings = ["ID", "AT", "STATE", "TEAM", "FROM", "TO", "BODY"];
    let shown = |column: &usize| teams || *column != 3;
    let headings: Vec<&str> = (0..7)
        .filter(shown)
        .map(|column| headings[column])
        .collect();
    let mut table = Table::new(0, &headings);
    for message in messages {
        let cells = [
            Cell::from(message.id.as_str()),
            clock.ago(message.at).into(),
            Cell::styled(delivery(message.state), state_words(message)),
            message.team.as_str().into(),
            message.from.as_str().into(),
            message.to.as_str().into(),
            first_line(&message.body, 60).into(),
        ];
        let cells = cells.into_iter().enumerate();
        table.row(cells.filter_map(|(column, cell)| shown(&column).then_some(cell)));
    }
    // What stands in a message is shown by `torch msg show`; who it is from and to is what one looks for here.
    let giving: &[usize] = if teams { &[6, 3, 4, 5] } else { &[5, 3, 4] };
    table.giving(width, giving)
}

/// The person's inbox: each message whole, newest first; `width` is the terminal's.
pub fn inbox(
    messages: &[MessageView],
    all: bool,
    (clock, width): (&Clock, Option<usize>),
) -> String {
    if messages.is_empty() {
        return if all {
            "the inbox is empty\n"
        } else {
            "nothing new (torch inbox --all)\n"
        }
        .to_owned();
    }
    let entries: Vec<_> = messages
        .iter()
        .map(|message| {
            let new = if message.read { "" } else { "new  " };
            format!(
                "{}{}  {}  {}\n{}\n",
                paint(WARN, new),
                paint(STRONG, &format!("{} from {}", message.id, message.from)),
                message.team,
                paint(DIM, &clock.ago(message.at)),
                fit::prose(&indented(&message.body), width, 0).trim_end_matches('\n')
            )
        })
        .collect();
    entries.join("\n")
}

/// One message in full.
pub fn show(message: &MessageView, clock: &Clock) -> String {
    let mut table = Table::bare(0);
    let mut fact = |label: &str, value: String| table.row([Cell::styled(DIM, label), value.into()]);
    fact("id", format!("{} ({})", message.id, message.ulid));
    fact("team", message.team.clone());
    fact(
        "at",
        format!("{} ({})", clock.date(message.at), clock.ago(message.at)),
    );
    fact("kind", message.kind.clone());
    fact(
        "from",
        format!("{} (rule {})", message.from, message.from_rule),
    );
    fact(
        "to",
        format!(
            "{} #{}, written {}",
            message.to,
            message.pair_seq,
            first_line(&message.target, 80)
        ),
    );
    fact(
        "verdict",
        format!(
            "{}: {} (rule {})",
            message.decision, message.reason, message.rule
        ),
    );
    fact(
        "state",
        format!(
            "{}, {}, try {}",
            state_words(message),
            clock.ago(message.since),
            message.attempt
        ),
    );
    if !message.evidence.is_empty() {
        fact("evidence", first_line(&message.evidence, 200));
    }
    if message.possible_duplicate {
        fact("note", "an earlier try may have arrived as well".to_owned());
    }
    if !message.critical.is_empty() {
        fact("critical", plain(&message.critical.join(", ")));
    }
    if !message.cleaned.is_empty() {
        fact("cleaned", message.cleaned.join(", "));
    }
    if let Some(file) = &message.body_file {
        fact("body in", file.display().to_string());
    }
    format!("{}\n{}\n", table.render(), plain(message.body.trim_end()))
}

/// What happened to a message: the chain with times, distances and evidence. On a terminal that is too narrow for all
/// of it (`width`, in columns) the evidence stands below each step.
pub fn trace(
    message: &MessageView,
    events: &[JournalView],
    clock: &Clock,
    width: Option<usize>,
) -> String {
    let sentence = |text: String| match width {
        Some(width) => fit::wrap(&text, width, 2),
        None => text,
    };
    let mut text = sentence(sent(message));
    let day = clock.date(message.at);
    text.push_str(&format!("{}\n\n", paint(DIM, &format!("accepted {day}"))));
    let whole = steps(message, events, clock, true).render();
    if fit::fits(&whole, width) {
        text.push_str(&whole);
    } else {
        let narrow = steps(message, events, clock, false).within(width, &[BECAUSE_OF]);
        let mut lines = narrow.lines();
        text.extend(lines.next().map(|heading| format!("{heading}\n")));
        for (line, event) in lines.zip(events) {
            text.push_str(&format!("{line}\n"));
            let seen = evidence(&event.data);
            if !seen.is_empty() {
                let seen = fit::wrap(&seen, width.unwrap_or(usize::MAX).saturating_sub(2), 2);
                text.push_str(&format!("  {}\n", paint(DIM, &seen)));
            }
        }
    }
    if let Some(reason) = message.waits {
        let words = paint(WARN, waits_for(reason));
        text.push_str(&format!("\n{}\n", sentence(format!("it waits: {words}"))));
    }
    text
}

/// The column of the steps that may be cut.
const BECAUSE_OF: usize = 3;

/// The steps of a delivery as a table.
fn steps(
    message: &MessageView,
    events: &[JournalView],
    clock: &Clock,
    with_evidence: bool,
) -> Table {
    let headings = ["TIME", "AFTER", "WHAT", "BECAUSE OF", "EVIDENCE"];
    let shown = headings.len() - usize::from(!with_evidence);
    let mut table = Table::new(0, &headings[..shown]);
    let mut before = message.at;
    for event in events {
        let after = event.at.since(before);
        before = event.at;
        let row = [
            Cell::from(clock.time(event.at)),
            Cell::styled(DIM, format!("+{} ms", after.as_millis())),
            Cell::styled(event_style(&event.kind), event.kind.as_str()),
            first_line(&event.cause, 40).into(),
            evidence(&event.data).into(),
        ];
        table.row(row.into_iter().take(shown));
    }
    table
}

/// What was seen, and which try it was from the second on; else whatever the entry has.
fn evidence(data: &Value) -> String {
    let Some(seen) = data.get("evidence").and_then(Value::as_str) else {
        return particulars(data);
    };
    let seen = first_line(seen, 120);
    match data.get("attempt").and_then(Value::as_u64) {
        Some(attempt) if attempt > 1 => format!("{seen} (try {attempt})"),
        _ => seen,
    }
}

fn event_style(kind: &str) -> anstyle::Style {
    let state = kind.rsplit('.').next().and_then(|word| word.parse().ok());
    match state {
        Some(state) => delivery(state),
        None if kind.ends_with("failed") => BAD,
        None => super::style::NONE,
    }
}

/// A journal entry's data as `key=value`, nothing for an empty one.
pub fn particulars(data: &Value) -> String {
    let value = |value: &Value| match value {
        Value::String(text) => first_line(text, 80),
        other => first_line(&other.to_string(), 80),
    };
    match data {
        Value::Null => String::new(),
        Value::Object(fields) => {
            let shown = fields.iter().filter(|(_, field)| !field.is_null());
            let pairs: Vec<_> = shown
                .map(|(name, field)| format!("{name}={}", value(field)))
                .collect();
            pairs.join(" ")
        }
        other => value(other),
    }
}

fn indented(body: &str) -> String {
    let lines: Vec<_> = plain(body.trim_end())
        .lines()
        .map(|line| format!("  {line}").trim_end().to_owned())
        .collect();
    lines.join("\n")
}
