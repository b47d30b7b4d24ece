//! Targets and teams: exact matches only, the caller's own team first.

use std::path::Path;

use torch_api::Failure;
use torch_api::wire::TeamSelector;
use torch_core::spelling::distance;
use torch_core::target::TargetError;
use torch_core::{AgentId, PaneId, Recipient, RoleName, Sender, Target, Team, TeamId};

use super::State;
use crate::event::PaneFact;
use crate::failure::usage;

/// A target as it is written, for refusals.
#[derive(Debug, Clone, Copy)]
struct Written<'w> {
    text: &'w str,
    /// The only team whose names may be told to who wrote it: an agent's own.
    within: Option<TeamId>,
}

/// Where a message goes.
#[derive(Debug)]
pub(crate) struct Resolved {
    pub(crate) team: TeamId,
    pub(crate) recipient: Recipient,
}

impl State {
    pub(crate) fn resolve(
        &self,
        sender: &Sender,
        written: &str,
        cwd: &Path,
    ) -> Result<Resolved, Box<Failure>> {
        let target = parsed(written)?;
        let own = self.own_team(sender, cwd);
        let within = match sender {
            Sender::Agent { team, .. } => Some(*team),
            _ => None,
        };
        let text = written;
        self.resolve_target(&target, Written { text, within }, own)
    }

    /// The caller's own team: an agent's, else the one whose project or worktree holds `cwd`, else, from outside of
    /// any repository, the only one.
    pub(crate) fn own_team(&self, sender: &Sender, cwd: &Path) -> Result<TeamId, Box<Failure>> {
        match sender {
            Sender::Agent { team, .. } => Ok(*team),
            _ => self
                .select_team(&TeamSelector {
                    name: None,
                    cwd: cwd.to_owned(),
                })
                .map(|team| team.id),
        }
    }

    /// The agent that a target names, for commands that look at one.
    pub(crate) fn find_agent(
        &self,
        team: &TeamSelector,
        target: &str,
    ) -> Result<AgentId, Box<Failure>> {
        self.find_agent_within(team, target, None)
    }

    /// Likewise for a caller who may be told the names of this team only.
    pub(crate) fn find_agent_within(
        &self,
        team: &TeamSelector,
        target: &str,
        within: Option<TeamId>,
    ) -> Result<AgentId, Box<Failure>> {
        let wanted = parsed(target)?;
        let own = self.select_team(team).map(|team| team.id);
        let text = target;
        let written = Written { text, within };
        match self.resolve_target(&wanted, written, own)?.recipient {
            Recipient::Agent { agent, .. } => Ok(agent),
            Recipient::Human => Err(Box::new(usage(
                "human is no agent",
                "it has no window",
                Some("torch inbox"),
            ))),
        }
    }

    fn resolve_target(
        &self,
        target: &Target,
        written: Written<'_>,
        own: Result<TeamId, Box<Failure>>,
    ) -> Result<Resolved, Box<Failure>> {
        let mine = own.as_ref().ok().copied();
        match target {
            Target::Human => own.map(|team| Resolved {
                team,
                recipient: Recipient::Human,
            }),
            Target::Role(role) => self.role_in(own?, role, written),
            Target::SessionRole { session, role } => {
                self.role_in(self.session(session, written, mine)?, role, written)
            }
            Target::SessionIndex {
                session,
                window,
                pane,
            } => self.by_index(session, *window, *pane, written, own),
            Target::SessionRolePane {
                session,
                role,
                pane,
            } => {
                let found = self.role_in(self.session(session, written, mine)?, role, written)?;
                self.only_agent_pane(found, *pane, written)
            }
            Target::Pane(pane) => self
                .agents
                .values()
                .find(|run| run.agent.pane.is_some_and(|at| at.pane == *pane))
                .map(|run| self.resolved(run.agent.id))
                .ok_or_else(|| {
                    self.no_target(written, "no agent of torch's lives in that pane", mine)
                }),
        }
    }

