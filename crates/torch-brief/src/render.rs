//! From a role and the facts to the text.

use std::collections::BTreeMap;

use minijinja::value::Value;
use serde::Serialize;
use torch_core::policy::{AgentCommits, GitPolicy, IntegrationPolicy, TeamPolicy};
use torch_core::{RoleName, RouterMode};

use crate::engine::{TextError, VARIABLES, context, engine, render};
use crate::error::RenderError;
use crate::facts::{Facts, Member};
use crate::line::Line;
use crate::role::Role;
use crate::roles::BUILT_IN;
use torch_core::roles::DEFAULT_NAMES;

const BRIEFING: &str = include_str!("../../../templates/briefing.md");
const RECOVERY: &str = include_str!("../../../templates/recovery.md");

/// The most bytes that a role's own lines may come to, once their variables are put in. Lines beyond it are left out: a role that
/// names the plan in each of them would make a text that no agent reads.
const LINES_MAX: usize = 128 * 1024;

/// How many words a text has, as they are counted everywhere here.
pub fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

/// The text of an agent's briefing.
///
/// # Errors
/// [`RenderError`] for a role that was not read by [`crate::parse`].
pub fn briefing(role: &Role, facts: &Facts) -> Result<String, RenderError> {
    let scope = Scope::of(role, facts);
    let failed = |place| {
        move |source| RenderError {
            role: role.name.clone(),
            place,
            source,
        }
    };
    let values = context(&scope);
    let mut lists = Lists {
        directories: &role.directories,
        ..Lists::default()
    };
    let mut room = LINES_MAX;
    for (key, lines) in role.lists() {
        let lines = rendered(lines, &values, &mut room).map_err(failed(key))?;
        match key {
            "first" => lists.first = lines,
            "duties" => lists.duties = lines,
            "good" => lists.good = lines,
            "hand_over" => lists.hand_over = lines,
            _ => lists.not_yours = lines,
        }
    }
    let whole = context(Whole {
        scope: &scope,
        lists: &lists,
        summary: &role.summary,
        before: facts.before.trim_end(),
        task: facts.task.as_deref().unwrap_or_default(),
        members: &facts.members,
        direct: &facts.direct,
        rules: &facts.rules,
        asks_integrator: scope.integrator != scope.hub
            && !facts.barred.iter().any(|barred| barred == scope.integrator),
        exchanges: facts.exchanges,
        blocked_minutes: facts.blocked_minutes,
        closed: facts.closed_shell,
    });
    let text = render(&engine(), BRIEFING, &whole).map_err(failed("the text"))?;
    Ok(tidy(&text))
}

/// What an agent is told before a repeated briefing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Recovery {
    /// Why it is briefed again.
    pub why: String,
    /// What it can trust of its memory.
    pub memory: String,
    /// What git shows of its work, as list items.
    pub work: String,
    /// Its last report.
    pub report: String,
    /// What waits for it.
    pub messages: String,
    /// What it does now.
    pub duty: String,
}

/// The words before a repeated briefing.
///
/// # Errors
/// [`TextError`] where the shipped text is broken, which a test rules out.
pub fn recovery(recovery: &Recovery) -> Result<String, TextError> {
    render(&engine(), RECOVERY, &context(recovery))
}

/// What a role's lines are tried in: teams with all roles and with the hub alone, with and without commits, a plan, a branch,
/// a spec.
pub(crate) fn trials(role: &Role) -> Vec<Value> {
    let everybody: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
    let kinds = [
        (&everybody[..], AgentCommits::Required, true),
        (&everybody[..], AgentCommits::Forbidden, true),
        (&DEFAULT_NAMES[..1], AgentCommits::Required, false),
        (&DEFAULT_NAMES[..1], AgentCommits::Forbidden, false),
    ];
    let kinds = kinds.into_iter();
    kinds
        .map(|(team, commits, full)| context(Scope::of(role, &example(team, commits, full))))
        .collect()
}

fn example(team: &[&str], agent_commits: AgentCommits, full: bool) -> Facts {
    let member = |role: &&str| Member {
        role: (*role).to_owned(),
        ..Member::default()
    };
    let text = |text: &str| {
        if full { text.to_owned() } else { String::new() }
    };
    Facts {
        team: "app".to_owned(),
        project: "/p/app".to_owned(),
        spec: text("/p/app/spec.md"),
        worktree: "/w".to_owned(),
        branch: full.then(|| "main-role".to_owned()),
        base_branch: "main".to_owned(),
        members: team.iter().map(member).collect(),
        policy: TeamPolicy {
            git: GitPolicy {
                agent_commits,
                ..GitPolicy::default()
            },
            ..TeamPolicy::default()
        },
        plan: text("- T1: a task"),
        ..Facts::default()
    }
}

