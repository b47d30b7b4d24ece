//! Judging again what was judged before: what the journal keeps of each judgement, and the same judge over it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use torch_core::config::RouterConfig;
use torch_core::message::{Decision, Verdict};
use torch_core::project_rules::{DayMinute, ProjectRules};
use torch_core::{AgentId, RoleName, RouterMode, Sender, Timestamp};

use crate::matrix::Matrix;
use crate::policy::{Destination, TeamRules};
use crate::project::RuleSet;
use crate::speech::Speech;
use crate::traffic::{Limits, Said, Traffic};

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
    /// The set of the project's rules, by its id.
    pub rules: Option<String>,
    /// The time of day.
    pub time: DayMinute,
    /// When.
    pub at: Timestamp,
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
    limits: Limits,
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
            limits: Limits::default(),
            sets: sets.collect(),
            matrices,
        }
    }

    /// A daemon began: nothing was said before, and these limits hold.
    pub fn begin(&mut self, config: &RouterConfig) {
        self.traffic = Traffic::default();
        self.limits = Limits::from(config);
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
        let matrix = self.matrices.iter().find(|row| row.name() == judged.matrix);
        let matrix = match matrix {
            Some(matrix) => matrix,
            None if judged.matrix.is_empty() => &none,
            None => return Err(ReplayError::Matrix(judged.matrix.clone())),
        };
        let speech = Speech::read(text);
        let said = Said {
            sender: &judged.sender,
            to: match &judged.to {
                Meant::Role(role) => Destination::Role(role),
                Meant::Other(role) => Destination::OtherTeam(role),
                Meant::Human => Destination::Human,
            },
            agent: judged.agent,
            text,
            speech: &speech,
            now: judged.at,
        };
        let team = TeamRules {
            mode: judged.mode,
            has_hub: judged.has_hub,
            matrix,
            project: set,
            time: judged.time,
        };
        let limits = set.map_or(self.limits, |set| set.limits(&self.limits));
        let verdict = self.traffic.judge(&said, team, &limits).verdict;
        if verdict.decision != Decision::Refuse {
            self.traffic.note(&said, judged.reached, &limits);
        }
        Ok(verdict)
    }
}
