//! What an agent's briefing says: its role and the facts of its team, put into the shipped text.
//!
//! The daemon sends it and [`crate::offline`] shows it, from the same rows.

pub mod stated;

use std::borrow::Cow;

use torch_brief::{Facts, Member, RenderError, Role, Roles, Tier};
use torch_core::config::RouterConfig;
use torch_core::observed::Door;
use torch_core::program::AgentProgram;
use torch_core::{Agent, RoleName, RouterMode, TaskPlan, Team};
use torch_router::matrix::Matrix;
use torch_router::project::RuleSet;

use crate::state::Templates;

/// The duties of an agent that owns a project alone (S2-046, S2-047, S2-049).
const DUTIES: [&str; 5] = [
    "You own this codebase: everything that is done in it is yours, and there is nobody else to hand work to.",
    "First look what kind of project it is (package.json, pyproject.toml, requirements.txt, Gemfile, go.mod, Cargo.toml), what it is for, and how it is started.",
    "Get it running: its development server may run already, in the window `server` of this session, in the project's own folder; if it does not run, find out why.",
    "Find what matters most: `git remote -v`, `gh issue list --limit 10` where there is such a remote, else the files TODO, ROADMAP and TASKS.",
    "Work on the most important of these, one at a time, each committed on your branch, and say what you chose and why.",
];

/// What does not come from a team: what is shipped, and how the router is set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shipped<'s> {
    /// The roles and the matrices.
    pub(crate) templates: &'s Templates,
    /// The settings.
    pub(crate) router: &'s RouterConfig,
    /// What the files of the team's project state.
    pub(crate) rules: Option<&'s RuleSet>,
}

/// Whether an agent's own shell reaches torch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shell {
    /// `scm` and `torch` work in it, as far as is known.
    Open,
    /// They fail there: its program runs it in a sandbox without sockets.
    Closed,
}

impl Shell {
    /// What is known of an agent's: by its program's rules for the permission mode, unless this launch was seen to reach torch.
    pub(crate) fn of(agent: &Agent, program: Option<&AgentProgram>, wanted: &str) -> Self {
        let closed = program.is_some_and(|program| {
            let mode = program.launch.chosen_mode(wanted);
            mode.is_some_and(|(name, _)| program.doors.shell_is_closed(name))
        });
        let seen = agent.observed.doors.get(&Door::Shell).copied() >= agent.observed.launched
            && agent.observed.launched.is_some();
        match closed && !seen {
            true => Self::Closed,
            false => Self::Open,
        }
    }
}

/// What an agent's briefing is made of; `members` are its team in the order of their windows.
pub(crate) fn facts(
    team: &Team,
    (agent, shell): (&Agent, Shell),
    members: &[&Agent],
    shipped: Shipped<'_>,
    (plan, before): (Option<&TaskPlan>, String),
) -> Facts {
    // A temporary agent has its one task.
    let plan = plan.filter(|_| agent.task.is_none());
    let roles = &shipped.templates.roles;
    let limits = team.limits.over(shipped.router);
    let mut facts = Facts {
        team: team.name.to_string(),
        project: team.project.display().to_string(),
        spec: team.spec.display().to_string(),
        worktree: agent.worktree.display().to_string(),
        branch: agent.branch.clone(),
        base_branch: team.base_branch.clone(),
        members: members.iter().map(|it| member(team, it, roles)).collect(),
        policy: team.policy.clone(),
        router: team.router,
        direct: direct(team, &agent.role, members, shipped),
        exchanges: limits.exchanges,
        blocked_minutes: limits.blocked_seconds.div_ceil(60),
        closed_shell: shell == Shell::Closed,
        task: agent.task.clone(),
        plan: plan
            .map(|plan| torch_plan::brief::part(plan, &agent.role))
            .unwrap_or_default(),
        before,
        ..Facts::default()
    };
    if let Some(rules) = shipped.rules {
        stated::apply_set(&mut facts, &agent.role, rules);
    }
    facts
}

/// The text of an agent's briefing; see [`facts`].
///
/// # Errors
/// [`RenderError`] where the shipped text is broken, which a test rules out.
pub(crate) fn text(
    team: &Team,
    (agent, shell): (&Agent, Shell),
    members: &[&Agent],
    shipped: Shipped<'_>,
    (plan, before): (Option<&TaskPlan>, String),
) -> Result<String, RenderError> {
    let facts = facts(team, (agent, shell), members, shipped, (plan, before));
    let roles = &shipped.templates.roles;
    let name = agent.role.as_str();
    let bare = || {
        let mut role = Role::bare(name);
        if works_alone(team, members) {
            "owner of the project".clone_into(&mut role.title);
            role.duties = DUTIES.map(str::to_owned).to_vec();
        }
        if agent.task.is_some() {
            "temporary agent".clone_into(&mut role.title);
        }
        role
    };
    let role = match works_alone(team, members) {
        true => Cow::Owned(bare()),
        false => role_of(team, name, roles).unwrap_or_else(|| Cow::Owned(bare())),
    };
    // An own role that another version of torch has accepted may not fit this one: its agent learns the rest.
    torch_brief::briefing(&role, &facts).or_else(|_| torch_brief::briefing(&bare(), &facts))
}

