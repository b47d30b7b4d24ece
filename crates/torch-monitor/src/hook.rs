//! Hooks as Claude Code fires them (2.1.329; the demo agent fires the same ones): which state follows.

use serde_json::Value;
use torch_core::AgentState;

/// The hook events that say something about an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookEvent {
    /// The program waits at its first prompt.
    SessionStart,
    /// A prompt was taken, with its whole text.
    PromptTaken(String),
    /// A tool starts or has run: a turn is under way.
    Tool,
    /// A dialog opened, with what it asks.
    Asking(String),
    /// The turn is over.
    TurnEnded,
    /// The turn ended in a usage limit, with its words.
    LimitReached(String),
    /// The turn ended in another error, with its words.
    TurnFailed(String),
    /// Nothing that torch knows.
    Other(String),
}

/// What a hook says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookReading {
    /// What happened.
    pub event: HookEvent,
    /// The state that follows, if any.
    pub state: Option<AgentState>,
    /// The hook in one line.
    pub evidence: String,
    /// Where the program keeps its conversation.
    pub transcript: Option<String>,
}

/// Reads the JSON that a hook got on its standard input.
pub fn read_hook(payload: &Value) -> HookReading {
    let text = |field: &str| {
        payload
            .get(field)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let name = text("hook_event_name");
    let (event, state) = match name.as_str() {
        "SessionStart" => (HookEvent::SessionStart, Some(AgentState::Ready)),
        "UserPromptSubmit" => (
            HookEvent::PromptTaken(text("prompt")),
            Some(AgentState::Working),
        ),
        "PreToolUse" | "PostToolUse" | "PostToolUseFailure" => {
            (HookEvent::Tool, Some(AgentState::Working))
        }
        "PermissionRequest" => {
            let tool = text("tool_name");
            let input = payload
                .get("tool_input")
                .map(Value::to_string)
                .unwrap_or_default();
            (
                HookEvent::Asking(format!("{tool} {input}").trim().to_owned()),
                Some(AgentState::Asking),
            )
        }
        "Notification" if text("notification_type") == "permission_prompt" => {
            (HookEvent::Asking(text("message")), Some(AgentState::Asking))
        }
        "Stop" => (HookEvent::TurnEnded, Some(AgentState::Idle)),
        "StopFailure" if text("error") == "rate_limit" => (
            HookEvent::LimitReached(text("last_assistant_message")),
            Some(AgentState::Limited),
        ),
        "StopFailure" => (HookEvent::TurnFailed(text("error")), Some(AgentState::Idle)),
        _ => (HookEvent::Other(name.clone()), None),
    };
    let evidence = match &event {
        HookEvent::Asking(what) | HookEvent::LimitReached(what) | HookEvent::TurnFailed(what) => {
            format!("{name}: {}", what.chars().take(160).collect::<String>())
        }
        _ => name,
    };
    let transcript = Some(text("transcript_path")).filter(|path| path.starts_with('/'));
    HookReading {
        event,
        state,
        evidence,
        transcript,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_hook_leads_to_its_state() {
        for (payload, state) in [
            (
                json!({"hook_event_name": "SessionStart", "source": "startup"}),
                Some(AgentState::Ready),
            ),
            (
                json!({"hook_event_name": "UserPromptSubmit", "prompt": "x"}),
                Some(AgentState::Working),
            ),
            (
                json!({"hook_event_name": "PermissionRequest", "tool_name": "Bash"}),
                Some(AgentState::Asking),
            ),
            (json!({"hook_event_name": "Stop"}), Some(AgentState::Idle)),
            (
                json!({"hook_event_name": "StopFailure", "error": "rate_limit"}),
                Some(AgentState::Limited),
            ),
            (
                json!({"hook_event_name": "StopFailure", "error": "billing_error"}),
                Some(AgentState::Idle),
            ),
            (json!({"hook_event_name": "SessionEnd"}), None),
            (json!({"raw": "no hook"}), None),
        ] {
            assert_eq!(read_hook(&payload).state, state, "{payload}");
        }
    }

    #[test]
    fn a_prompt_and_a_transcript_are_taken_over() {
        let reading = read_hook(&json!({
            "hook_event_name": "UserPromptSubmit", "prompt": "[torch m-1] a", "transcript_path": "/t.jsonl"
        }));
        assert_eq!(
            reading.event,
            HookEvent::PromptTaken("[torch m-1] a".to_owned())
        );
        assert_eq!(reading.transcript.as_deref(), Some("/t.jsonl"));
    }
}
