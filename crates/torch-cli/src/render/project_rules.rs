//! The rules of a project, and what they would decide.

use torch_api::rules::{HeldView, RulesView, VerdictView};
use torch_core::RouterMode;
use torch_core::message::Decision;
use torch_core::project_rules::{Contradiction, HeldBack, ProjectRule, ProjectRules, Unchecked};
use torch_daemon::project_files::ProjectRulesError;

use super::style::{BAD, DIM, GOOD, STRONG, WARN, paint};
use super::time::Clock;
use super::{count, first_line, plain};

/// Each rule with where it stands, then what is not machine-checkable.
pub fn rules(view: &RulesView, clock: &Clock) -> String {
    let mut text = String::new();
    let team = plain(&view.team);
    if let Some(trouble) = &view.trouble {
        let line = format!("the files can't be read as they are: {}", plain(trouble));
        text.push_str(&format!("{}\n", paint(WARN, &line)));
        if view.set.is_some() {
            text.push_str("what follows was read before and stays in force\n\n");
        }
    }
    let set = view
        .set
        .as_ref()
        .filter(|set| !set.rules.is_empty() || !set.unchecked.is_empty());
    let Some(set) = set else {
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
    let force = match view.since {
        Some(since) => format!("in force since {}", clock.second(since)),
        None => "in force as soon as a team works here".to_owned(),
    };
    text.push_str(&format!(
        "{}  {}, {force}  {}\n",
        paint(STRONG, &team),
        count(set.rules.len() as u64, "rule"),
        paint(DIM, &format!("set {}", set.id))
    ));
    for rule in &set.rules {
        let limited = match view.limited.get(&rule.name) {
            Some(note) => format!("  {}", paint(WARN, &plain(note))),
            None => String::new(),
        };
        let stays = view.held.as_ref().filter(|held| stays(held, &rule.name));
        let limited = match stays {
            Some(_) => format!("{limited}  {}", paint(WARN, STAYS)),
            None => limited,
        };
        text.push_str(&format!(
            "  {}  {}{limited}\n      {}\n",
            paint(DIM, &format!("{}:{}", rule.file, rule.line)),
            plain(&rule.ask.to_string()),
            paint(DIM, &rule.name)
        ));
    }
    if let Some(held) = &view.held {
        text.push_str(&waiting(held, &team));
    }
    text.push_str(&contradicting(&view.contradictions));
    let (doubtful, unchecked): (Vec<_>, Vec<_>) =
        set.unchecked.iter().partition(|row| row.rule.is_some());
    if !doubtful.is_empty() {
        text.push_str(
            "not in force, as they may be meant for the product; in rules.toml these lines make them rules:\n",
        );
    }
    for row in doubtful {
        text.push_str(&statement(row));
        for line in row.rule.iter().flat_map(|lines| lines.lines()) {
            text.push_str(&format!("      {}\n", plain(line)));
        }
    }
    text + &not_checked(&unchecked)
}

/// Statements that can't both be kept, each pair with what becomes of it.
fn contradicting(pairs: &[Contradiction]) -> String {
    let mut text = String::new();
    if !pairs.is_empty() {
        text.push_str(&paint(WARN, "contradictions:"));
        text.push('\n');
    }
    for pair in pairs {
        for one in [&pair.one, &pair.other] {
            let at = paint(DIM, &format!("{}:{}", one.file, one.line));
            text.push_str(&format!("  {at}  {}\n", first_line(&one.text, 120)));
        }
        text.push_str(&format!("      {}\n", paint(WARN, &plain(&pair.outcome))));
    }
    text
}

/// The rules that hold by themselves which somebody asks for first.
const BY_THEMSELVES: [&str; 10] = [
    "edge.hub",
    "edge.project-manager",
    "mode.",
    "team.border",
    "limit.repeat",
    "limit.broadcast",
    "limit.thread",
    "limit.hops",
    "ack.quiet",
    "critical.copy",
];

/// What holds where there are neither a project's rules nor a team, and what to do for either.
pub fn nothing(view: &RulesView, mode: RouterMode, known: &[(&str, &str)]) -> String {
    let files = torch_core::project_rules::FILES.join(", ");
    let mut text = format!(
        "{}: no team works here, and the project states no rules of its own\n",
        plain(&view.team)
    );
    let looked = format!("looked for in {}: {files}\n", view.project.display());
    text.push_str(&paint(DIM, &plain(&looked)));
    text.push_str("\nWhat holds by itself in a team here:\n");
    for name in BY_THEMSELVES {
        let name = match name {
            "mode." => format!("mode.{}", mode.as_str()),
            name => name.to_owned(),
        };
        let words = known.iter().find(|(known, _)| *known == name);
        let words = words.map_or("", |(_, words)| words);
        text.push_str(&format!("  {name:<21} {words}\n"));
    }
    text.push_str(
        "\nA line such as \"- Developers must not message the tester\" under \"# Team rules\" in CLAUDE.md states a rule; torch rules list \
         shows it then.\nA team is started by: torch auto --spec FILE\n",
    );
    text
}

/// How a rule is marked that the files state no more.
const STAYS: &str = "taken out of the files, in force until you accept that";

/// How a rule is marked that allows more than those in force.
const WAITS: &str = "not in force until you accept it";

/// Whether a rule is in force though the files state it no more.
pub fn stays(held: &HeldBack, rule: &str) -> bool {
    held.stays.iter().any(|known| known.name == rule)
}

/// What waits for a person, and the command that accepts it.
fn waiting(held: &HeldBack, team: &str) -> String {
    let mut text = String::new();
    if !held.waits.is_empty() {
        text.push_str(&format!(
            "{WAITS}, as it allows more than the rules in force:\n"
        ));
    }
    for rule in &held.waits {
        text.push_str(&place_of(rule));
    }
    let accept = format!("torch rules accept {} --team {team}", held.id);
    text.push_str(&format!(
        "{}\n",
        paint(
            WARN,
            &format!("what the files loosen is held back until you accept it: {accept}")
        )
    ));
    text
}

fn place_of(rule: &ProjectRule) -> String {
    let at = paint(DIM, &format!("{}:{}", rule.file, rule.line));
    format!("  {at}  {}\n", plain(&rule.ask.to_string()))
}

/// What a project's files loosen of its rules, for `torch pending`.
pub fn pending(view: &HeldView) -> String {
    let (held, team) = (&view.held, plain(&view.team));
    let mut text = format!(
        "{}  {team} · {}\n",
        paint(STRONG, &held.id),
        paint(WARN, "the project's files loosen its rules")
    );
    for (rules, words) in [(&held.stays, "no longer"), (&held.waits, "new")] {
        for rule in rules {
            text.push_str(&format!(
                "    {words}: {} ({}:{})\n",
                plain(&rule.ask.to_string()),
                rule.file,
                rule.line
            ));
        }
    }
    let accept = format!("  torch rules accept {} --team {team}\n", held.id);
    text + &paint(DIM, &accept)
}

/// What can't be checked, each with why; many of one reason are one line.
fn not_checked(unchecked: &[&Unchecked]) -> String {
    let mut text = String::new();
    if !unchecked.is_empty() {
        text.push_str("not machine-checkable:\n");
    }
    for run in runs(unchecked) {
        text.push_str(&match run {
            [first, .., last] if run.len() > ALIKE => format!(
                "  {}  {} there, from line {} to line {}\n      {}\n",
                paint(DIM, &format!("{}:{}", first.file, first.line)),
                count(run.len() as u64, "statement"),
                first.line,
                last.line,
                paint(DIM, &first.why)
            ),
            run => run
                .iter()
                .map(|row| format!("{}      {}\n", statement(row), paint(DIM, &row.why)))
                .collect(),
        });
    }
    text
}

/// How many statements of one file with the same reason are shown each for itself.
const ALIKE: usize = 8;

/// Statements that stand behind each other in one file and aren't checked for the same reason.
fn runs<'r>(rows: &'r [&'r Unchecked]) -> impl Iterator<Item = &'r [&'r Unchecked]> {
    rows.chunk_by(|one, next| one.file == next.file && one.why == next.why)
}

fn statement(row: &Unchecked) -> String {
    let at = paint(DIM, &format!("{}:{}", row.file, row.line));
    format!("  {at}  {}\n", first_line(&row.text, 120))
}

/// The rules that a project's files put in force, a line each, before a team is raised.
pub fn before(read: &Result<ProjectRules, ProjectRulesError>) -> Vec<String> {
    let set = match read {
        Ok(set) => set,
        Err(error) => {
            let trouble = plain(&error.to_string());
            return vec![format!(
                "The project's rules can't be read, so none is in force: {trouble}"
            )];
        }
    };
    let mut lines = Vec::new();
    if !set.rules.is_empty() {
        let rules = count(set.rules.len() as u64, "rule");
        lines.push(format!(
            "The project's files put {rules} in force (torch rules list):"
        ));
    }
    let shown = set.rules.iter().take(SHOWN_BEFORE);
    lines.extend(shown.map(|rule| {
        format!(
            "  {}:{}  {}",
            rule.file,
            rule.line,
            plain(&rule.ask.to_string())
        )
    }));
    if let Some(more) = set
        .rules
        .len()
        .checked_sub(SHOWN_BEFORE)
        .filter(|more| *more > 0)
    {
        lines.push(format!("  and {more} more"));
    }
    let doubtful = set
        .unchecked
        .iter()
        .filter(|row| row.rule.is_some())
        .count();
    if doubtful > 0 {
        let statements = count(doubtful as u64, "statement");
        lines.push(format!("{statements} of them may be meant for the product and are not in force (torch rules list)"));
    }
    lines
}

/// How many of them are shown at most.
const SHOWN_BEFORE: usize = 30;

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
    text.push_str(&contradicting(&view.against));
    if !view.noted.is_empty() {
        text.push_str(&format!(
            "would be noted: {}\n",
            plain(&view.noted.join(", "))
        ));
    }
    text
}

/// One rule in full.
pub fn explained(rule: &ProjectRule, limited: Option<&str>, held: Option<&HeldBack>) -> String {
    let checked = format!("checked {}", rule.ask.checked());
    let limited = limited.map_or_else(String::new, |what| {
        format!("  {}\n", paint(WARN, &plain(what)))
    });
    let waits = |held: &&HeldBack| held.waits.iter().any(|known| known.name == rule.name);
    let note = match held {
        Some(held) if stays(held, &rule.name) => Some((STAYS, held)),
        Some(held) if waits(&held) => Some((WAITS, held)),
        _ => None,
    };
    let note = note.map_or_else(String::new, |(words, held)| {
        let words = format!("{words}: torch rules accept {}", held.id);
        format!("  {}\n", paint(WARN, &words))
    });
    let limited = limited + &note;
    let says = match held.is_some_and(|held| stays(held, &rule.name)) {
        true => "said",
        false => "says",
    };
    format!(
        "{}  {}\n  {}:{} {says}: {}\n{limited}  {checked}\n",
        paint(STRONG, &rule.name),
        plain(&rule.ask.to_string()),
        rule.file,
        rule.line,
        plain(&rule.text)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("CLAUDE.md"), text).expect("a file");
        before(&torch_daemon::project_files::read(folder.path())).join("\n")
    }

    /// The same truth before a team starts as in `torch rules list`.
    #[test]
    fn all_that_is_in_force_is_told() {
        let push = "- Push within 15 minutes of a commit\n";
        let commit = "- Commit every 30 minutes\n";
        let both = told(&format!("# Rules\n\n{push}{commit}"));
        assert!(
            both.contains("put 2 rules in force (torch rules list)"),
            "{both}"
        );
        let alone = told(&format!("# Rules\n\n{push}"));
        assert!(
            alone.contains("put 1 rule in force (torch rules list)"),
            "{alone}"
        );
        assert!(alone.contains("15 min"), "{alone}");
    }
}