    /// `role:0` names a role of the own team; a session of that name is meant only with `=` in front.
    fn by_index(
        &self,
        session: &str,
        window: u32,
        pane: Option<u32>,
        written: Written<'_>,
        own: Result<TeamId, Box<Failure>>,
    ) -> Result<Resolved, Box<Failure>> {
        if window == 0
            && let (Ok(team), Ok(role)) = (&own, RoleName::parse(session))
            && let Some(agent) = self.agent_in(*team, &role)
        {
            return self.only_agent_pane(self.resolved(agent), pane.unwrap_or(0), written);
        }
        let mine = own.ok();
        let name = session.strip_prefix('=').unwrap_or(session);
        let nobody = || {
            let cause = format!("that session has no agent in window {window}");
            self.no_target(written, &cause, mine)
        };
        // tmux's own windows, which people move, count; torch's plan only for what has no window now.
        let here = |pane: &&PaneFact| pane.session_name == name && pane.window_index == window;
        let mut there = self.panes.iter().filter(here).peekable();
        let found = if there.peek().is_some() {
            there.find_map(|pane| self.agent_at(pane.address.pane))
        } else {
            let team = self.session(name, written, mine)?;
            let mut own = self.agents.values().filter(|run| run.agent.team == team);
            own.find(|run| run.agent.position == window && self.place(run).is_none())
                .map(|run| run.agent.id)
        };
        let found = self.resolved(found.ok_or_else(nobody)?);
        self.only_agent_pane(found, pane.unwrap_or(0), written)
    }

    fn agent_at(&self, pane: PaneId) -> Option<AgentId> {
        let lives = |run: &&super::AgentRun| run.agent.pane.is_some_and(|at| at.pane == pane);
        self.agents.values().find(lives).map(|run| run.agent.id)
    }

    /// An agent's pane in the last listing.
    pub(crate) fn place(&self, run: &super::AgentRun) -> Option<&PaneFact> {
        let at = run.agent.pane?;
        self.panes.iter().find(|pane| pane.address.pane == at.pane)
    }

    /// A pane index must be the one the agent lives in.
    fn only_agent_pane(
        &self,
        found: Resolved,
        index: u32,
        written: Written<'_>,
    ) -> Result<Resolved, Box<Failure>> {
        let at = found
            .recipient
            .agent()
            .and_then(|agent| self.agents.get(&agent))
            .and_then(|run| run.agent.pane);
        let Some(at) = at else { return Ok(found) };
        let actual = self
            .panes
            .iter()
            .find(|pane| pane.address.pane == at.pane)
            .map_or(0, |pane| pane.pane_index);
        if actual == index {
            return Ok(found);
        }
        Err(self.no_target(
            written,
            &format!("pane {index} of that window is not the agent's"),
            Some(found.team),
        ))
    }

    fn role_in(
        &self,
        team: TeamId,
        role: &RoleName,
        written: Written<'_>,
    ) -> Result<Resolved, Box<Failure>> {
        self.agent_in(team, role)
            .map(|agent| self.resolved(agent))
            .ok_or_else(|| {
                let name = self.teams.get(&team).map_or("?", |team| team.name.as_str());
                self.no_target(
                    written,
                    &format!("team {name} has no role {role}"),
                    Some(team),
                )
            })
    }

    pub(crate) fn agent_in(&self, team: TeamId, role: &RoleName) -> Option<AgentId> {
        self.agents
            .values()
            .find(|run| run.agent.team == team && run.agent.role == *role)
            .map(|run| run.agent.id)
    }

    fn resolved(&self, agent: AgentId) -> Resolved {
        let run = &self.agents[&agent].agent;
        Resolved {
            team: run.team,
            recipient: Recipient::Agent {
                agent,
                role: run.role.clone(),
            },
        }
    }

