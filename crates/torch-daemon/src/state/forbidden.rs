//! What an agent's hooks kept it from: each refusal is a violation, and the hub hears of a new one.
//!
//! The agent itself was told by the hook, on its own screen. The record says what the hook saw; nothing is concluded from its absence,
//! since an agent may go round its hooks.

use torch_core::AgentId;
use torch_core::forbidden::{COMMIT_RULE, Operation, SECRET_RULE};
use torch_core::ledger::Severity;
use torch_core::spool::SpoolEvent;
use torch_router::traffic::Breach;

use super::violations::Telling;
use super::{State, Turn};

/// Whom the violation is towards: it went to nobody.
const TO: &str = "git";

/// The longest text of a record that is kept, in characters: an agent may write records itself.
const TEXT_MAX: usize = 500;

impl State {
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
        let Some(team) = self.agents.get(&agent).map(|run| run.agent.team) else {
            return;
        };
        let breach = Breach {
            rule,
            severity,
            evidence: shown(&evidence),
            remedy: shown(&remedy),
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
