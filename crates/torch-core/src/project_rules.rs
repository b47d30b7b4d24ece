//! Rules that a project's own files state: what can be checked, where it stands, and what can't be checked.
//!
//! How they are read is `torch_router::project`; here are the words that the ledger, the wire and the judge share.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{NameError, RoleName};

mod in_force;

pub use in_force::{Contradiction, HeldBack, RulesInForce, RulesTold, Stated};

/// The files that state rules, relative to the project, in the order in which their rules are asked.
pub const FILES: [&str; 3] = ["rules.toml", "CLAUDE.md", "AGENTS.md"];

/// Whom a rule is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "WhoText", into = "WhoText")]
pub enum Who {
    /// Every role.
    Everyone,
    /// These roles; `developer` means `developer-2` too.
    Roles(Vec<RoleName>),
}

/// [`Who`] as files have it: `"everyone"`, `"tester"` or `["developer", "tester"]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum WhoText {
    One(String),
    Several(Vec<String>),
}

/// Why a word or a list names nobody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WhoError {
    /// The list has no role.
    #[error("a list of roles is empty")]
    Empty,
    /// A word is no role's name.
    #[error(transparent)]
    Name(#[from] NameError),
}

impl TryFrom<WhoText> for Who {
    type Error = WhoError;
    fn try_from(text: WhoText) -> Result<Self, WhoError> {
        let names = match text {
            WhoText::One(name) if name.eq_ignore_ascii_case("everyone") => {
                return Ok(Self::Everyone);
            }
            WhoText::One(name) => vec![name],
            WhoText::Several(names) => names,
        };
        if names.is_empty() {
            return Err(WhoError::Empty);
        }
        let roles = names.iter().map(|name| RoleName::parse(name));
        Ok(Self::Roles(roles.collect::<Result<_, _>>()?))
    }
}

impl From<Who> for WhoText {
    fn from(who: Who) -> Self {
        match who {
            Who::Everyone => Self::One("everyone".to_owned()),
            Who::Roles(roles) => Self::Several(roles.iter().map(RoleName::to_string).collect()),
        }
    }
}

impl Who {
    /// Whether a role is meant.
    pub fn takes(&self, role: &RoleName) -> bool {
        match self {
            Self::Everyone => true,
            Self::Roles(roles) => roles.iter().any(|known| {
                let rest = role.as_str().strip_prefix(known.as_str());
                let number = rest.and_then(|rest| rest.strip_prefix('-'));
                known == role
                    || number.is_some_and(|number| {
                        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
                    })
            }),
        }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everyone => f.write_str("everyone"),
            Self::Roles(roles) => {
                let names: Vec<&str> = roles.iter().map(RoleName::as_str).collect();
                f.write_str(&names.join(", "))
            }
        }
    }
}

/// Which form a rule wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FormWanted {
    /// STATUS for what reports a status.
    Status,
    /// TASK for what assigns a task.
    Task,
}

/// What a rule asks. Times are seconds; times of day are in the zone of the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum RuleKind {
    /// These don't write to those.
    MayNotWrite {
        /// Who writes.
        from: Who,
        /// To whom.
        to: Who,
    },
    /// These may write to those, whatever the team's matrix says.
    MayWrite {
        /// Who writes.
        from: Who,
        /// To whom.
        to: Who,
    },
    /// These write to nobody but those.
    WritesOnlyTo {
        /// Who writes.
        from: Who,
        /// To whom.
        to: Who,
    },
    /// To these nobody writes but those.
    HearsOnly {
        /// Who hears.
        to: Who,
        /// From whom.
        from: Who,
    },
    /// Reports of these go to that role.
    ReportsTo {
        /// Who reports.
        from: Who,
        /// To whom.
        to: Who,
    },
    /// Exchanges in a thread of two agents.
    MaxExchanges {
        /// How many at most.
        count: u64,
    },
    /// Messages of one agent to all others together.
    MaxMessages {
        /// Whose.
        from: Who,
        /// How many at most.
        count: u64,
        /// Within which time.
        seconds: u64,
    },
    /// A form for a kind of message.
    Form {
        /// Whose.
        from: Who,
        /// Which.
        form: FormWanted,
    },
    /// Words that messages don't have.
    ForbiddenWords {
        /// Whose messages.
        from: Who,
        /// The words; any one of them breaks the rule.
        words: Vec<String>,
    },
    /// Words of which each message has one.
    RequiredWords {
        /// Whose messages.
        from: Who,
        /// To whom.
        to: Who,
        /// The words; one of them is enough.
        words: Vec<String>,
        /// Whether the message begins with it.
        #[serde(default)]
        first: bool,
    },
    /// Words that the hub gets a copy of.
    CriticalWords {
        /// The words.
        words: Vec<String>,
    },
    /// The length of a message.
    MaxLength {
        /// Whose.
        from: Who,
        /// Characters at most.
        characters: u64,
    },
    /// The same text goes to no more than two others within a minute.
    NoBroadcast {
        /// Whose.
        from: Who,
    },
    /// No messages between agents at these hours.
    QuietHours {
        /// Whose.
        from: Who,
        /// From when on.
        begin: DayMinute,
        /// Until when; the next day where it is not after the begin.
        end: DayMinute,
    },
    /// Work is committed this often.
    CommitEvery {
        /// Whose.
        from: Who,
        /// How often.
        seconds: u64,
    },
    /// Commits are pushed within this time.
    PushWithin {
        /// Whose.
        from: Who,
        /// Within which time.
        seconds: u64,
    },
    /// Names of branches.
    BranchNames {
        /// Whose.
        from: Who,
        /// What they look like, with `*` for anything; one of them is enough.
        patterns: Vec<String>,
    },
    /// A TASK has its ACK within this time.
    AckWithin {
        /// Whose.
        from: Who,
        /// Within which time.
        seconds: u64,
    },
    /// The hub hears of a block that lasts this long.
    BlockedAfter {
        /// After which time.
        seconds: u64,
    },
}