    fn session(
        &self,
        name: &str,
        written: Written<'_>,
        own: Option<TeamId>,
    ) -> Result<TeamId, Box<Failure>> {
        self.teams
            .values()
            .find(|team| team.name.as_str() == name)
            .map(|team| team.id)
            .ok_or_else(|| self.no_target(written, &format!("no team is called {name:?}"), own))
    }

    /// No such target, with the targets that are most like it, those of the team that was meant first.
    fn no_target(&self, written: Written<'_>, cause: &str, meant: Option<TeamId>) -> Box<Failure> {
        let all = self.agents.values().filter_map(|run| {
            let team = self.teams.get(&run.agent.team)?;
            let told = written.within.is_none_or(|within| within == team.id);
            let own = meant == Some(team.id);
            told.then_some((own, team.name.as_str(), run.agent.role.as_str()))
        });
        let all = near(all, written.text);
        let mut failure = usage(
            &format!("no such target: {:?}", written.text),
            cause,
            Some("torch status"),
        );
        if !all.is_empty() {
            failure
                .causes
                .push(format!("near matches: {}", all.join(", ")));
        }
        Box::new(failure)
    }

    /// No team has this name; those that there are.
    pub(crate) fn no_team(&self, name: &str) -> Box<Failure> {
        not_called(&self.teams.values().collect::<Vec<_>>(), name)
    }

    /// The team that a person's command means.
    pub(crate) fn select_team(&self, selector: &TeamSelector) -> Result<&Team, Box<Failure>> {
        let teams: Vec<&Team> = self.teams.values().collect();
        let worktrees = self
            .agents
            .values()
            .map(|run| (run.agent.worktree.as_path(), run.agent.team));
        choose_team(&teams, worktrees, selector)
    }
}

/// The team of this name; else the one whose worktree or project holds the caller's directory; else, from outside of any
/// repository, the only one.
pub(crate) fn choose_team<'a, 'w>(
    teams: &[&'a Team],
    mut worktrees: impl Iterator<Item = (&'w Path, TeamId)>,
    selector: &TeamSelector,
) -> Result<&'a Team, Box<Failure>> {
    if let Some(name) = &selector.name {
        let named = teams.iter().find(|team| team.name.as_str() == name);
        return named.copied().ok_or_else(|| not_called(teams, name));
    }
    let here = |path: &Path| selector.cwd.starts_with(path);
    let by_worktree = worktrees
        .find(|(path, _)| here(path))
        .and_then(|(_, id)| teams.iter().find(|team| team.id == id));
    let by_project = || {
        teams
            .iter()
            .filter(|team| here(&team.project))
            .max_by_key(|team| team.project.as_os_str().len())
    };
    if let Some(team) = by_worktree.or_else(by_project) {
        return Ok(team);
    }
    match teams {
        // The root stands for a directory that lies in no repository.
        [only] if selector.cwd == Path::new("/") => Ok(only),
        [only] => {
            let (cwd, project) = (selector.cwd.display(), only.project.display());
            let error = format!("{cwd} belongs to no team");
            let name = &only.name;
            let cause = format!(
                "it lies in another repository than the only team's, {name} of {project}; say --team {name}, or {name}:ROLE"
            );
            // What the caller wants with it is not known: a command on a team of another repository is no proposal.
            Err(Box::new(usage(&error, &cause, Some("torch status"))))
        }
        [] => Err(Box::new(usage(
            "there is no team",
            "none was raised in this registry yet",
            Some("torch auto --spec spec.md --agent demo"),
        ))),
        _ => {
            let error = "it is not clear which team is meant";
            let here = match selector.cwd == Path::new("/") {
                true => "the current directory lies in no repository".to_owned(),
                false => format!("{} belongs to no team", selector.cwd.display()),
            };
            let cause = format!(
                "{here}; say --team NAME, or NAME:ROLE; {}",
                team_list(teams)
            );
            // No team is named in the hint: hints are run as they stand, and whichever it named could be the wrong one.
            Err(Box::new(usage(error, &cause, Some("torch status"))))
        }
    }
}

/// No team has this name; those that there are.
pub(crate) fn not_called(teams: &[&Team], name: &str) -> Box<Failure> {
    let error = format!("no team is called {name:?}");
    Box::new(usage(&error, &team_list(teams), Some("torch status")))
}

fn team_list(teams: &[&Team]) -> String {
    let names: Vec<String> = teams
        .iter()
        .map(|team| format!("{} ({})", team.name, team.project.display()))
        .collect();
    if names.is_empty() {
        "there is no team".to_owned()
    } else {
        format!("teams: {}", names.join(", "))
    }
}

fn parsed(target: &str) -> Result<Target, Box<Failure>> {
    target.parse().map_err(|error: TargetError| {
        Box::new(crate::failure::from_error(
            torch_api::wire::FailureKind::Usage,
            &error,
            Some("torch status".to_owned()),
        ))
    })
}

/// The targets that are most like what was written, at most three: those of the own team (`true`) first, the nearest first.
fn near<'n>(all: impl Iterator<Item = (bool, &'n str, &'n str)>, written: &str) -> Vec<String> {
    let wanted = written.rsplit(':').next().unwrap_or(written);
    // Whatever is longer is like no name.
    let wanted: String = wanted.to_ascii_lowercase().chars().take(64).collect();
    // What is spelled quite differently is no match.
    let mut near: Vec<(bool, usize, &str, &str)> = all
        .map(|(own, team, role)| (!own, distance(role, &wanted), team, role))
        .filter(|(_, distance, ..)| *distance <= NEAR)
        .collect();
    near.sort_unstable();
    near.truncate(3);
    let names = near
        .into_iter()
        .map(|(_, _, team, role)| format!("{team}:{role}"));
    names.collect()
}

