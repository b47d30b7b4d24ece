//! What kind of thing a text says, as far as the limits care: an acknowledgement, a report, a form, or words.

use std::sync::LazyLock;

use regex::Regex;
use torch_core::form::{BadForm, Form, StatusForm, TaskForm};

use crate::fold::fold;

/// What kind of thing a text says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Speech {
    /// Nothing but an acknowledgement; of what, where it says so (`m-7k3f9q2a`, a task's id).
    Ack(Option<String>),
    /// A STATUS.
    Status(StatusForm),
    /// A TASK.
    Task(TaskForm),
    /// It means to be a form and is not right.
    BadForm(BadForm),
    /// The note of a push to a branch.
    Push,
    /// That its sender can't go on, and why: `BLOCKED: …`.
    Blocked(String),
    /// That its sender can go on: `UNBLOCKED: …`.
    Unblocked,
    /// Anything else; whether it asks something.
    Words {
        /// A question mark ends it, or one of its sentences.
        asks: bool,
    },
}

static ACK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?ix)^(?:ack(?:nowledged)?(?:[:\s]+(?P<of>[a-z]{1,8}-?[0-9][\w.-]*|m-[0-9a-z]{8}|\d+))?
        |thanks?(?:\s+(?:you|a\s+lot|so\s+much|again))?|thx|ty|ok(?:ay)?|got\s+it|noted|understood|roger(?:\s+that)?
        |will\s+do|sounds\s+good|received|great|perfect|cheers|👍)
        (?:[\s,;.!–-]+(?:thanks?(?:\s+you)?|thx|ok(?:ay)?|got\s+it|noted|understood|will\s+do|received|great))*[\s.!👍🙏]*$",
    )
    .expect("the pattern is constant")
});

/// The longest text, in bytes, that is looked at for an acknowledgement in foreign letters.
const ACK_MAX: usize = 400;

static PUSH: LazyLock<Regex> = LazyLock::new(|| {
    // Commits and a branch, and nothing else: "Pushed back on idea 3: no" is a word in an argument.
    Regex::new(
        r"(?ix)^(?:i(?:'ve|\ have)?\ +)?pushed\ +`?[0-9a-f]{7,40}`?(?:(?:,\ *|\ +and\ +)`?[0-9a-f]{7,40}`?){0,20}
        \ +to\ +`?[\w./@-]{1,160}`?[.!]?$",
    )
    .expect("the pattern is constant")
});

static BLOCKED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:BLOCKED|Blocked)\s*(?::|by\b|on\b)\s*(?P<by>[\s\S]*)$")
        .expect("the pattern is constant")
});

static UNBLOCKED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:UNBLOCKED|Unblocked)\s*(?::|$)").expect("the pattern is constant")
});

impl Speech {
    /// Reads a cleaned text.
    pub fn read(text: &str) -> Self {
        let text = text.trim();
        if let Some(of) = ack(text) {
            return Self::Ack(of);
        }
        match Form::read(text) {
            Some(Ok(Form::Status(form))) => return Self::Status(form),
            Some(Ok(Form::Task(form))) => return Self::Task(form),
            Some(Err(bad)) => return Self::BadForm(bad),
            None => {}
        }
        if PUSH.is_match(text) {
            return Self::Push;
        }
        if let Some(hit) = BLOCKED.captures(text) {
            return Self::Blocked(hit["by"].trim().to_owned());
        }
        if UNBLOCKED.is_match(text) {
            return Self::Unblocked;
        }
        Self::Words { asks: asks(text) }
    }

    /// Whether it counts as a part of an exchange between two agents: acknowledgements, reports and push notes don't.
    pub fn counts(&self) -> bool {
        match self {
            Self::Ack(_) | Self::Status(_) | Self::Push => false,
            Self::Task(_)
            | Self::BadForm(_)
            | Self::Blocked(_)
            | Self::Unblocked
            | Self::Words { .. } => true,
        }
    }
}

/// An acknowledgement that says nothing else, and of what; also one in letters that only look like its own.
fn ack(text: &str) -> Option<Option<String>> {
    let of = |text: &str| {
        let hit = ACK.captures(text)?;
        Some(hit.name("of").map(|of| of.as_str().to_owned()))
    };
    of(text).or_else(|| {
        let foreign = !text.is_ascii() && text.len() <= ACK_MAX;
        foreign.then(|| fold(text).forms().find_map(of)).flatten()
    })
}