impl RuleKind {
    /// Its word, as `rules.toml` has it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::MayNotWrite { .. } => "may-not-write",
            Self::MayWrite { .. } => "may-write",
            Self::WritesOnlyTo { .. } => "writes-only-to",
            Self::HearsOnly { .. } => "hears-only",
            Self::ReportsTo { .. } => "reports-to",
            Self::MaxExchanges { .. } => "max-exchanges",
            Self::MaxMessages { .. } => "max-messages",
            Self::Form { .. } => "form",
            Self::ForbiddenWords { .. } => "forbidden-words",
            Self::RequiredWords { .. } => "required-words",
            Self::CriticalWords { .. } => "critical-words",
            Self::MaxLength { .. } => "max-length",
            Self::NoBroadcast { .. } => "no-broadcast",
            Self::QuietHours { .. } => "quiet-hours",
            Self::CommitEvery { .. } => "commit-every",
            Self::PushWithin { .. } => "push-within",
            Self::BranchNames { .. } => "branch-names",
            Self::AckWithin { .. } => "ack-within",
            Self::BlockedAfter { .. } => "blocked-after",
        }
    }

    /// When it is checked.
    pub fn checked(&self) -> &'static str {
        match self {
            Self::PushWithin { .. } => "by how branches stand to their remote, where there is one",
            Self::CommitEvery { .. } | Self::BranchNames { .. } => {
                "by looking at the worktrees of working agents"
            }
            Self::AckWithin { .. } | Self::BlockedAfter { .. } => "by time",
            _ => "when a message is sent",
        }
    }
}

impl fmt::Display for RuleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MayNotWrite { from, to } => write!(f, "{from} may not write to {to}"),
            Self::MayWrite { from, to } => write!(f, "{from} may write to {to}"),
            Self::WritesOnlyTo { from, to } => {
                write!(f, "{from} may write to {to} only{}", always(to))
            }
            Self::HearsOnly { to, from } => {
                write!(
                    f,
                    "only {from} may write to {to}, besides the orchestrator and the person"
                )
            }
            Self::ReportsTo { from, to } => write!(f, "reports of {from} go to {to}"),
            Self::MaxExchanges { count } => write!(f, "at most {count} exchanges in a thread"),
            Self::MaxMessages {
                from,
                count,
                seconds,
            } => write!(
                f,
                "at most {count} messages of {from} within {}",
                span(*seconds)
            ),
            Self::Form { from, form } => match form {
                FormWanted::Status => write!(f, "status reports of {from} have the STATUS form"),
                FormWanted::Task => write!(f, "tasks given by {from} have the TASK form"),
            },
            Self::ForbiddenWords { from, words } => {
                write!(f, "messages of {from} don't say {}", quoted(words, "or"))
            }
            Self::RequiredWords {
                from,
                to,
                words,
                first,
            } => {
                let verb = if *first { "begin with" } else { "have" };
                let words = quoted(words, "or");
                write!(f, "messages of {from} to {to} {verb} {words}")
            }
            Self::CriticalWords { words } => {
                write!(f, "the orchestrator gets a copy of {}", quoted(words, "or"))
            }
            Self::MaxLength { from, characters } => {
                write!(f, "messages of {from} have at most {characters} characters")
            }
            Self::NoBroadcast { from } => write!(f, "{from} may not broadcast"),
            Self::QuietHours { from, begin, end } => {
                write!(f, "no messages of {from} between {begin} and {end}")
            }
            Self::CommitEvery { from, seconds } => {
                write!(f, "{from}: work is committed every {}", span(*seconds))
            }
            Self::PushWithin { from, seconds } => {
                write!(f, "{from}: commits are pushed within {}", span(*seconds))
            }
            Self::BranchNames { from, patterns } => {
                write!(f, "branches of {from} are called {}", patterns.join(" or "))
            }
            Self::AckWithin { from, seconds } => {
                write!(f, "{from}: a TASK has its ACK within {}", span(*seconds))
            }
            Self::BlockedAfter { seconds } => {
                write!(f, "a block is escalated after {}", span(*seconds))
            }
        }
    }
}

