//! The fast lane: pairs of roles of which the one's commits are merged into the other's worktree by torch itself, and what is
//! kept of each pair of agents.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{AgentId, RoleName, TeamId, Timestamp};

/// The shortest and the longest deadline of a lane, in seconds: 30 s to a day.
pub const WITHIN: std::ops::RangeInclusive<u64> = 30..=86_400;

/// A pair of roles in one direction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lane {
    /// Whose commits are brought.
    pub from: RoleName,
    /// To whom.
    pub to: RoleName,
    /// Within how many seconds of a commit.
    pub within_seconds: u64,
    /// A branch on which the two also meet: it counts as being of the same feature as their home branches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
}

impl Lane {
    /// Whether it leads from the one role to the other; the second of a role, `developer-2`, has the lanes of the first.
    pub fn leads(&self, from: &RoleName, to: &RoleName) -> bool {
        from != to && is_or_numbered(from, &self.from) && is_or_numbered(to, &self.to)
    }
}

/// Whether `role` is this one, or the second, third, … of it.
fn is_or_numbered(role: &RoleName, first: &RoleName) -> bool {
    let rest = role.as_str().strip_prefix(first.as_str());
    rest.is_some_and(|rest| {
        let number = rest.strip_prefix('-').unwrap_or("");
        rest.is_empty() || (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

/// The lanes of a team that was made before templates had any (S2-152, S2-154).
pub fn standard() -> Vec<Lane> {
    let pairs: [(&str, &str, u64, Option<&str>); 6] = [
        ("developer", "tester", 300, None),
        ("tester", "testrunner", 180, None),
        ("sysadmin", "securityops", 300, Some("security-hardening")),
        ("securityops", "sysadmin", 300, Some("security-hardening")),
        ("devops", "networkops", 300, Some("network-config")),
        ("networkops", "devops", 300, Some("network-config")),
    ];
    let role = |name: &str| RoleName::parse(name).ok();
    let lanes = pairs.into_iter().filter_map(|(from, to, within, branch)| {
        Some(Lane {
            from: role(from)?,
            to: role(to)?,
            within_seconds: within,
            branch: branch.map(str::to_owned),
        })
    });
    lanes.collect()
}

/// The fast lane of a team, as it was when the team was started.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamLane {
    /// The pairs; none: [`standard`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pairs: Option<Vec<Lane>>,
    /// Who switched it off; none: it is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub off: Option<LaneOff>,
}

impl TeamLane {
    /// The pairs that hold.
    pub fn in_force(&self) -> Cow<'_, [Lane]> {
        match &self.pairs {
            Some(pairs) => Cow::Borrowed(pairs),
            None => Cow::Owned(standard()),
        }
    }

    /// Whether nobody has said anything.
    pub fn is_silent(&self) -> bool {
        *self == Self::default()
    }
}

/// A fast lane that is off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneOff {
    /// Who, or what, switched it off: `human`, `project_manager`, `fast_lane.enabled`, `DISABLE_FAST_LANE`.
    pub by: String,
    /// When; the time of the start where that is not known.
    pub at: Timestamp,
}

/// What is kept of two agents between whom a lane leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LanePair {
    /// The team.
    pub team: TeamId,
    /// Whose commits are brought.
    pub from: AgentId,
    /// Its role.
    pub from_role: RoleName,
    /// To whom.
    pub to: AgentId,
    /// Its role.
    pub to_role: RoleName,
    /// When this was first kept.
    pub at: Timestamp,
    /// What waits.
    #[serde(default)]
    pub waiting: Option<LaneWaiting>,
    /// The conflict that the project manager was told of.
    #[serde(default)]
    pub conflict: Option<LaneConflict>,
    /// The merge that is being brought into the worktree: written before that is touched.
    #[serde(default)]
    pub merge: Option<LaneMerge>,
    /// The last merge.
    #[serde(default)]
    pub last: Option<LaneMerged>,
    /// What is still to be told, the oldest first.
    #[serde(default)]
    pub untold: Vec<LaneNote>,
}

