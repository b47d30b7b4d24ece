//! The streams and whole answers of each API, byte for byte but for ids and times.

use serde_json::json;

use super::client::{GEMINI, Reply, ask, chat, gemini, messages, responses};
use crate::model::{Answer, Api, FakeModel, Role, Speech, ToolCall};

/// A model that thinks, says two pieces and calls two tools.
fn talkative() -> FakeModel {
    FakeModel::with_brain(|request| {
        let shell = request.shell_call("echo hi")?;
        let speech = Speech {
            thinking: vec!["Hmm.".to_owned()],
            text: vec!["I run ".to_owned(), "it.".to_owned()],
            input_tokens: Some(1_234),
            ..Speech::default()
        };
        let second = ToolCall::new("other", json!({"a": [1, "two"]}));
        Some(Answer::Speech(speech.then([shell, second])))
    })
}

/// The body without what is new in each run.
fn stable(reply: &Reply) -> String {
    assert!(reply.complete, "{reply:?}");
    let mut body = String::new();
    for word in reply.body.split_inclusive(['"', ',', '}']) {
        let begin = word.trim_end_matches(['"', ',', '}']);
        let id = begin.rsplit(['_', '-']).next().unwrap_or_default();
        let is_id = id.len() >= 15 && id.chars().all(|c| c.is_ascii_hexdigit());
        if is_id {
            body.push_str(&word.replace(id, "ID"));
        } else if begin.starts_with(':') && begin.len() == 11 && begin[1..].parse::<u64>().is_ok() {
            body.push_str(&word.replace(&begin[1..], "TIME"));
        } else {
            body.push_str(word);
        }
    }
    body
}

#[test]
fn anthropic_messages() {
    let model = talkative();
    let reply = ask(&model, "/v1/messages?beta=true", &messages("go"));
    assert_eq!(reply.header("content-type"), Some("text/event-stream"));
    insta::assert_snapshot!("messages_stream", stable(&reply));
    let whole = messages("go").replace("\"stream\":true", "\"stream\":false");
    insta::assert_snapshot!(
        "messages_whole",
        stable(&ask(&model, "/v1/messages", &whole))
    );
}

#[test]
fn openai_responses() {
    let model = talkative();
    insta::assert_snapshot!(
        "responses_stream",
        stable(&ask(&model, "/v1/responses", &responses("go")))
    );
    let whole = responses("go").replace("\"stream\":true", "\"stream\":false");
    insta::assert_snapshot!(
        "responses_whole",
        stable(&ask(&model, "/v1/responses", &whole))
    );
}

#[test]
fn openai_chat_completions() {
    let model = talkative();
    insta::assert_snapshot!(
        "chat_stream",
        stable(&ask(&model, "/v1/chat/completions", &chat("go")))
    );
    let whole = chat("go").replace("\"stream\":true", "\"stream\":false");
    insta::assert_snapshot!(
        "chat_whole",
        stable(&ask(&model, "/v1/chat/completions", &whole))
    );
}

#[test]
fn gemini_generate_content() {
    let model = talkative();
    insta::assert_snapshot!("gemini_stream", stable(&ask(&model, GEMINI, &gemini("go"))));
    let path = "/v1beta/models/gemini-x:generateContent";
    insta::assert_snapshot!("gemini_whole", stable(&ask(&model, path, &gemini("go"))));
}

