//! The parent branch that goes back, elsewhere or away, and moves of it that nobody known made: told, with how sure one is of whom.

use std::time::Duration;

use torch_core::git_activity::RefMove;
use torch_core::ledger::Severity;
use torch_core::{AgentId, MessageKind, Recipient, TeamId};
use torch_router::traffic::Breach;

use super::super::send::Draft;
use super::super::violations::Telling;
use super::super::{State, Turn};
use super::branches::PARENT_RULE;
use super::count::short;

/// A move may be read so long after the turn in which it was made: signs of branches are waited for until they are over.
const JUST_NOW: Duration = Duration::from_secs(3);

impl State {
    /// Whether an agent is in a turn, or was a moment ago.
    pub(super) fn was_at_work(&self, t: &Turn, agent: AgentId) -> bool {
        let until = self.agents.get(&agent).and_then(|run| run.worked_until);
        let ended = until.is_some_and(|until| t.now.since(until) <= JUST_NOW);
        self.is_at_work(agent) || ended
    }

    /// Those of a team who are, or were.
    fn at_work(&self, t: &Turn, team: TeamId) -> Vec<AgentId> {
        let mut agents = self.team_agents(team);
        agents.retain(|agent| self.was_at_work(t, *agent));
        agents
    }

    /// The parent branch, here or at a remote, does not lead any more to what it led to, and that was not torch.
    pub(super) fn judge_lost_parent(&mut self, t: &mut Turn, team: TeamId, moved: &RefMove) {
        let old = moved.old.as_deref().unwrap_or_default();
        let what = lost(moved);
        let remedy = remedy(moved, old);
        let at_work = match moved.agent {
            Some(agent) => vec![agent],
            None => self.at_work(t, team),
        };
        let how = match (moved.agent, &at_work[..]) {
            (Some(_), _) => "in its own worktree",
            (None, [_]) => {
                "while it alone was in a turn, and torch did not; if that was a person, resolve this"
            }
            (None, _) => return self.note_parent(t, team, &what, (&at_work, &remedy)),
        };
        let breach = Breach {
            rule: PARENT_RULE.to_owned(),
            severity: Severity::High,
            evidence: format!("{what}, {how}"),
            remedy,
        };
        // What is open of its forward moves says nothing of this one.
        let to = format!("{} (what it led to)", called(moved));
        self.note_breach(t, at_work[0], &to, breach, Telling::Notice);
    }

    /// A team's work came into the parent branch while neither its author nor who leads was in a turn.
    pub(super) fn note_unknown_mover(
        &mut self,
        t: &mut Turn,
        team: TeamId,
        moved: &RefMove,
        worked: AgentId,
    ) {
        let role = self.agents.get(&worked).map(|run| run.agent.role.clone());
        let role = role.map_or_else(String::new, |role| role.to_string());
        let (old, new) = (moved.old.as_deref(), moved.new.as_deref());
        let what = format!(
            "{} went from {} to {} with work of {role}",
            called(moved),
            old.map(short).unwrap_or_default(),
            new.map(short).unwrap_or_default()
        );
        let old = old.unwrap_or_default();
        let remedy = format!("git log {}..{}", short(old), called(moved));
        let at_work = self.at_work(t, team);
        self.note_parent(t, team, &what, (&at_work, &remedy));
    }

    /// Tells the person and the hub of a move that is held against nobody.
    fn note_parent(
        &mut self,
        t: &mut Turn,
        team: TeamId,
        what: &str,
        (at_work, remedy): (&[AgentId], &str),
    ) {
        let roles = at_work.iter().filter_map(|agent| self.agents.get(agent));
        let roles: Vec<String> = roles.map(|run| run.agent.role.to_string()).collect();
        let who = match &roles[..] {
            [] => "by nobody torch knows: perhaps by a person".to_owned(),
            roles => format!(
                "torch did not do it, and can't tell who did: {} were in a turn, or it was a person",
                roles.join(", ")
            ),
        };
        let text = format!("{PARENT_RULE}: {what}, {who}. To see or mend it: {remedy}");
        let hub = self.hub_of(team);
        let hub = hub.map(|(agent, role)| Recipient::Agent { agent, role });
        for recipient in std::iter::once(Recipient::Human).chain(hub) {
            let draft = Draft::from_torch(team, MessageKind::Notice, recipient, text.clone());
            self.post(t, draft);
        }
    }
}

/// The branch as it is called here: `main`, `origin/main`.
fn called(moved: &RefMove) -> String {
    match (moved.branch(), moved.remote_branch()) {
        (Some(branch), _) => branch.to_owned(),
        (None, Some((remote, branch))) => format!("{remote}/{branch}"),
        (None, None) => moved.name.clone(),
    }
}

fn lost(moved: &RefMove) -> String {
    let name = called(moved);
    let old = moved.old.as_deref().map(short).unwrap_or_default();
    match moved.new.as_deref().map(short) {
        None => format!("{name}, which stood at {old}, was deleted"),
        Some(new) if moved.commits.is_empty() => format!("{name} was set back from {old} to {new}"),
        Some(new) => {
            format!("{name} was replaced: it stood at {old}, and {new} does not lead there")
        }
    }
}

/// How a person gets it back, or looks at it.
fn remedy(moved: &RefMove, old: &str) -> String {
    match (moved.branch(), moved.remote_branch(), &moved.new) {
        (Some(branch), _, None) => format!("git branch {branch} {old}"),
        (Some(branch), ..) => format!("git log {branch}..{old}; git merge {old}"),
        (None, Some((remote, branch)), _) => format!("git push {remote} {old}:refs/heads/{branch}"),
        (None, None, _) => format!("git show {old}"),
    }
}
