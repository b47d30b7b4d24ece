//! What a program asked of the fake model.

use serde::Serialize;
use serde_json::json;
use torch_core::Timestamp;

use super::answer::{Answer, ToolCall};

/// One request, as the server read it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelRequest {
    /// Its number, from 1.
    pub n: u64,
    /// When it was read whole.
    pub at: Timestamp,
    /// The API it was made in.
    pub api: Api,
    /// Its path.
    pub path: String,
    /// Whether it belongs to the conversation, or is a call of the program's own.
    pub role: Role,
    /// The model it asks for; empty where it names none.
    pub model: String,
    /// The user's texts since the last answer, in order. Texts that the program adds by itself are not among them.
    pub user: Vec<String>,
    /// The results of tools since the last answer.
    pub tool_results: Vec<String>,
    /// The texts that the program added by itself since the last answer (reminders, environment).
    pub injected: Vec<String>,
    /// All user texts of the conversation.
    pub all_user: Vec<String>,
    /// How many answers the conversation has so far.
    pub answers: usize,
    /// The system prompt or instructions.
    pub system: String,
    /// The names of the tools that the program offers. A tool in a namespace is written `namespace.name`.
    pub tools: Vec<String>,
    /// Whether a stream is wanted.
    pub streamed: bool,
    /// How often the program has tried this before, as it says itself or as the server sees: the same conversation
    /// again after a failure.
    pub retry: u32,
    /// The size of the body.
    pub bytes: usize,
    /// The scenario that decided, in its text form; `brain` for the brain.
    pub scenario: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
}

/// The API of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Api {
    /// Anthropic `POST /v1/messages`.
    Messages,
    /// OpenAI `POST /v1/responses`.
    Responses,
    /// OpenAI `POST /v1/chat/completions`.
    Chat,
    /// Gemini `:generateContent` and `:streamGenerateContent`.
    Gemini,
    /// A count of tokens, Anthropic's or Gemini's.
    Count,
    /// A list of models.
    Models,
    /// Anything else; it is answered with 404.
    Other,
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The next answer of the conversation.
    Main,
    /// A call beside it: a title, a summary, a probe.
    Side,
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is being answered.
    Open,
    /// It waits for [`crate::model::FakeModel::release`].
    AtGate,
    /// It was accepted and will never be answered.
    Hanging,
    /// It was answered whole.
    Answered,
    /// It was answered with this HTTP error.
    Failed(u16),
    /// The server cut the connection.
    Cut,
    /// The program hung up first.
    Abandoned,
}

impl Outcome {
    /// Whether the program has got no answer and may ask the same again.
    pub fn is_lost(self) -> bool {
        matches!(self, Self::Failed(_) | Self::Cut | Self::Abandoned)
    }
}

/// The shell tools of the programs by name, each with the way in which it takes a command.
const SHELLS: [(&str, ShellInput); 7] = [
    ("Bash", ShellInput::Described),
    ("bash", ShellInput::Described),
    ("run_shell_command", ShellInput::Described),
    ("exec_command", ShellInput::Cmd),
    ("shell_command", ShellInput::Command),
    ("shell", ShellInput::Words),
    ("local_shell", ShellInput::Words),
];

/// How a shell tool takes its command.
#[derive(Clone, Copy)]
enum ShellInput {
    /// `{"command": …, "description": …}`.
    Described,
    /// `{"command": …}`.
    Command,
    /// `{"cmd": …}`.
    Cmd,
    /// `{"command": ["bash", "-lc", …]}`.
    Words,
}

impl ModelRequest {
    /// Whether it belongs to the conversation.
    pub fn is_main(&self) -> bool {
        self.role == Role::Main
    }

    /// Whether the program offers this tool.
    pub fn offers(&self, tool: &str) -> bool {
        self.tools.iter().any(|name| name == tool)
    }

    /// A call of the program's own shell tool (Claude Code's `Bash`, Codex's `exec_command` or `shell`, Gemini's
    /// `run_shell_command`, opencode's `bash`), or `None` where it offers none.
    pub fn shell_call(&self, command: &str) -> Option<ToolCall> {
        let (name, input) = SHELLS.iter().find(|(name, _)| self.offers(name))?;
        let input = match input {
            ShellInput::Described => json!({"command": command, "description": "Run a command"}),
            ShellInput::Command => json!({"command": command}),
            ShellInput::Cmd => json!({"cmd": command}),
            ShellInput::Words => json!({"command": ["bash", "-lc", command]}),
        };
        Some(ToolCall::new(*name, input))
    }

    /// An answer that runs `command` in the program's own shell tool; a text that says so where it offers none.
    pub fn shell(&self, command: &str) -> Answer {
        match self.shell_call(command) {
            Some(call) => Answer::calls([call]),
            None => Answer::text(format!("no shell tool among {:?}", self.tools)),
        }
    }
}
