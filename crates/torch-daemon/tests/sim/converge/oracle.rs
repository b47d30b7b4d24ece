//! What must hold in the repository: all the time, and once everything has come to rest.

use std::collections::{BTreeMap, BTreeSet};

use torch_core::integration::IntegrationOutcome;
use torch_core::lane::LanePair;
use torch_core::ledger::{Violation, ViolationState};
use torch_core::{Envelope, LedgerRecord, MessageKind, Timestamp, ViolationId, Write};

use super::role::operation;
use super::site::{PARENT, ROLES};
use crate::world::World;

/// The lanes of the default team, and within how many seconds they bring what was committed.
const LANES: [(&str, &str, u64); 2] = [("developer", "tester", 300), ("tester", "testrunner", 180)];
/// A sign may be lost, and then the branches are read after 12 minutes; a worktree that is busy is looked at again after 15.
const LANE_SLACK: u64 = 30 * 60;
/// Work is reported that is not in the parent branch after 4 hours; with the same slack.
const CYCLE: u64 = 4 * 3600 + LANE_SLACK;
/// What was seen may be so old when it is told, in seconds: looks take up to 8 s, and deadlines are judged every 10.
const OLD: u64 = 30;
/// What is nobody's here: there is no remote, and nobody but torch merges into other branches.
const NOBODYS: [&str; 6] = [
    "git.push-late",
    "git.request-late",
    "git.merge-late",
    "branch.parent",
    "branch.foreign",
    "commit.message",
];

/// Who is no role and no person.
pub(super) const TORCH: &str = "torch";

/// One commit of a role's own.
#[derive(Debug)]
pub(crate) struct Work {
    who: String,
    at: Timestamp,
    subject: String,
}

/// What is remembered of a run.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    /// All commits of roles; rebases and amendments keep their subjects.
    pub(super) works: Vec<Work>,
    /// Acts of the daemon on the repository, readings of its branches, and its ends.
    pub(super) acts: u64,
    pub(super) readings: u64,
    pub(super) kills: u64,
    /// How many times anybody did something there.
    moves: u64,
    /// Those of roles and the person.
    pub(super) deeds: u64,
    /// When each role last did, and when it last threw commits away or wrote them anew.
    last: BTreeMap<String, Timestamp>,
    pub(super) rewound: BTreeMap<String, Timestamp>,
    /// What was told, to whom, and how many moves there were before.
    told: BTreeMap<(String, String), u64>,
    violations: BTreeSet<ViolationId>,
    /// Where the branches stood that are nobody's here, and the parent branch at the last look.
    others: Option<String>,
    parent: Option<String>,
    pub(super) tally: Tally,
}

/// What a run was made of.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Tally {
    /// Merges of the fast lane, conflicts that it told, and integrations that landed or did not.
    pub(super) merged: u64,
    pub(super) conflicts: u64,
    pub(super) landed: u64,
    pub(super) given_up: u64,
    /// Conflicts of integrations that were told, and branches that one left out.
    pub(super) clashed: u64,
    pub(super) red: u64,
    /// Messages of torch's own, and the violations that it noted.
    pub(super) notices: u64,
    pub(super) violations: u64,
}

impl Watched {
    pub(super) fn committed(&mut self, at: Timestamp, who: &str, subject: String) {
        let who = who.to_owned();
        self.works.push(Work { who, at, subject });
    }
}

impl World {
    /// Somebody did something in the repository.
    pub(super) fn has_moved(&mut self, who: &str) {
        let now = self.now;
        if let Some(site) = &mut self.site {
            site.watched.moves += 1;
            site.watched.deeds += u64::from(who != TORCH);
            site.watched.last.insert(who.to_owned(), now);
        }
    }

    /// Somebody may have written commits anew.
    pub(super) fn has_rewound(&mut self, who: &str) {
        let now = self.now;
        if let Some(site) = &mut self.site {
            site.watched.rewound.insert(who.to_owned(), now);
        }
    }

    /// Something is made durable.
    pub(crate) fn watch_site(&mut self, write: &Write) {
        if self.site.is_none() {
            return;
        }
        let broken = match write {
            Write::PutMessage(row) => self.watch_message(row),
            Write::PutLedger(row) => match &**row {
                LedgerRecord::Violation(row) => self.watch_violation(row),
                _ => None,
            },
            Write::Journal(entry) => {
                self.count(&entry.kind, &entry.data);
                None
            }
            _ => None,
        };
        if let Some(broken) = broken {
            self.breaks(broken);
        }
    }

    fn count(&mut self, kind: &str, data: &serde_json::Value) {
        if kind.starts_with("lane.") || kind.starts_with("integration.") {
            self.note(|| format!("{kind} {data}"));
        }
        let Some(site) = &mut self.site else {
            return;
        };
        let tally = &mut site.watched.tally;
        match kind {
            "lane.merged" => tally.merged += 1,
            "lane.conflict" if data["told"] == true => tally.conflicts += 1,
            "integration.over" if data["landed"].is_string() => tally.landed += 1,
            "integration.over" => tally.given_up += 1,
            "integration.left_out" => tally.red += 1,
            _ => {}
        }
    }

