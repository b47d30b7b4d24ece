//! A real repository beside the simulated world: the daemon's acts on it are carried out by the functions of the host, at the world's
//! time, and its branches are read as the host's watch does it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use torch_core::{AgentId, Timestamp};
use torch_daemon::acts;
use torch_daemon::event::{Effect, Event, TimerKey};
use torch_process::{CommandSpec, Environment, run};
use torch_worktree::Git;

use super::oracle::{TORCH, Watched};
use super::role::Deed;
use crate::world::{Due, World};

/// The five roles of the default team.
pub(crate) const ROLES: [&str; 5] = [
    "orchestrator",
    "project_manager",
    "developer",
    "tester",
    "testrunner",
];
/// The team's parent branch; `main` is somebody else's.
pub(crate) const PARENT: &str = "trunk";
/// What `torch command-run` is to an integration's command, which is its seventh argument: it tells of itself in the file that is its
/// fifth.
const KEEPER: &str = r#"#!/bin/sh
sh -c "$7"
exit=$?
echo "{\"process\":{\"pid\":$$,\"start\":0},\"exit\":$exit}" > "$5"
exit $exit
"#;
/// As the host has it: how long a repository may go unread.
const NET: Duration = Duration::from_secs(12 * 60);
/// So much later than each second.
const LISTING_LATE: Duration = Duration::from_secs(5);
/// No command of git takes so long.
const DEADLINE: Duration = Duration::from_secs(60);

/// The repository, and what roles are going to do in it.
#[derive(Debug)]
pub(crate) struct Site {
    /// The project, the registry and git's configuration lie in it.
    folder: tempfile::TempDir,
    /// What roles and the person are going to do.
    deeds: BTreeMap<(Timestamp, u64), (String, Deed)>,
    counter: u64,
    /// When the branches are read next, because something moved.
    reading: Option<Timestamp>,
    /// Whether a reading is under way.
    reads: bool,
    last_read: Timestamp,
    /// When the daemon is killed next.
    pub(super) kill: Option<Timestamp>,
    /// How much of its ledger each agent has read.
    pub(super) read: BTreeMap<AgentId, usize>,
    /// Nobody begins anything of its own, and everybody does at once what is asked of it.
    pub(super) quiet: bool,
    pub(super) watched: Watched,
}

/// The order in which git and the roles find what they share; made before any team.
fn lay(site: &Site, now: Timestamp) {
    let project = site.project();
    for folder in [&project, &site.home()] {
        fs::create_dir(folder).expect("made");
    }
    fs::write(site.top().join("gitconfig"), "").expect("written");
    fs::write(site.torch(), KEEPER).expect("written");
    fs::set_permissions(site.torch(), fs::Permissions::from_mode(0o755)).expect("set");
    site.plain(now, &project, &["init", "-q", "-b", "main"]);
    // Many small commits: what git does on its own would only take time.
    for (key, value) in [("gc.auto", "0"), ("maintenance.auto", "false")] {
        site.plain(now, &project, &["config", key, value]);
    }
    let write = |name: &str, text: &str| fs::write(project.join(name), text).expect("written");
    write("spec.md", "# A list\n\n- [ ] one\n- [ ] two\n");
    for n in 0..super::role::SHARED {
        let lines: Vec<String> = (0..super::role::LINES)
            .map(|n| format!("line {n}\n"))
            .collect();
        write(&format!("shared-{n}.txt"), &lines.concat());
    }
    site.plain(now, &project, &["add", "-A"]);
    site.plain(now, &project, &["commit", "-q", "-m", "The beginning"]);
    site.plain(now, &project, &["branch", "release"]);
    site.plain(now, &project, &["tag", "v1"]);
    site.plain(now, &project, &["switch", "-q", "-c", PARENT]);
}

impl Site {
    /// A new repository on the branch [`PARENT`], with others beside it.
    pub(crate) fn new(now: Timestamp) -> Self {
        let site = Self {
            folder: tempfile::tempdir().expect("a folder"),
            deeds: BTreeMap::new(),
            counter: 0,
            reading: None,
            reads: false,
            last_read: now,
            kill: None,
            read: BTreeMap::new(),
            quiet: false,
            watched: Watched::default(),
        };
        lay(&site, now);
        site
    }

