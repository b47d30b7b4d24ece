//! What of a branch is late: pushed, pulled, brought into the parent branch.
//!
//! All of it follows from the repository and from few remembered instants, so nothing has to run between two looks.

use std::time::Duration;

use torch_core::Timestamp;
use torch_core::git_activity::{AgentActivity, Standing};
use torch_core::policy::{AgentCommits, GitPolicy};

/// Within how long after a push a pull request is opened.
pub const REQUEST: Duration = Duration::from_secs(30 * 60);
/// Within how long it is merged.
pub const MERGE: Duration = Duration::from_secs(2 * 60 * 60);
/// Within how long after an integration all agents have it.
pub const PULL: Duration = Duration::from_secs(60 * 60);
/// Within how long a commit is in the parent branch.
pub const CYCLE: Duration = Duration::from_secs(4 * 60 * 60);
/// How many commits a branch may be behind its parent.
pub const BEHIND_MAX: u64 = 20;

/// A deadline that has passed, or a distance that is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Late {
    /// Commits that no remote has.
    Push,
    /// A push without a pull request.
    Request,
    /// A pull request that is not merged.
    Merge,
    /// New commits of the parent branch that the branch has not.
    Pull,
    /// Too many of them.
    Behind,
    /// Commits that are not in the parent branch.
    Cycle,
}

/// Who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tells {
    /// The agent itself.
    Agent,
    /// The project manager, else the hub.
    Manager,
}

/// One that has passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// Which.
    pub late: Late,
    /// When it passed.
    pub at: Timestamp,
    /// What was seen.
    pub evidence: String,
    /// What to do.
    pub remedy: String,
}

/// What is known of an agent's branch.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// How it stands.
    pub standing: &'a Standing,
    /// What was counted, where anything was.
    pub activity: Option<&'a AgentActivity>,
    /// The team's policy.
    pub policy: &'a GitPolicy,
    /// The parent branch.
    pub parent: &'a str,
    /// Whether the team works with pull requests.
    pub requests: bool,
}

impl Late {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Push,
        Self::Request,
        Self::Merge,
        Self::Pull,
        Self::Behind,
        Self::Cycle,
    ];

    /// The rule's name.
    pub fn rule(self) -> &'static str {
        match self {
            Self::Push => "git.push-late",
            Self::Request => "git.request-late",
            Self::Merge => "git.merge-late",
            Self::Pull => "git.pull-late",
            Self::Behind => "git.behind",
            Self::Cycle => "git.cycle-late",
        }
    }

    /// Who is told.
    pub fn tells(self) -> Tells {
        match self {
            Self::Push | Self::Pull | Self::Behind => Tells::Agent,
            Self::Request | Self::Merge | Self::Cycle => Tells::Manager,
        }
    }
}

impl Look<'_> {
    /// What is due, and since or until when: the instants of all deadlines that run or have passed.
    pub fn deadlines(&self) -> Vec<(Late, Timestamp)> {
        if self.policy.agent_commits == AgentCommits::Forbidden {
            return Vec::new();
        }
        let standing = self.standing;
        let push = Duration::from_secs(self.policy.push_minutes * 60);
        let push_since = standing.unpushed_since.filter(|_| !push.is_zero());
        let lacks = self.activity.and_then(|seen| seen.lacks.as_ref());
        let mut found = Vec::new();
        let mut due = |late, since: Option<Timestamp>, within| {
            found.extend(since.map(|since: Timestamp| (late, since.after(within))));
        };
        due(Late::Push, push_since, push);
        due(Late::Pull, lacks.map(|lacks| lacks.since), PULL);
        due(
            Late::Cycle,
            standing.ahead_since.filter(|_| standing.ahead > 0),
            CYCLE,
        );
        if self.requests && standing.ahead > 0 {
            let seen = self.activity;
            let request = seen.and_then(|seen| seen.request.as_ref());
            let open = request.filter(|request| request.state == "open");
            let pushed = seen.and_then(|seen| seen.last_push);
            // One that is over is not about what was pushed since.
            let is_new = |pushed: &Timestamp| {
                request.is_none_or(|request| {
                    request.state != "open" && request.merged.unwrap_or(request.opened) < *pushed
                })
            };
            due(Late::Request, pushed.filter(is_new), REQUEST);
            due(Late::Merge, open.map(|request| request.opened), MERGE);
        }
        found
    }

    /// What has passed.
    pub fn passed(&self, now: Timestamp) -> Vec<Passed> {
        let due = self.deadlines().into_iter();
        let due = due
            .filter(|(_, at)| *at <= now)
            .map(|(late, at)| self.told(late, now, at));
        let behind = self.policy.agent_commits != AgentCommits::Forbidden
            && self.standing.behind > BEHIND_MAX;
        due.chain(behind.then(|| self.told(Late::Behind, now, now)))
            .collect()
    }

    fn told(&self, late: Late, now: Timestamp, at: Timestamp) -> Passed {
        let (standing, parent) = (self.standing, self.parent);
        let branch = standing.branch.as_deref().unwrap_or("HEAD");
        let over = now.since(at).as_secs() / 60;
        let (evidence, remedy) = match late {
            Late::Push => (
                format!(
                    "{} of {branch} pushed nowhere, {over} min past {} min",
                    commits(standing.unpushed.unwrap_or(0)),
                    self.policy.push_minutes
                ),
                "git push -u origin HEAD".to_owned(),
            ),
            Late::Request => (
                format!("{branch} was pushed, {over} min past 30 min without a pull request"),
                "torch integrate".to_owned(),
            ),
            Late::Merge => (
                format!("the pull request of {branch} is open, {over} min past 2 h"),
                "torch integrate".to_owned(),
            ),
            Late::Pull => (
                format!(
                    "{branch} lacks {} of {parent}, {over} min past 1 h",
                    commits(standing.behind)
                ),
                format!("git merge {parent}"),
            ),
            Late::Behind => (
                format!(
                    "{branch} is {} behind {parent}; at most {BEHIND_MAX}",
                    commits(standing.behind)
                ),
                format!("git merge {parent}"),
            ),
            Late::Cycle => (
                format!(
                    "{} of {branch} not in {parent}, {over} min past 4 h",
                    commits(standing.ahead)
                ),
                "torch integrate".to_owned(),
            ),
        };
        Passed {
            late,
            at,
            evidence,
            remedy,
        }
    }
}

