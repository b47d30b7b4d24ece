//! Judging again what was judged before: what the journal keeps of each judgement, and the same judge over it; and recalling, after
//! a restart, what was said.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use torch_core::config::{ProjectRouter, RouterConfig};
use torch_core::message::{Decision, Verdict};
use torch_core::project_rules::{DayMinute, ProjectRules};
use torch_core::{AgentId, RoleName, RouterMode, Sender, Timestamp};

use crate::matrix::Matrix;
use crate::policy::{Destination, TeamRules};
use crate::project::RuleSet;
use crate::speech::Speech;
use crate::traffic::{Counted, Limits, Said, Traffic};

/// Where a message was meant to go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Meant {
    /// A role of the sender's team.
    Role(RoleName),
    /// A role of another team.
    Other(RoleName),
    /// The person.
    Human,
}

impl From<Destination<'_>> for Meant {
    fn from(to: Destination<'_>) -> Self {
        match to {
            Destination::Role(role) => Self::Role(role.clone()),
            Destination::OtherTeam(role) => Self::Other(role.clone()),
            Destination::Human => Self::Human,
        }
    }
}

/// All that a judgement depends on besides the text and what was said before, as the journal keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// Who said it.
    pub sender: Sender,
    /// To whom.
    pub to: Meant,
    /// The agent it was meant for.
    pub agent: Option<AgentId>,
    /// Whom it reached.
    pub reached: Option<AgentId>,
    /// Where in the kept message the text begins that was judged, and its length, in bytes.
    pub text: Option<(usize, usize)>,
    /// The team's mode.
    pub mode: RouterMode,
    /// Whether it had a hub.
    pub has_hub: bool,
    /// Its matrix, by name.
    pub matrix: String,
    /// The matrix itself, where it was asked. Journals of earlier versions of torch have the name alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edges: Option<Matrix>,
    /// What the project's file said of the limits.
    #[serde(default, skip_serializing_if = "ProjectRouter::is_silent")]
    pub limits: ProjectRouter,
    /// Where it stood in its thread and its chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<Counted>,
    /// The set of the project's rules, by its id.
    pub rules: Option<String>,
    /// The time of day.
    pub time: DayMinute,
    /// When.
    pub at: Timestamp,
}

impl Judged {
    /// Whether the matrix may decide: among two roles that are neither the hub nor its deputy.
    pub fn asks_matrix(sender: &Sender, to: &Destination<'_>, mode: RouterMode) -> bool {
        let plain = |role: &RoleName| !role.is_hub() && !role.is_sub_hub();
        match (sender, to) {
            (Sender::Agent { role, .. }, Destination::Role(to)) => {
                mode == RouterMode::Matrix && plain(role) && plain(to)
            }
            _ => false,
        }
    }

    fn said<'j>(&'j self, text: &'j str, speech: &'j Speech) -> Said<'j> {
        Said {
            sender: &self.sender,
            to: match &self.to {
                Meant::Role(role) => Destination::Role(role),
                Meant::Other(role) => Destination::OtherTeam(role),
                Meant::Human => Destination::Human,
            },
            agent: self.agent,
            text,
            speech,
            now: self.at,
        }
    }
}

/// Something that happened before a memory of what was said begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Past {
    /// A message that was not refused, and its text.
    Said(Box<Judged>, String),
    /// The wall clock was set by so many milliseconds.
    Stepped(i64),
}

/// The memory of what was said before, the oldest first. It counts as the one did that it takes the place of, as far as `past` reaches
/// back by [`Limits::reach`]; the same text may be said once more.
pub fn recalled(past: &[Past], limits: &Limits) -> Traffic {
    let mut traffic = Traffic::default();
    for one in past {
        match one {
            Past::Said(judged, text) => {
                let speech = Speech::read(text);
                let said = judged.said(text, &speech);
                traffic.recall(&said, judged.reached, limits, judged.counted);
            }
            Past::Stepped(millis) => traffic.step(*millis),
        }
    }
    traffic.forget_texts();
    traffic
}

/// Why something can't be judged again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// The set of rules is not kept any more.
    #[error("the rules {0} are not kept any more")]
    Rules(String),
    /// There is no such matrix now.
    #[error("there is no communication matrix called {0:?} any more")]
    Matrix(String),
}

/// A judge that begins anew.
#[derive(Debug, Default)]
pub struct Replay {
    traffic: Traffic,
    router: RouterConfig,
    sets: BTreeMap<String, RuleSet>,
    matrices: Vec<Matrix>,
}

impl Replay {
    /// One that knows these sets and matrices.
    pub fn new(sets: impl IntoIterator<Item = ProjectRules>, matrices: Vec<Matrix>) -> Self {
        let sets = sets
            .into_iter()
            .map(|set| (set.id.clone(), RuleSet::new(set)));
        Self {
            traffic: Traffic::default(),
            router: RouterConfig::default(),
            sets: sets.collect(),
            matrices,
        }
    }

    /// A daemon began, and these settings hold. One that recalls what was said before goes on with it; those of earlier versions
    /// of torch did not.
    pub fn begin(&mut self, config: &RouterConfig, recalls: bool) {
        match recalls {
            true => self.traffic.forget_texts(),
            false => self.traffic = Traffic::default(),
        }
        self.router = config.clone();
    }

    /// The wall clock was set.
    pub fn step(&mut self, millis: i64) {
        self.traffic.step(millis);
    }

    /// Judges a text again, and remembers it as it was remembered then.
    ///
    /// # Errors
    /// When the rules or the matrix that held are not known.
    pub fn judge(&mut self, judged: &Judged, text: &str) -> Result<Verdict, ReplayError> {
        let set = match judged.rules.as_deref() {
            Some(id) => {
                let set = self.sets.get(id);
                Some(set.ok_or_else(|| ReplayError::Rules(id.to_owned()))?)
            }
            None => None,
        };
        let none = Matrix::default();
        let by_name = || self.matrices.iter().find(|row| row.name() == judged.matrix);
        let matrix = match judged.edges.as_ref().or_else(by_name) {
            Some(matrix) => matrix,
            None if judged.matrix.is_empty() => &none,
            None => return Err(ReplayError::Matrix(judged.matrix.clone())),
        };
        let speech = Speech::read(text);
        let said = judged.said(text, &speech);
        let team = TeamRules {
            mode: judged.mode,
            has_hub: judged.has_hub,
            matrix,
            project: set,
            time: judged.time,
        };
        let limits = Limits::from(&judged.limits.over(&self.router));
        let limits = set.map_or(limits, |set| set.limits(&limits));
        let verdict = self.traffic.judge(&said, team, &limits).verdict;
        if verdict.decision != Decision::Refuse {
            self.traffic.note(&said, judged.reached, &limits);
        }
        Ok(verdict)
    }
}

#[cfg(test)]
mod tests;
