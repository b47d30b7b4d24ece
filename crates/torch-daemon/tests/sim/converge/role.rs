//! What the five roles and the person do in the repository, at random: commits, conflicts, half-done merges and rebases, red tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use torch_api::integrate::{IntegrateOrder, IntegrateRequest};
use torch_api::{Request, Response};
use torch_daemon::event::ConnId;

use super::mind::HUMAN;
use super::site::{PARENT, ROLES};
use crate::agent::Turn;
use crate::clients::send;
use crate::world::World;

/// How many files everybody edits, and their lines at the beginning.
pub(super) const SHARED: usize = 5;
/// As [`SHARED`].
pub(super) const LINES: usize = 40;
/// The file that turns the tests red.
pub(super) const RED: &str = "RED";
/// As many stops of one rebase are solved.
const STOPS: usize = 60;

/// Something that a role does.
#[derive(Debug, Clone)]
pub(crate) enum Deed {
    /// It begins to work: a turn, with commits in it.
    Session,
    /// It edits and commits.
    Commit,
    /// It edits, and leaves that lying about.
    Dirty,
    /// Its last commit gets another content, if that was its own.
    Amend,
    /// Its own commits go onto the parent branch.
    Rebase,
    /// It merges branches into its own and solves what conflicts; in the middle of the first conflict it may leave off.
    Merge(Vec<String>, LeavesOff),
    /// It ends what it left in the middle.
    Finish,
    /// What is not committed is committed.
    Save,
    /// The tests are made green.
    Mend,
    /// It begins an integration.
    Integrate,
    /// It runs the tests of an integration branch and says what came of it.
    Test(String),
    /// It reviews an integration.
    Review(String),
    /// It tells another role something.
    Tell(&'static str, String),
    /// A person has an eye on what only a person can go on with.
    Look,
    /// A person edits the project's own working copy.
    Clutter,
    /// And puts that away.
    Tidy,
}

/// Whether a merge is left in the middle of its first conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LeavesOff {
    No,
    For(Duration),
}

impl Deed {
    /// Whether it follows from something, and is not begun by its doer.
    pub(super) fn is_asked(&self) -> bool {
        !matches!(
            self,
            Self::Session
                | Self::Commit
                | Self::Dirty
                | Self::Amend
                | Self::Rebase
                | Self::Integrate
                | Self::Clutter
        )
    }
}

/// How often a role begins to work, in seconds on average.
fn pace(role: &str) -> u64 {
    match role {
        "developer" => 40 * 60,
        "tester" => 50 * 60,
        _ => 90 * 60,
    }
}

impl World {
    /// A time ahead, exponentially distributed.
    fn in_about(&mut self, seconds: u64) -> torch_core::Timestamp {
        let share = -(1.0 - self.random.f64()).ln();
        let millis = (seconds as f64 * 1000.0 * share.min(6.0)) as u64;
        self.now.after(Duration::from_millis(millis))
    }

    fn plan_in(&mut self, millis: u64, who: &str, deed: Deed) {
        let at = self.now.after(Duration::from_millis(millis));
        self.site
            .as_mut()
            .expect("a repository")
            .plan(at, who, deed);
    }

    /// Everybody begins some time.
    pub(super) fn begin_deeds(&mut self) {
        for role in ROLES {
            self.next_session(role);
        }
        self.next_integration();
        let at = self.in_about(2 * 3600);
        let site = self.site.as_mut().expect("a repository");
        site.plan(at, HUMAN, Deed::Clutter);
        self.plan_in(600_000, HUMAN, Deed::Look);
        self.plan_kill();
    }

    fn next_session(&mut self, role: &str) {
        let at = self.in_about(pace(role));
        let site = self.site.as_mut().expect("a repository");
        site.plan(at, role, Deed::Session);
    }

    fn next_integration(&mut self) {
        let at = self.in_about(60 * 60);
        let site = self.site.as_mut().expect("a repository");
        site.plan(at, "project_manager", Deed::Integrate);
    }