#[test]
fn each_api_is_read_alike() {
    let model = FakeModel::start();
    for (path, body, api, shell, name) in [
        (
            "/v1/messages",
            messages("hello"),
            Api::Messages,
            "Bash",
            "claude-x",
        ),
        (
            "/v1/responses",
            responses("hello"),
            Api::Responses,
            "exec_command",
            "gpt-x",
        ),
        (
            "/v1/chat/completions",
            chat("hello"),
            Api::Chat,
            "bash",
            "fake",
        ),
        (
            GEMINI,
            gemini("hello"),
            Api::Gemini,
            "run_shell_command",
            "gemini-x",
        ),
    ] {
        assert_eq!(ask(&model, path, &body).status, 200);
        let request = model.requests().pop().expect("a request");
        assert_eq!(request.api, api);
        assert_eq!(request.role, Role::Main);
        assert_eq!(request.model, name);
        assert_eq!(request.user, ["hello"]);
        assert_eq!(request.all_user, ["hello"]);
        assert_eq!(request.system, "Be brief.");
        assert!(request.streamed && request.offers(shell), "{request:?}");
        assert_eq!(
            request.shell_call("ls").map(|call| call.name),
            Some(shell.to_owned())
        );
    }
    let codex = &model.requests()[1];
    assert!(codex.offers("mcp__demo.echo"), "{:?}", codex.tools);
    let claude = &model.requests()[0];
    assert_eq!(claude.injected, ["<system-reminder>mind</system-reminder>"]);
}

#[test]
fn a_tool_in_a_namespace_is_called_with_both_names() {
    let model = FakeModel::with_brain(|_| {
        Some(Answer::calls([ToolCall::new("mcp__demo.echo", json!({}))]))
    });
    let reply = ask(&model, "/v1/responses", &responses("go"));
    assert!(
        reply
            .body
            .contains(r#""name":"echo","namespace":"mcp__demo""#),
        "{}",
        reply.body
    );
}

#[test]
fn a_custom_tool_is_called_with_a_text() {
    let patch = "*** Begin Patch\n*** End Patch\n";
    let call = ToolCall::new("apply_patch", json!(patch));
    let model = FakeModel::with_brain(move |_| Some(Answer::calls([call.clone()])));
    let whole = responses("go").replace("\"stream\":true", "\"stream\":false");
    let item = ask(&model, "/v1/responses", &whole).json()["output"][0].clone();
    assert_eq!(item["type"], "custom_tool_call");
    assert_eq!(item["input"], patch);
    let stream = ask(&model, "/v1/responses", &responses("go")).body;
    assert!(
        stream.contains("event: response.custom_tool_call_input.done"),
        "{stream}"
    );
}

#[test]
fn tool_results_and_the_whole_conversation_are_told() {
    let model = FakeModel::start();
    let tools = r#""tools":[{"name":"Bash"}]"#;
    ask(
        &model,
        "/v1/messages",
        &format!(
            r#"{{"model":"m",{tools},"messages":[
            {{"role":"user","content":"SCENARIO: bash echo hi"}},
            {{"role":"assistant","content":[{{"type":"tool_use","id":"t","name":"Bash","input":{{}}}}]}},
            {{"role":"user","content":[{{"type":"tool_result","tool_use_id":"t","content":[{{"type":"text","text":"hi\n"}}]}}]}}]}}"#
        ),
    );
    let request = model.requests().pop().expect("a request");
    assert_eq!(request.tool_results, ["hi\n"]);
    assert_eq!(request.user, [""; 0]);
    assert_eq!(request.all_user, ["SCENARIO: bash echo hi"]);
    assert_eq!(request.answers, 1);
}

#[test]
fn counts_lists_and_strange_paths() {
    let model = FakeModel::start();
    let counted = ask(&model, "/v1/messages/count_tokens", &messages("go")).json();
    assert!(counted["input_tokens"].as_u64() > Some(10), "{counted}");
    let path = "/v1beta/models/gemini-x:countTokens";
    let counted = ask(&model, path, &gemini("go")).json();
    assert!(counted["totalTokens"].as_u64() > Some(10), "{counted}");
    let models = ask(&model, "/v1/models", "").json();
    assert_eq!(models["data"][0]["object"], "model");
    assert_eq!(ask(&model, "/nothing", "{}").status, 404);
    let requests = model.requests();
    assert!(requests.iter().all(|request| !request.is_main()));
    assert_eq!(requests.len(), 4);
}
