//! The limits of the router as a project's file states them: they tighten the user's and never loosen them.
//!
//! A repository comes from elsewhere, and what its agents may say how often is paid by the user.

use serde::{Deserialize, Serialize};
use toml::Value;

use super::{Config, Origin, RouterConfig, Source, kind};

/// Which of two values is the stricter one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stricter {
    /// The smaller number; 0, which means no limit, is the largest.
    Fewer,
    /// The larger number.
    More,
    /// Both texts together.
    Both,
    /// The mode of the router under which fewer write to one another.
    Mode,
}

impl Stricter {
    /// What holds of a value and of another one that may tighten it; none where the other one is looser.
    pub(super) fn of(self, value: &Value, other: &Value) -> Option<Value> {
        if let (Self::Both, Some(text), Some(more)) = (self, value.as_str(), other.as_str()) {
            return Some(Value::String(joined(text, more)));
        }
        let number = |value: &Value| match self {
            Self::Mode => width(value.as_str()?),
            _ => value.as_integer(),
        };
        let (value, new) = (number(value)?, number(other)?);
        let tightens = match self {
            Self::Fewer => count(new) <= count(value),
            Self::More => new >= value,
            Self::Mode => new <= value,
            Self::Both => false,
        };
        tightens.then(|| other.clone())
    }
}

/// How much a mode lets pass.
fn width(mode: &str) -> Option<i64> {
    match mode {
        "strict" => Some(0),
        "matrix" => Some(1),
        "open" => Some(2),
        _ => None,
    }
}

/// 0 is no limit.
fn count(number: i64) -> i64 {
    if number == 0 { i64::MAX } else { number }
}

/// The words of both, each once.
fn joined(text: &str, more: &str) -> String {
    let mut words: Vec<&str> = Vec::new();
    for word in kind::names_in(text).chain(kind::names_in(more)) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.join(", ")
}

/// What a project's file says of the router's limits, as far as it is stricter than the user's. What it does not mention, and
/// what is not stricter, is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectRouter {
    /// As [`RouterConfig::exchanges`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchanges: Option<u64>,
    /// As [`RouterConfig::hops`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hops: Option<u64>,
    /// As [`RouterConfig::pair_messages`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pair_messages: Option<u64>,
    /// As [`RouterConfig::pair_seconds`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pair_seconds: Option<u64>,
    /// As [`RouterConfig::repeat_seconds`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat_seconds: Option<u64>,
    /// As [`RouterConfig::quiet_seconds`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet_seconds: Option<u64>,
    /// As [`RouterConfig::blocked_seconds`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked_seconds: Option<u64>,
    /// As [`RouterConfig::critical`].
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub critical: String,
}

impl ProjectRouter {
    /// What of the settings comes from this file.
    pub fn of(config: &Config, origins: &[Origin], file: &str) -> Self {
        let own = |key: &str| {
            let origin = origins.iter().find(|origin| origin.key == key);
            origin.is_some_and(|it| matches!(&it.source, Source::File(place) if place == file))
        };
        let router = &config.router;
        let number = |key, value| Some(value).filter(|_| own(key));
        Self {
            exchanges: number("router.exchanges", router.exchanges),
            hops: number("router.hops", router.hops),
            pair_messages: number("router.pair_messages", router.pair_messages),
            pair_seconds: number("router.pair_seconds", router.pair_seconds),
            repeat_seconds: number("router.repeat_seconds", router.repeat_seconds),
            quiet_seconds: number("router.quiet_seconds", router.quiet_seconds),
            blocked_seconds: number("router.blocked_seconds", router.blocked_seconds),
            critical: match own("router.critical") {
                true => router.critical.clone(),
                false => String::new(),
            },
        }
    }

    /// Whether it says nothing.
    pub fn is_silent(&self) -> bool {
        *self == Self::default()
    }

