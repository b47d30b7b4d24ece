//! What the rules of a project change in a briefing: whom the agent may write to, numbers, names, and a section of their own.

use torch_brief::Facts;
use torch_core::project_rules::{ProjectRule, ProjectRules, RuleKind, Who, mask};
use torch_core::{RoleName, RouterMode};
use torch_router::project::RuleSet;
use torch_router::traffic::Limits;

/// The rules that a briefing shows; `torch rules list` has all.
const SHOWN: usize = 20;

/// Puts the rules that concern a role into its facts, so that no other line of the briefing says something else.
pub fn apply(facts: &mut Facts, role: &RoleName, rules: ProjectRules) {
    apply_set(facts, role, &RuleSet::new(rules));
}

/// The same with a set that is ready to be asked.
pub(crate) fn apply_set(facts: &mut Facts, role: &RoleName, rules: &RuleSet) {
    edges(facts, role, rules);
    let base = Limits {
        exchanges: facts.exchanges,
        ..Limits::default()
    };
    facts.exchanges = rules.limits(&base).exchanges;
    if let Some((_, seconds)) = rules.blocked_after() {
        // A project's time only shortens the person's.
        facts.blocked_minutes = shorter(facts.blocked_minutes, seconds);
    }
    let git = &mut facts.policy.git;
    let commit = rules.strictest_of(role, |ask| match ask {
        RuleKind::CommitEvery { from, seconds } => Some((from, *seconds)),
        _ => None,
    });
    // The policy's time holds as well, and is watched by itself.
    if let Some((_, seconds)) = commit {
        git.commit_minutes = shorter(git.commit_minutes, seconds);
    }
    let push = rules.strictest_of(role, |ask| match ask {
        RuleKind::PushWithin { from, seconds } => Some((from, *seconds)),
        _ => None,
    });
    // A policy that lets nobody push stays.
    if let Some((_, seconds)) = push.filter(|_| git.push_minutes > 0) {
        git.push_minutes = shorter(git.push_minutes, seconds);
    }
    let branch = rules.first_of(role, |ask| match ask {
        RuleKind::BranchNames { from, patterns } => Some((from, patterns.first()?.clone())),
        _ => None,
    });
    facts.branch_prefix = branch.and_then(|(_, pattern)| {
        let prefix = pattern.split('*').next().unwrap_or_default();
        (!prefix.is_empty() && pattern != prefix).then(|| prefix.to_owned())
    });
    let concerning = concerning(facts.router, role, rules);
    let mut lines: Vec<String> = concerning.map(line).collect();
    if lines.len() > SHOWN {
        let more = lines.len() - SHOWN;
        lines.truncate(SHOWN);
        lines.push(format!("and {more} more: `torch rules list`"));
    }
    facts.rules = lines;
}

/// The rules that concern a role and count in a team of this mode.
pub(crate) fn concerning<'a>(
    mode: RouterMode,
    role: &'a RoleName,
    rules: &'a RuleSet,
) -> impl Iterator<Item = &'a ProjectRule> {
    let rules = rules.data().rules.iter();
    rules.filter(move |rule| counts(mode, &rule.ask) && concerns(&rule.ask, role))
}

/// Whether a rule is asked in this mode: an open router keeps nobody from anybody, and a strict one is opened by no project.
fn counts(mode: RouterMode, ask: &RuleKind) -> bool {
    match ask {
        RuleKind::MayNotWrite { .. }
        | RuleKind::WritesOnlyTo { .. }
        | RuleKind::HearsOnly { .. } => mode != RouterMode::Open,
        RuleKind::MayWrite { .. } => mode == RouterMode::Matrix,
        _ => true,
    }
}

/// Whom the role may write to directly, and whom it may not.
fn edges(facts: &mut Facts, role: &RoleName, rules: &RuleSet) {
    if facts.router == RouterMode::Open {
        return;
    }
    let names = facts.members.iter().map(|member| member.role.clone());
    for name in names.collect::<Vec<_>>() {
        let Ok(to) = RoleName::parse(&name) else {
            continue;
        };
        if to == *role {
            continue;
        }
        match rules.may_write(role, &to) {
            Some(false) => {
                facts.direct.retain(|known| *known != name);
                facts.barred.push(name);
            }
            Some(true) if !to.is_sub_hub() && !facts.direct.contains(&name) => {
                facts.direct.push(name);
            }
            Some(true) | None => {}
        }
    }
}

/// Whether a rule asks something of a role, or about messages to it.
pub(crate) fn concerns(ask: &RuleKind, role: &RoleName) -> bool {
    let takes = |who: &Who| who.takes(role);
    match ask {
        RuleKind::MayNotWrite { from, to }
        | RuleKind::MayWrite { from, to }
        | RuleKind::HearsOnly { to, from } => takes(from) || takes(to),
        RuleKind::WritesOnlyTo { from, .. }
        | RuleKind::ReportsTo { from, .. }
        | RuleKind::MaxMessages { from, .. }
        | RuleKind::Form { from, .. }
        | RuleKind::ForbiddenWords { from, .. }
        | RuleKind::RequiredWords { from, .. }
        | RuleKind::MaxLength { from, .. }
        | RuleKind::NoBroadcast { from }
        | RuleKind::QuietHours { from, .. }
        | RuleKind::CommitEvery { from, .. }
        | RuleKind::PushWithin { from, .. }
        | RuleKind::BranchNames { from, .. }
        | RuleKind::AckWithin { from, .. } => takes(from),
        RuleKind::MaxExchanges { .. }
        | RuleKind::CriticalWords { .. }
        | RuleKind::BlockedAfter { .. } => true,
    }
}