    /// Somebody does something; a role first ends what it left in the middle.
    pub(super) fn does(&mut self, who: &str, deed: Deed) {
        self.note(|| format!("{who}: {deed:?}"));
        match deed {
            Deed::Integrate => return self.integrates(),
            Deed::Test(branch) => return self.tests(who, &branch),
            Deed::Review(tag) => return self.reviews(who, &tag),
            Deed::Tell(to, text) => return self.tells(who, to, &text),
            Deed::Look => return self.looks(),
            Deed::Clutter | Deed::Tidy => return self.at_the_project(&deed),
            _ => {}
        }
        let Some((agent, path, _)) = self.places().remove(who) else {
            return;
        };
        if deed_needs_calm(&deed) {
            self.finish(who, &path);
        }
        match deed {
            Deed::Session => {
                self.begin_turn(agent);
                self.plan_session(who);
            }
            Deed::Commit => self.commits(who, &path),
            Deed::Dirty => self.edits(who, &path),
            Deed::Amend => self.amends(who, &path),
            Deed::Rebase => self.rebases(who, &path),
            Deed::Merge(branches, leaves) => self.merges(who, &path, &branches, leaves),
            Deed::Finish => self.finish(who, &path),
            Deed::Save => self.saves(who, &path),
            Deed::Mend => self.mends(who, &path),
            _ => {}
        }
        self.has_moved(who);
        self.touched();
    }

    /// A person types a word, and the agent is busy for some minutes.
    fn begin_turn(&mut self, agent: torch_core::AgentId) {
        let (now, millis) = (self.now, self.random.u64(30_000..900_000));
        let Some(agent) = self.agents.get_mut(&agent) else {
            return;
        };
        let free = agent.alive && agent.ready && !agent.dialog && !agent.in_turn();
        if free && agent.composer.is_empty() {
            agent.composer.push_str("go on");
            agent.input = now;
            agent.submit(now, Turn::Ends(millis), false);
        }
    }

    fn plan_session(&mut self, role: &str) {
        let mut at = 0;
        for _ in 0..self.random.u64(1..4) {
            // Often in one breath, so that torch looks and merges in between.
            at += match self.random.bool() {
                true => self.random.u64(20..2_500),
                false => self.random.u64(20_000..240_000),
            };
            self.plan_in(at, role, Deed::Commit);
        }
        let soon = at + self.random.u64(200..60_000);
        match self.random.u32(..100) {
            0..18 => self.plan_in(soon, role, Deed::Dirty),
            18..26 => self.plan_in(soon, role, Deed::Amend),
            26..32 => self.plan_in(soon, role, Deed::Rebase),
            _ => {}
        }
        self.next_session(role);
    }

    fn git(&self, who: &str, path: &Path, args: &[&str]) -> (bool, String) {
        let site = self.site.as_ref().expect("a repository");
        site.git((self.now, who), path, args)
    }

    /// Changes some files.
    fn edits(&mut self, who: &str, path: &Path) {
        let number = self.random.u64(..);
        for _ in 0..self.random.u32(0..3) {
            let file = match self.random.u32(..10) {
                // One that several may make.
                0 => format!("new-{}.txt", self.random.u32(..6)),
                _ => format!("shared-{}.txt", self.random.usize(..SHARED)),
            };
            let file = path.join(file);
            if self.random.u32(..25) == 0 {
                // A file that is not there can't go.
                drop(fs::remove_file(&file));
                continue;
            }
            let text = fs::read_to_string(&file).unwrap_or_default();
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            let at = self.random.usize(..lines.len().max(1));
            let line = format!("{who} says {number}");
            match lines.get_mut(at) {
                Some(place) => *place = line,
                None => lines.push(line),
            }
            fs::write(&file, lines.join("\n") + "\n").expect("written");
        }
        let own = path.join(format!("notes-{who}.txt"));
        let notes = fs::read_to_string(&own).unwrap_or_default();
        fs::write(&own, format!("{notes}{number}\n")).expect("written");
    }

    fn commits(&mut self, who: &str, path: &Path) {
        self.edits(who, path);
        let breaks = matches!(who, "developer" | "tester") && self.random.u32(..20) == 0;
        if breaks {
            fs::write(path.join(RED), "it fails\n").expect("written");
        }
        self.saves(who, path);
    }

    /// Commits all that there is; each commit can be told from all others by its first line.
    fn saves(&mut self, who: &str, path: &Path) {
        let site = self.site.as_ref().expect("a repository");
        let subject = format!("Work {:04} of {who}", site.watched.works.len());
        self.git(who, path, &["add", "-A"]);
        if self.git(who, path, &["commit", "-q", "-m", &subject]).0 {
            let now = self.now;
            let site = self.site.as_mut().expect("a repository");
            site.watched.committed(now, who, subject);
        }
    }

