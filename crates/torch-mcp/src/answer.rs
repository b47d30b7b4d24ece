//! The daemon's answers as results of a tool: a short text for the model, and the same as JSON.

mod integrate;

use std::path::Path;

use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::{Value, json};
use torch_api::rules::{AssignmentView, DependencyView, RulesResponse};
use torch_api::view::{AgentView, MessageView, ScheduleView, TeamView};
use torch_api::wire::FailureKind;
use torch_api::{CommitView, Failure, Response};

use crate::hint;

/// An answer that is no failure; of the status the team that works in `cwd` is shown.
pub(crate) fn given(response: Response, cwd: &Path) -> CallToolResult {
    match response {
        Response::Sent { message, .. } if message.decision == "refuse" => {
            failed(&refusal(&message))
        }
        Response::Sent { message, .. } => {
            let data = json!({"message": *message});
            said(sent(&message), data)
        }
        Response::Committed(view) => {
            let data = json!({"commit": *view});
            said(committed(&view), data)
        }
        Response::Scheduled(view) => {
            let data = json!({"note": *view});
            said(planned(&view), data)
        }
        Response::Done { text } => {
            let data = json!({"done": text});
            said(text, data)
        }
        Response::Status { teams, .. } => {
            let teams = own(teams, cwd);
            let data = json!({"teams": teams});
            said(status(&teams), data)
        }
        Response::Rules(found) => listed(*found),
        Response::Git(found) => integrate::shown(*found),
        Response::Failed(failure) => failed(&failure),
        other => failed(&broken(&format!("{other:?}"))),
    }
}

/// What was asked to be listed.
fn listed(found: RulesResponse) -> CallToolResult {
    match found {
        RulesResponse::Assignments { assignments } => {
            let data = json!({"tasks": assignments});
            said(tasks(&assignments), data)
        }
        RulesResponse::Dependencies { team, dependencies } => {
            let data = json!({"team": team, "dependencies": dependencies});
            said(waits(&dependencies), data)
        }
        other => failed(&broken(&format!("{other:?}"))),
    }
}

