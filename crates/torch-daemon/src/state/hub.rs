//! The hub of a team: what is turned to it, what it gets copies of, and whom an agent asks where there is none.

use torch_core::{AgentId, MessageKind, Recipient, RoleName, Sender, TeamId};

use super::State;
use super::send::Draft;
use super::violations::Opened;

/// What is appended to a critical message for an agent that is not the hub (S2-092).
const REPORT_TO_HUB: &str = "(Report to Orchestrator: scm orchestrator)";

impl State {
    /// The hub of a team.
    pub(crate) fn hub_of(&self, team: TeamId) -> Option<(AgentId, RoleName)> {
        self.agents
            .values()
            .find(|run| run.agent.team == team && run.agent.role.is_hub())
            .map(|run| (run.agent.id, run.agent.role.clone()))
    }

    /// The target of what an agent asks or reports, for hints: `orchestrator`, or in a team without one the person.
    pub(super) fn above(&self, team: TeamId) -> &'static str {
        match self.hub_of(team) {
            Some(_) => RoleName::HUB,
            None => "human",
        }
    }

    /// The same for a caller; whoever is in no team has nobody above.
    pub(super) fn above_caller(&self, caller: &Sender) -> &'static str {
        match caller {
            Sender::Agent { team, .. } => self.above(*team),
            _ => RoleName::HUB,
        }
    }

    /// What an agent runs that needs what only others may do.
    pub(super) fn ask_above(&self, caller: &Sender) -> String {
        let above = self.above_caller(caller);
        format!("scm {above} --stdin <<'EOF'\nwhat you need, and why\nEOF")
    }

    /// Turns a message to the hub, with whom it was for; `None` without a hub.
    pub(super) fn reroute(&self, draft: &mut Draft, opened: &[Opened]) -> Option<()> {
        let (hub, role) = self.hub_of(draft.team)?;
        // All of them: of what else it breaks the hub hears by this message too.
        let ids = opened.iter().map(|opened| opened.id.tag());
        let violation: String = ids.map(|id| format!(", {id}")).collect();
        let mut body = format!(
            "(for {}, re-routed to you by rule {}{violation}) ",
            draft.recipient.label(),
            draft.verdict.rule
        )
        .into_bytes();
        body.extend_from_slice(&draft.body);
        draft.body = body;
        draft.recipient = Recipient::Agent { agent: hub, role };
        Some(())
    }

    /// The hub's copy of a critical message, unless the hub wrote it or gets it anyway.
    pub(super) fn hub_copy(&self, draft: &Draft) -> Option<Draft> {
        let (hub, role) = self.hub_of(draft.team)?;
        let from_hub = matches!(&draft.sender, Sender::Agent { agent, .. } if *agent == hub);
        if draft.critical.is_empty() || from_hub || draft.recipient.agent() == Some(hub) {
            return None;
        }
        let mut body =
            format!("{} → {}: ", draft.sender.label(), draft.recipient.label()).into_bytes();
        body.extend_from_slice(&draft.body);
        let mut copy = Draft::from_torch(
            draft.team,
            MessageKind::HubCopy,
            Recipient::Agent { agent: hub, role },
            String::new(),
        );
        copy.verdict.rule = "critical.copy".to_owned();
        copy.verdict.reason = format!("critical words: {}", draft.critical.join(", "));
        copy.body = body;
        Some(copy)
    }

    pub(super) fn append_report_line(&self, draft: &mut Draft) {
        let to_hub = self
            .hub_of(draft.team)
            .is_none_or(|(hub, _)| draft.recipient.agent() == Some(hub));
        if !draft.critical.is_empty() && !to_hub && draft.recipient.agent().is_some() {
            while draft.body.last().is_some_and(u8::is_ascii_whitespace) {
                draft.body.pop();
            }
            draft
                .body
                .extend_from_slice(format!(" {REPORT_TO_HUB}").as_bytes());
        }
    }
}
