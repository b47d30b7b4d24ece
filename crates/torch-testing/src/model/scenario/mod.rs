//! The scenarios: what the fake model can be told to do, typed and as text.

mod text;

use std::time::Duration;

use serde_json::Value;

use super::answer::{Answer, Failure, Quota, Speech, Stop, ToolCall, Window};
use super::request::ModelRequest;

pub use text::ScenarioError;

/// How often a second a slow answer brings a piece.
const PIECES_A_SECOND: f64 = 5.0;

/// What the model does with a request. The text form stands in a message as `SCENARIO: limit 7d 3600`; it ends with the
/// line.
#[derive(Debug, Clone, PartialEq)]
pub enum Scenario {
    /// `say TEXT`: this text.
    Say(String),
    /// `slow SECONDS`: words for so long.
    Slow(Duration),
    /// `think SECONDS`: thinking for so long, then a text.
    Think(Duration),
    /// `stall SECONDS`: headers at once, then nothing for so long, then a text.
    Stall(Duration),
    /// `hang`: never an answer.
    Hang,
    /// `gate`: nothing until it is released, then a text.
    Gate,
    /// `drop`: a stream that is cut in the middle.
    Drop,
    /// `bash COMMAND`: a command in the program's own shell tool, and a text after its result.
    Bash(String),
    /// `tool NAME JSON`: a call of any tool, and a text after its result.
    Tool(ToolCall),
    /// `steps A ;; B`: one scenario for each answer of the turn.
    Steps(Vec<Scenario>),
    /// `lines N`: a text of so many lines.
    Lines(u32),
    /// `markdown`: a text with a heading, a list and a code block.
    Markdown,
    /// `usage N`: a text, with so many input tokens reported.
    Usage(u64),
    /// `limit [5h|7d|opus|sonnet|org] [SECONDS]`: the usage limit is reached.
    Limit(Window, Duration),
    /// `warn [5h|7d] FRACTION [SECONDS]`: a text, and so much of the allowance is used.
    Warn(Quota),
    /// `ratelimit [SECONDS]`: too many requests, not a usage limit.
    RateLimit(Duration),
    /// `overloaded`.
    Overloaded,
    /// `error CODE [MESSAGE]`.
    Error(u16, String),
    /// `auth`: the key is wrong.
    Auth,
    /// `credit`: the account has no credit left.
    Credit,
    /// `toolong`: the conversation is too long.
    TooLong,
    /// `refusal`: the model declines.
    Refusal,
    /// `maxtokens`: the answer reaches its output limit.
    MaxTokens,
    /// `raw429 JSON`: 429 with exactly this body.
    Raw429(Value),
}

impl Scenario {
    /// The answer to `request`. [`Scenario::Steps`] gives its first one: which step it is, the caller knows.
    pub(super) fn answer(&self, request: &ModelRequest) -> Answer {
        match self {
            Self::Say(text) => Answer::text(text),
            Self::Bash(command) => request.shell(command),
            Self::Tool(call) => Answer::calls([call.clone()]),
            Self::Steps(steps) => match steps.first() {
                Some(step) => step.answer(request),
                None => Answer::text("no steps"),
            },
            Self::Hang => Answer::Hang,
            Self::Limit(window, resets_in) => Answer::Failure(Failure::Limit(Quota {
                window: *window,
                used: 1.0,
                resets_in: *resets_in,
            })),
            Self::RateLimit(retry_after) => Answer::Failure(Failure::TooManyRequests {
                retry_after: *retry_after,
            }),
            Self::Overloaded => Answer::Failure(Failure::Overloaded),
            Self::Auth => Answer::Failure(Failure::Unauthorized),
            Self::Credit => Answer::Failure(Failure::NoCredit),
            Self::TooLong => Answer::Failure(Failure::TooLong),
            Self::Error(code, message) => Answer::Failure(Failure::Status {
                code: *code,
                message: message.clone(),
            }),
            Self::Raw429(body) => Answer::Failure(Failure::Raw429(body.clone())),
            _ => Answer::Speech(self.speech()),
        }
    }

    /// What the scenarios say that speak.
    fn speech(&self) -> Speech {
        match self {
            Self::Slow(duration) => Speech {
                text: words(*duration),
                pace: pace(*duration),
                ..Speech::default()
            },
            Self::Think(duration) => Speech {
                thinking: words(*duration),
                pace: pace(*duration),
                ..Speech::text("Thought about it.")
            },
            Self::Stall(wait) => Speech {
                wait: *wait,
                ..Speech::text("A late answer.")
            },
            Self::Gate => Speech {
                gated: true,
                ..Speech::text("Released.")
            },
            Self::Drop => Speech {
                text: words(Duration::from_secs(4)),
                pace: Duration::from_millis(50),
                cut: true,
                ..Speech::default()
            },
            Self::Lines(count) => {
                let lines = (1..=*count).map(|line| format!("line {line}\n"));
                Speech {
                    text: lines.collect(),
                    ..Speech::default()
                }
            }
            Self::Markdown => Speech::text(
                "# Title\n\nSome **bold** text.\n\n```sh\necho hello\n```\n\n- one\n- two\n",
            ),
            Self::Usage(tokens) => Speech {
                input_tokens: Some(*tokens),
                ..Speech::text("Usage reported.")
            },
            Self::Warn(quota) => Speech {
                quota: Some(*quota),
                ..Speech::text("Warned.")
            },
            Self::Refusal => Speech {
                stop: Stop::Refusal,
                ..Speech::text("I can't help with that.")
            },
            Self::MaxTokens => Speech {
                stop: Stop::Length,
                ..Speech::text("An answer that is cut o")
            },
            other => Speech::text(other.to_string()),
        }
    }
}

fn pace(duration: Duration) -> Duration {
    let pieces = words(duration).len();
    duration / u32::try_from(pieces).unwrap_or(u32::MAX)
}

/// As many words as a slow answer of this length has, twenty in a line.
fn words(duration: Duration) -> Vec<String> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a few hundred words, and a duration is not negative"
    )]
    let count = ((duration.as_secs_f64() * PIECES_A_SECOND) as u32).max(1);
    let end = |number: u32| if number.is_multiple_of(20) { "\n" } else { " " };
    (1..=count)
        .map(|number| format!("word{number}{}", end(number)))
        .collect()
}
