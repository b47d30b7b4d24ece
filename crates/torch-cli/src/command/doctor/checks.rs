//! The checks, in the order in which they are shown.

use torch_core::config::Config;

use super::agents;
use super::in_use;
use super::machine;
use super::programs;
use crate::command::agents::installed::Ask;
use crate::command::config;
use crate::connect;
use crate::place::Place;
use crate::render::doctor::{Check, Verdict};

/// Everything that is checked.
pub(super) fn all(place: &Place, ask: Ask) -> Vec<Check> {
    let (config, config_check) = config(place);
    let mut checks = vec![
        programs::tmux(&config.tmux.program),
        programs::git(),
        config_check,
    ];
    checks.extend(machine::registry_and_disk(&place.home));
    checks.extend([
        machine::socket(&place.socket),
        machine::encoding(),
        daemon(place),
        programs::tmux_server(&config),
    ]);
    checks.extend(programs::own());
    checks.extend(agents::agents(&config, in_use::seen(place), ask));
    checks
}

/// A check that came out well.
pub(super) fn ok(name: &'static str, found: impl Into<String>) -> Check {
    Check {
        name,
        verdict: Verdict::Ok,
        found: found.into(),
        hint: None,
    }
}

/// A check that found less than it should.
pub(super) fn warn(name: &'static str, found: impl Into<String>, hint: impl Into<String>) -> Check {
    Check {
        name,
        verdict: Verdict::Warn,
        found: found.into(),
        hint: Some(hint.into()),
    }
}

/// A check that failed.
pub(super) fn fail(name: &'static str, found: impl Into<String>, hint: impl Into<String>) -> Check {
    Check {
        name,
        verdict: Verdict::Fail,
        found: found.into(),
        hint: Some(hint.into()),
    }
}

/// The config, or the defaults where it can't be used.
fn config(place: &Place) -> (Config, Check) {
    match config::load(place) {
        Ok((config, _)) => (config, ok("config", "valid")),
        Err(error) => {
            let hint = error
                .hints
                .first()
                .cloned()
                .unwrap_or_else(|| "torch config".to_owned());
            (config::defaults(place), fail("config", error.message, hint))
        }
    }
}

fn daemon(place: &Place) -> Check {
    let mut client = match connect::running(place) {
        Ok(Some(client)) => client,
        Ok(None) => {
            return ok(
                "daemon",
                "not running; the first command that needs it starts it",
            );
        }
        Err(error) => {
            let why = error
                .causes
                .first()
                .map(|cause| format!(": {cause}"))
                .unwrap_or_default();
            return fail(
                "daemon",
                format!("{}{why}", error.message),
                "torch daemon stop",
            );
        }
    };
    let ours = env!("CARGO_PKG_VERSION");
    match client.greeting() {
        Ok(hello) if hello.version == ours => ok("daemon", format!("{ours}, pid {}", hello.pid)),
        Ok(hello) => warn(
            "daemon",
            format!(
                "{}, pid {}; this program is {ours}",
                hello.version, hello.pid
            ),
            "torch daemon start",
        ),
        Err(error) => fail("daemon", error.to_string(), "torch daemon stop"),
    }
}
