//! What a request's body says, whatever the API: who spoke, with which tools, under which instructions.

mod chat;
mod gemini;
mod messages;
mod responses;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde_json::Value;

use super::request::{Api, Role};

/// A request's body, read.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Conversation {
    pub(super) turns: Vec<Turn>,
    pub(super) system: String,
    pub(super) tools: Vec<String>,
    pub(super) model: String,
    pub(super) streamed: bool,
    /// The JSON schema that the answer is to follow, if one is given.
    pub(super) schema: Option<Value>,
}

/// One piece of the conversation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Turn {
    /// An answer of the model, or a part of one.
    Answer,
    /// A text of the user's.
    User(String),
    /// A text that the program put in beside it.
    Injected(String),
    /// What a tool gave.
    Tool(String),
}

/// How the texts begin that programs put beside the user's: reminders, the environment, instructions of files.
const INJECTED: [&str; 18] = [
    "<system-reminder",
    "<environment_context",
    "<user_instructions",
    "<permissions",
    "<ide_",
    "<command-",
    "<local-command",
    "<session_context",
    "<INSTRUCTIONS",
    "<apps_instructions",
    "<skills_instructions",
    "<collaboration_mode",
    "<plugins_instructions",
    "<personality",
    "<recommended_plugins",
    "# AGENTS.md instructions",
    "This is the Gemini CLI",
    SUGGESTION,
];

/// How Claude Code's request for a next prompt begins, which it makes with all tools.
const SUGGESTION: &str = "[SUGGESTION MODE";

/// What stands in the system prompt of a call for a title, which opencode makes in the shape of a conversation.
const TITLE: &str = "title generator";

impl Conversation {
    /// Reads the body of a request to `api`. `path` names the model where the body doesn't.
    pub(super) fn read(api: Api, path: &str, body: &Value) -> Self {
        match api {
            Api::Messages => messages::read(body),
            Api::Responses => responses::read(body),
            Api::Chat => chat::read(body),
            Api::Gemini => gemini::read(path, body),
            Api::Count | Api::Models | Api::Other => Self::default(),
        }
    }

    /// Whether it asks for the conversation's next answer. Programs offer their tools there and only there, but for the
    /// ones that have none at all (aider).
    pub(super) fn role(&self, api: Api) -> Role {
        let suggestion = self
            .new_turns()
            .iter()
            .any(|turn| matches!(turn, Turn::Injected(text) if text.starts_with(SUGGESTION)));
        let toolless = api == Api::Chat && !self.system.contains(TITLE);
        let talks = !self.tools.is_empty() || toolless;
        if talks && !suggestion && !self.turns.is_empty() {
            Role::Main
        } else {
            Role::Side
        }
    }

    /// What came after the last answer.
    pub(super) fn new_turns(&self) -> &[Turn] {
        let last = self.turns.iter().rposition(|turn| *turn == Turn::Answer);
        &self.turns[last.map_or(0, |index| index + 1)..]
    }

    /// The scenario in the newest user text, and how many answers it has had.
    pub(super) fn scenario(&self) -> Option<(&str, usize)> {
        let newest = self
            .turns
            .iter()
            .rposition(|turn| matches!(turn, Turn::User(_)))?;
        let before = &self.turns[..=newest];
        let spoken = before.iter().rposition(|turn| *turn == Turn::Answer);
        let texts = &before[spoken.map_or(0, |index| index + 1)..];
        let scenario = texts.iter().rev().find_map(|turn| match turn {
            Turn::User(text) => scenario_in(text),
            _ => None,
        })?;
        let answers = &self.turns[newest..];
        // Parts of one answer, such as a text and its calls, count once.
        let step = answers
            .windows(2)
            .filter(|pair| pair[0] != Turn::Answer && pair[1] == Turn::Answer);
        Some((scenario, step.count()))
    }

    /// How many answers there are.
    pub(super) fn answers(&self) -> usize {
        let first = usize::from(self.turns.first() == Some(&Turn::Answer));
        let further = self
            .turns
            .windows(2)
            .filter(|pair| pair[0] != Turn::Answer && pair[1] == Turn::Answer);
        first + further.count()
    }

    /// A number that the same conversation gives again. What the program puts in by itself may differ from try to try.
    pub(super) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for turn in &self.turns {
            if !matches!(turn, Turn::Injected(_)) {
                turn.hash(&mut hasher);
            }
        }
        hasher.finish()
    }
}

/// What stands behind `SCENARIO:` in a text, to the end of the line; torch's closing tag is no part of it.
fn scenario_in(text: &str) -> Option<&str> {
    let (_, rest) = text.rsplit_once("SCENARIO:")?;
    let line = rest.lines().next().unwrap_or_default();
    let line = match line.rsplit_once(" [/m-") {
        Some((words, tag)) if tag.ends_with(']') => words,
        _ => line,
    };
    Some(line.trim())
}

/// A text of the user's role: the user's, or one that the program put there.
fn user(text: &str) -> Turn {
    let begin = text.trim_start();
    if INJECTED.iter().any(|mark| begin.starts_with(mark)) {
        Turn::Injected(text.to_owned())
    } else {
        Turn::User(text.to_owned())
    }
}

/// A string of an object; empty where there is none.
fn string<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// The elements of an array; none where it is no array.
fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The texts of a content: a string, or a list of parts with `text`.
fn texts(content: &Value) -> Vec<&str> {
    match content {
        Value::String(text) => vec![text.as_str()],
        parts => list(parts)
            .iter()
            .filter_map(|part| part["text"].as_str())
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn talk(turns: &[Turn]) -> Conversation {
        Conversation {
            turns: turns.to_vec(),
            ..Conversation::default()
        }
    }

    #[test]
    fn the_newest_user_text_decides_and_counts_its_answers() {
        let ask = || user("SCENARIO: steps say a ;; say b");
        let tool = || Turn::Tool("ok".to_owned());
        for (turns, scenario) in [
            (vec![user("hello")], None),
            (vec![ask()], Some(0)),
            (vec![ask(), Turn::Answer], Some(1)),
            (vec![ask(), Turn::Answer, Turn::Answer, tool()], Some(1)),
            (
                vec![ask(), Turn::Answer, tool(), Turn::Answer, tool()],
                Some(2),
            ),
            (vec![ask(), Turn::Answer, user("now something else")], None),
            // One request can carry two messages.
            (vec![ask(), user("and this")], Some(0)),
        ] {
            let found = talk(&turns).scenario().map(|(_, step)| step);
            assert_eq!(found, scenario, "{turns:?}");
        }
    }

    #[test]
    fn a_scenario_ends_with_its_line_and_before_torchs_closing_tag() {
        for (text, scenario) in [
            ("SCENARIO: say hi", "say hi"),
            ("first\nSCENARIO:  say hi \nlast", "say hi"),
            (
                "[torch m-a #1 from=x to=y try=1] SCENARIO: say hi [/m-a]",
                "say hi",
            ),
            ("SCENARIO: say [/m- not a tag", "say [/m- not a tag"),
        ] {
            assert_eq!(scenario_in(text), Some(scenario), "{text:?}");
        }
        assert_eq!(scenario_in("no scenario"), None);
    }

    #[test]
    fn what_a_program_adds_is_not_the_users() {
        let turns = [
            user("<system-reminder>\nbe kind</system-reminder>"),
            user("hello"),
        ];
        assert!(matches!(turns[0], Turn::Injected(_)));
        assert!(matches!(turns[1], Turn::User(_)));
    }
}
