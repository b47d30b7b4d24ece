//! Pushes that a rule kept back: listed with those that came through, and violations as what an agent's own hooks refuse.

use torch_api::broker::PushLine;
use torch_core::broker::{Push, PushState};
use torch_core::ledger::Severity;
use torch_core::{AgentId, PushId};
use torch_router::push::{REFS_MAX, Refusal, SECRET_RULE};
use torch_worktree::PushFacts;

use super::super::{State, Turn};

/// Who wanted to put which branch or tag where: the agent, the full name, the commit.
pub(super) type Attempt = (AgentId, String, String);

/// At most as many attempts are known again; then it begins anew.
const KNOWN_MAX: usize = 500;

/// The rules that keep habits in order; all others keep what others rely on.
const HABITS: [&str; 4] = ["push.name", "push.many", "push.size", "push.unread"];

impl State {
    /// Keeps that a push was refused, each of its branches and tags, and holds it against its agent.
    pub(super) fn keep_refused(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        (lines, facts): (&[PushLine], &PushFacts),
        refusal: &Refusal,
    ) {
        let (Some((team, _, _)), Some(role)) = (self.who(agent), self.role_of(agent)) else {
            return;
        };
        let seen = lines.iter().zip(&facts.refs);
        for (line, (_, commits, subject)) in seen.take(REFS_MAX) {
            // What would be deleted leads where it is.
            let new = line.new.clone().or_else(|| line.old.clone());
            let new = new.unwrap_or_default();
            let attempt = (agent, line.reference.clone(), new.clone());
            if self.brokers.refused.len() >= KNOWN_MAX {
                self.brokers.refused.clear();
            }
            let fresh = PushId::new(t.now.0, self.random.u128(..));
            let id = *self.brokers.refused.entry(attempt).or_insert(fresh);
            let push = Push {
                id,
                team,
                agent,
                role: role.clone(),
                reference: line.reference.clone(),
                old: line.old.clone(),
                new,
                commits: *commits,
                subject: subject.clone(),
                rule: refusal.rule.to_owned(),
                at: t.now,
                landed: false,
                approved: None,
                tries: 0,
                said: None,
                next: None,
                noted: false,
                undo: false,
                state: PushState::Refused {
                    at: t.now,
                    by: refusal.rule.to_owned(),
                    why: refusal.words.clone(),
                },
            };
            self.put_push(t, "push.kept-back", push);
        }
        if refusal.rule == SECRET_RULE {
            return self.note_secrets(t, agent, &facts.secrets, false);
        }
        let severity = match HABITS.contains(&refusal.rule) {
            true => Severity::Low,
            false => Severity::Medium,
        };
        let names: Vec<&str> = lines.iter().map(|line| line.reference.as_str()).collect();
        let evidence = format!("push of {}: {}", names.join(", "), refusal.words);
        let rule = (refusal.rule.to_owned(), severity);
        let short = |name: &&str| {
            let known = ["refs/heads/", "refs/tags/"];
            let mut rests = known.iter().filter_map(|start| name.strip_prefix(start));
            rests.next().unwrap_or(name).to_owned()
        };
        let about: Vec<String> = names.iter().map(short).collect();
        let about = about.join(", ");
        let said = (
            Some(about.as_str()),
            evidence.as_str(),
            refusal.instead.as_str(),
        );
        self.note_refused(t, agent, rule, said);
    }
}