    fn top(&self) -> PathBuf {
        self.folder.path().canonicalize().expect("canonical")
    }

    pub(crate) fn project(&self) -> PathBuf {
        self.top().join("project")
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.top().join("home")
    }

    /// What stands above the command of an integration.
    fn torch(&self) -> PathBuf {
        self.top().join("torch")
    }

    /// What git sees there, at that time, of that author.
    fn env(&self, now: Timestamp, who: &str) -> Environment {
        let date = format!("{} +0000", now.0 / 1000);
        let path = std::env::var("PATH").expect("a PATH");
        let email = format!("{who}@example.org");
        let config = self.top().join("gitconfig").display().to_string();
        [
            ("PATH", path.as_str()),
            ("HOME", "/nonexistent"),
            ("GIT_CONFIG_GLOBAL", &config),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_AUTHOR_NAME", who),
            ("GIT_AUTHOR_EMAIL", &email),
            ("GIT_COMMITTER_NAME", who),
            ("GIT_COMMITTER_EMAIL", &email),
            ("GIT_AUTHOR_DATE", &date),
            ("GIT_COMMITTER_DATE", &date),
            ("GIT_EDITOR", "true"),
        ]
        .map(|(name, value)| (name.into(), value.into()))
        .into()
    }

    /// Runs git in a folder as somebody; whether it succeeded, and what it wrote.
    pub(super) fn git(
        &self,
        (now, who): (Timestamp, &str),
        folder: &Path,
        args: &[&str],
    ) -> (bool, String) {
        let spec = CommandSpec::new("git", folder, self.env(now, who), DEADLINE).args(args);
        let output = run(&spec).expect("git runs");
        (output.success(), output.text())
    }

    /// As [`Self::git`], of a command that has to succeed.
    pub(super) fn plain(&self, now: Timestamp, folder: &Path, args: &[&str]) -> String {
        let (done, text) = self.git((now, "somebody"), folder, args);
        assert!(done, "git {args:?} in {}: {text}", folder.display());
        text
    }

    /// The daemon's own git.
    fn daemons(&self, now: Timestamp) -> Git {
        Git::new(self.env(now, "nobody"))
    }

    /// Somebody is going to do something.
    pub(super) fn plan(&mut self, at: Timestamp, who: &str, deed: Deed) {
        self.counter += 1;
        self.deeds
            .insert((at, self.counter), (who.to_owned(), deed));
    }

    /// Nothing more is begun; what was asked for is done now.
    pub(super) fn hurry(&mut self, now: Timestamp) {
        for ((at, number), (who, deed)) in std::mem::take(&mut self.deeds) {
            if deed.is_asked() {
                let at = at.min(now.after(Duration::from_secs(10)));
                self.deeds.insert((at, number), (who, deed));
            }
        }
        self.kill = None;
        self.quiet = true;
    }

    /// When something happens here next.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        let deed = self.deeds.keys().next().map(|(at, _)| *at);
        let reading = self.reading.filter(|_| !self.reads);
        let net = (!self.reads).then(|| self.last_read.after(NET));
        [deed, reading, net, self.kill].into_iter().flatten().min()
    }
}

/// What is an act on the repository, and takes as long.
fn is_act(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::Lane(_)
            | Effect::Integrate { .. }
            | Effect::LookAtWork { .. }
            | Effect::LookAtTree { .. }
            | Effect::LookForOverlaps { .. }
    )
}

impl World {
    /// A run of hours has a host that is slow to look at the panes: they change little, and each look costs the run as much as any turn.
    pub(crate) fn lateness(&self, key: &TimerKey) -> Duration {
        match self.site.is_some() && *key == TimerKey::Panes {
            true => LISTING_LATE,
            false => Duration::ZERO,
        }
    }

    /// How long until something gets to an effect, in milliseconds.
    pub(crate) fn delay_of(&mut self, effect: &Effect) -> u64 {
        match self.site.is_some() && is_act(effect) {
            true => self.gits_delay(),
            false => self.delay(),
        }
    }

    /// git is quick, but for a busy machine.
    fn gits_delay(&mut self) -> u64 {
        match self.random.u32(..30) {
            0 => self.random.u64(500..8_000),
            _ => self.random.u64(5..300),
        }
    }