/// The shorter of the policy's time and a project's, in minutes; the policy's 0 is none.
fn shorter(minutes: u64, seconds: u64) -> u64 {
    match minutes {
        0 => seconds.div_ceil(60),
        own => own.min(seconds.div_ceil(60)),
    }
}

/// A rule as its agent is told it.
fn line(rule: &ProjectRule) -> String {
    let at = format!("{}:{}", rule.file, rule.line);
    match &rule.ask {
        RuleKind::ForbiddenWords { from, .. } => {
            format!("messages of {from} say none of the words that {at} forbids")
        }
        ask => format!("{ask} ({at})"),
    }
}

/// A rule as its agent is told it, without the place where it stands; words that may not be said are not said here either.
pub(crate) fn words(rule: &ProjectRule) -> String {
    match &rule.ask {
        RuleKind::ForbiddenWords { from, words } => {
            let hidden: Vec<String> = words.iter().map(|word| mask(word)).collect();
            let hidden = hidden.join("; ");
            format!(
                "messages of {from} don't say what {} forbids: {hidden}",
                rule.file
            )
        }
        ask => ask.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use torch_brief::Member;
    use torch_router::project::{RuleFile, read};

    use super::*;

    fn role(name: &str) -> RoleName {
        RoleName::parse(name).expect("a role")
    }

    fn told(name: &str, rules: &str) -> (Facts, String) {
        let member = |role: &str| Member {
            role: role.to_owned(),
            ..Member::default()
        };
        let team = [
            "orchestrator",
            "project_manager",
            "developer",
            "tester",
            "researcher",
        ];
        let mut facts = Facts {
            members: team.map(member).to_vec(),
            direct: vec!["tester".to_owned()],
            exchanges: 3,
            blocked_minutes: 10,
            ..Facts::default()
        };
        let text = format!("## Communication\n{rules}\n");
        let file = RuleFile {
            name: "CLAUDE.md",
            text: &text,
        };
        let set = read(&[file]).expect("Markdown always reads");
        apply(&mut facts, &role(name), set);
        let roles = crate::templates::roles().expect("the shipped roles");
        let template = roles.roles.get(name).expect("a role");
        let text = torch_brief::briefing(template, &facts).expect("a text");
        (facts, text)
    }

    #[test]
    fn what_a_rule_takes_is_not_offered() {
        let (facts, text) = told("developer", "- Developers must not message the tester");
        assert_eq!(facts.direct, Vec::<String>::new());
        assert!(!text.contains("write directly to"), "{text}");
        assert!(text.contains("## Rules of this project"), "{text}");
        assert!(
            text.contains("- developer may not write to tester (CLAUDE.md:2)"),
            "{text}"
        );
        let (_, text) = told("developer", "- The developer may only write to the tester");
        assert!(!text.contains("about integration"), "{text}");
        assert!(text.contains("write directly to: tester."), "{text}");
    }

    #[test]
    fn numbers_and_names_are_those_of_the_rules() {
        let (facts, text) = told(
            "developer",
            "- Developer may write to the researcher\n- At most 2 exchanges per thread\n- At most 5 exchanges per thread\n- Commit every 20 minutes\n- Branch names must start with `topic/`\n- Keep messages under 400 characters\n- Acknowledge every TASK within 5 minutes\n- If you are blocked for more than 5 minutes, tell the orchestrator",
        );
        assert_eq!(facts.direct, ["tester", "researcher"]);
        for expected in [
            "After 2 exchanges",
            "at least every 20 minutes",
            "`topic/NAME`",
            "- messages of everyone have at most 400 characters (CLAUDE.md:7)",
            "- everyone: a TASK has its ACK within 5 min (CLAUDE.md:8)",
            "After 5 minutes",
        ] {
            assert!(text.contains(expected), "{expected}: {text}");
        }
        let looser = "- At most 9 exchanges per thread\n- Commit every 90 minutes\n- Push within 60 minutes of a commit\n- If you are blocked for more than 50 minutes, tell the orchestrator";
        let (facts, _) = told("developer", looser);
        assert_eq!((facts.exchanges, facts.blocked_minutes), (3, 10));
        // The policy's times hold as well.
        assert_eq!(facts.policy, Facts::default().policy);
    }

    #[test]
    fn words_that_may_not_be_said_are_not_said() {
        let (_, text) = told("tester", "- Messages must never contain \"hunter2\"");
        assert!(
            text.contains("the words that CLAUDE.md:2 forbids"),
            "{text}"
        );
        assert!(!text.contains("hunter2"), "{text}");
    }

    #[test]
    fn without_rules_there_is_no_section() {
        let (_, text) = told("tester", "Be kind.");
        assert!(!text.contains("Rules of this project"), "{text}");
    }
}
