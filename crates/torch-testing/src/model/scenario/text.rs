//! The text form of scenarios: `limit 7d 3600`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::super::answer::{Quota, ToolCall, Window};
use super::Scenario;

/// A text that is no scenario.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// No scenario has this name.
    #[error("no scenario is called `{name}`")]
    Name {
        /// The first word.
        name: String,
    },
    /// What stands behind the name is not what the scenario takes.
    #[error("the scenario `{name}` does not take `{argument}`: it is written `{form}`")]
    Argument {
        /// The first word.
        name: String,
        /// The rest.
        argument: String,
        /// How it is written.
        form: &'static str,
    },
}

impl FromStr for Scenario {
    type Err = ScenarioError;

    fn from_str(text: &str) -> Result<Self, ScenarioError> {
        let text = text.trim();
        let (name, argument) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        Words {
            name,
            argument: argument.trim(),
        }
        .read()
    }
}

/// A scenario's name and what stands behind it.
struct Words<'a> {
    name: &'a str,
    argument: &'a str,
}

impl Words<'_> {
    fn read(&self) -> Result<Scenario, ScenarioError> {
        let plain = |scenario: Scenario| {
            let bare = self.argument.is_empty();
            bare.then_some(scenario)
                .ok_or_else(|| self.fault("NAME alone"))
        };
        match self.name {
            "say" => Ok(Scenario::Say(self.argument.to_owned())),
            "slow" => Ok(Scenario::Slow(self.seconds(10.0)?)),
            "think" => Ok(Scenario::Think(self.seconds(5.0)?)),
            "stall" => Ok(Scenario::Stall(self.seconds(10.0)?)),
            "ratelimit" => Ok(Scenario::RateLimit(self.seconds(5.0)?)),
            "bash" => Ok(Scenario::Bash(self.argument.to_owned())),
            "tool" => self.tool(),
            "steps" => self.steps(),
            "lines" => self
                .number("lines N")
                .map(|lines| Scenario::Lines(lines.try_into().unwrap_or(u32::MAX))),
            "usage" => self.number("usage N").map(Scenario::Usage),
            "limit" => self.limit(),
            "warn" => self.warn(),
            "error" => self.error(),
            "raw429" => serde_json::from_str(self.argument)
                .map(Scenario::Raw429)
                .map_err(|_| self.fault("raw429 JSON")),
            "hang" => plain(Scenario::Hang),
            "gate" => plain(Scenario::Gate),
            "drop" => plain(Scenario::Drop),
            "markdown" => plain(Scenario::Markdown),
            "overloaded" => plain(Scenario::Overloaded),
            "auth" => plain(Scenario::Auth),
            "credit" => plain(Scenario::Credit),
            "toolong" => plain(Scenario::TooLong),
            "refusal" => plain(Scenario::Refusal),
            "maxtokens" => plain(Scenario::MaxTokens),
            name => Err(ScenarioError::Name {
                name: name.to_owned(),
            }),
        }
    }

    fn fault(&self, form: &'static str) -> ScenarioError {
        ScenarioError::Argument {
            name: self.name.to_owned(),
            argument: self.argument.to_owned(),
            form,
        }
    }

    fn seconds(&self, otherwise: f64) -> Result<Duration, ScenarioError> {
        match self.argument {
            "" => Ok(Duration::from_secs_f64(otherwise)),
            text => duration(text).ok_or_else(|| self.fault("NAME SECONDS")),
        }
    }

    fn number(&self, form: &'static str) -> Result<u64, ScenarioError> {
        self.argument.parse().map_err(|_| self.fault(form))
    }

    fn tool(&self) -> Result<Scenario, ScenarioError> {
        let fault = || self.fault("tool NAME JSON");
        let (name, input) = self.argument.split_once(' ').unwrap_or((self.argument, ""));
        let input = if input.trim().is_empty() { "{}" } else { input };
        let input = serde_json::from_str(input).map_err(|_| fault())?;
        if name.is_empty() {
            return Err(fault());
        }
        Ok(Scenario::Tool(ToolCall::new(name, input)))
    }

    fn steps(&self) -> Result<Scenario, ScenarioError> {
        let steps = self.argument.split(";;").map(str::parse);
        Ok(Scenario::Steps(steps.collect::<Result<_, _>>()?))
    }

    fn limit(&self) -> Result<Scenario, ScenarioError> {
        let fault = || self.fault("limit [5h|7d|opus|sonnet|org] [SECONDS]");
        let mut words = self.argument.split_whitespace().peekable();
        let window = words.peek().copied().and_then(Window::named);
        if window.is_some() {
            words.next();
        }
        let seconds = words.next().unwrap_or("3600");
        let resets_in = duration(seconds).ok_or_else(fault)?;
        if words.next().is_some() {
            return Err(fault());
        }
        let window = window.unwrap_or(Window::FiveHours);
        Ok(Scenario::Limit(window, resets_in))
    }

    fn warn(&self) -> Result<Scenario, ScenarioError> {
        let fault = || self.fault("warn [5h|7d] FRACTION [SECONDS]");
        let mut words = self.argument.split_whitespace().peekable();
        let window = words.peek().copied().and_then(Window::named);
        if window.is_some() {
            words.next();
        }
        let used = words.next().and_then(|word| word.parse().ok());
        let used = used
            .filter(|used| (0.0..=1.0).contains(used))
            .ok_or_else(fault)?;
        let resets_in = duration(words.next().unwrap_or("3600")).ok_or_else(fault)?;
        if words.next().is_some() {
            return Err(fault());
        }
        Ok(Scenario::Warn(Quota {
            window: window.unwrap_or(Window::FiveHours),
            used,
            resets_in,
        }))
    }

    fn error(&self) -> Result<Scenario, ScenarioError> {
        let (code, message) = self.argument.split_once(' ').unwrap_or((self.argument, ""));
        let code = code.parse().ok().filter(|code| (400..=599).contains(code));
        let code = code.ok_or_else(|| self.fault("error CODE [MESSAGE], 400 to 599"))?;
        let message = match message.trim() {
            "" => "Internal server error",
            message => message,
        };
        Ok(Scenario::Error(code, message.to_owned()))
    }
}

