//! What the tests of the state begin with.

use jiff::tz::TimeZone;
use torch_core::config::Config;
use torch_core::{
    BootClock, DesiredState, RouterMode, SessionName, Team, TeamId, TeamPhase, Timestamp,
};

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

/// A team that runs, `team1` for the number 1, which began at the time of this fixture; without agents.
pub(super) fn team(number: u128, common_dir: &str) -> Team {
    Team {
        lane: torch_core::lane::TeamLane::default(),
        id: TeamId::new(1, number),
        name: SessionName::slug(&format!("team{number}")),
        project: format!("/p{number}").into(),
        common_dir: common_dir.into(),
        spec: "/spec.md".into(),
        spec_sha256: String::new(),
        base_branch: "trunk".to_owned(),
        base_commit: "0".repeat(40),
        desired: DesiredState::Running,
        phase: TeamPhase::Running,
        router: RouterMode::Strict,
        env: Default::default(),
        session: None,
        created: Timestamp(1_800_000_000_000),
        finished: None,
        summary: None,
        paused: false,
        boot: None,
        told_suspended: None,
        policy: Default::default(),
        matrix: None,
        limits: Default::default(),
        role_files: Default::default(),
        standup: None,
        supervision: Default::default(),
    }
}
