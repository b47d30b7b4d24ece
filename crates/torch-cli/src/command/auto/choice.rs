//! The team of `torch auto`: what was chosen, as it is sent and shown.

use std::path::Path;

use torch_api::choice::{ChoiceView, ChosenRole};
use torch_core::Timestamp;
use torch_core::config::Config;
use torch_core::lane::{Lane, LaneOff};

use torch_team::Wishes;

use crate::command::wishes::{Chosen, chosen};
use crate::error::CommandError;
use crate::place::{project_root, variable};

/// The variable that starts a team without the fast lane (S2-156).
const DISABLE: &str = "DISABLE_FAST_LANE";

/// How many signs are told.
const SIGNS: usize = 4;

/// What is sent to the daemon of a team that was chosen.
#[derive(Debug)]
pub(super) struct Team {
    /// The roles in the order of their windows.
    pub(super) roles: Vec<String>,
    /// `ROLE=PROGRAM` as the template has it.
    pub(super) agents: Vec<String>,
    /// Whose commits go to whose worktree.
    pub(super) lanes: Vec<Lane>,
    /// Why.
    pub(super) view: ChoiceView,
}

/// Chooses the team of a project.
///
/// # Errors
/// Where the project can't be listed, or a type or role that is wanted does not exist.
pub(super) fn team(project: &Path, spec: &str, wishes: &Wishes) -> Result<Team, CommandError> {
    let chosen = chosen(&project_root(project), Some(spec), wishes)?;
    let choice = &chosen.choice;
    Ok(Team {
        roles: choice.roles().map(ToString::to_string).collect(),
        agents: choice
            .agents
            .iter()
            .map(|(role, program)| format!("{role}={program}"))
            .collect(),
        lanes: choice.lanes.clone(),
        view: view(&chosen),
    })
}

/// Whether the team is to begin without the fast lane, and by what.
pub(super) fn lane_off(config: &Config) -> Option<LaneOff> {
    let said = variable(DISABLE).and_then(|value| value.into_string().ok());
    let said = said.is_some_and(|value| matches!(value.trim(), "true" | "1" | "yes" | "on"));
    let by = match (said, config.fast_lane.enabled) {
        (true, _) => DISABLE,
        (false, false) => "fast_lane.enabled",
        (false, true) => return None,
    };
    Some(LaneOff {
        by: by.to_owned(),
        // The daemon knows when.
        at: Timestamp(0),
    })
}

fn view(chosen: &Chosen) -> ChoiceView {
    let Chosen { detection, choice } = chosen;
    let score = detection.chosen();
    let signs = score.map_or(&[][..], |score| &score.signs);
    let signs = signs.iter().filter(|sign| sign.points > 0).take(SIGNS);
    let reason = |role: &torch_core::RoleName, reason: String| ChosenRole {
        role: role.to_string(),
        reason,
    };
    ChoiceView {
        team_type: choice.template.clone(),
        decided: detection.decision.words(),
        score: score.map(|score| score.score),
        signs: signs
            .map(|sign| match sign.seen.places.first() {
                Some(place) => format!("{} ({place})", sign.name),
                None => sign.name.clone(),
            })
            .collect(),
        project_size: detection.size.to_string(),
        plan: choice.estimate.plan.to_string(),
        token_multiplier: choice.estimate.token_multiplier,
        roles: choice
            .members
            .iter()
            .map(|member| reason(&member.role, member.reason.words()))
            .collect(),
        left_out: choice
            .left_out
            .iter()
            .map(|out| reason(&out.role, format!("{} ({})", out.why, out.reason.words())))
            .collect(),
        matrix: choice.matrix.clone(),
        notes: detection
            .notes
            .iter()
            .chain(&choice.notes)
            .cloned()
            .collect(),
        asked: choice.asked,
    }
}