fn tasks(rows: &[AssignmentView]) -> String {
    if rows.is_empty() {
        return "no task was given".to_owned();
    }
    let line = |row: &AssignmentView| {
        let acked = match row.acked {
            Some(_) => "acknowledged",
            None => "not acknowledged",
        };
        format!(
            "- {} to {} from {} ({}, {acked}): {}",
            row.task, row.role, row.from, row.message, row.title
        )
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn waits(rows: &[DependencyView]) -> String {
    if rows.is_empty() {
        return "nobody waits for anybody".to_owned();
    }
    let line = |row: &DependencyView| {
        let on = row.on.iter().map(|on| match on.complete {
            true => format!("{} (has completed)", on.role),
            false => on.role.clone(),
        });
        let on = on.collect::<Vec<_>>().join(", ");
        format!("- {} waits for {on}", row.role)
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A failure, as the model can act on it.
pub(crate) fn failed(failure: &Failure) -> CallToolResult {
    let word = match failure.kind {
        FailureKind::Refused => "Refused",
        FailureKind::Usage => "Not possible",
        FailureKind::Timeout => "Too late",
        FailureKind::Other => "Failed",
    };
    let mut text = format!("{word}: {}", failure.error);
    for cause in &failure.causes {
        text.push_str(": ");
        text.push_str(cause);
    }
    text.push('.');
    let hint = failure.hint.as_deref().map(hint::for_tools);
    if let Some(hint) = &hint {
        text.push_str(&format!("\nHint: {hint}"));
    }
    let mut result = CallToolResult::error(vec![ContentBlock::text(text)]);
    result.structured_content = Some(json!({
        "kind": failure.kind,
        "exit_code": failure.kind.exit_code(),
        "error": failure.error,
        "causes": failure.causes,
        "hint": hint,
    }));
    result
}

/// Something that can't happen, as far as anybody knows.
pub(crate) fn broken(what: &str) -> Failure {
    Failure {
        kind: FailureKind::Other,
        error: "torch gave an answer that was not asked for".to_owned(),
        causes: vec![what.chars().take(200).collect()],
        hint: Some("torch daemon stop && torch daemon start".to_owned()),
    }
}

fn said(text: String, data: Value) -> CallToolResult {
    let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
    result.structured_content = Some(data);
    result
}

/// A refusal that was kept as a message, as the earlier call with this key was answered.
fn refusal(message: &MessageView) -> Failure {
    Failure {
        kind: FailureKind::Refused,
        error: format!("{} to {} was refused", message.id, message.to),
        causes: vec![format!("rule {}: {}", message.rule, message.reason)],
        hint: None,
    }
}

fn sent(message: &MessageView) -> String {
    let mut text = format!("{} to {} is stored", message.id, message.to);
    if message.decision == "reroute" {
        text.push_str(&format!(
            "; it was for {} and goes to {} by rule {}",
            message.target, message.to, message.rule
        ));
    }
    if message.to == "human" {
        text.push_str("; an answer comes as a message to you");
    }
    if !message.cleaned.is_empty() {
        text.push_str(&format!("; cleaned: {}", message.cleaned.join(", ")));
    }
    text
}

fn committed(view: &CommitView) -> String {
    format!(
        "{} {} ({}: {} file(s), +{} -{}){}",
        view.short,
        view.subject,
        view.branch.as_deref().unwrap_or("detached HEAD"),
        view.files,
        view.insertions,
        view.deletions,
        if view.already {
            "; it was made before, and nothing has changed since"
        } else {
            ""
        }
    )
}

fn planned(view: &ScheduleView) -> String {
    #[expect(
        clippy::cast_precision_loss,
        reason = "minutes of at most a year, for people"
    )]
    let minutes = view.after_millis as f64 / 60_000.0;
    format!("{} for {} is planned, in {minutes} min", view.id, view.to)
}

/// The teams whose agents work in `cwd`; where there is none, all.
fn own(teams: Vec<TeamView>, cwd: &Path) -> Vec<TeamView> {
    let here = |team: &TeamView| {
        let mut agents = team.agents.iter();
        agents.any(|agent| cwd.starts_with(&agent.worktree))
    };
    let own: Vec<TeamView> = teams.iter().filter(|team| here(team)).cloned().collect();
    if own.is_empty() { teams } else { own }
}

fn status(teams: &[TeamView]) -> String {
    if teams.is_empty() {
        return "there is no team".to_owned();
    }
    let blocks: Vec<String> = teams
        .iter()
        .map(|team| {
            let agents: Vec<String> = team.agents.iter().map(agent).collect();
            format!("team {}\n{}", team.name, agents.join("\n"))
        })
        .collect();
    blocks.join("\n")
}

fn agent(agent: &AgentView) -> String {
    let mut line = format!("- {}: {}", agent.role, agent.state);
    if agent.paused {
        line.push_str(", paused");
    }
    if agent.waiting > 0 {
        line.push_str(&format!(", {} message(s) waiting", agent.waiting));
    }
    if agent.completed.is_some() {
        line.push_str(", reported completion");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(result: &CallToolResult) -> &str {
        let first = result.content.first().and_then(|block| block.as_text());
        &first.expect("a text").text
    }

    #[test]
    fn a_refusal_names_rule_and_hint() {
        let failure = Failure {
            kind: FailureKind::Refused,
            error: "nothing was committed in the worktree of tester".to_owned(),
            causes: vec![
                "rule commit.own-only: an agent commits in its own worktree only".to_owned(),
            ],
            hint: Some("torch commit -m \"why\"".to_owned()),
        };
        let result = failed(&failure);
        assert_eq!(result.is_error, Some(true));
        assert_eq!(
            text(&result),
            "Refused: nothing was committed in the worktree of tester: rule commit.own-only: an agent commits in its own \
             worktree only.\nHint: call the tool `commit`"
        );
        let data = result.structured_content.expect("data");
        assert_eq!(
            (&data["kind"], &data["exit_code"]),
            (&json!("refused"), &json!(4))
        );
    }

    #[test]
    fn what_was_done_is_said() {
        let done = Response::Done {
            text: "m-7k3f9q2a is acknowledged".to_owned(),
        };
        let result = given(done, Path::new("/w"));
        assert_eq!(result.is_error, Some(false));
        assert_eq!(text(&result), "m-7k3f9q2a is acknowledged");
        let odd = given(Response::Lines { lines: Vec::new() }, Path::new("/w"));
        assert_eq!(odd.is_error, Some(true));
    }
}
