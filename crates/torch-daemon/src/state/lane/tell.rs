//! What the fast lane says, and to whom: one message at a time to each, with all that there is to say by then.

use std::collections::BTreeMap;

use torch_core::lane::{LaneConflict, LaneMerge, LaneNote, LaneReader, LaneWaiting};
use torch_core::{AgentId, MessageKind, Recipient, RoleName, TeamId, Timestamp};
use torch_integration::integrate::{CONFLICT, owner_among};
use torch_integration::lane::{Conflict, Pair};

use super::pair_of;
use crate::state::schedule::span;
use crate::state::send::Draft;
use crate::state::{State, Turn};
use crate::words::count;

/// What every trigger begins with (S2-157).
const TRIGGER: &str = "FAST_LANE_TRIGGER:";

/// The most lines of one message.
const LINES_MAX: usize = 8;

/// How many files of a conflict are named.
const NAMED: usize = 5;

/// Words for the project manager.
pub(super) fn to_manager(text: String) -> LaneNote {
    LaneNote {
        reader: LaneReader::Manager,
        text,
    }
}

impl State {
    /// What is said of a merge: to the recipient, and of a pair that meets on a branch of its own to the project manager, too.
    pub(super) fn lane_news(&self, pair: Pair, merge: &LaneMerge, own: bool) -> Vec<LaneNote> {
        let (Some(from), Some(to)) = (self.role_of(pair.from), self.role_of(pair.to)) else {
            return Vec::new();
        };
        let (subject, into) = (&merge.brings.subject, merge.branch.as_deref());
        let into = into.unwrap_or("your worktree");
        let how_many = match merge.brings.commits {
            0 | 1 => String::new(),
            more => format!("{more} commits, "),
        };
        let how = format!("({how_many}of {from}, merged into {into} by torch)");
        let text = match (to.as_str().trim_end_matches(is_number), own) {
            ("testrunner", false) => format!("{TRIGGER} Code update available: {subject} {how}"),
            ("testrunner", true) => format!("{TRIGGER} Test suite updated: {subject} {how}"),
            _ => format!("{TRIGGER} New implementation ready: {subject} {how}"),
        };
        let mut notes = vec![LaneNote {
            reader: LaneReader::Recipient,
            text,
        }];
        if let Some(branch) = self.lane_between(pair).and_then(|lane| lane.branch) {
            let how_many = count(merge.brings.commits.max(1), "commit");
            notes.push(to_manager(format!(
                "Fast lane: merged {how_many} of {from} into {to} ({branch}): {subject}"
            )));
        }
        notes
    }

    /// A conflict in words: what is in it, who has to do with it, and how it is solved.
    pub(super) fn conflict_text(&self, pair: Pair, conflict: &Conflict) -> String {
        let (from, to) = (self.named(pair.from), self.named(pair.to));
        let files = self.owned_files(pair, &conflict.files);
        let minutes = CONFLICT.as_secs() / 60;
        let branch = self.agents.get(&pair.from);
        let branch = branch.and_then(|run| run.agent.branch.clone());
        let merge = branch.unwrap_or_else(|| conflict.theirs.clone());
        format!(
            "Fast lane: {from} ({}) and {to} ({}) conflict in {files}. Both worktrees are as they were. To solve it, {to} runs `git merge {merge}` \
             in its worktree, resolves each file with its owner and commits, or {from} changes its side; torch goes on by itself then. It is to be \
             solved within {minutes} minutes. See: torch git lane",
            short(&conflict.theirs),
            short(&conflict.ours)
        )
    }

    /// A conflict that nobody solved, in words for whoever is above the one who was told.
    pub(super) fn unsolved_text(
        &self,
        now: Timestamp,
        pair: Pair,
        conflict: &LaneConflict,
    ) -> String {
        let (from, to) = (self.named(pair.from), self.named(pair.to));
        let files = self.owned_files(pair, &conflict.files);
        let manager = self.agents.get(&pair.to).map(|run| run.agent.team);
        let manager = manager.and_then(|team| self.gathers(team).ok());
        let told = manager.map_or_else(|| "a person".to_owned(), |(_, role)| role.to_string());
        format!(
            "Fast lane: the conflict of {from} and {to} in {files} is not solved after {}; {told} was told. Until then nothing of {from} reaches {to}. \
             See: torch git lane",
            span(now.since(conflict.at))
        )
    }