/// How many letters a near match may differ in.
const NEAR: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_matches_of_the_own_team_come_first() {
        let all = |own: &'static str| {
            ["alpha", "beta", "gamma", "mine"]
                .into_iter()
                .flat_map(|team| ["developer", "tester"].map(|role| (team, role)))
                .map(move |(team, role)| (team == own, team, role))
        };
        assert_eq!(
            near(all("mine"), "devloper"),
            ["mine:developer", "alpha:developer", "beta:developer"]
        );
        assert_eq!(
            near(all(""), "mine:Devloper"),
            ["alpha:developer", "beta:developer", "gamma:developer"]
        );
        assert_eq!(near(all("mine"), "xyz"), [""; 0]);
    }

    fn unclear(teams: &[&Team], cwd: &str) -> Failure {
        let selector = TeamSelector {
            name: None,
            cwd: cwd.into(),
        };
        *choose_team(teams, std::iter::empty(), &selector).expect_err("it is not clear")
    }

    #[test]
    fn a_team_of_another_repository_is_told_and_never_proposed() {
        use crate::state::fixture::team;
        let teams = [team(1, "/p1/.git"), team(2, "/p2/.git")];
        let both: Vec<&Team> = teams.iter().collect();
        let failure = unclear(&both, "/elsewhere");
        assert_eq!(
            failure.causes,
            [
                "/elsewhere belongs to no team; say --team NAME, or NAME:ROLE; teams: team1 (/p1), team2 (/p2)"
            ]
        );
        assert_eq!(failure.hint.as_deref(), Some("torch status"));
        let failure = unclear(&both[..1], "/elsewhere");
        assert_eq!(failure.error, "/elsewhere belongs to no team");
        assert_eq!(failure.hint.as_deref(), Some("torch status"));
        // The root stands for no repository: whoever is nowhere may mean any.
        let failure = unclear(&both, "/");
        assert_eq!(
            failure.causes,
            [
                "the current directory lies in no repository; say --team NAME, or NAME:ROLE; teams: team1 (/p1), team2 (/p2)"
            ]
        );
        assert_eq!(failure.hint.as_deref(), Some("torch status"));
    }
}
