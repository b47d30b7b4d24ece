//! `torch git lane`: how it stands, and who switches it off and on.

use serde_json::json;
use torch_api::git::{
    GitResponse, LaneMergedView, LanePairView, LaneSwitch, LaneView, LaneWaitingView,
};
use torch_api::wire::TeamSelector;
use torch_api::{Failure, Response};
use torch_core::lane::{LaneOff, TeamLane};
use torch_core::policy::AgentCommits;
use torch_core::{Sender, TeamId, Timestamp, Write};
use torch_integration::lane::{Pair, Rule};

use crate::event::{ConnId, TimerKey};
use crate::failure::{refused, usage};
use crate::state::{State, Turn};

impl State {
    /// Shows how a team's fast lane stands.
    pub(crate) fn show_lane(&mut self, t: &mut Turn, conn: ConnId, selector: &TeamSelector) {
        match self.select_team(selector).map(|team| team.id) {
            Ok(team) => {
                self.refresh_lanes(team);
                self.reply_lane(t, conn, team);
            }
            Err(failure) => t.fail(conn, *failure),
        }
    }

    /// Switches it; a person, the hub or the project manager of the team.
    pub(crate) fn switch_lane(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        caller: &Sender,
        (selector, to): (&TeamSelector, LaneSwitch),
    ) {
        let found = self.select_team(selector).map(|team| team.id);
        let may = found.and_then(|team| may_switch(caller, team).map(|()| team));
        let team = match may {
            Ok(team) => team,
            Err(failure) => return t.fail(conn, *failure),
        };
        self.refresh_lanes(team);
        let was_on = self
            .teams
            .get(&team)
            .is_some_and(|team| team.lane.off.is_none());
        match to {
            LaneSwitch::On if !was_on => self.set_lane(t, team, caller, true),
            LaneSwitch::Off if was_on => self.set_lane(t, team, caller, false),
            // Whoever does not rely on events alone.
            LaneSwitch::Sync if self.is_lane_on(team) => return self.sync_lanes(t, conn, team),
            LaneSwitch::On | LaneSwitch::Sync => self.look_at_lanes(t, team),
            LaneSwitch::Off => {}
        }
        self.reply_lane(t, conn, team);
    }

    fn set_lane(&mut self, t: &mut Turn, id: TeamId, caller: &Sender, on: bool) {
        let by = caller.label().to_owned();
        let Some(team) = self.teams.get_mut(&id) else {
            return;
        };
        team.lane.off = (!on).then(|| LaneOff {
            by: by.clone(),
            at: t.now,
        });
        t.write(Write::PutTeam(Box::new(team.clone())));
        let kind = if on { "lane.on" } else { "lane.off" };
        self.journal_lane(t, kind, id, json!({"by": by}));
        if on {
            self.begin_cycle(t, id);
            self.look_at_lanes(t, id);
        } else {
            t.push(crate::event::Effect::CancelTimer(TimerKey::Lane(id)));
        }
        self.tell_switch(t, id, caller, on);
    }

    pub(super) fn look_at_lanes(&mut self, t: &mut Turn, team: TeamId) {
        if !self.is_lane_on(team) {
            return;
        }
        if let Some(lanes) = self.lanes.teams.get_mut(&team) {
            lanes.look_at_all(t.now);
        }
        self.tick_lanes(t, team);
    }

    /// Who works in a pair has to know that commits come by themselves no more, or do again; and the project manager.
    fn tell_switch(&mut self, t: &mut Turn, team: TeamId, caller: &Sender, on: bool) {
        let text = match on {
            true => "The fast lane is on: torch merges the commits of your pair again by itself.",
            false => {
                "The fast lane is off: commits of your pair come by themselves no more; where you need them, merge the other's branch \
                 (git branch --list shows it)."
            }
        };
        let rules = self
            .lanes
            .teams
            .get(&team)
            .map(|lanes| lanes.rules().to_vec());
        let rules = rules.unwrap_or_default();
        let mut readers: Vec<_> = rules
            .iter()
            .flat_map(|rule| [rule.pair.from, rule.pair.to])
            .collect();
        readers.extend(self.gathers(team).ok().map(|(agent, _)| agent));
        readers.sort();
        readers.dedup();
        for agent in readers {
            let by_itself = matches!(caller, Sender::Agent { agent: by, .. } if *by == agent);
            let live = self
                .agents
                .get(&agent)
                .is_some_and(|run| run.agent.state.is_live());
            if live && !by_itself {
                self.say_lane(t, team, Some(agent), &[text.to_owned()]);
            }
        }
    }