    fn amends(&mut self, who: &str, path: &Path) {
        let (_, subject) = self.git(who, path, &["log", "-1", "--format=%s"]);
        if subject.ends_with(&format!(" of {who}")) {
            self.edits(who, path);
            self.git(who, path, &["add", "-A"]);
            self.git(who, path, &["commit", "-q", "--amend", "--no-edit"]);
        }
    }

    fn mends(&mut self, who: &str, path: &Path) {
        if path.join(RED).exists() {
            self.git(who, path, &["rm", "-q", "-f", "--ignore-unmatch", RED]);
            drop(fs::remove_file(path.join(RED)));
            self.saves(who, path);
        }
    }

    fn rebases(&mut self, who: &str, path: &Path) {
        self.saves(who, path);
        self.git(who, path, &["rebase", "-q", PARENT]);
        self.has_rewound(who);
        // Some go for lunch first.
        match self.random.bool() {
            true => self.finish(who, path),
            false => {
                let millis = self.random.u64(60_000..1_800_000);
                self.plan_in(millis, who, Deed::Finish);
            }
        }
    }

    fn merges(&mut self, who: &str, path: &Path, branches: &[String], leaves: LeavesOff) {
        self.saves(who, path);
        for (at, branch) in branches.iter().enumerate() {
            let (merged, _) = self.git(who, path, &["merge", "-q", "--no-edit", branch]);
            if merged {
                continue;
            }
            if let LeavesOff::For(length) = leaves {
                let rest = branches[at + 1..].to_vec();
                let millis = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
                self.plan_in(millis, who, Deed::Finish);
                if !rest.is_empty() {
                    self.plan_in(millis + 1, who, Deed::Merge(rest, LeavesOff::No));
                }
                return;
            }
            self.finish(who, path);
        }
    }

    /// Ends a merge or a rebase that is under way, with what conflicts solved.
    fn finish(&mut self, who: &str, path: &Path) {
        for _ in 0..STOPS {
            let Some(operation) = operation(path) else {
                return self.has_rewound(who);
            };
            self.solves(who, path);
            self.git(who, path, &["add", "-A"]);
            let args: &[&str] = match operation {
                Operation::Merge => &["commit", "-q", "--no-edit"],
                Operation::Rebase => &["rebase", "--continue"],
            };
            if !self.git(who, path, args).0 && operation == Operation::Rebase {
                // What is in the parent already leaves nothing to commit.
                let (_, left) = self.git(who, path, &["diff", "--cached", "--name-only"]);
                if left.is_empty() && self::operation(path).is_some() {
                    self.git(who, path, &["rebase", "--skip"]);
                }
            }
        }
        if operation(path).is_some() {
            self.git(who, path, &["rebase", "--abort"]);
        }
        self.has_rewound(who);
    }

    /// Takes one side of each place in conflict.
    fn solves(&mut self, who: &str, path: &Path) {
        let (_, files) = self.git(who, path, &["diff", "--name-only", "--diff-filter=U"]);
        for file in files.lines() {
            let file = path.join(file);
            let Ok(text) = fs::read_to_string(&file) else {
                continue;
            };
            let ours = self.random.bool();
            fs::write(&file, one_side(&text, ours)).expect("written");
        }
    }

    /// Asks the daemon, as a role or as the person; tries again later where it was killed over that.
    pub(super) fn asks(&mut self, who: &str, again: Deed, request: Request) -> Option<ConnId> {
        let agent = self.places().get(who).map(|(agent, _, _)| *agent);
        let life = self.life;
        let conn = self.ask_as(agent, request);
        if self.life != life {
            self.plan_in(30_000, who, again);
            return None;
        }
        Some(conn)
    }

    pub(super) fn integration(
        &mut self,
        who: &str,
        again: Deed,
        order: IntegrateOrder,
    ) -> Option<ConnId> {
        let team = self.selector();
        let request = IntegrateRequest { team, order };
        let request = torch_api::git::GitRequest::Integrate(Box::new(request));
        self.asks(who, again, Request::Git(request))
    }

    fn integrates(&mut self) {
        let quiet = self.site.as_ref().is_some_and(|site| site.quiet);
        if !quiet {
            self.next_integration();
        }
        let order = IntegrateOrder::Begin {
            until: None,
            no_pull_request: false,
            test: None,
            metrics: None,
            feature: None,
            wait: false,
        };
        self.integration("project_manager", Deed::Integrate, order);
    }

