//! Conflicts between agents' work, told to their owners before anybody merges: the radar looks when branches moved.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use torch_core::git_activity::RefMove;
use torch_core::{AgentId, TeamId, Timestamp};

use super::super::{State, Turn};
use crate::event::Effect;

/// At most one look in so long, for each team.
const EVERY: Duration = Duration::from_secs(60);

/// At most so many files stand in one notice.
const SHOWN: usize = 5;

/// A file in which the work of two roles conflicts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Clash {
    /// The file.
    pub path: String,
    /// The roles.
    pub roles: [String; 2],
}

/// The looks at one team.
#[derive(Debug, Default)]
pub(super) struct Look {
    wanted: bool,
    looking: bool,
    last: Option<Timestamp>,
}

impl Clash {
    /// As [`torch_core::git_activity::KnownRefs::told`] has it.
    fn key(&self) -> String {
        format!("{}: {}", self.path, self.roles.join(", "))
    }
}

impl State {
    /// Branches moved: whoever's they are, they may conflict now.
    pub(super) fn want_overlaps(&mut self, team: TeamId, moves: &[RefMove]) {
        let here = moves.iter().any(|moved| moved.remote_branch().is_none());
        if here && self.settings.config.activity.overlaps {
            self.activity.looks.entry(team).or_default().wanted = true;
        }
    }

    pub(super) fn look_for_overlaps(&mut self, t: &mut Turn) {
        let teams = &self.teams;
        self.activity
            .looks
            .retain(|team, _| teams.contains_key(team));
        let due = self.activity.looks.iter().filter(|(_, look)| {
            let rested = look.last.is_none_or(|last| t.now.since(last) >= EVERY);
            look.wanted && !look.looking && rested
        });
        for team in due.map(|(team, _)| *team).collect::<Vec<_>>() {
            let agents = self.team_agents(team).into_iter();
            let agents = agents.filter_map(|agent| self.registered(agent));
            let agents: Vec<_> = agents.filter(|agent| agent.ready).collect();
            let look = self.activity.looks.entry(team).or_default();
            look.wanted = false;
            if agents.len() < 2 {
                continue;
            }
            look.looking = true;
            look.last = Some(t.now);
            let row = &self.teams[&team];
            let is_detached = row.base_branch == "HEAD";
            let parent = if is_detached {
                &row.base_commit
            } else {
                &row.base_branch
            };
            let parent = parent.clone();
            t.push(Effect::LookForOverlaps {
                team,
                parent,
                agents,
            });
        }
    }

    /// The radar looked; `None` when it could not.
    pub(crate) fn on_overlaps(&mut self, t: &mut Turn, team: TeamId, clashes: Option<&[Clash]>) {
        if let Some(look) = self.activity.looks.get_mut(&team) {
            look.looking = false;
        }
        let (Some(clashes), Some(known)) = (clashes, self.activity.known.get_mut(&team)) else {
            return;
        };
        let now: BTreeSet<String> = clashes.iter().map(Clash::key).collect();
        if now == known.told {
            return;
        }
        let new = clashes
            .iter()
            .filter(|clash| !known.told.contains(&clash.key()));
        let new: Vec<Clash> = new.cloned().collect();
        known.told = now;
        self.keep_refs(t, team);
        self.tell_overlaps(t, team, &new);
    }

    fn tell_overlaps(&mut self, t: &mut Turn, team: TeamId, new: &[Clash]) {
        let mut lines: BTreeMap<AgentId, Vec<String>> = BTreeMap::new();
        let agents = self.team_agents(team);
        let roles = agents
            .iter()
            .filter_map(|agent| Some((self.role_of(*agent)?, *agent)));
        let roles: BTreeMap<String, AgentId> = roles
            .map(|(role, agent)| (role.to_string(), agent))
            .collect();
        for clash in new {
            let line = format!(
                "{}: {} and {}",
                clash.path.escape_debug(),
                clash.roles[0],
                clash.roles[1]
            );
            let owners: BTreeSet<AgentId> = clash
                .roles
                .iter()
                .filter_map(|role| roles.get(role).copied())
                .collect();
            let manager = owners.first().and_then(|owner| self.manager_for(*owner));
            for agent in owners.into_iter().chain(manager).collect::<BTreeSet<_>>() {
                lines.entry(agent).or_default().push(line.clone());
            }
        }
        for lines in lines.values_mut() {
            let more = lines.len().saturating_sub(SHOWN);
            lines.truncate(SHOWN);
            if more > 0 {
                lines.push(format!("and {more} more"));
            }
            lines.insert(
                0,
                "git could not merge these by itself, see torch git radar:".to_owned(),
            );
        }
        self.tell(t, lines);
    }

    pub(super) fn overlaps_clock_moved(&mut self, millis: i64) {
        for look in self.activity.looks.values_mut() {
            look.last = look.last.map(|last| last.moved(millis));
        }
    }
}

#[cfg(test)]
impl State {
    /// How many looks are under way.
    pub(in crate::state) fn activity_looks(&self) -> usize {
        let looks = self.activity.looks.values();
        looks.filter(|look| look.looking).count()
    }
}