/// Seconds, also with a fraction.
fn duration(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(text.parse().ok()?).ok()
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Say(text) => write!(f, "say {text}"),
            Self::Slow(duration) => write!(f, "slow {}", duration.as_secs_f64()),
            Self::Think(duration) => write!(f, "think {}", duration.as_secs_f64()),
            Self::Stall(duration) => write!(f, "stall {}", duration.as_secs_f64()),
            Self::RateLimit(duration) => write!(f, "ratelimit {}", duration.as_secs_f64()),
            Self::Bash(command) => write!(f, "bash {command}"),
            Self::Tool(call) => write!(f, "tool {} {}", call.name, call.input),
            Self::Steps(steps) => {
                let steps: Vec<String> = steps.iter().map(ToString::to_string).collect();
                write!(f, "steps {}", steps.join(" ;; "))
            }
            Self::Lines(count) => write!(f, "lines {count}"),
            Self::Usage(tokens) => write!(f, "usage {tokens}"),
            Self::Limit(window, resets_in) => {
                write!(f, "limit {} {}", window.word(), resets_in.as_secs_f64())
            }
            Self::Warn(quota) => {
                let seconds = quota.resets_in.as_secs_f64();
                write!(f, "warn {} {} {seconds}", quota.window.word(), quota.used)
            }
            Self::Error(code, message) => write!(f, "error {code} {message}"),
            Self::Raw429(body) => write!(f, "raw429 {body}"),
            Self::Hang => f.write_str("hang"),
            Self::Gate => f.write_str("gate"),
            Self::Drop => f.write_str("drop"),
            Self::Markdown => f.write_str("markdown"),
            Self::Overloaded => f.write_str("overloaded"),
            Self::Auth => f.write_str("auth"),
            Self::Credit => f.write_str("credit"),
            Self::TooLong => f.write_str("toolong"),
            Self::Refusal => f.write_str("refusal"),
            Self::MaxTokens => f.write_str("maxtokens"),
        }
    }
}
