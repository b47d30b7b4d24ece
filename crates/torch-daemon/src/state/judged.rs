//! What a judgement depended on, for the journal; and what the sender of a refused message is told.

use serde_json::json;
use torch_api::Failure;
use torch_core::{AgentId, Sender, Timestamp};
use torch_router::replay::Judged;
use torch_router::traffic::Counted;

use super::resolve::Resolved;
use super::send::Draft;
use super::violations::Opened;
use super::{State, Turn};
use crate::failure::refused;

impl State {
    /// Who judges the journal again has to know where the memory of what was said began, and by which limits: with the first
    /// message that a daemon judges.
    pub(super) fn tell_begin(&mut self, t: &mut Turn) {
        if !std::mem::replace(&mut self.rules.told_begin, true) {
            let began =
                json!({"router": self.settings.config.router, "recalls": self.rules.recalls});
            t.journal("router.began", "router", began);
        }
    }

    /// What a judgement depends on, for the journal.
    pub(super) fn judged_by(
        &self,
        now: Timestamp,
        sender: &Sender,
        resolved: &Resolved,
        (reached, counted): (Option<AgentId>, Option<Counted>),
    ) -> Judged {
        let team = resolved.team;
        let to = resolved.destination(sender);
        let row = self.teams.get(&team);
        let mode = row.map(|team| team.router).unwrap_or_default();
        let matrix = self.matrix_of(team);
        Judged {
            sender: sender.clone(),
            to: to.into(),
            agent: resolved.recipient.agent(),
            reached,
            text: None,
            mode,
            has_hub: self.hub_of(team).is_some(),
            edges: Judged::asks_matrix(sender, &to, mode).then(|| matrix.clone()),
            // Where no matrix is asked, none has to be known again.
            matrix: match Judged::asks_matrix(sender, &to, mode) {
                true => matrix.name().to_owned(),
                false => String::new(),
            },
            limits: row.map(|team| team.limits.clone()).unwrap_or_default(),
            counted,
            rules: self
                .project_rules(team)
                .filter(|rules| !rules.is_empty())
                .map(|rules| rules.data().id.clone()),
            time: self.time_of_day(now),
            at: now,
        }
    }
}

/// Adds what a judgement depended on; the text itself lies in the message, with words of torch's around it.
pub(super) fn add_judged(
    data: &mut serde_json::Value,
    judged: Option<(Judged, String)>,
    body: &str,
) {
    if let Some((mut judged, text)) = judged {
        judged.text = body.find(&text).map(|at| (at, text.len()));
        data["judged"] = serde_json::to_value(judged).unwrap_or_default();
    }
}

/// What the sender of a refused message is told; `above` is whom it can always write to.
pub(super) fn refusal(draft: &Draft, opened: &[Opened], above: &str) -> Failure {
    let error = format!(
        "the message from {} to {} was refused",
        draft.sender.label(),
        draft.recipient.label()
    );
    let rule = draft.verdict.rule.as_str();
    let cause = format!("rule {rule}: {}", draft.verdict.reason);
    let explained = format!("torch rules explain {rule}");
    let by_the_hub = format!("scm {above} \"text\"");
    let hint = match rule {
        "edge.self" => None,
        // A rule of the project may refuse the same message to anybody.
        _ if rule.starts_with("project.") => Some(explained.as_str()),
        "limit.repeat" => Some("torch msg list"),
        "limit.pair-rate" => Some("torch schedule 10 \"what is still to be said\""),
        _ => Some(by_the_hub.as_str()),
    };
    let mut failure = refused(&error, &cause, hint);
    let noted = opened
        .iter()
        .map(|opened| format!("noted as {}", opened.id.tag()));
    failure.causes.extend(noted);
    failure
}
