//! What an agent's hooks kept it from: each refusal is a violation, and the hub hears of a new one.
//!
//! The agent itself was told by the hook, on its own screen. The record says what the hook saw; nothing is concluded from its absence,
//! since an agent may go round its hooks.

use torch_core::forbidden::{COMMIT_RULE, GitRules, Operation, SECRET_REMEDY, SECRET_RULE};
use torch_core::ledger::Severity;
use torch_core::spool::SpoolEvent;
use torch_core::{AgentId, Enforcement, LaunchId};
use torch_router::traffic::Breach;

use super::orders::spool_name;
use super::violations::Telling;
use super::{State, Turn};

/// Whom the violation is towards: it went to nobody.
const TO: &str = "the repository";

/// The longest text of a record that is kept, in characters: an agent may write records itself.
const TEXT_MAX: usize = 500;

impl State {
    /// Whether hooks hold anything back in an agent's own git.
    pub(super) fn holds_git_back(&self, agent: AgentId) -> bool {
        self.git_enforcement(agent) > Enforcement::None
    }

    /// How firmly an agent's git is kept from what its policy forbids.
    pub(super) fn git_enforcement(&self, agent: AgentId) -> Enforcement {
        let run = self.agents.get(&agent);
        let team = run.and_then(|run| self.teams.get(&run.agent.team));
        team.map_or(Enforcement::None, |team| team.policy.git.enforcement())
    }

    /// What an agent's hooks go by in one launch.
    pub(super) fn git_rules(&self, agent: AgentId, launch: LaunchId) -> Option<GitRules> {
        let run = self.agents.get(&agent)?;
        let team = self.teams.get(&run.agent.team)?;
        let program = self.programs.get(&run.agent.program)?;
        let mates = self.team_agents(team.id);
        let mates = mates.iter().filter(|mate| **mate != agent);
        let others = mates.filter_map(|mate| {
            let mate = &self.agents.get(mate)?.agent;
            Some((mate.branch.clone()?, mate.role.clone()))
        });
        let policy = &team.policy.git;
        Some(GitRules {
            agent,
            launch,
            role: run.agent.role.clone(),
            spool: self.run_dir(agent).join(spool_name(launch)),
            common_dir: team.common_dir.clone(),
            parent: team.base_branch.clone(),
            home: run.agent.branch.clone(),
            others: others.collect(),
            commits: policy.agent_commits,
            forbid: policy.forbidden(),
            secrets: policy.secret_check,
            guard: program.data.hooks.guard.clone(),
        })
    }

    pub(super) fn on_refused(&mut self, t: &mut Turn, agent: AgentId, record: SpoolEvent) {
        let SpoolEvent::Refused {
            rule,
            evidence,
            remedy,
            warned,
        } = record
        else {
            return;
        };
        let Some(severity) = severity(&rule, warned) else {
            return;
        };
        self.note_refused(t, agent, (rule, severity), (&evidence, &remedy));
    }

    /// What torch itself found in a commit that it was asked for: refused, or told of and made.
    pub(super) fn note_secrets(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        found: &[String],
        made: bool,
    ) {
        let Some(severity) = severity(SECRET_RULE, made).filter(|_| !found.is_empty()) else {
            return;
        };
        let what = (SECRET_RULE.to_owned(), severity);
        self.note_refused(t, agent, what, (&found.join("; "), SECRET_REMEDY));
    }

    pub(super) fn note_refused(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        (rule, severity): (String, Severity),
        (evidence, remedy): (&str, &str),
    ) {
        let Some(team) = self.agents.get(&agent).map(|run| run.agent.team) else {
            return;
        };
        let breach = Breach {
            rule,
            severity,
            evidence: shown(evidence),
            remedy: shown(remedy),
        };
        let opened = self.open_violation(t.now, (team, agent), TO.to_owned(), breach);
        let opened: Vec<_> = opened.into_iter().collect();
        self.keep_violations(t, &opened, None, Telling::Notice);
    }
}

/// How much it matters; none where there is no such rule.
fn severity(rule: &str, warned: bool) -> Option<Severity> {
    let operation = Operation::ALL.iter().any(|one| one.rule() == rule);
    match rule {
        SECRET_RULE if warned => Some(Severity::High),
        SECRET_RULE => Some(Severity::Medium),
        COMMIT_RULE => Some(Severity::Medium),
        _ if operation => Some(Severity::Medium),
        _ => None,
    }
}

/// A text as it may be shown to anybody, and not too long.
fn shown(text: &str) -> String {
    let clean = torch_router::clean::clean(text.as_bytes()).text;
    let mut words = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((at, _)) = words.char_indices().nth(TEXT_MAX) {
        words.truncate(at);
        words.push('…');
    }
    words
}