/// Whether a team is one agent that owns a project: made by `torch open`, without a spec and without a hub.
fn works_alone(team: &Team, members: &[&Agent]) -> bool {
    let own =
        |agent: &&Agent| !agent.role.is_hub() && agent.guest_in.is_none() && agent.task.is_none();
    team.spec.as_os_str().is_empty() && members.iter().all(own)
}

/// The communication matrix of a team: the configured one; else that of the template it was made from; else by the roles
/// that are in the team.
pub(crate) fn matrix<'s>(
    team: &'s Team,
    members: &[&Agent],
    shipped: Shipped<'s>,
) -> Option<&'s Matrix> {
    if let Some(own) = team.matrix.as_ref().filter(|_| is_open(shipped.router)) {
        return Some(own);
    }
    let roles = &shipped.templates.roles;
    let is_of_systems = |agent: &&Agent| {
        let role = role_of(team, agent.role.as_str(), roles);
        role.is_some_and(|role| role.tier == Tier::Sysops)
    };
    named(shipped, members.iter().any(is_of_systems))
}

/// Whether the settings name no matrix.
pub(crate) fn is_open(router: &RouterConfig) -> bool {
    router.matrix == AUTO
}

/// The setting that names no matrix.
const AUTO: &str = "auto";

/// The configured matrix; where that is left open, by whether the team operates systems.
fn named(shipped: Shipped<'_>, operates: bool) -> Option<&Matrix> {
    let name = match shipped.router.matrix.as_str() {
        AUTO if operates => "system_operations",
        AUTO => "standard",
        name => name,
    };
    let mut matrices = shipped.templates.matrices.iter();
    matrices.find(|matrix| matrix.name() == name)
}

/// The matrix of a team without one of its own.
pub(crate) fn named_matrix<'s>(
    templates: &'s Templates,
    router: &'s RouterConfig,
    operates: bool,
) -> Option<&'s Matrix> {
    let rules = None;
    let shipped = Shipped {
        templates,
        router,
        rules,
    };
    named(shipped, operates)
}

/// The communication matrix of a team of these roles that might be started; `own` is that of its template.
pub fn would_be_matrix<'s>(
    team: &[&Role],
    own: Option<&'s Matrix>,
    templates: &'s Templates,
    router: &'s RouterConfig,
) -> Option<&'s Matrix> {
    let operates = team.iter().any(|role| role.tier == Tier::Sysops);
    let named = || named_matrix(templates, router, operates);
    own.filter(|_| is_open(router)).or_else(named)
}

/// The roles that one may write to directly, besides the hub and its deputy, by the matrix of its team.
pub fn partners(
    from: &RoleName,
    team: &[&Role],
    matrix: Option<&Matrix>,
    mode: RouterMode,
) -> Vec<String> {
    let names = team.iter().filter_map(|it| RoleName::parse(&it.name).ok());
    let names: Vec<RoleName> = names.collect();
    match (mode, matrix) {
        (RouterMode::Matrix, Some(matrix)) => reached(from, names.iter(), matrix),
        _ => Vec::new(),
    }
}

fn reached<'r>(
    from: &RoleName,
    team: impl Iterator<Item = &'r RoleName>,
    matrix: &Matrix,
) -> Vec<String> {
    team.filter(|to| *to != from && !to.is_hub() && !to.is_sub_hub() && matrix.allows(from, to))
        .map(ToString::to_string)
        .collect()
}

/// The roles of its team that a role may write to directly besides the hub and its deputy.
pub(crate) fn direct(
    team: &Team,
    from: &RoleName,
    members: &[&Agent],
    shipped: Shipped<'_>,
) -> Vec<String> {
    let matrix = match team.router {
        RouterMode::Matrix => matrix(team, members, shipped),
        RouterMode::Strict | RouterMode::Open => None,
    };
    let roles = members.iter().map(|agent| &agent.role);
    matrix
        .map(|matrix| reached(from, roles, matrix))
        .unwrap_or_default()
}

/// A role as this team has it: from the file that came with it, else as it is shipped.
pub(crate) fn role_of<'r>(team: &Team, name: &str, roles: &'r Roles) -> Option<Cow<'r, Role>> {
    let own = team.role_files.get(name);
    let own = own.and_then(|text| torch_brief::parse(text).ok());
    own.map(Cow::Owned)
        .or_else(|| roles.get(name).map(Cow::Borrowed))
}

fn member(team: &Team, agent: &Agent, roles: &Roles) -> Member {
    let role = role_of(team, agent.role.as_str(), roles);
    let summary = match (&agent.task, role) {
        (Some(_), _) => "A temporary agent with a task of its own.".to_owned(),
        (None, role) => role.map_or_else(String::new, |role| role.summary.clone()),
    };
    Member {
        role: agent.role.to_string(),
        summary,
        program: agent.program.clone(),
        branch: agent.branch.clone(),
    }
}