    fn tests(&mut self, who: &str, branch: &str) {
        let project = self.project.clone();
        let red = format!("{branch}:{RED}");
        let there = self
            .git(who, &project, &["rev-parse", "-q", "--verify", branch])
            .0;
        let passed = !self.git(who, &project, &["cat-file", "-e", &red]).0;
        let note = match passed {
            true => String::new(),
            false => "it is RED".to_owned(),
        };
        if there {
            let again = Deed::Test(branch.to_owned());
            self.integration(who, again, IntegrateOrder::Tests { passed, note });
        }
    }

    fn reviews(&mut self, who: &str, tag: &str) {
        let quiet = self.site.as_ref().is_some_and(|site| site.quiet);
        let approve = quiet || self.random.u32(..20) > 0;
        let id = tag.to_owned();
        let request = Request::AnswerQuestion { id, approve };
        self.asks(who, Deed::Review(tag.to_owned()), request);
    }

    fn tells(&mut self, who: &str, to: &'static str, text: &str) {
        let mut request = send(to, text.to_owned());
        request.cwd.clone_from(&self.project);
        let again = Deed::Tell(to, text.to_owned());
        let conn = self.asks(who, again, Request::Send(Box::new(request)));
        let answer = conn.and_then(|conn| self.clients.answer(conn));
        if let Some(Response::Failed(failure)) = answer {
            let text = format!("{who} can't tell {to}: {failure:?}");
            self.note(|| text);
        }
    }

    /// What waits for a person goes on.
    fn looks(&mut self) {
        self.plan_in(600_000, HUMAN, Deed::Look);
        if self.waits_for_a_person() {
            let order = IntegrateOrder::Resume {
                until: None,
                test: None,
                metrics: None,
                wait: false,
            };
            self.integration(HUMAN, Deed::Look, order);
        }
    }

    fn at_the_project(&mut self, deed: &Deed) {
        let file = self.project.join("shared-0.txt");
        if matches!(deed, Deed::Tidy) {
            let project = self.project.clone();
            self.git(HUMAN, &project, &["checkout", "-q", "--", "."]);
            self.has_moved(HUMAN);
            return self.touched();
        }
        let text = fs::read_to_string(&file).unwrap_or_default();
        fs::write(&file, format!("{text}a person's half sentence\n")).expect("written");
        let millis = self.random.u64(60_000..2_400_000);
        self.plan_in(millis, HUMAN, Deed::Tidy);
        let at = self.in_about(3 * 3600);
        let site = self.site.as_mut().expect("a repository");
        site.plan(at.after(Duration::from_secs(2_400)), HUMAN, Deed::Clutter);
    }
}

/// What can't be done in the middle of a merge.
fn deed_needs_calm(deed: &Deed) -> bool {
    !matches!(deed, Deed::Session | Deed::Finish | Deed::Dirty)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Merge,
    Rebase,
}

/// What is under way in a worktree.
pub(super) fn operation(path: &Path) -> Option<Operation> {
    let link = fs::read_to_string(path.join(".git")).ok()?;
    let folder = PathBuf::from(link.trim().strip_prefix("gitdir: ")?);
    if folder.join("rebase-merge").exists() || folder.join("rebase-apply").exists() {
        return Some(Operation::Rebase);
    }
    folder
        .join("MERGE_HEAD")
        .exists()
        .then_some(Operation::Merge)
}

/// A text with conflict markers becomes one without.
fn one_side(text: &str, ours: bool) -> String {
    let (mut solved, mut side) = (String::new(), None);
    for line in text.lines() {
        match line.get(..7) {
            Some("<<<<<<<") => side = Some(true),
            Some("=======") if side.is_some() => side = Some(false),
            Some(">>>>>>>") if side.is_some() => side = None,
            _ if side.is_none_or(|side| side == ours) => {
                solved.push_str(line);
                solved.push('\n');
            }
            _ => {}
        }
    }
    solved
}

#[test]
fn one_side_of_a_conflict_is_taken() {
    let text = "a\n<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> other\nd\n";
    assert_eq!(one_side(text, true), "a\nb\nd\n");
    assert_eq!(one_side(text, false), "a\nc\nd\n");
}