static ACK_FIRST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:ACK|Ack|ack)\b[:\s]*(?P<of>[A-Za-z]{1,8}-?[0-9][\w.-]*|m-[0-9a-z]{8}|[0-9]+)?")
        .expect("the pattern is constant")
});

/// What a text acknowledges that begins with `ACK`, whatever follows: of a message or a task where it says so.
pub fn acknowledged(text: &str) -> Option<Option<String>> {
    let hit = ACK_FIRST.captures(text.trim())?;
    let of = hit.name("of").map(|of| of.as_str());
    // A stop at the end of the sentence belongs to no id.
    Some(of.map(|of| of.trim_end_matches(['.', '-']).to_owned()))
}

/// Whether a text asks something.
pub fn asks(text: &str) -> bool {
    let mut words = text.split_whitespace();
    words.any(|word| {
        word.trim_end_matches(['"', '\'', ')', '`', '*'])
            .ends_with('?')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acknowledgements_say_nothing_else() {
        for (text, of) in [
            ("ok", None),
            ("OK.", None),
            ("Thanks!", None),
            ("thank you", None),
            ("Got it, thanks", None),
            ("ok, will do", None),
            ("👍", None),
            ("ACK", None),
            ("ACK m-7k3f9q2a", Some("m-7k3f9q2a")),
            ("ack: T-12", Some("T-12")),
            ("ACK 7.", Some("7")),
            ("Acknowledged.", None),
            // A Cyrillic letter, full-width ones, a stroke.
            ("\u{41e}K", None),
            ("ｔｈａｎｋｓ", None),
            ("g\u{336}ot it", None),
        ] {
            assert_eq!(
                Speech::read(text),
                Speech::Ack(of.map(str::to_owned)),
                "{text}"
            );
        }
        for text in [
            "ok, but the tests fail",
            "thanks, now rename it",
            "ACK, I start with the parser",
            "okay then do it",
            "no",
            "yes",
            "great idea",
            "ok \u{2013} but the tests fail",
            "ok?",
        ] {
            assert!(matches!(Speech::read(text), Speech::Words { .. }), "{text}");
        }
    }

    #[test]
    fn an_acknowledgement_may_go_on() {
        let check = |text: &str, expect: Option<Option<&str>>| {
            let expect = expect.map(|of| of.map(str::to_owned));
            assert_eq!(acknowledged(text), expect, "{text}");
        };
        check("ACK T-7, I begin with the parser", Some(Some("T-7")));
        check("ACK m-7k3f9q2a: done by noon", Some(Some("m-7k3f9q2a")));
        check("ACK", Some(None));
        check("ACK. I start now", Some(None));
        check("ack 12.", Some(Some("12")));
        check("acknowledge this", None);
        check("no ACK yet", None);
    }

    #[test]
    fn what_asks_and_what_reports() {
        assert_eq!(
            Speech::read("May I merge? It is green."),
            Speech::Words { asks: true }
        );
        assert_eq!(
            Speech::read("see a?b in the file"),
            Speech::Words { asks: false }
        );
        assert_eq!(Speech::read("Pushed 3f2c1aa to feature/x"), Speech::Push);
        for text in [
            "I've pushed 3f2c1aa to main.",
            "Pushed 3f2c1aa, 0011223 and `abcdef01` to `fix/x`",
        ] {
            assert_eq!(Speech::read(text), Speech::Push, "{text}");
        }
        for text in [
            "I pushed to main",
            "Pushed back on idea 3: no, because it is slow",
            "Pushed 3f2c1aa to main but I don't like it",
            "Pushed it to main",
            "UNBLOCKED: no, because it is slow",
        ] {
            assert!(Speech::read(text).counts(), "{text}");
        }
        assert!(Speech::read("Pushed x\nNow please review all of it").counts());
        assert_eq!(
            Speech::read("BLOCKED: no database"),
            Speech::Blocked("no database".to_owned())
        );
        assert_eq!(
            Speech::read("UNBLOCKED: the password came"),
            Speech::Unblocked
        );
        assert!(matches!(
            Speech::read("Unblocked tests pass"),
            Speech::Words { .. }
        ));
        assert!(matches!(
            Speech::read("blocked tests are listed below"),
            Speech::Words { .. }
        ));
    }
}
