//! Integrations in words.

use rmcp::model::CallToolResult;
use serde_json::json;
use torch_api::git::GitResponse;
use torch_api::integrate::IntegrationView;
use torch_core::integration::{WaitOn, by_file};

use super::{broken, failed, said};
use crate::tools::Call;

/// How many of a team are shown.
const SHOWN: usize = 10;

/// One integration, or the newest of a team.
pub(super) fn shown(found: GitResponse) -> CallToolResult {
    match found {
        GitResponse::Integration(view) => {
            let data = json!({"integration": *view});
            said(one(&view), data)
        }
        GitResponse::Integrations { mut integrations } => {
            integrations.truncate(SHOWN);
            let text = match integrations.as_slice() {
                [] => "no integration was begun".to_owned(),
                views => views.iter().map(one).collect::<Vec<_>>().join("\n"),
            };
            said(text, json!({"integrations": integrations}))
        }
        other => failed(&broken(&format!("{other:?}"))),
    }
}

/// Where one stands, what is left out of it, and which conflicts are open.
fn one(view: &IntegrationView) -> String {
    let row = &view.integration;
    let mut text = format!("- {} into {}: {}", view.id, row.parent, view.stands());
    let on = row.wait.as_ref().map(|wait| &wait.on);
    let tool = match on.filter(|_| row.is_open()) {
        Some(WaitOn::Review { .. }) => Some(Call::IntegrateReview),
        Some(WaitOn::Tests { .. }) => Some(Call::IntegrateTests),
        Some(WaitOn::Person { .. }) => Some(Call::IntegrateResume),
        _ => None,
    };
    if let Some(tool) = tool {
        text.push_str(&format!(" (`{}`)", tool.name()));
    }
    for out in &row.left_out {
        text.push_str(&format!("\n  left out: {}, as {}", out.role, out.why));
    }
    for open in by_file(&row.conflicts) {
        text.push_str(&format!(
            "\n  conflict: {} ({}), {} solves it",
            open.file,
            open.branches.join(", "),
            open.owner
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use torch_core::integration::{
        Integration, IntegrationOutcome, IntegrationWishes, LeftOut, Wait,
    };
    use torch_core::{IntegrationId, RoleName, TeamId, Timestamp};

    use super::*;

    fn view(number: u128) -> IntegrationView {
        let row = Integration::new(
            IntegrationId::new(1, number),
            (TeamId::new(1, 1), "trunk"),
            ("project_manager", Timestamp(5)),
            IntegrationWishes::default(),
        );
        IntegrationView {
            team: "demo".to_owned(),
            id: format!("i-{number}"),
            integration: row,
        }
    }

    fn text(result: &CallToolResult) -> &str {
        let first = result.content.first().and_then(|block| block.as_text());
        &first.expect("a text").text
    }

    #[test]
    fn what_it_waits_for_names_the_tool() {
        let mut view = view(7);
        let by = "project_manager".to_owned();
        view.integration.wait = Some(Wait {
            on: WaitOn::Review { by },
            since: Timestamp(6),
            until: None,
            told: false,
        });
        view.integration.left_out.push(LeftOut {
            role: RoleName::parse("developer").expect("a role"),
            branch: None,
            commit: "a".repeat(40),
            why: "the tests fail with it".to_owned(),
            within: None,
        });
        let result = shown(GitResponse::Integration(Box::new(view)));
        assert_eq!(
            text(&result),
            "- i-7 into trunk: waits at check: project_manager to review it (`integrate_review`)\n  left out: developer, as the \
             tests fail with it"
        );
        let data = result.structured_content.expect("data");
        assert_eq!(data["integration"]["id"], "i-7");
    }

    #[test]
    fn the_newest_ten_are_listed() {
        let mut integrations: Vec<_> = (1..=12).rev().map(view).collect();
        integrations[0].integration.outcome = Some(IntegrationOutcome::Verified);
        let result = shown(GitResponse::Integrations { integrations });
        let lines: Vec<_> = text(&result).lines().collect();
        assert_eq!(lines.len(), 10);
        assert_eq!(lines[0], "- i-12 into trunk: is in trunk, verified");
        assert_eq!(lines[9], "- i-3 into trunk: is at check");
        let none = shown(GitResponse::Integrations {
            integrations: Vec::new(),
        });
        assert_eq!(text(&none), "no integration was begun");
    }
}
