//! What the tests of the state begin with.

use jiff::tz::TimeZone;
use torch_core::config::Config;
use torch_core::{BootClock, Timestamp};

use super::Settings;
use crate::templates;

/// The settings of a daemon that starts now, with all that torch ships.
pub(super) fn settings(now: Timestamp) -> Settings {
    Settings {
        home: "/registry".into(),
        torch: "/bin/torch".into(),
        config: Config::default(),
        tmux_socket: "torch".to_owned(),
        env: std::collections::BTreeMap::default(),
        programs: templates::programs().expect("the programs"),
        templates: templates::roles().expect("the roles"),
        started: now,
        zone: TimeZone::UTC,
        boot: BootClock::new(Some("b".to_owned()), 5_000, now),
        pid: 1,
        seed: 1,
        resume_teams: false,
    }
}
