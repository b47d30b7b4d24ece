//! The brain's shell calls run in each program's own shell tool, and their results come back.

use std::time::Duration;

use torch_testing::model::{Answer, FakeModel, ToolCall};
use torch_testing::program::{RealProgram, required};

use crate::stage::ready;

/// How long a tool may take, from the Enter to its result.
const DEADLINE: Duration = Duration::from_secs(30);

/// Asks for a harmless command, and presses Enter in the dialog that asks, if one does.
fn runs_a_command(name: &str) {
    let Some(program) = required(&format!("real::{name}_shell"), RealProgram::find(name)) else {
        return;
    };
    let model =
        FakeModel::with_brain(
            |request| match (request.tool_results.last(), request.answers) {
                (None, 0) => {
                    Some(request.shell("printf 'from-the-%s' shell > made.txt; cat made.txt"))
                }
                (Some(result), _) => Some(Answer::text(format!("THE RESULT: {result}"))),
                _ => None,
            },
        );
    let ready = ready(&program, model);
    ready.stage.submit("please make a file");
    let done = |screen: &str| screen.contains("THE RESULT");
    let screen = ready.stage.wait("a dialog or a result", |screen| {
        done(screen) || asks(screen)
    });
    if !done(&screen) {
        ready
            .stage
            .settle("the dialog", Duration::from_millis(700), asks);
        ready.stage.keys(&["Enter"]);
    }
    let result = ready.model.wait_for(DEADLINE, |requests| {
        requests
            .iter()
            .find_map(|it| it.tool_results.first().cloned())
    });
    let picture = || format!("{}{}", ready.model.picture(), ready.stage.screen());
    let result = result.unwrap_or_else(|| panic!("no result\n{}", picture()));
    assert!(result.contains("from-the-shell"), "{result}\n{}", picture());
    let made = std::fs::read_to_string(ready.project.join("made.txt"));
    assert_eq!(
        made.ok().as_deref(),
        Some("from-the-shell"),
        "{}",
        picture()
    );
}

/// Whether a dialog asks for permission, whose first row permits.
fn asks(screen: &str) -> bool {
    [
        "Do you want to proceed?",
        "Would you like to run the following command?",
        "Allow execution of",
        "Permission required",
    ]
    .iter()
    .any(|question| screen.contains(question))
}

#[test]
fn claude() {
    runs_a_command("claude");
}

#[test]
fn codex() {
    runs_a_command("codex");
}

#[test]
fn gemini() {
    runs_a_command("gemini");
}

#[test]
fn opencode() {
    runs_a_command("opencode");
}

#[test]
fn codex_takes_calls_of_tools_in_a_namespace() {
    let found = RealProgram::find("codex");
    let Some(program) = required("real::codex_namespace", found) else {
        return;
    };
    const TOOL: &str = "mcp__codex_tui.list_threads";
    let model = FakeModel::with_brain(|request| {
        let call = ToolCall::new(TOOL, serde_json::json!({}));
        let first = request.offers(TOOL) && request.answers == 0;
        first.then(|| Answer::calls([call]))
    });
    let ready = ready(&program, model);
    ready.stage.submit("which threads are there");
    let result = ready.model.wait_for(DEADLINE, |requests| {
        let results = requests.iter().flat_map(|it| &it.tool_results);
        results.last().cloned()
    });
    let picture = || format!("{}{}", ready.model.picture(), ready.stage.screen());
    let result = result.unwrap_or_else(|| panic!("no result\n{}", picture()));
    assert!(
        result.contains("which threads are there"),
        "{result}\n{}",
        picture()
    );
}
