//! From what arrived at torch to a verdict for each door. Pure.

use torch_core::observed::{BriefingSeen, Door, ProgramObserved};
use torch_core::program::{AgentProgram, DeliveryGrade, Sign};

use super::ask::Asked;
use super::finding::{Finding, Report, Verdict};
use super::sandbox::{Boxed, GIT_HOOKS};

/// What leads to what was not tried.
const ASK: &str = "only its model can; torch doctor --probe --ask-model";

/// Whether a program has shown what it shows before the first prompt.
pub(super) fn has_shown(program: &AgentProgram, seen: &ProgramObserved) -> bool {
    program.doors.at_start.iter().all(|sign| shown(*sign, seen))
}

/// Whether it has shown everything that it should.
pub(super) fn has_shown_all(program: &AgentProgram, seen: &ProgramObserved) -> bool {
    let later = program.doors.with_prompt.iter();
    has_shown(program, seen) && later.into_iter().all(|sign| shown(*sign, seen))
}

fn shown(sign: Sign, seen: &ProgramObserved) -> bool {
    match sign {
        Sign::Hooks => !seen.observed.hooks.is_empty(),
        Sign::Mcp => seen.observed.mcp.is_some(),
        Sign::StatusLine => seen.observed.status_line.is_some(),
    }
}

/// Judges everything that was seen: what arrived, what came from inside the sandbox, and how the model's turn went.
pub(super) fn judge(
    report: &mut Report,
    program: &AgentProgram,
    (seen, boxed, asked): (&ProgramObserved, Option<&Boxed>, Option<&Asked>),
) {
    if report.version.is_none() {
        report.version.clone_from(&seen.version);
    }
    let prompted = asked.is_some_and(|asked| asked.arrived);
    for sign in [Sign::Hooks, Sign::StatusLine, Sign::Mcp] {
        report.push(sign_finding(program, seen, sign, prompted));
    }
    if let Some(asked) = asked {
        report.push(delivery(program, seen, asked));
    }
    for door in Door::ALL {
        report.push(door_finding(seen, door, boxed, asked));
    }
    if let Some(git) = boxed.and_then(|boxed| of(boxed, "git commit")) {
        report.push(git.clone());
    }
    if let Some(hooks) = boxed.and_then(|boxed| of(boxed, GIT_HOOKS)) {
        report.push(hooks.clone());
    }
    missing(report);
    let asked = asked.filter(|asked| asked.arrived && asked.dialog.is_none());
    let ways = ["shell", "MCP tools", "outbox"];
    let came = ways
        .iter()
        .any(|door| report.verdict(door) == Some(Verdict::Works));
    if asked.is_some() && !came {
        let words = "the model was asked, and no request of its arrived";
        report.missing.push(words.to_owned());
    }
}

fn sign_finding(
    program: &AgentProgram,
    seen: &ProgramObserved,
    sign: Sign,
    prompted: bool,
) -> Finding {
    let name = name(sign);
    if shown(sign, seen) {
        let words = match sign {
            Sign::Hooks => hooks(seen),
            Sign::Mcp => {
                let client = seen.observed.mcp_client.as_deref().unwrap_or("it");
                format!("{client} started it and listed its tools")
            }
            Sign::StatusLine => "it told torch's status line its figures".to_owned(),
        };
        return Finding::works(name, words);
    }
    if !program.doors.shows(sign) {
        return Finding::untried(name, "it has none that torch uses");
    }
    if program.doors.at_start.contains(&sign) {
        return Finding::fails(name, "nothing came after its start");
    }
    match prompted {
        true => Finding::fails(name, "nothing came with the prompt"),
        false => Finding::untried(
            name,
            "comes with the first prompt; torch doctor --probe --ask-model",
        ),
    }
}

fn hooks(seen: &ProgramObserved) -> String {
    let names = seen
        .observed
        .hooks
        .keys()
        .map(crate::render::observed::word);
    format!("came: {}", names.collect::<Vec<_>>().join(", "))
}