/// The target of messages to the person.
const PERSON: &str = "human";

/// What a role's line may name: [`crate::VARIABLES`].
#[derive(Debug, Serialize)]
struct Scope<'a> {
    role: &'a str,
    title: &'a str,
    prefix: &'a str,
    team: &'a str,
    project: &'a str,
    spec: &'a str,
    worktree: &'a str,
    branch: &'a str,
    base_branch: &'a str,
    roles: Vec<&'a str>,
    hub: &'static str,
    integrator: &'static str,
    policy: &'static str,
    git: &'a GitPolicy,
    integration: &'a IntegrationPolicy,
    router: RouterMode,
    commits: bool,
    result: &'static str,
    plan: &'a str,
    /// Per member, what stands behind its name where it may not be written to directly.
    via: BTreeMap<&'a str, String>,
}

impl<'a> Scope<'a> {
    fn of(role: &'a Role, facts: &'a Facts) -> Self {
        let roles: Vec<&str> = facts.members.iter().map(|it| it.role.as_str()).collect();
        let commits = facts.policy.git.agent_commits == AgentCommits::Required;
        // Who works without an orchestrator reports to the person.
        let hub = match roles.contains(&RoleName::HUB) {
            true => RoleName::HUB,
            false => PERSON,
        };
        Self {
            role: &role.name,
            title: &role.title,
            prefix: facts
                .branch_prefix
                .as_deref()
                .unwrap_or(&role.branch_prefix),
            team: &facts.team,
            project: &facts.project,
            spec: &facts.spec,
            worktree: &facts.worktree,
            branch: facts.branch.as_deref().unwrap_or("(detached HEAD)"),
            base_branch: &facts.base_branch,
            hub,
            integrator: match roles.contains(&RoleName::SUB_HUB) {
                true => RoleName::SUB_HUB,
                false => hub,
            },
            roles,
            policy: facts.policy.profile.as_str(),
            git: &facts.policy.git,
            integration: &facts.policy.integration,
            router: facts.router,
            commits,
            result: match commits {
                true => "the commit",
                false => "the changed files",
            },
            plan: facts.plan.trim(),
            via: via(&role.name, hub, facts),
        }
    }
}

/// `" (by way of the orchestrator)"` for each member that the role may not write to directly, nothing for the others.
fn via<'a>(role: &str, hub: &str, facts: &'a Facts) -> BTreeMap<&'a str, String> {
    let central = |name: &str| matches!(name, RoleName::HUB | RoleName::SUB_HUB);
    let barred = |name: &str| facts.barred.iter().any(|barred| barred == name);
    let free = |name: &str| {
        !barred(name)
            && (central(role)
                || central(name)
                || facts.router == RouterMode::Open
                || facts.direct.iter().any(|direct| direct == name))
    };
    let members = facts.members.iter().map(|member| member.role.as_str());
    members
        .map(|name| match free(name) {
            true => (name, String::new()),
            false => (name, format!(" (by way of the {hub})")),
        })
        .collect()
}

/// What the shipped text may name: a role's scope and more.
#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    scope: &'a Scope<'a>,
    #[serde(flatten)]
    lists: &'a Lists<'a>,
    summary: &'a str,
    before: &'a str,
    task: &'a str,
    members: &'a [Member],
    direct: &'a [String],
    rules: &'a [String],
    asks_integrator: bool,
    exchanges: u64,
    blocked_minutes: u64,
    closed: bool,
}

/// A role's lines, rendered.
#[derive(Default, Serialize)]
struct Lists<'a> {
    first: Vec<String>,
    duties: Vec<String>,
    good: Vec<String>,
    hand_over: Vec<String>,
    not_yours: Vec<String>,
    directories: &'a [String],
}

/// The lines that say something, as long as there is room.
fn rendered(lines: &[String], values: &Value, room: &mut usize) -> Result<Vec<String>, TextError> {
    let mut all = Vec::new();
    for line in lines {
        let text = Line::parse(line, &VARIABLES)?.render(values)?;
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        let Some(left) = room.checked_sub(text.len()) else {
            break;
        };
        *room = left;
        all.push(text.to_owned());
    }
    Ok(all)
}

/// One blank line where there were more, and none at the ends.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut blank = false;
    for line in text.trim().lines() {
        let line = line.trim_end();
        if line.is_empty() {
            blank = true;
            continue;
        }
        if blank && !out.is_empty() {
            out.push('\n');
        }
        blank = false;
        out.push_str(line);
        out.push('\n');
    }
    out
}
