//! Agent programs as data: the shape of the TOML files in `templates/agents/`.

mod answers;
mod credit;
mod doors;
mod headless;
mod install;
mod launch;
mod screen;
mod signals;

use serde::{Deserialize, Serialize};

pub use answers::{AnswerOutcome, AnswerRules};
pub use credit::CreditRules;
pub use doors::{DoorRules, Sign, Trusts};
pub use headless::HeadlessRules;
pub use install::{InstallRules, LoginRules};
pub use launch::{LaunchFile, LaunchMode, LaunchRules, Place, fill, fill_variables};
pub use screen::{
    ComposerRules, ComposerShape, ContextRule, DialogRule, LineMeaning, LinePlace, LineRule,
    MenuRules, ScreenRules, ShareRule, SubmitRules,
};
pub use signals::{
    GuardRules, HandOverRules, HookRules, LimitPointers, Signal, SignalRule, StatusLineRules,
    TranscriptRules, ValuePointers,
};

/// One agent program: how it is launched, how it looks, how it is submitted to, what it reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentProgram {
    /// Its name, as in `--agent NAME`.
    pub name: String,
    /// One line about it.
    pub description: String,
    /// How it is found on a machine; absent for what is built in.
    #[serde(default)]
    pub install: Option<InstallRules>,
    /// How it is started.
    pub launch: LaunchRules,
    /// What its screens look like.
    pub screen: ScreenRules,
    /// How a pasted message is submitted.
    pub submit: SubmitRules,
    /// What its hooks say.
    #[serde(default)]
    pub hooks: HookRules,
    /// What its transcript says.
    #[serde(default)]
    pub transcript: TranscriptRules,
    /// What it tells a status line.
    #[serde(default)]
    pub status_line: StatusLineRules,
    /// Its usage limits.
    #[serde(default)]
    pub credit: CreditRules,
    /// Its doors to torch.
    #[serde(default)]
    pub doors: DoorRules,
    /// How it is asked one question without a terminal and without tools; absent where that can't be done.
    #[serde(default)]
    pub headless: Option<HeadlessRules>,
}

/// How a variable of whoever starts a team is passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variable {
    /// Kept with the team.
    Plain,
    /// Kept in memory only.
    Secret,
}

/// What proves that this program has a message, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryGrade {
    /// Its prompt hook carries the text: proven within milliseconds.
    Hooks,
    /// Its transcript holds the text: proven as soon as that is written.
    Transcript,
    /// Only its screen shows it: deliveries stay unconfirmed in words.
    Screen,
}

impl DeliveryGrade {
    /// The word that people read.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hooks => "hooks",
            Self::Transcript => "transcript",
            Self::Screen => "screen only",
        }
    }
}

impl AgentProgram {
    /// Whether a variable of whoever starts a team is passed on to this program, and whether it is a secret.
    pub fn takes(&self, variable: &str) -> Option<Variable> {
        let named = |names: &[String]| {
            names.iter().any(|name| match name.strip_suffix('*') {
                Some(start) => variable.starts_with(start),
                None => variable == name,
            })
        };
        if named(&self.launch.secrets) {
            Some(Variable::Secret)
        } else if named(&self.launch.variables) {
            Some(Variable::Plain)
        } else {
            None
        }
    }

    /// The best proof that its rules allow for.
    pub fn grade(&self) -> DeliveryGrade {
        let has = |rules: &[SignalRule]| rules.iter().any(|rule| rule.is == Signal::Prompt);
        if has(&self.hooks.rules) {
            DeliveryGrade::Hooks
        } else if has(&self.transcript.rules) {
            DeliveryGrade::Transcript
        } else {
            DeliveryGrade::Screen
        }
    }
}