    /// Nobody is told of a conflict twice that did not change.
    fn watch_message(&mut self, row: &Envelope) -> Option<String> {
        let to = row.recipient.label().to_owned();
        self.note(|| format!("{to} is told: {:.400}", row.body));
        let site = self.site.as_mut()?;
        let watched = &mut site.watched;
        if row.kind != MessageKind::Notice {
            return None;
        }
        watched.tally.notices += 1;
        for line in row.body.lines() {
            watched.tally.clashed += u64::from(line.contains("has a conflict that is yours"));
            let moves = watched.moves;
            let lane = line.starts_with("Fast lane: ") && line.contains(" conflict in ");
            let before = watched.told.insert((to.clone(), line.to_owned()), moves);
            if before.is_some_and(|before| lane || before == moves) {
                return Some(format!("{to} is told again: {line}"));
            }
        }
        None
    }

    /// Nobody is late with what is not there.
    fn watch_violation(&mut self, row: &Violation) -> Option<String> {
        let site = self.site.as_mut()?;
        if row.status != ViolationState::Open || !site.watched.violations.insert(row.id) {
            return None;
        }
        site.watched.tally.violations += 1;
        let role = row.role.to_string();
        let text = format!("{role} breaks {}: {}", row.rule, row.evidence);
        self.note(|| text.clone());
        if NOBODYS.contains(&row.rule.as_str()) {
            return Some(text);
        }
        let site = self.site.as_ref()?;
        let last = site.watched.last.get(&role).copied().unwrap_or(row.at);
        let (_, path, branch) = self.places().remove(&role)?;
        let count = |range: String| site.plain(self.now, &path, &["rev-list", "--count", &range]);
        let nothing = match row.rule.as_str() {
            "git.commit-late" | "git.commit-overdue" => {
                let args = ["status", "--porcelain"];
                site.plain(self.now, &path, &args).is_empty()
            }
            "git.pull-late" | "git.behind" => count(format!("{branch}..{PARENT}")) == "0",
            "git.cycle-late" => count(format!("{PARENT}..{branch}")) == "0",
            _ => false,
        };
        let fresh = self.now.since(last).as_secs() < OLD;
        (nothing && !fresh).then(|| format!("{text}, and there is nothing to do"))
    }

    /// What must hold at any time.
    pub(super) fn check_site(&mut self) -> Result<(), String> {
        let site = self.site.as_ref().expect("a repository");
        let (now, project) = (self.now, site.project());
        let names = ["refs/heads/main", "refs/heads/release", "refs/tags/v1"];
        let others = site.plain(now, &project, &[&["rev-parse"][..], &names].concat());
        let parent = site.plain(now, &project, &["rev-parse", PARENT]);
        if let Some(before) = &site.watched.parent {
            let args = ["merge-base", "--is-ancestor", before, &parent];
            if !site.git((now, "somebody"), &project, &args).0 {
                return Err(format!("{PARENT} went from {before} to {parent}"));
            }
        }
        if site
            .watched
            .others
            .as_ref()
            .is_some_and(|before| *before != others)
        {
            return Err(format!("branches of others moved: {others}"));
        }
        let watched = &mut self.site.as_mut().expect("a repository").watched;
        (watched.others, watched.parent) = (Some(others), Some(parent));
        self.check_works()?;
        self.check_lanes()
    }

    /// Each commit is in the parent branch or on its role's own, and what is not in the parent for long is reported.
    fn check_works(&self) -> Result<(), String> {
        let site = self.site.as_ref().expect("a repository");
        let parent = self.subjects(PARENT);
        let places = self.places();
        for role in ROLES {
            let (_, path, branch) = &places[role];
            let own = self.committed_at(&format!("{PARENT}..{branch}"));
            let works = site.watched.works.iter().filter(|work| work.who == role);
            for work in works.filter(|work| !parent.contains(&work.subject)) {
                let subject = &work.subject;
                let Some(at) = own.get(subject) else {
                    return Err(format!(
                        "{subject:?} is neither in {PARENT} nor in {branch}"
                    ));
                };
                // A rebase makes it anew.
                let late = self.now.since(work.at.max(*at)).as_secs() > CYCLE;
                if late && operation(path).is_none() && !self.is_open("git.cycle-late", role) {
                    return Err(format!(
                        "{subject:?} is not in {PARENT}, and nobody says so"
                    ));
                }
            }
        }
        Ok(())
    }

    /// The subjects of a range's commits, and when each was last made.
    fn committed_at(&self, range: &str) -> BTreeMap<String, Timestamp> {
        let site = self.site.as_ref().expect("a repository");
        let args = ["log", "--reverse", "--format=%ct %s", range, "--"];
        let text = site.plain(self.now, &site.project(), &args);
        text.lines().filter_map(dated).collect()
    }