    /// An effect is carried out on the real repository, if there is one and it is about that.
    pub(crate) fn act_at_the_site(&mut self, effect: &Effect, alive: bool) -> bool {
        let Some(site) = &mut self.site else {
            return false;
        };
        let git = site.daemons(self.now);
        let Some(event) =
            acts::carried_out(&git, (&site.home(), &site.torch()), &self.state, effect)
        else {
            return false;
        };
        if is_act(effect) {
            site.watched.acts += 1;
        }
        if matches!(effect, Effect::Lane(_) | Effect::Integrate { .. }) {
            self.has_moved(TORCH);
            self.touched();
            // The worst moment: it is done, and nobody has heard of it.
            if alive && self.chance(self.faults.restarts, 60) {
                self.restart_daemon();
                return true;
            }
        }
        if !self.muted {
            let delay = self.gits_delay();
            self.later(delay, Due::Event(Box::new(event)));
        }
        true
    }

    /// Something moved: the watch sees it, but for the one sign in fifty that a file system never gives.
    pub(super) fn touched(&mut self) {
        let (lost, quiet) = (self.random.u32(..50) == 0, self.random.u64(50..500));
        let now = self.now;
        if let Some(site) = self.site.as_mut().filter(|site| !lost || site.quiet) {
            let at = now.after(Duration::from_millis(quiet));
            site.reading = Some(site.reading.map_or(at, |before| before.min(at)));
        }
    }

    /// A reading ended with the daemon that took it; the next one takes its own.
    pub(crate) fn reading_is_lost(&mut self) {
        let delay = self.random.u64(0..1_200);
        let at = self.now.after(Duration::from_millis(delay));
        if let Some(site) = &mut self.site {
            site.reads = false;
            site.reading = Some(at);
            site.watched.kills += 1;
        }
    }

    /// What a reading found is told.
    pub(crate) fn refs_read(&mut self, events: Vec<Event>) {
        if let Some(site) = &mut self.site {
            site.reads = false;
        }
        if !events.is_empty() {
            self.turn(events);
        }
    }

    /// Does what is due here; whether anything was.
    pub(crate) fn at_the_site(&mut self) -> bool {
        let now = self.now;
        self.read_prompts();
        let Some(site) = &mut self.site else {
            return false;
        };
        if site.kill.is_some_and(|at| at <= now) {
            site.kill = None;
            self.plan_kill();
            self.restart_daemon();
            return true;
        }
        let is_due = |at: Timestamp| at <= now && !site.reads;
        if site.reading.is_some_and(is_due) || is_due(site.last_read.after(NET)) {
            (site.reading, site.reads, site.last_read) = (None, true, now);
            site.watched.readings += 1;
            let events = acts::read_refs(&site.daemons(now), &self.state);
            let delay = self.random.u64(5..60);
            self.later(delay, Due::Read(events));
            return true;
        }
        let first = site.deeds.first_entry().filter(|deed| deed.key().0 <= now);
        let Some((who, deed)) = first.map(|deed| deed.remove()) else {
            return false;
        };
        self.does(&who, deed);
        true
    }

    /// Kills come an hour apart on average.
    pub(super) fn plan_kill(&mut self) {
        let after = self.random.u64(60_000..7_200_000);
        let at = self.now.after(Duration::from_millis(after));
        if let Some(site) = self.site.as_mut().filter(|site| !site.quiet) {
            site.kill = Some(at);
        }
    }

    /// Where roles have their worktrees and home branches, by role.
    pub(super) fn places(&self) -> BTreeMap<String, (AgentId, PathBuf, String)> {
        let agents = self.store.agents.values();
        let places = agents.filter_map(|agent| {
            let place = (agent.id, agent.worktree.clone(), agent.branch.clone()?);
            Some((agent.role.to_string(), place))
        });
        places.collect()
    }

    /// The commits' subjects that lead to a revision, as a set.
    pub(super) fn subjects(&self, revision: &str) -> BTreeSet<String> {
        let site = self.site.as_ref().expect("a repository");
        let args = ["log", "--format=%s", revision, "--"];
        let text = site.plain(self.now, &site.project(), &args);
        text.lines().map(str::to_owned).collect()
    }
}