/// Words of the fast lane that are on their way to somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneNote {
    /// Whom they are for.
    pub reader: LaneReader,
    /// The words.
    pub text: String,
}

/// Whom words of the fast lane are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LaneReader {
    /// The agent into whose worktree commits were merged.
    Recipient,
    /// The project manager; without one the hub, without that a person.
    Manager,
    /// Whoever is above the manager: the hub, or where that is the manager or is not there, a person.
    Hub,
}

/// Commits that wait to be merged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneWaiting {
    /// Since when.
    pub since: Timestamp,
    /// When the first of them was made, in whichever worktree that was.
    pub origin: Timestamp,
    /// Whether some are the sender's own and not only passed on.
    pub own: bool,
    /// Why they wait.
    pub why: String,
    /// Whether the project manager was told that they are late.
    pub late: bool,
}

/// Two commits that git can't merge by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneConflict {
    /// The one that was to be merged, full hex.
    pub theirs: String,
    /// The one that is checked out, full hex.
    pub ours: String,
    /// The files.
    pub files: Vec<String>,
    /// When it was told.
    pub at: Timestamp,
    /// Whether it was told that nobody solved it in time.
    #[serde(default)]
    pub unsolved: bool,
}

/// A merge that is prepared and may be half done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneMerge {
    /// The branch that is checked out; `None` for a detached worktree.
    pub branch: Option<String>,
    /// The commit on which the worktree stands, full hex.
    pub from: String,
    /// The commit to which it goes, full hex.
    pub commit: String,
    /// The hidden reference that keeps that commit.
    pub pin: String,
    /// What is brought.
    pub brings: LaneBrings,
    /// When it was prepared.
    pub at: Timestamp,
}

/// What a merge brings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneBrings {
    /// The commit that is merged, full hex.
    pub theirs: String,
    /// The branch that leads to it; `None` for a detached worktree.
    pub branch: Option<String>,
    /// How many commits, without merges.
    pub commits: usize,
    /// The newest of them, shortened, with its subject.
    pub subject: String,
}

/// A merge that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneMerged {
    /// When.
    pub at: Timestamp,
    /// Where the worktree stood then, full hex.
    pub commit: String,
    /// What was brought.
    pub brings: LaneBrings,
    /// How long after the first of the commits was seen, in milliseconds.
    pub took: u64,
}

impl LanePair {
    /// What tells the record from all others of the ledger.
    pub fn key(&self) -> String {
        format!("{}/{}/lane", self.from, self.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(name: &str) -> RoleName {
        RoleName::parse(name).expect("a role")
    }

    #[test]
    fn lanes_lead_one_way_and_hold_for_the_second_of_a_role() {
        let lanes = standard();
        assert_eq!(lanes.len(), 6);
        let leads = |from: &str, to: &str| {
            let found = lanes.iter().find(|lane| lane.leads(&role(from), &role(to)));
            found.map(|lane| lane.within_seconds)
        };
        assert_eq!(leads("developer", "tester"), Some(300));
        assert_eq!(leads("developer-2", "tester-11"), Some(300));
        assert_eq!(leads("tester", "testrunner"), Some(180));
        assert_eq!(leads("tester", "developer"), None);
        assert_eq!(leads("developer-x", "tester"), None);
        assert_eq!(leads("developer", "testrunner"), None);
        assert_eq!(leads("networkops", "devops"), Some(300));
    }

    #[test]
    fn a_team_of_an_old_registry_has_the_standard_pairs() {
        let lane: TeamLane = serde_json::from_str("{}").expect("nothing said");
        assert_eq!(lane.in_force().as_ref(), standard());
        assert!(lane.off.is_none() && lane.is_silent());
        let none: TeamLane = serde_json::from_str(r#"{"pairs":[]}"#).expect("no pairs");
        assert!(none.in_force().is_empty());
    }
}