/// The row of a sign.
fn name(sign: Sign) -> &'static str {
    match sign {
        Sign::Hooks => "hooks",
        Sign::Mcp => "MCP server",
        Sign::StatusLine => "status line",
    }
}

/// The row of a door.
fn row(door: Door) -> &'static str {
    match door {
        Door::Mcp => "MCP tools",
        other => other.as_str(),
    }
}

fn delivery(program: &AgentProgram, seen: &ProgramObserved, asked: &Asked) -> Finding {
    let promised = program.grade();
    match (&seen.observed.briefing, seen.grade(promised)) {
        (Some(BriefingSeen { by: Some(_), .. }), (grade, None)) => Finding::works(
            "delivery",
            format!("the prompt was proven by {}", grade.as_str()),
        ),
        (_, (grade, Some(why))) => Finding::fails(
            "delivery",
            format!(
                "{why}; proven by {}, its rules promise {}",
                grade.as_str(),
                promised.as_str()
            ),
        ),
        _ if asked.arrived && promised == DeliveryGrade::Screen => Finding::works(
            "delivery",
            "its screen showed the prompt, and it tells no more",
        ),
        _ => Finding::fails(
            "delivery",
            format!("nothing proved the prompt{}", held(asked)),
        ),
    }
}

fn of<'b>(boxed: &'b Boxed, door: &str) -> Option<&'b Finding> {
    boxed.doors.iter().find(|finding| finding.door == door)
}

/// What the model used counts before what a command in the sandbox could.
fn door_finding(
    seen: &ProgramObserved,
    door: Door,
    boxed: Option<&Boxed>,
    asked: Option<&Asked>,
) -> Finding {
    let name = row(door);
    let inside = boxed.and_then(|boxed| of(boxed, name));
    let Some(asked) = asked else {
        return inside
            .cloned()
            .unwrap_or_else(|| Finding::untried(name, ASK));
    };
    // A file in the outbox that the sandbox's command wrote says nothing of the model, but it is the same file.
    if let (true, Some(inside)) = (door != Door::Mcp, inside)
        && inside.verdict == Verdict::Works
    {
        return inside.clone();
    }
    if seen.observed.doors.contains_key(&door) {
        return Finding::works(name, "the model's request arrived");
    }
    match inside {
        Some(inside) => inside.clone(),
        None if !asked.arrived => Finding::untried(name, "the prompt did not arrive"),
        None => Finding::untried(
            name,
            format!("nothing arrived: the model was asked{}", held(asked)),
        ),
    }
}

/// What held the model up.
fn held(asked: &Asked) -> String {
    match &asked.dialog {
        Some(dialog) => {
            let text: Vec<&str> = dialog.text.split_whitespace().collect();
            format!(", and its program asks a person first: {}", text.join(" "))
        }
        None if !asked.ended && asked.arrived => ", and its turn did not end in time".to_owned(),
        None => String::new(),
    }
}

/// What a team needs: to tell of itself as its rules promise, one way to ask, and one way to commit.
fn missing(report: &mut Report) {
    let fails = |report: &Report, door: &str| report.verdict(door) == Some(Verdict::Fails);
    let works = |report: &Report, door: &str| report.verdict(door) == Some(Verdict::Works);
    let mut missing = Vec::new();
    if fails(report, "hooks") {
        missing.push("its hooks do not come".to_owned());
    }
    if fails(report, "delivery") {
        missing.push("deliveries are not proven as its rules promise".to_owned());
    }
    let ways = ["shell", "MCP tools", "MCP server", "outbox"];
    let tried = ways.iter().any(|door| fails(report, door));
    if tried && !ways.iter().any(|door| works(report, door)) {
        missing.push("no door to torch works".to_owned());
    }
    if fails(report, "git commit") && !works(report, "torch commit") && !works(report, "MCP server")
    {
        missing.push("it has no way to commit".to_owned());
    }
    if !missing.is_empty() {
        report
            .hints
            .push(format!("torch agents show {}", report.program));
    }
    report.missing = missing;
}

