//! What an agent's hooks kept it from: each refusal is a violation, and the hub hears of a new one.
//!
//! The agent itself was told by the hook, on its own screen. The record says what the hook saw; nothing is concluded from its absence,
//! since an agent may go round its hooks.

use torch_core::forbidden::{COMMIT_RULE, GitRules, Operation, SECRET_REMEDY, SECRET_RULE};
use torch_core::ledger::Severity;
use torch_core::spool::SpoolEvent;
use torch_core::{AgentId, Enforcement, LaunchId};
use torch_integration::secret::file_of;
use torch_router::traffic::Breach;

use super::orders::spool_name;
use super::violations::Telling;
use super::{State, Turn};

/// What the violation is about where no single branch, tag or file is named.
const TO: &str = "the repository";

/// So many branches, tags and files that one agent broke one rule on are told apart while they are open: it names them itself.
const TOLD_APART: usize = 20;

/// The longest name of one, in characters.
const TARGET_MAX: usize = 100;

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
            target,
            warned,
        } = record
        else {
            return;
        };
        let Some(severity) = severity(&rule, warned) else {
            return;
        };
        let about = target.as_deref();
        self.note_refused(t, agent, (rule, severity), (about, &evidence, &remedy));
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
        let file = found.first().and_then(|place| file_of(place));
        let said = (file.as_deref(), found.join("; "));
        self.note_refused(t, agent, what, (said.0, &said.1, SECRET_REMEDY));
    }

    /// Notes that an agent was kept from something: one violation for each rule, and for each branch, tag or file `about` which it was.
    pub(super) fn note_refused(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        (rule, severity): (String, Severity),
        (about, evidence, remedy): (Option<&str>, &str, &str),
    ) {
        let Some(team) = self.agents.get(&agent).map(|run| run.agent.team) else {
            return;
        };
        let breach = Breach {
            rule,
            severity,
            evidence: shown(evidence, TEXT_MAX),
            remedy: shown(remedy, TEXT_MAX),
        };
        let to = self.told_apart(agent, &breach.rule, about);
        let opened = self.open_violation(t.now, (team, agent), to, breach);
        let opened: Vec<_> = opened.into_iter().collect();
        self.keep_violations(t, &opened, None, Telling::Notice);
    }

    /// What a violation of this rule is towards.
    fn told_apart(&self, agent: AgentId, rule: &str, about: Option<&str>) -> String {
        let about = about.map(|name| shown(name, TARGET_MAX));
        let Some(about) = about.filter(|name| !name.is_empty()) else {
            return TO.to_owned();
        };
        let rows = self.rules.violations.values();
        let own = rows.filter(|row| row.agent == agent && row.rule == rule);
        let known: Vec<&str> = own.map(|row| row.to.as_str()).collect();
        match known.contains(&about.as_str()) || known.len() < TOLD_APART {
            true => about,
            false => TO.to_owned(),
        }
    }
}

/// A text as it may be shown to anybody, in at most so many characters.
fn shown(text: &str, most: usize) -> String {
    let clean = torch_router::clean::clean(text.as_bytes()).text;
    let mut words = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((at, _)) = words.char_indices().nth(most) {
        words.truncate(at);
        words.push('…');
    }
    words
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