/// Whom no rule keeps anybody from.
fn always(to: &Who) -> &'static str {
    match to {
        Who::Roles(roles) if roles.iter().any(RoleName::is_hub) => ", besides the person",
        _ => ", besides the orchestrator and the person",
    }
}

/// A forbidden word as it may be shown: its ends and its length.
pub fn mask(word: &str) -> String {
    let length = word.chars().count();
    let mut ends = word.chars();
    match (ends.next(), ends.next_back()) {
        (Some(first), Some(last)) if length > 4 => {
            format!("{first}…{last}, {length} characters")
        }
        _ => format!("{length} characters"),
    }
}

fn quoted(words: &[String], joint: &str) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
    words.join(&format!(" {joint} "))
}

/// `30 min`, `2 h`, `45 s`.
fn span(seconds: u64) -> String {
    match seconds {
        0 => "0 s".to_owned(),
        _ if seconds.is_multiple_of(3_600) => format!("{} h", seconds / 3_600),
        _ if seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        _ => format!("{seconds} s"),
    }
}

/// A time of day, to the minute: `22:00`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DayMinute(u16);

impl DayMinute {
    /// A time of day; `None` where there is none such.
    pub fn new(hour: u16, minute: u16) -> Option<Self> {
        (hour < 24 && minute < 60).then_some(Self(hour * 60 + minute))
    }

    /// Minutes since midnight.
    pub fn minutes(self) -> u16 {
        self.0
    }

    /// Whether it lies in the hours from `begin` until before `end`, which may lie behind midnight.
    pub fn is_within(self, begin: Self, end: Self) -> bool {
        if begin <= end {
            begin <= self && self < end
        } else {
            begin <= self || self < end
        }
    }
}

/// A text that is no time of day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no time of day like 22:00")]
pub struct DayMinuteError(
    /// The text.
    pub String,
);

impl TryFrom<String> for DayMinute {
    type Error = DayMinuteError;
    fn try_from(text: String) -> Result<Self, DayMinuteError> {
        let parts = text.split_once(':');
        let read = parts.and_then(|(hour, minute)| {
            Self::new(hour.trim().parse().ok()?, minute.trim().parse().ok()?)
        });
        read.ok_or(DayMinuteError(text))
    }
}

impl From<DayMinute> for String {
    fn from(time: DayMinute) -> Self {
        time.to_string()
    }
}

impl fmt::Display for DayMinute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// One rule that can be checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectRule {
    /// `project.`, its kind and six hex digits of what it asks: the same rule on another line keeps its name.
    pub name: String,
    /// The file, relative to the project.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// What the file says.
    pub text: String,
    /// What it asks.
    pub ask: RuleKind,
}

/// Something that reads like a rule and can't be checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unchecked {
    /// The file, relative to the project.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// What the file says.
    pub text: String,
    /// Why it can't be checked, or is not in force.
    pub why: String,
    /// Where it could be a rule and may be meant for the product: the lines of `rules.toml` that make it one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

/// All rules of a project's files at one time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectRules {
    /// Twelve hex digits of a hash over all of it.
    pub id: String,
    /// The rules, in the order in which they are asked.
    pub rules: Vec<ProjectRule>,
    /// What is not machine-checkable.
    pub unchecked: Vec<Unchecked>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_means_its_second_too() {
        let role = |name: &str| RoleName::parse(name).expect("a role");
        let who = Who::Roles(vec![role("developer")]);
        for (name, meant) in [
            ("developer", true),
            ("developer-2", true),
            ("developer-13", true),
            ("developer-x", false),
            ("developer2", false),
            ("tester", false),
        ] {
            assert_eq!(who.takes(&role(name)), meant, "{name}");
        }
        assert!(Who::Everyone.takes(&role("tester")));
    }

    #[test]
    fn who_is_a_word_or_a_list() {
        let check = |text: &str, expect: &str| {
            let who: Who = serde_json::from_str(text).expect("who");
            assert_eq!(who.to_string(), expect);
        };
        check("\"everyone\"", "everyone");
        check("\"PM\"", "project_manager");
        check("[\"dev\", \"qa\"]", "developer, tester");
        assert!(serde_json::from_str::<Who>("[]").is_err());
        assert!(serde_json::from_str::<Who>("\"all of them\"").is_err());
    }
}
