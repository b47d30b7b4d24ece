//! Which answer a request gets.

use super::answer::Answer;
use super::conversation::{Conversation, Turn};
use super::request::ModelRequest;
use super::scenario::Scenario;
use super::schema::example;
use super::state::State;

/// How much of a tool's result the text after it repeats, in characters.
const ECHO_CHARS: usize = 160;

/// Decides, and says by which scenario.
pub(super) fn decide(
    state: &mut State,
    request: &ModelRequest,
    conversation: &Conversation,
) -> (Answer, Option<String>) {
    if !request.is_main() {
        return (side(conversation), None);
    }
    if let Some(answer) = state.ask_brain(request) {
        return (answer, Some("brain".to_owned()));
    }
    if let Some(scenario) = state.next_scenario() {
        return (scenario.answer(request), Some(scenario.to_string()));
    }
    if let Some((words, step)) = conversation.scenario() {
        let answer = match words.parse::<Scenario>() {
            Ok(scenario) => by_words(&scenario, step, request),
            Err(error) => Answer::text(error.to_string()),
        };
        return (answer, Some(words.to_owned()));
    }
    let count = state.count_reply();
    (Answer::text(format!("FAKE-REPLY {count}: ok")), None)
}

/// The answer that a scenario in a message gives in this step of the turn; when its steps are over, a text that ends
/// the turn.
fn by_words(scenario: &Scenario, step: usize, request: &ModelRequest) -> Answer {
    let steps = match scenario {
        Scenario::Steps(steps) => steps.as_slice(),
        single => std::slice::from_ref(single),
    };
    if let Some(step) = steps.get(step) {
        return step.answer(request);
    }
    let result = request.tool_results.last().map_or("", String::as_str);
    let echo: String = result.replace('\n', " ").chars().take(ECHO_CHARS).collect();
    Answer::text(format!("TOOL-RESULT-SEEN: {echo}"))
}

/// The answer to a call that is not the conversation's.
fn side(conversation: &Conversation) -> Answer {
    match &conversation.schema {
        Some(schema) => Answer::text(example(schema).to_string()),
        None => Answer::text("A side answer"),
    }
}

/// The record of a request, before its answer is decided.
pub(super) fn fill(request: &mut ModelRequest, conversation: &Conversation) {
    request.role = conversation.role(request.api);
    request.model.clone_from(&conversation.model);
    request.system.clone_from(&conversation.system);
    request.tools.clone_from(&conversation.tools);
    request.streamed = conversation.streamed;
    request.answers = conversation.answers();
    for turn in conversation.new_turns() {
        match turn {
            Turn::User(text) => request.user.push(text.clone()),
            Turn::Injected(text) => request.injected.push(text.clone()),
            Turn::Tool(text) => request.tool_results.push(text.clone()),
            Turn::Answer => {}
        }
    }
    for turn in &conversation.turns {
        if let Turn::User(text) = turn {
            request.all_user.push(text.clone());
        }
    }
}