    pub(super) fn reply_lane(&self, t: &mut Turn, conn: ConnId, team: TeamId) {
        let Some(row) = self.teams.get(&team) else {
            let error = "the fast lane's team was removed meanwhile";
            return t.fail(conn, usage(error, "", Some("torch status")));
        };
        let off = match (&row.lane.off, row.policy.git.agent_commits) {
            (Some(off), _) => Some(format!("by {}", off.by)),
            (None, AgentCommits::Forbidden) => Some(format!(
                "policy {} leaves commits to a person",
                row.policy.profile.as_str()
            )),
            (None, AgentCommits::Required) if !self.is_lane_on(team) => {
                Some("the team does not run".to_owned())
            }
            _ => None,
        };
        let rules = self
            .lanes
            .teams
            .get(&team)
            .map(|lanes| lanes.rules().to_vec());
        let rules = rules.unwrap_or_default();
        let view = LaneView {
            team: row.name.to_string(),
            on: off.is_none(),
            off,
            pairs: rules
                .iter()
                .filter_map(|rule| self.pair_view(team, rule))
                .collect(),
            hub_cycle: self.is_hub_cycle(team),
        };
        t.reply(conn, Response::Git(Box::new(GitResponse::Lane(view))));
    }

    fn pair_view(&self, team: TeamId, rule: &Rule) -> Option<LanePairView> {
        let Pair { from, to } = rule.pair;
        let lanes = self.lanes.teams.get(&team)?;
        let waiting = lanes.waiting(rule.pair).map(|waiting| LaneWaitingView {
            since: waiting.since,
            due: waiting.timed.then_some(waiting.due),
            why: waiting.why,
            conflict: lanes
                .conflict(rule.pair)
                .map(|conflict| conflict.files.clone())
                .unwrap_or_default(),
            late: waiting.late,
        });
        let last = self
            .lanes
            .pairs
            .get(&rule.pair)
            .and_then(|row| row.last.as_ref());
        Some(LanePairView {
            from: self.role_of(from)?.to_string(),
            to: self.role_of(to)?.to_string(),
            within_seconds: rule.within.as_secs(),
            branch: self.lane_between(rule.pair).and_then(|lane| lane.branch),
            waiting,
            last: last.map(|last| LaneMergedView {
                at: last.at,
                commit: last.commit.clone(),
                subject: last.brings.subject.clone(),
                commits: last.brings.commits,
                took_millis: last.took,
            }),
        })
    }
}

fn may_switch(caller: &Sender, team: TeamId) -> Result<(), Box<Failure>> {
    let may = match caller {
        Sender::Human | Sender::Script | Sender::Torch => true,
        Sender::Agent {
            team: own, role, ..
        } => *own == team && (role.is_hub() || role.is_sub_hub()),
        Sender::Unknown => false,
    };
    if may {
        return Ok(());
    }
    let cause = "rule lane.manager: the fast lane is switched by a person, the project manager or the orchestrator of the team";
    let error = format!("switching the fast lane was refused for {}", caller.label());
    Err(Box::new(refused(&error, cause, Some("torch git lane"))))
}

/// A new team's fast lane as it was asked for.
pub(crate) fn lane_of(asked: &TeamLane, now: Timestamp) -> TeamLane {
    let mut lane = asked.clone();
    if let Some(off) = &mut lane.off {
        off.at = now;
    }
    lane
}