    /// The user's settings, tightened by these, whatever these say.
    pub fn over(&self, user: &RouterConfig) -> RouterConfig {
        let fewer = |own: Option<u64>, user: u64| match own.filter(|own| *own > 0) {
            Some(own) if user == 0 => own,
            Some(own) => own.min(user),
            None => user,
        };
        let more = |own: Option<u64>, user: u64| own.map_or(user, |own| own.max(user));
        RouterConfig {
            exchanges: fewer(self.exchanges, user.exchanges),
            hops: fewer(self.hops, user.hops),
            pair_messages: fewer(self.pair_messages, user.pair_messages),
            pair_seconds: more(self.pair_seconds, user.pair_seconds),
            repeat_seconds: more(self.repeat_seconds, user.repeat_seconds),
            quiet_seconds: more(self.quiet_seconds, user.quiet_seconds),
            blocked_seconds: fewer(self.blocked_seconds, user.blocked_seconds),
            critical: joined(&user.critical, &self.critical),
            ..user.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Layers, layer};
    use super::*;

    fn layered(user: &str, project: &str) -> (Config, Vec<Origin>) {
        let layers = Layers {
            user: Some(("config.toml", user)),
            project: Some(("torch.toml", project)),
        };
        layer(&Config::default(), layers, |_| None).expect("both are valid")
    }

    fn passed(origins: &[Origin]) -> Vec<&'static str> {
        let passed = origins.iter().filter(|origin| origin.passed.is_some());
        passed.map(|origin| origin.key).collect()
    }

    #[test]
    fn a_project_tightens_and_never_loosens() {
        let check =
            |user: &str, project: &str, loose: &[&str], expect: &dyn Fn(&RouterConfig) -> bool| {
                let (config, origins) = layered(
                    &format!("[router]\n{user}"),
                    &format!("[router]\n{project}"),
                );
                assert_eq!(passed(&origins), loose, "{user} | {project}");
                assert!(
                    expect(&config.router),
                    "{user} | {project}: {:?}",
                    config.router
                );
                let own = ProjectRouter::of(&config, &origins, "torch.toml");
                let (alone, _) = layered(&format!("[router]\n{user}"), "");
                assert_eq!(own.over(&alone.router), config.router, "{user} | {project}");
            };
        check("", "exchanges = 2", &[], &|it| it.exchanges == 2);
        check("", "exchanges = 4", &["router.exchanges"], &|it| {
            it.exchanges == 3
        });
        check("", "exchanges = 0", &["router.exchanges"], &|it| {
            it.exchanges == 3
        });
        check("exchanges = 0", "exchanges = 50", &[], &|it| {
            it.exchanges == 50
        });
        check("hops = 4", "hops = 4", &[], &|it| it.hops == 4);
        check(
            "",
            "pair_messages = 10\npair_seconds = 60",
            &["router.pair_seconds"],
            &|it| (it.pair_messages, it.pair_seconds) == (10, 600),
        );
        check("repeat_seconds = 0", "repeat_seconds = 5", &[], &|it| {
            it.repeat_seconds == 5
        });
        check(
            "",
            "repeat_seconds = 0",
            &["router.repeat_seconds"],
            &|it| it.repeat_seconds == 300,
        );
        check("", "quiet_seconds = 60", &["router.quiet_seconds"], &|it| {
            it.quiet_seconds == 1_800
        });
        check("", "quiet_seconds = 7200", &[], &|it| {
            it.quiet_seconds == 7_200
        });
        check("", "blocked_seconds = 60", &[], &|it| {
            it.blocked_seconds == 60
        });
        check(
            "",
            "blocked_seconds = 86400",
            &["router.blocked_seconds"],
            &|it| it.blocked_seconds == 600,
        );
        check(
            "critical = \"outage\"",
            "critical = \"leak, outage\"",
            &[],
            &|it| it.critical == "outage, leak",
        );
    }

    #[test]
    fn what_a_team_was_started_with_tightens_settings_that_change_later() {
        let own = ProjectRouter {
            exchanges: Some(5),
            repeat_seconds: Some(60),
            ..ProjectRouter::default()
        };
        let mut user = RouterConfig::default();
        assert_eq!(own.over(&user), user, "both are looser than the defaults");
        user.exchanges = 0;
        user.repeat_seconds = 0;
        let tight = own.over(&user);
        assert_eq!((tight.exchanges, tight.repeat_seconds), (5, 60));
    }
}
