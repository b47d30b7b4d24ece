//! What moves in a team's repository: told to whoever acts on it, and counted for each agent.
//!
//! Where branches stood when a team was last told is written in the same turn as what follows from their moves, so each move has its
//! consequences once. [`count`] counts and journals, [`branches`] says what should not have moved, [`late`] what is overdue,
//! [`overlaps`] who is about to conflict with whom.

mod branches;
mod count;
mod late;
mod overlaps;
mod parent;
mod requests;
mod show;
mod unread;

pub use overlaps::Clash;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use torch_core::git_activity::{AgentActivity, KnownRefs, RefMove, Standing};
use torch_core::{AgentId, LedgerRecord, TeamId, Timestamp};

use super::{State, Turn};
use crate::host::refs::RefsOf;

/// What is known of the repositories of teams.
#[derive(Debug, Default)]
pub(crate) struct Activity {
    /// Where branches stood when a team was last told.
    pub(super) known: BTreeMap<TeamId, KnownRefs>,
    /// What was counted.
    pub(super) agents: BTreeMap<AgentId, AgentActivity>,
    /// How agents' branches stand; read anew by each daemon.
    pub(super) standings: BTreeMap<AgentId, Standing>,
    /// How long agents worked since their last commit.
    worked: BTreeMap<AgentId, late::Worked>,
    /// When deadlines were last compared with the time.
    judged: Timestamp,
    /// The teams that work with pull requests.
    requests: BTreeSet<TeamId>,
    /// When `gh` was asked about whom.
    asked: BTreeMap<AgentId, requests::Asked>,
    /// Why repositories can't be read, and since when.
    unread: BTreeMap<TeamId, (Timestamp, String)>,
    /// The looks for conflicts.
    looks: BTreeMap<TeamId, overlaps::Look>,
}

impl State {
    /// The repositories whose branches are watched, and the teams that are told: those that run.
    pub(crate) fn watched_repositories(&self) -> BTreeMap<PathBuf, BTreeSet<TeamId>> {
        let mut found: BTreeMap<PathBuf, BTreeSet<TeamId>> = BTreeMap::new();
        for (id, _) in self.ruled_teams() {
            let common_dir = self.teams[&id].common_dir.clone();
            found.entry(common_dir).or_default().insert(id);
        }
        found
    }

    /// What a reading of a team's repository needs to know.
    pub(crate) fn refs_of(&self, id: TeamId) -> Option<RefsOf> {
        let team = self.teams.get(&id)?;
        let agents = self.team_agents(id).into_iter();
        let agents = agents.filter_map(|agent| Some(&self.agents.get(&agent)?.agent));
        let owners: Vec<_> = agents
            .filter(|agent| agent.worktree_ready)
            .map(|agent| (agent.id, agent.worktree.clone()))
            .collect();
        let known = self.activity.known.get(&id);
        let standings = owners
            .iter()
            .filter_map(|(agent, _)| self.activity.standings.get(agent));
        Some(RefsOf {
            team: id,
            base: (
                format!("refs/heads/{}", team.base_branch),
                team.base_commit.clone(),
            ),
            known: known.map(|known| known.tips.clone()),
            trouble: self.activity.unread.get(&id).map(|(_, why)| why.clone()),
            standings: standings.cloned().collect(),
            withheld: self.withheld(&team.common_dir),
            owners,
        })
    }

    /// Takes up where a team's branches stood.
    pub(super) fn recover_refs(&mut self, known: KnownRefs) {
        self.activity.known.insert(known.team, known);
    }

    /// Takes up what an agent did.
    pub(super) fn recover_activity(&mut self, row: AgentActivity) {
        if self.agents.contains_key(&row.agent) {
            self.activity.agents.insert(row.agent, row);
        }
    }

    /// A team's repository was read for the first time: what moves from here on is told.
    pub(crate) fn on_refs_known(
        &mut self,
        t: &mut Turn,
        team: TeamId,
        tips: BTreeMap<String, String>,
    ) {
        if !self.teams.contains_key(&team) || self.activity.known.contains_key(&team) {
            return;
        }
        let known = KnownRefs {
            team,
            at: t.now,
            tips,
            told: BTreeSet::new(),
        };
        self.activity.known.insert(team, known);
        self.keep_refs(t, team);
    }

    /// Branches moved; told once of each move, also of those that were made while no daemon ran.
    pub(crate) fn on_refs_moved(&mut self, t: &mut Turn, team: TeamId, moves: &[RefMove]) {
        if !self.activity.known.contains_key(&team) {
            return;
        }
        // With the branches as they stood.
        self.note_moves(t, team, moves);
        self.note_pushes(t, team, moves);
        self.want_overlaps(team, moves);
        let Some(known) = self.activity.known.get_mut(&team) else {
            return;
        };
        for moved in moves {
            match &moved.new {
                Some(commit) => drop(known.tips.insert(moved.key(), commit.clone())),
                None => drop(known.tips.remove(&moved.key())),
            }
        }
        known.at = t.now;
        self.keep_refs(t, team);
        self.lane_moved(t, team, moves);
        self.integration_moved(t, team, moves);
    }

    /// How the branches of a team's agents stand now.
    pub(crate) fn on_standings(&mut self, t: &mut Turn, team: TeamId, standings: Vec<Standing>) {
        let agents = self.team_agents(team);
        let turned: Vec<AgentId> = standings
            .iter()
            .filter(|now| agents.contains(&now.agent))
            .filter(|now| {
                let before = self.activity.standings.get(&now.agent);
                before.is_some_and(|before| before.branch != now.branch)
            })
            .map(|standing| standing.agent)
            .collect();
        self.activity
            .standings
            .retain(|agent, _| !agents.contains(agent));
        let here = standings
            .into_iter()
            .filter(|standing| agents.contains(&standing.agent));
        for standing in here {
            self.note_lacking(t, &standing);
            self.judge_name(t, &standing);
            self.activity.standings.insert(standing.agent, standing);
        }
        self.judge_deadlines(t, team);
        self.lane_turned(t, team, &turned);
    }

    fn keep_refs(&self, t: &mut Turn, team: TeamId) {
        if let Some(known) = self.activity.known.get(&team) {
            self.keep(t, LedgerRecord::Refs(Box::new(known.clone())));
        }
    }
}
