//! What a program reports by itself: hooks, its transcript, the JSON for its status line. All are JSON records, and rules say
//! what a record means.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::AnswerRules;

/// What a record of a hook or a transcript means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// The program waits at its first prompt.
    Ready,
    /// A new conversation was begun in the running program.
    Cleared,
    /// The conversation was compacted.
    Compacted,
    /// A prompt stands in the conversation, with its whole text.
    Prompt,
    /// A prompt was taken into the program's queue, with its whole text.
    Queued,
    /// A turn is under way.
    Working,
    /// A dialog opened, with what it asks.
    Asking,
    /// The turn is over.
    TurnEnded,
    /// The turn was ended by the person at the keyboard.
    Interrupted,
    /// The turn ended in an error, with its words.
    TurnFailed,
    /// The program tries again by itself, with what went wrong.
    Retrying,
    /// The turn ended in a usage limit, with its words.
    Limited,
    /// A usage limit holds the program, which says that it goes on by itself.
    Continues,
    /// It does not go on by itself any more.
    ContinueCancelled,
    /// The program ended.
    Ended,
}

/// What a record means that looks a certain way. The first rule that fits counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignalRule {
    /// JSON pointers (RFC 6901; a part `*` is any element or member) and the regular expression that what stands there matches.
    /// A value that is no string is matched as JSON.
    pub when: BTreeMap<String, String>,
    /// What it means.
    pub is: Signal,
    /// Where its words stand: the first of these that has anything. One may be several pointers with spaces between; then
    /// there must be something under each. Several texts under one pointer are joined by newlines.
    #[serde(default)]
    pub text: Vec<String>,
}

/// Where figures stand in a record; each is taken from every record that has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ValuePointers {
    /// When the record was written, in RFC 3339.
    pub at: String,
    /// The conversation's id.
    pub conversation: String,
    /// The path of its transcript.
    pub transcript: String,
    /// The model's name.
    pub model: String,
    /// The program's version.
    pub version: String,
    /// How much of the context window is used, in percent.
    pub context_used_percent: String,
    /// How much of the context window is used, in tokens: the sum of what stands under these.
    pub context_tokens: Vec<String>,
    /// The context window's size, in tokens.
    pub context_window: String,
    /// What the conversation has cost so far, in US dollars.
    pub cost_usd: String,
    /// Input tokens of the turn or, with `tokens_are_totals`, of the conversation.
    pub input_tokens: String,
    /// Input tokens read from a cache.
    pub cache_read_tokens: String,
    /// Input tokens written to a cache.
    pub cache_write_tokens: String,
    /// Output tokens.
    pub output_tokens: String,
    /// An id under which the same figures may be told more than once.
    pub tokens_id: String,
    /// Whether tokens are told for the whole conversation so far.
    pub tokens_are_totals: bool,
    /// Whether input tokens are told with those of the cache in them.
    pub cached_within_input: bool,
    /// In a record that means `limited`: which limit, in the program's own word (see [`CreditRules::kinds`]).
    ///
    /// [`CreditRules::kinds`]: crate::program::CreditRules::kinds
    pub limit_kind: String,
    /// In a record that means `limited`: when it is reset, in seconds since 1970.
    pub limit_resets_at: String,
    /// Usage limits by name (`five_hour`, `weekly`, …): where the used percentage and the reset time (epoch seconds) stand.
    pub limits: BTreeMap<String, LimitPointers>,
}

/// Where a usage limit's figures stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitPointers {
    /// The used share, in percent.
    pub used_percent: String,
    /// The reset time, in seconds since 1970.
    pub resets_at: String,
}

/// What a program's hooks say; each runs `{hook}` with its JSON on standard input.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HookRules {
    /// What the hooks mean.
    pub rules: Vec<SignalRule>,
    /// Figures in them.
    pub values: ValuePointers,
    /// What the program puts around a long prompt: regular expressions whose first group is the prompt itself.
    pub unwrap: Vec<String>,
    /// Regular expressions that find, in the words of a failed turn, that the program has no login or no key.
    pub no_login: Vec<String>,
    /// How a message gets into a running turn; none: it can't.
    pub hand_over: Option<HandOverRules>,
    /// How an open question is answered without a key; none: by keys alone.
    pub answers: Option<AnswerRules>,
    /// How a tool's command is denied before it runs; none: it can't be.
    pub guard: Option<GuardRules>,
}

/// How a tool's command is denied before it runs: a hook that runs `{guard}` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuardRules {
    /// JSON pointers to the command: a text for a shell, or a list of words.
    pub commands: Vec<String>,
    /// What the hook prints, where `{json:text}` is the reason as a JSON string.
    pub reply: String,
}

/// How a message gets into a running turn: a hook that runs `{hand_over}` when a tool has ended prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandOverRules {
    /// What the hook prints, where `{json:text}` is the message as a JSON string.
    pub reply: String,
    /// The longest message that reaches the model whole, in characters.
    pub max_chars: usize,
    /// JSON pointers: a record with any of these is not the agent's own, but a subagent's, and is not answered.
    #[serde(default)]
    pub unless: Vec<String>,
    /// What the program would change on the way, such as `<`: a message with any of these waits for the turn's end.
    #[serde(default)]
    pub not_with: Vec<String>,
}

/// What a program's transcript says: a file of JSON lines.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TranscriptRules {
    /// Where it lies, if no hook says so, for a program that takes the conversation's id from torch: a path with `{home}`,
    /// `{VARIABLE:-default}`, `{worktree}`, `{worktree-}` (with `-` for everything but letters and digits) and `{conversation}`.
    pub path: String,
    /// What its records mean.
    pub rules: Vec<SignalRule>,
    /// Figures in them.
    pub values: ValuePointers,
    /// What the program puts around a message: regular expressions whose first group is the message itself.
    pub unwrap: Vec<String>,
}

/// What a program tells a status line: JSON on the standard input of `{status_line}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StatusLineRules {
    /// Figures in it.
    pub values: ValuePointers,
    /// The settings files in which the user may have a status line of their own, strongest first.
    pub chain: Vec<String>,
    /// Where its command stands in them.
    pub chain_pointer: String,
}
