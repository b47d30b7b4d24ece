//! An agent in Codex's sandbox reports by the tools that its briefing names: its shell can't reach torch.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use torch_testing::RealSetup;
use torch_testing::model::{Answer, FakeModel};
use torch_testing::program::{RealProgram, required};

use crate::doors::tool;
use crate::team::{ROLE, raise};

/// What the agent is asked to do, by which the model knows it.
const ASKED: &str = "please report how you stand";

/// A model that reports by tools when it is asked to.
fn reporting() -> FakeModel {
    let step = AtomicUsize::new(0);
    FakeModel::with_brain(move |request| {
        let asked = request.all_user.iter().any(|text| text.contains(ASKED));
        if !asked || !request.is_main() {
            return None;
        }
        // A request has the results since the last answer only.
        Some(match step.fetch_add(1, Ordering::Relaxed) {
            0 => {
                let status = json!({"current": "the parser", "eta": "30m", "blocked": "no key"});
                tool(request, "report_status", status)
            }
            1 => tool(
                request,
                "report_unblocked",
                json!({"text": "the key is there"}),
            ),
            2 => tool(request, "task_list", json!({})),
            _ => Answer::text("reported"),
        })
    })
}

#[test]
fn codex_reports_by_the_tools_that_it_is_told_of() {
    let Some(program) = required("real::codex_forms", RealProgram::find("codex")) else {
        return;
    };
    let world = RealSetup::new(&[&program], reporting()).open();
    raise(&world, "codex");
    let told = |role: &str| {
        let args = ["brief", role, "--print", "--team", "sample"];
        world.torch(&args).ok().stdout
    };
    assert!(told(ROLE).contains("`report_status`"), "{}", told(ROLE));
    assert!(
        !told("orchestrator").contains("`report_status`"),
        "its shell reaches torch"
    );
    let id = world.post(ROLE, ASKED);
    world.wait_consumed(&id);
    world.model_sees("the list of tasks", |requests| {
        let results = requests.iter().flat_map(|it| &it.tool_results);
        results
            // Codex hands on the structured half of a result.
            .filter(|result| result.contains(r#"{"tasks":[]}"#))
            .count()
            .checked_sub(1)
    });
    let all = world.torch(&["msg", "list", "--json"]).ok().stdout;
    for words in [
        r"Current: the parser\nBlocked: no key\nETA: 30m",
        "UNBLOCKED: the key is there",
    ] {
        assert!(all.contains(words), "{words}: {all}\n{}", world.picture());
    }
    assert_eq!(world.journal_of(ROLE, "agent.blocked").len(), 1);
    assert_eq!(world.journal_of(ROLE, "agent.unblocked").len(), 1);
}