fn commits(count: u64) -> String {
    match count {
        1 => "1 commit".to_owned(),
        more => format!("{more} commits"),
    }
}

#[cfg(test)]
mod tests {
    use torch_core::git_activity::{Lacking, PullRequest};
    use torch_core::{AgentId, TeamId};

    use super::*;

    const MINUTE: u64 = 60_000;
    const NOW: Timestamp = Timestamp(1_000 * MINUTE);

    fn ago(minutes: u64) -> Timestamp {
        Timestamp(NOW.0 - minutes * MINUTE)
    }

    fn standing() -> Standing {
        Standing {
            agent: AgentId::new(1, 1),
            branch: Some("trunk-dev".to_owned()),
            head: "12".to_owned(),
            ahead: 2,
            ahead_since: Some(ago(20)),
            behind: 0,
            lacks: None,
            unpushed: None,
            unpushed_since: None,
        }
    }

    fn activity() -> AgentActivity {
        AgentActivity {
            agent: AgentId::new(1, 1),
            team: TeamId::new(1, 1),
            since: ago(900),
            commits: 2,
            last_commit: Some(ago(10)),
            pushes: 0,
            last_push: None,
            pushed_to: None,
            lacks: None,
            request: None,
        }
    }

    fn passed(standing: &Standing, activity: &AgentActivity, policy: &GitPolicy) -> Vec<Late> {
        let look = Look {
            standing,
            activity: Some(activity),
            policy,
            parent: "trunk",
            requests: true,
        };
        let found = look.passed(NOW);
        found.iter().for_each(|passed| {
            assert!(!passed.evidence.is_empty() && !passed.remedy.is_empty());
        });
        found.into_iter().map(|passed| passed.late).collect()
    }

    #[test]
    fn each_deadline_passes_at_its_time() {
        let policy = GitPolicy::default();
        let check = |change: &dyn Fn(&mut Standing, &mut AgentActivity), expect: &[Late]| {
            let (mut standing, mut activity) = (standing(), activity());
            change(&mut standing, &mut activity);
            assert_eq!(passed(&standing, &activity, &policy), expect);
        };
        check(&|_, _| {}, &[]);
        for (minutes, expect) in [(14, &[][..]), (15, &[Late::Push])] {
            check(
                &|standing, _| {
                    standing.unpushed = Some(1);
                    standing.unpushed_since = Some(ago(minutes));
                },
                expect,
            );
        }
        for (minutes, expect) in [(59, &[][..]), (60, &[Late::Pull])] {
            check(
                &|standing, activity| {
                    standing.behind = 3;
                    let oldest = "ab".to_owned();
                    activity.lacks = Some(Lacking {
                        oldest,
                        since: ago(minutes),
                    });
                },
                expect,
            );
        }
        check(&|standing, _| standing.behind = 20, &[]);
        check(&|standing, _| standing.behind = 21, &[Late::Behind]);
        check(&|standing, _| standing.ahead_since = Some(ago(239)), &[]);
        check(
            &|standing, _| standing.ahead_since = Some(ago(240)),
            &[Late::Cycle],
        );
        check(&|_, activity| activity.last_push = Some(ago(29)), &[]);
        check(
            &|_, activity| activity.last_push = Some(ago(30)),
            &[Late::Request],
        );
        let over = |state: &str, merged: u64, expect: &[Late]| {
            check(
                &|_, activity| {
                    activity.last_push = Some(ago(40));
                    activity.request = Some(PullRequest {
                        number: 1,
                        state: state.to_owned(),
                        opened: ago(500),
                        merged: Some(ago(merged)),
                    });
                },
                expect,
            );
        };
        over("merged", 50, &[Late::Request]);
        over("merged", 30, &[]);
        for (minutes, expect) in [(119, &[][..]), (120, &[Late::Merge])] {
            check(
                &|_, activity| {
                    activity.last_push = Some(ago(300));
                    activity.request = Some(PullRequest {
                        number: 1,
                        state: "open".to_owned(),
                        opened: ago(minutes),
                        merged: None,
                    });
                },
                expect,
            );
        }
    }

    #[test]
    fn nothing_is_late_where_nobody_commits_or_pushes() {
        let mut standing = standing();
        standing.unpushed = Some(4);
        standing.unpushed_since = Some(ago(100));
        standing.behind = 50;
        let mut policy = GitPolicy {
            push_minutes: 0,
            ..GitPolicy::default()
        };
        assert_eq!(passed(&standing, &activity(), &policy), [Late::Behind]);
        policy.agent_commits = AgentCommits::Forbidden;
        assert_eq!(passed(&standing, &activity(), &policy), []);
    }
}