    /// The files of a conflict, each with the role whose it is: `src/a.py (developer's) and 2 more`.
    fn owned_files(&self, pair: Pair, files: &[String]) -> String {
        let (from, to) = (self.named(pair.from), self.named(pair.to));
        let team = self.agents.get(&pair.to).map(|run| run.agent.team);
        let agents = team.map(|team| self.team_agents(team)).unwrap_or_default();
        let roles = agents.iter().filter_map(|agent| self.agents.get(agent));
        let roles: Vec<&RoleName> = roles.map(|run| &run.agent.role).collect();
        let named = files.iter().take(NAMED).map(|file| {
            let owner = owner_among(file, (&from, &[&to]), &roles);
            format!("{file} ({owner}'s)")
        });
        let named: Vec<String> = named.collect();
        match files.len().saturating_sub(NAMED) {
            0 => named.join(", "),
            more => format!("{} and {more} more", named.join(", ")),
        }
    }

    pub(super) fn late_text(&self, now: Timestamp, pair: Pair, waiting: &LaneWaiting) -> String {
        let (from, to) = (self.named(pair.from), self.named(pair.to));
        let passed = span(now.since(waiting.origin.min(waiting.since)));
        format!(
            "Fast lane: commits of {from} have waited for {to} for {passed}: {}. torch merges them as soon as it can. See: torch git lane",
            waiting.why
        )
    }

    fn named(&self, agent: AgentId) -> RoleName {
        let role = self.role_of(agent);
        role.unwrap_or_else(|| RoleName::parse("agent").expect("a plain name"))
    }

    /// Sends what is untold in a team: to each reader one message, and the next once that has arrived.
    pub(super) fn tell_lane_news(&mut self, t: &mut Turn, team: TeamId) {
        let manager = self.gathers(team).ok().map(|(agent, _)| agent);
        let hub = self.hub_of(team).map(|(agent, _)| agent);
        let mut by_reader: BTreeMap<Option<AgentId>, Vec<String>> = BTreeMap::new();
        let mut told = Vec::new();
        for row in self.lanes.pairs.values().filter(|row| row.team == team) {
            for note in &row.untold {
                let reader = match note.reader {
                    LaneReader::Recipient => Some(row.to),
                    LaneReader::Manager => manager,
                    LaneReader::Hub => hub.filter(|hub| Some(*hub) != manager),
                };
                let on_its_way = reader.and_then(|agent| self.lanes.said.get(&agent));
                if on_its_way.is_some_and(|message| self.flights.contains_key(message)) {
                    continue;
                }
                by_reader.entry(reader).or_default().push(note.text.clone());
                told.push((pair_of(row), note.clone()));
            }
        }
        for (reader, lines) in by_reader {
            let message = self.say_lane(t, team, reader, &lines);
            if let (Some(agent), Some(message)) = (reader, message) {
                self.lanes.said.insert(agent, message);
            }
        }
        let mut changed: Vec<Pair> = Vec::new();
        for (pair, note) in told {
            if let Some(row) = self.lanes.pairs.get_mut(&pair) {
                row.untold.retain(|other| *other != note);
                changed.push(pair);
            }
        }
        changed.dedup();
        for pair in changed {
            self.keep_lane(t, pair);
        }
        let flights = &self.flights;
        self.lanes
            .said
            .retain(|_, message| flights.contains_key(message));
    }

    /// Sends lines to an agent, or to the person.
    pub(super) fn say_lane(
        &mut self,
        t: &mut Turn,
        team: TeamId,
        reader: Option<AgentId>,
        lines: &[String],
    ) -> Option<torch_core::MessageId> {
        let mut shown: Vec<&str> = Vec::new();
        for line in lines {
            if !shown.contains(&line.as_str()) {
                shown.push(line);
            }
        }
        let more = shown.len().saturating_sub(LINES_MAX);
        // The newest say most.
        let mut text = shown.split_off(more).join("\n");
        if more > 0 {
            text = format!("(and {more} more before: torch git lane)\n{text}");
        }
        let recipient = match reader {
            Some(agent) => Recipient::Agent {
                agent,
                role: self.role_of(agent)?,
            },
            None => Recipient::Human,
        };
        let draft = Draft::from_torch(team, MessageKind::Notice, recipient, text);
        Some(self.post(t, draft))
    }
}

/// What follows the name of the second of a role.
fn is_number(c: char) -> bool {
    c == '-' || c.is_ascii_digit()
}

fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}
