//! The rules of a project, and what they would decide.

use torch_api::rules::{RulesView, VerdictView};
use torch_core::message::Decision;
use torch_core::project_rules::ProjectRule;

use super::style::{BAD, DIM, GOOD, STRONG, WARN, paint};
use super::time::Clock;
use super::{first_line, plain};

/// Each rule with where it stands, then what is not machine-checkable.
pub fn rules(view: &RulesView, clock: &Clock) -> String {
    let mut text = String::new();
    let team = plain(&view.team);
    if let Some(trouble) = &view.trouble {
        let line = format!("the files can't be read as they are: {}", plain(trouble));
        text.push_str(&format!("{}\n", paint(WARN, &line)));
        text.push_str("what follows was read before and stays in force\n\n");
    }
    let set = view
        .set
        .as_ref()
        .filter(|set| !set.rules.is_empty() || !set.unchecked.is_empty());
    let (Some(set), Some(since)) = (set, view.since) else {
        let found = match view.unread {
            true => "the project's files have not been read yet; that takes a second or two",
            false => "the project states no rules",
        };
        text.push_str(&format!("{team}: {found}\n"));
        let files = torch_core::project_rules::FILES.join(", ");
        text.push_str(&paint(
            DIM,
            &format!("looked for in {}: {files}\n", view.project.display()),
        ));
        return text;
    };
    text.push_str(&format!(
        "{}  {} rules, in force since {}  {}\n",
        paint(STRONG, &team),
        set.rules.len(),
        clock.time(since),
        paint(DIM, &format!("set {}", set.id))
    ));
    for rule in &set.rules {
        let unwatched = match rule.ask.checked() {
            Some(_) => String::new(),
            None => format!("  {}", paint(WARN, "not watched yet")),
        };
        text.push_str(&format!(
            "  {}  {}{unwatched}\n      {}\n",
            paint(DIM, &format!("{}:{}", rule.file, rule.line)),
            plain(&rule.ask.to_string()),
            paint(DIM, &rule.name)
        ));
    }
    if !set.unchecked.is_empty() {
        text.push_str("not machine-checkable:\n");
    }
    for row in &set.unchecked {
        let at = paint(DIM, &format!("{}:{}", row.file, row.line));
        text.push_str(&format!(
            "  {at}  {}\n      {}\n",
            first_line(&row.text, 120),
            paint(DIM, &row.why)
        ));
    }
    text
}

/// What would become of a message.
pub fn verdict(view: &VerdictView) -> String {
    let (style, word) = match view.decision {
        Decision::Deliver => (GOOD, "deliver"),
        Decision::Reroute => (WARN, "reroute"),
        Decision::Record => (DIM, "record"),
        Decision::Refuse => (BAD, "refuse"),
    };
    let at = view
        .at
        .as_ref()
        .map_or_else(String::new, |at| format!(" ({})", plain(at)));
    let mut text = format!(
        "{}  by {}{at}: {}\n",
        paint(style, word),
        plain(&view.rule),
        plain(&view.reason)
    );
    if !view.critical.is_empty() {
        let words = plain(&view.critical.join(", "));
        text.push_str(&format!("critical words: {words}\n"));
    }
    if !view.noted.is_empty() {
        text.push_str(&format!(
            "would be noted: {}\n",
            plain(&view.noted.join(", "))
        ));
    }
    text
}

/// One rule in full.
pub fn explained(rule: &ProjectRule) -> String {
    let checked = match rule.ask.checked() {
        Some(how) => format!("checked {how}"),
        None => "not watched yet: torch does not see what it is about".to_owned(),
    };
    format!(
        "{}  {}\n  {}:{} says: {}\n  {checked}\n",
        paint(STRONG, &rule.name),
        plain(&rule.ask.to_string()),
        rule.file,
        rule.line,
        plain(&rule.text)
    )
}