#[cfg(test)]
mod tests {
    use torch_core::Timestamp;
    use torch_core::observed::Observed;
    use torch_core::program::Signal;
    use torch_daemon::catalog::Catalog;

    use super::*;

    fn program(name: &str) -> AgentProgram {
        Catalog::load(None, None).entries[name].program.clone()
    }

    fn seen(change: impl FnOnce(&mut Observed)) -> ProgramObserved {
        let mut seen = super::super::nothing("p");
        seen.observed.begin(Timestamp(1));
        change(&mut seen.observed);
        seen
    }

    fn report(
        program: &AgentProgram,
        seen: &ProgramObserved,
        boxed: Option<&Boxed>,
        asked: Option<&Asked>,
    ) -> Report {
        let mut report = Report::new(&program.name, None);
        judge(&mut report, program, (seen, boxed, asked));
        report
    }

    const ASKED: Asked = Asked {
        dialog: None,
        ended: true,
        arrived: true,
    };

    #[test]
    fn hooks_that_do_not_come_are_missing() {
        let claude = program("claude");
        let well = seen(|it| {
            it.hook(Signal::Ready, Timestamp(2));
            it.mcp("claude-code 2", Timestamp(2));
            it.status_line(Timestamp(2));
        });
        assert!(has_shown(&claude, &well));
        let found = report(&claude, &well, None, None);
        assert!(found.is_well(), "{found:?}");
        assert_eq!(found.verdict("shell"), Some(Verdict::Untried));
        let silent = seen(|it| {
            it.mcp("claude-code 2", Timestamp(2));
        });
        let found = report(&claude, &silent, None, None);
        assert_eq!(found.missing, ["its hooks do not come"]);
        assert!(!found.hints.is_empty());
        // Of Codex they come with the first prompt.
        let codex = report(&program("codex"), &silent, None, None);
        assert_eq!(codex.verdict("hooks"), Some(Verdict::Untried));
        assert!(codex.is_well());
        let codex = report(&program("codex"), &silent, None, Some(&ASKED));
        assert_eq!(codex.verdict("hooks"), Some(Verdict::Fails));
    }

    #[test]
    fn a_closed_sandbox_is_no_fault_where_another_door_works() {
        let codex = program("codex");
        let closed = |outbox: Finding, commit: Finding| Boxed {
            doors: vec![
                Finding::fails("shell", "x"),
                outbox,
                Finding::fails("git commit", "x"),
                commit,
            ],
        };
        let listed = seen(|it| {
            it.mcp("codex", Timestamp(2));
        });
        let boxed = closed(
            Finding::works("outbox", "x"),
            Finding::works("torch commit", "x"),
        );
        let found = report(&codex, &listed, Some(&boxed), None);
        assert!(found.is_well(), "{found:?}");
        assert_eq!(found.verdict("shell"), Some(Verdict::Fails));
        let boxed = closed(
            Finding::fails("outbox", "x"),
            Finding::fails("torch commit", "x"),
        );
        assert!(report(&codex, &listed, Some(&boxed), None).is_well());
        let found = report(&codex, &seen(|_| {}), Some(&boxed), None);
        assert_eq!(
            found.missing,
            ["no door to torch works", "it has no way to commit"]
        );
    }

    #[test]
    fn a_delivery_that_is_proven_worse_than_promised_is_a_fault() {
        let claude = program("claude");
        let signs = |it: &mut Observed| {
            it.hook(Signal::Ready, Timestamp(2));
            it.mcp("claude-code 2", Timestamp(2));
        };
        let by = |by: DeliveryGrade| {
            seen(|it| {
                signs(it);
                it.proven(by, true, Timestamp(3));
            })
        };
        let found = report(&claude, &by(DeliveryGrade::Hooks), None, Some(&ASKED));
        assert_eq!(found.verdict("delivery"), Some(Verdict::Works));
        let found = report(&claude, &by(DeliveryGrade::Transcript), None, Some(&ASKED));
        assert_eq!(found.verdict("delivery"), Some(Verdict::Fails));
        assert!(!found.is_well());
    }
}