    fn is_open(&self, rule: &str, role: &str) -> bool {
        self.store.ledger.values().any(|row| match row {
            LedgerRecord::Violation(row) => {
                row.rule == rule && row.role.as_str() == role && row.status == ViolationState::Open
            }
            _ => false,
        })
    }

    fn kept_lane(&self, from: &str, to: &str) -> Option<&LanePair> {
        self.store.ledger.values().find_map(|row| match row {
            LedgerRecord::Lane(row) => {
                let same = row.from_role.as_str() == from && row.to_role.as_str() == to;
                same.then_some(&**row)
            }
            _ => None,
        })
    }

    /// What a lane has not brought: the oldest commit's time and subject.
    fn missing(&self, from: &str, to: &str) -> Option<(Timestamp, String)> {
        let site = self.site.as_ref()?;
        let places = self.places();
        let range = format!("{}..{}", places.get(to)?.2, places.get(from)?.2);
        let args = ["log", "--no-merges", "--reverse", "--format=%ct %s", &range];
        let text = site.plain(self.now, &site.project(), &args);
        let (subject, at) = dated(text.lines().next()?)?;
        Some((at, subject))
    }

    /// What a lane does not bring is told.
    fn check_lanes(&self) -> Result<(), String> {
        let places = self.places();
        for (from, to, within) in LANES {
            let busy = [from, to]
                .iter()
                .any(|role| operation(&places[*role].1).is_some());
            let missing = self.missing(from, to);
            let Some((at, subject)) = missing.filter(|_| !busy) else {
                continue;
            };
            // What the recipient threw away is to come again.
            let site = self.site.as_ref().expect("a repository");
            let at = site
                .watched
                .rewound
                .get(to)
                .map_or(at, |rewound| at.max(*rewound));
            let late = self.now.since(at).as_secs() > within + LANE_SLACK;
            let row = self.kept_lane(from, to);
            let told = row.is_some_and(|row| {
                let late = row.waiting.as_ref().is_some_and(|waiting| waiting.late);
                row.conflict.is_some() || late
            });
            if late && !told {
                return Err(format!(
                    "{subject:?} of {from} has not come to {to}, and nobody was told: {row:?}"
                ));
            }
        }
        Ok(())
    }

    /// What must hold once everything is solved and nobody does anything more.
    pub(super) fn check_at_rest(&self) -> Result<(), String> {
        let site = self.site.as_ref().expect("a repository");
        let (works, tally) = (site.watched.works.len(), &site.watched.tally);
        if works == 0 || tally.merged == 0 || tally.landed == 0 {
            return Err(format!("too little happened: {works} commits, {tally:?}"));
        }
        let parent = self.subjects(PARENT);
        let lost = site
            .watched
            .works
            .iter()
            .find(|work| !parent.contains(&work.subject));
        if let Some(work) = lost {
            return Err(format!("{:?} did not come into {PARENT}", work.subject));
        }
        for (from, to, _) in LANES {
            if let Some((_, subject)) = self.missing(from, to) {
                return Err(format!("{subject:?} of {from} did not come to {to}"));
            }
        }
        let newest = self.newest_integration().map(|row| &row.outcome);
        if newest != Some(&Some(IntegrationOutcome::Nothing)) {
            return Err(format!("the last integration is {newest:?}"));
        }
        self.check_whole()
    }

    /// git finds nothing wrong, and torch has left nothing.
    fn check_whole(&self) -> Result<(), String> {
        let site = self.site.as_ref().expect("a repository");
        let (now, project) = (self.now, site.project());
        let (whole, text) = site.git((now, "somebody"), &project, &["fsck", "--strict"]);
        if !whole {
            return Err(format!("git fsck: {text}"));
        }
        let args = [
            "for-each-ref",
            "--format=%(refname)",
            "refs/torch",
            "refs/heads/integration",
        ];
        let left = site.plain(now, &project, &args);
        if !left.is_empty() {
            return Err(format!("left behind: {left}"));
        }
        let trees = site.plain(now, &project, &["worktree", "list", "--porcelain"]);
        if trees.matches("worktree ").count() != ROLES.len() + 1 {
            return Err(format!("worktrees: {trees}"));
        }
        let places = self.places();
        for (role, (_, path, branch)) in places {
            let on = site.plain(now, &path, &["rev-parse", "--abbrev-ref", "HEAD"]);
            let status = site.plain(now, &path, &["status", "--porcelain"]);
            if on != branch || !status.is_empty() || operation(&path).is_some() {
                return Err(format!("{role} is on {on} with {status:?}"));
            }
        }
        Ok(())
    }
}

/// Reads `SECONDS SUBJECT`.
fn dated(line: &str) -> Option<(String, Timestamp)> {
    let (seconds, subject) = line.split_once(' ')?;
    let at = seconds.parse::<u64>().ok()? * 1000;
    Some((subject.to_owned(), Timestamp(at)))
}
