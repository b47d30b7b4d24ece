//! What a key of a config file takes, in words and as a check.

use crate::forbidden::Operation;

/// What a key takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text that may be empty.
    Text,
    /// A plain name: letters, digits, `_`, `-` and `.`, not beginning with `-` or `.`, up to 64 characters.
    Name,
    /// The end of a session name: up to 16 of `a-z`, `0-9`, `_` and `-`, or empty.
    Suffix,
    /// Names of environment variables with commas between them, or nothing; none that torch itself sets for agents.
    Variables,
    /// Names of operations that agents are kept from, with commas, or nothing.
    Operations,
    /// A program: a name or a path, not empty.
    Program,
    /// `true` or `false`.
    Switch,
    /// Seconds, 1 to 86,400.
    Seconds,
    /// A whole number in this range.
    Whole(i64, i64),
    /// A length of time: minutes, or with units, or `"none"`; `true`: or `"plan"`, what the subscription allows.
    Interval(bool),
    /// Folders: a list of paths that are absolute or begin with `~/`.
    Folders,
    /// A range of ports from 1024 on, `FIRST-LAST`, or nothing.
    Ports,
    /// `ROLE=LENGTH` with commas, or nothing.
    RoleIntervals,
    /// One of these words.
    Choice(&'static [&'static str]),
}

impl Kind {
    /// What it takes, in words.
    pub fn expects(self) -> String {
        match self {
            Self::Text => "text in quotes".to_owned(),
            Self::Name => "a plain name in quotes, such as \"torch\"".to_owned(),
            Self::Suffix => "up to 16 of a-z, 0-9, _ and - in quotes".to_owned(),
            Self::Variables => {
                "names of variables in quotes, with commas, but PATH, TMUX* and TORCH_*".to_owned()
            }
            Self::Operations => {
                let names = Operation::ALL.map(Operation::as_str).join(", ");
                format!("some of these in quotes, with commas: {names}")
            }
            Self::Program => "a program's name or path in quotes".to_owned(),
            Self::Switch => "true or false".to_owned(),
            Self::Seconds => "a whole number of seconds from 1 to 86400".to_owned(),
            Self::Whole(least, most) => format!("a whole number from {least} to {most}"),
            Self::Interval(by_plan) => {
                let plan = if by_plan { ", \"plan\"" } else { "" };
                format!("minutes, a length such as \"90s\", \"45m\" or \"1h30m\"{plan} or \"none\"")
            }
            Self::Folders => {
                "a list of folders, absolute or beginning with ~/, such as [\"~/projects\"]"
                    .to_owned()
            }
            Self::Ports => "a range of ports such as \"8100-8199\", or \"\"".to_owned(),
            Self::RoleIntervals => {
                "roles with their lengths in quotes, such as \"developer=30m, tester=none\""
                    .to_owned()
            }
            Self::Choice(words) => {
                let quoted: Vec<_> = words.iter().map(|word| format!("\"{word}\"")).collect();
                quoted.join(" or ")
            }
        }
    }

    /// Whether this value is one that it takes.
    pub(super) fn accepts(self, value: &toml::Value) -> bool {
        let text = value.as_str();
        match self {
            Self::Text => text.is_some(),
            Self::Name => text.is_some_and(is_plain_name),
            Self::Suffix => text.is_some_and(|text| {
                let plain =
                    |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
                text.len() <= 16 && text.chars().all(plain)
            }),
            Self::Variables => text.is_some_and(|text| names_in(text).all(is_passed_on)),
            Self::Operations => {
                text.is_some_and(|text| names_in(text).all(|name| Operation::find(name).is_some()))
            }
            Self::Program => text
                .is_some_and(|text| !text.trim().is_empty() && !text.chars().any(char::is_control)),
            Self::Switch => value.as_bool().is_some(),
            Self::Seconds => value
                .as_integer()
                .is_some_and(|n| (1..=86_400).contains(&n)),
            Self::Whole(least, most) => value
                .as_integer()
                .is_some_and(|n| (least..=most).contains(&n)),
            Self::Interval(by_plan) => {
                let written = match value.as_integer() {
                    Some(minutes) => minutes.to_string(),
                    None => text.unwrap_or_default().to_owned(),
                };
                let read = written.parse::<super::Interval>();
                read.is_ok_and(|read| by_plan || read != super::Interval::ByPlan)
            }
            Self::Folders => value.as_array().is_some_and(|all| {
                let mut paths = all.iter();
                paths.all(|path| path.as_str().is_some_and(is_folder))
            }),
            Self::Ports => text.is_some_and(|text| text.is_empty() || is_range_of_ports(text)),
            Self::RoleIntervals => text.is_some_and(|text| super::interval::by_role(text).is_ok()),
            Self::Choice(words) => text.is_some_and(|text| words.contains(&text)),
        }
    }

    /// Reads a variable's text as a value of this kind; text that is none comes back as text.
    ///
    /// An empty variable counts as one that is not set, so `none` is how a variable says of a list that nothing is in it.
    pub(super) fn read_variable(self, text: &str) -> toml::Value {
        let text = match self {
            Self::Variables
            | Self::Operations
            | Self::Folders
            | Self::Ports
            | Self::RoleIntervals
                if text.trim() == NOTHING =>
            {
                ""
            }
            _ => text,
        };
        let typed = match self {
            Self::Switch => match text {
                "1" => Some(toml::Value::Boolean(true)),
                "0" => Some(toml::Value::Boolean(false)),
                _ => text.parse().ok().map(toml::Value::Boolean),
            },
            Self::Folders => {
                let paths = names_in(text).map(|path| toml::Value::String(path.to_owned()));
                Some(toml::Value::Array(paths.collect()))
            }
            Self::Seconds | Self::Whole(..) => text.parse().ok().map(toml::Value::Integer),
            _ => None,
        };
        typed.unwrap_or_else(|| toml::Value::String(text.to_owned()))
    }
}

/// The word by which a variable empties a list.
const NOTHING: &str = "none";

/// The names in a list with commas.
pub(crate) fn names_in(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
}

/// Whether a variable of this name may be passed on: torch sets some for each agent.
fn is_passed_on(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let own = ["PATH", "GIT_CONFIG_PARAMETERS"].contains(&name)
        || name.starts_with("TORCH_")
        || name.starts_with("TMUX");
    name.len() <= 64
        && name.chars().all(plain)
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !own
}

/// Whether a path means the same folder wherever it is read.
fn is_folder(path: &str) -> bool {
    (path.starts_with('/') || path.starts_with("~/") || path == "~")
        && !path.chars().any(char::is_control)
}

fn is_plain_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    (1..=64).contains(&text.len()) && text.chars().all(plain) && !text.starts_with(['-', '.'])
}

fn is_range_of_ports(text: &str) -> bool {
    let port = |text: &str| text.trim().parse::<u16>().ok();
    let range = text.split_once('-');
    let range = range.and_then(|(first, last)| Some((port(first)?, port(last)?)));
    range.is_some_and(|(first, last)| first >= 1024 && last > first)
}
