//! Branches that move: the git directories of running teams' repositories are watched, and read when something moved there.
//!
//! One watch per repository. What tells of a move is a name in one of the watched folders (a reference's file, `packed-refs`, a
//! worktree's `HEAD`), never what an agent's `git status` writes; a moment after the last of them ONE reading of all branches is
//! taken in a blocking task, and compared with where they stood when the team was last told ([`KnownRefs`]). So it does not matter
//! what was seen of the way there: a lost event costs time, never a move. A reading is also taken when a team begins to run (which
//! finds what moved while no daemon did, and what its agents committed before the first one), after the machine slept, and every [`NET`], and every
//! [`RETRY`] while readings fail.
//!
//! The folders to watch are found anew with each reading, BEFORE the branches are read: what is made in a folder that nobody
//! watched yet is then found by the reading itself. Links are not followed, whatever a repository has below `refs`.
//!
//! [`KnownRefs`]: torch_core::git_activity::KnownRefs

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;
use torch_core::git_activity::{RefMove, Standing, Withheld, detached_key};
use torch_core::{AgentId, TeamId, Timestamp};
use torch_worktree::{Git, Moved, MovesRequest, StandingsRequest, Tips};

use super::execute::send;
use super::integrate::in_words;
use super::{Host, Input};
use crate::event::{Event, Made};

/// A reading is taken so long after the last sign of a move,
const QUIET: Duration = Duration::from_millis(50);
/// but at most so long after the first one.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long a repository may go unread: a net for signs that a file system never gave (network file systems give none).
const NET: Duration = Duration::from_secs(12 * 60);
/// The same after a reading that failed.
const RETRY: Duration = Duration::from_secs(30);
/// The most folders that are watched of one repository; in what lies beyond, moves are found by the net.
const FOLDERS_MAX: usize = 2_000;

/// The repositories that are watched, by their common git directories.
#[derive(Debug, Default)]
pub(crate) struct Refs {
    repositories: BTreeMap<PathBuf, Watched>,
}

#[derive(Debug)]
struct Watched {
    /// Absent while a reading has it.
    watch: Option<Watch>,
    /// The teams that it is read for.
    teams: BTreeSet<TeamId>,
    reading: bool,
    /// Whether something moved since the reading under way began.
    again: bool,
    read: Option<Timestamp>,
    /// What remotes did not have at the last reading: what is pushed follows from it, and no branch moves when it is forwarded.
    withheld: Vec<Withheld>,
    /// Whether that failed, for one team at least.
    failed: bool,
}

/// What tells one writing of a configuration from another: inode, size, seconds and nanoseconds; none where there is no such file.
type ConfigMark = Option<(u64, u64, i64, i64)>;

/// A repository's watch: signs go to a task that waits until they are over.
#[derive(Debug)]
pub(crate) struct Watch {
    watcher: Option<RecommendedWatcher>,
    folders: BTreeSet<PathBuf>,
    /// The repository's configuration at the last reading; `None` before the first one.
    config: Option<ConfigMark>,
    waiting: tokio::task::JoinHandle<()>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.waiting.abort();
    }
}

/// What reaches the loop of a repository's branches.
#[derive(Debug)]
pub(crate) enum Sign {
    /// Something moved in the repository with this common git directory.
    Touched(PathBuf),
    /// They were read.
    Read(Box<Read>),
}

/// A repository after a reading of it.
#[derive(Debug)]
pub(crate) struct Read {
    common_dir: PathBuf,
    watch: Watch,
    events: Vec<Event>,
    failed: bool,
}

/// What a team is told, and by what.
#[derive(Debug, Clone)]
pub(crate) struct RefsOf {
    /// The team.
    pub(crate) team: TeamId,
    /// Its parent branch by its full name, and the commit that it began at.
    pub(crate) base: (String, String),
    /// Where its agents' worktrees are.
    pub(crate) owners: Vec<(AgentId, PathBuf)>,
    /// Where the branches stood when it was last told; `None` before the first time.
    pub(crate) known: Option<BTreeMap<String, String>>,
    /// Why it could not be read the last time, as it was told.
    pub(crate) trouble: Option<String>,
    /// How its agents stood.
    pub(crate) standings: Vec<Standing>,
    /// What remotes do not have yet, though the repository notes it as theirs.
    pub(crate) withheld: Vec<Withheld>,
}

impl Host {
    /// Watches the repositories of the teams that run, and takes the readings that are due; once per listing of the panes.
    pub(crate) fn look_into_refs(&mut self, now: Timestamp) {
        let wanted = self.state.watched_repositories();
        self.refs
            .repositories
            .retain(|common_dir, _| wanted.contains_key(common_dir));
        let mut due = Vec::new();
        for (common_dir, teams) in wanted {
            let inputs = &self.inputs;
            let watched = self
                .refs
                .repositories
                .entry(common_dir.clone())
                .or_insert_with(|| Watched {
                    watch: Some(Watch::new(&common_dir, inputs.clone())),
                    teams: BTreeSet::new(),
                    reading: false,
                    again: false,
                    read: None,
                    withheld: Vec::new(),
                    failed: false,
                });
            let net = if watched.failed { RETRY } else { NET };
            let is_over = watched.read.is_none_or(|read| now.since(read) >= net);
            let withheld = self.state.withheld(&common_dir);
            if is_over || watched.teams != teams || watched.withheld != withheld {
                watched.teams = teams;
                due.push(common_dir);
            }
        }
        for common_dir in due {
            self.read_refs(now, &common_dir);
        }
    }

    /// The machine slept, or the clock was set: what was seen is old.
    pub(crate) fn refs_are_old(&mut self) {
        for watched in self.refs.repositories.values_mut() {
            watched.read = None;
        }
    }

    /// Something moved, or was read.
    pub(crate) fn on_refs(&mut self, now: Timestamp, sign: Sign) -> Vec<crate::event::Effect> {
        match sign {
            Sign::Touched(common_dir) => {
                self.read_refs(now, &common_dir);
                Vec::new()
            }
            Sign::Read(read) => self.refs_read(now, *read),
        }
    }

    fn read_refs(&mut self, now: Timestamp, common_dir: &Path) {
        let Some(watched) = self.refs.repositories.get_mut(common_dir) else {
            return;
        };
        let watch = match watched.watch.take() {
            Some(watch) if !watched.reading => watch,
            other => {
                watched.watch = other;
                watched.again = true;
                return;
            }
        };
        watched.reading = true;
        watched.read = Some(now);
        watched.withheld = self.state.withheld(common_dir);
        let teams: Vec<RefsOf> = watched
            .teams
            .iter()
            .filter_map(|team| self.state.refs_of(*team))
            .collect();
        let (git, inputs) = (self.git.clone(), self.inputs.clone());
        let common_dir = common_dir.to_owned();
        drop(tokio::task::spawn_blocking(move || {
            let mut watch = watch;
            watch.follow(&common_dir);
            let configured = watch.is_configured_anew(&common_dir);
            let failing = teams.iter().filter(|of| of.trouble.is_some());
            let failing: BTreeSet<TeamId> = failing.map(|of| of.team).collect();
            let mut events = read(&git, &common_dir, teams);
            let failed = fails(failing, &events);
            if configured {
                let common_dir = common_dir.clone();
                events.push(Event::RepositoryConfig { common_dir });
            }
            let read = Read {
                common_dir,
                watch,
                events,
                failed,
            };
            send(&inputs, Input::Refs(Sign::Read(Box::new(read))));
        }));
    }

    /// A reading has ended: the teams are told, and what moved meanwhile is read.
    fn refs_read(&mut self, now: Timestamp, read: Read) -> Vec<crate::event::Effect> {
        let Read {
            common_dir,
            watch,
            events,
            failed,
        } = read;
        // Nobody runs there any more: with its last owner the watch ends.
        let Some(watched) = self.refs.repositories.get_mut(&common_dir) else {
            return Vec::new();
        };
        watched.watch = Some(watch);
        watched.reading = false;
        watched.failed = failed;
        let again = std::mem::take(&mut watched.again);
        let mut effects = Vec::new();
        for event in events {
            effects.extend(self.state.handle(now, event));
        }
        if again {
            // What the teams know now is what this reading told them.
            self.read_refs(now, &common_dir);
        }
        effects
    }
}

/// Reads a repository's branches and says what each team has not been told, also that they could not be read, or are again.
pub(crate) fn read(git: &Git, common_dir: &Path, teams: Vec<RefsOf>) -> Vec<Event> {
    let tips = Tips::read(git, common_dir);
    let mut events = Vec::new();
    for of in teams {
        let told = match &tips {
            Ok(tips) => read_for(git, (common_dir, tips), &of, &mut events).err(),
            Err(error) => Some(in_words(error)),
        };
        if told == of.trouble {
            continue;
        }
        if let Some(why) = &told {
            tracing::warn!(
                "the branches of {} could not be read: {why}",
                common_dir.display()
            );
        }
        events.push(Event::RefsRead {
            team: of.team,
            trouble: told,
        });
    }
    events
}

/// As [`read`], for one team; why it could not be read, in words.
fn read_for(
    git: &Git,
    (common_dir, tips): (&Path, &Tips),
    of: &RefsOf,
    events: &mut Vec<Event>,
) -> Result<(), String> {
    let team = of.team;
    let (parent, base) = (of.base.0.as_str(), of.base.1.as_str());
    let is_first = of.known.is_none();
    let known = of.known.clone().unwrap_or_else(|| begun(tips, of));
    let request = MovesRequest {
        common_dir,
        tips,
        known: &known,
        base: (base, parent),
        owners: &of.owners,
    };
    let moved = torch_worktree::moves(git, &request).map_err(|error| in_words(&error))?;
    if is_first {
        let tips = known;
        events.push(Event::RefsKnown { team, tips });
    }
    let Moved { moves, fresh } = moved;
    let made = made(&moves, fresh);
    if !moves.is_empty() {
        events.push(Event::RefsMoved { team, moves });
    }
    if !made.is_empty() {
        events.push(Event::Committed { team, made });
    }
    // The moves are told whatever becomes of this.
    let request = StandingsRequest {
        common_dir,
        tips,
        base: (base, parent),
        owners: &of.owners,
        withheld: &of.withheld,
    };
    let measured = torch_worktree::standings(git, &request);
    let standings = measured.map_err(|error| in_words(&error))?;
    if standings != of.standings {
        events.push(Event::Standings { team, standings });
    }
    Ok(())
}

/// Whether a reading failed: for these teams it did before, and the events say what changed.
fn fails(mut failing: BTreeSet<TeamId>, events: &[Event]) -> bool {
    for event in events {
        match event {
            Event::RefsRead {
                team,
                trouble: Some(_),
            } => drop(failing.insert(*team)),
            Event::RefsRead {
                team,
                trouble: None,
            } => drop(failing.remove(team)),
            _ => {}
        }
    }
    !failing.is_empty()
}

/// Where the branches stood when a team began that was never told of any: its agents' at the commit that it began at, since they may
/// have committed before this first reading, and all others where they are.
fn begun(tips: &Tips, of: &RefsOf) -> BTreeMap<String, String> {
    let (parent, base) = &of.base;
    let mut known = tips.known(&of.owners);
    for (agent, _) in &of.owners {
        known
            .entry(detached_key(*agent))
            .and_modify(|at| at.clone_from(base));
    }
    for (name, at) in &mut known {
        if name != parent && tips.owner(name, &of.owners).is_some() {
            at.clone_from(base);
        }
    }
    known
}

/// The new commits, each with the branch that it most likely was made on: one that an agent has checked out, else one of this
/// repository, else one of a remote.
fn made(moves: &[RefMove], mut fresh: BTreeSet<String>) -> Vec<Made> {
    let mut moves: Vec<&RefMove> = moves.iter().collect();
    moves.sort_by_key(|moved| {
        let is_agents = moved.agent.is_some();
        (!is_agents, moved.name.starts_with("refs/remotes/"))
    });
    let mut found = Vec::new();
    for moved in moves {
        for commit in &moved.commits {
            if fresh.remove(&commit.id) {
                found.push(Made {
                    agent: moved.agent,
                    branch: moved.name.clone(),
                    commit: commit.clone(),
                    rewritten: moved.rewound,
                });
            }
        }
    }
    found
}

impl Watch {
    /// Starts to wait for signs; what is to be watched is found with the first reading.
    pub(crate) fn new(common_dir: &Path, inputs: mpsc::UnboundedSender<Input>) -> Self {
        let (signs, mut sign) = mpsc::channel::<()>(1);
        let common = common_dir.to_owned();
        let handler = move |event: notify::Result<notify::Event>| {
            let told = match event {
                Ok(event) => is_sign(&common, &event),
                // Something was lost.
                Err(_) => true,
            };
            if told {
                // A full channel holds a sign already.
                let _ = signs.try_send(());
            }
        };
        let config = notify::Config::default().with_follow_symlinks(false);
        let watcher = RecommendedWatcher::new(handler, config)
            .inspect_err(|error| tracing::warn!("branches are read every {NET:?} only: {error}"))
            .ok();
        let common = common_dir.to_owned();
        let waiting = tokio::spawn(async move {
            while sign.recv().await.is_some() {
                let more = async {
                    while let Ok(Some(())) = tokio::time::timeout(QUIET, sign.recv()).await {}
                };
                // Either it was quiet, or it has been long enough.
                drop(tokio::time::timeout(PATIENCE, more).await);
                send(&inputs, Input::Refs(Sign::Touched(common.clone())));
            }
        });
        Self {
            watcher,
            folders: BTreeSet::new(),
            config: None,
            waiting,
        }
    }

    /// Whether the repository's configuration was written since the last reading.
    fn is_configured_anew(&mut self, common_dir: &Path) -> bool {
        let mark = std::fs::symlink_metadata(common_dir.join("config")).ok();
        let mark = mark.map(|meta| (meta.ino(), meta.size(), meta.mtime(), meta.mtime_nsec()));
        let before = self.config.replace(mark);
        before.is_some_and(|before| before != mark)
    }

    /// Watches the folders that there are now.
    fn follow(&mut self, common_dir: &Path) {
        self.watch(folders(common_dir));
    }

    /// Watches these folders and no others. One that has gone since it was listed, as an integration's own worktree does, is passed
    /// over: what was to be seen in it went with it, and that it went is seen in the folder above.
    fn watch(&mut self, mut now: BTreeSet<PathBuf>) {
        let Some(watcher) = &mut self.watcher else {
            return;
        };
        for gone in self.folders.difference(&now) {
            // A folder that is gone took its watch with it.
            drop(watcher.unwatch(gone));
        }
        now.retain(|folder| {
            // Also one that is watched already: another one may stand in its place. (The kernel knows a folder that it
            // watches again.)
            let Err(error) = watcher.watch(folder, RecursiveMode::NonRecursive) else {
                return true;
            };
            let is_there = is_folder(folder);
            if is_there && !self.folders.contains(folder) {
                tracing::warn!("{} is not watched: {error}", folder.display());
            }
            is_there
        });
        self.folders = now;
    }
}

/// The folders in which something tells that a branch moved.
fn folders(common_dir: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![
        common_dir.join("refs/remotes"),
        common_dir.join("refs/heads"),
    ];
    for name in ["", "refs", "reftable", "worktrees"] {
        let folder = common_dir.join(name);
        if is_folder(&folder) {
            found.insert(folder);
        }
    }
    for worktree in below(&common_dir.join("worktrees")) {
        found.extend(Some(worktree.join("reftable")).filter(|folder| is_folder(folder)));
        found.insert(worktree);
    }
    while let Some(folder) = waiting.pop() {
        if found.len() >= FOLDERS_MAX {
            break;
        }
        if is_folder(&folder) {
            waiting.extend(below(&folder));
            found.insert(folder);
        }
    }
    found
}

/// The folders in a folder, without links.
fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    folders.map(|entry| entry.path()).collect()
}

fn is_folder(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|meta| meta.is_dir())
}

/// Whether an event tells of a branch: anything below `refs` or `reftable` but a lock, `packed-refs`, a `HEAD`, and worktrees that
/// come and go; and of the repository's configuration. The index and what else git writes beside them tell nothing.
fn is_sign(common_dir: &Path, event: &notify::Event) -> bool {
    if event.need_rescan() {
        return true;
    }
    if event.kind.is_access() {
        return false;
    }
    event.paths.iter().any(|path| {
        let Ok(inside) = path.strip_prefix(common_dir) else {
            return true;
        };
        let parts: Vec<&OsStr> = inside.iter().collect();
        let is_lock = inside.extension() == Some(OsStr::new("lock"));
        match parts.first().and_then(|part| part.to_str()) {
            Some("refs") => !is_lock,
            Some("reftable" | "packed-refs" | "HEAD" | "config") => !is_lock,
            Some("worktrees") => match parts.get(2).and_then(|part| part.to_str()) {
                None => true,
                Some("HEAD" | "gitdir") => true,
                Some("reftable") => !is_lock,
                _ => false,
            },
            // The repository itself was moved or removed.
            None => true,
            _ => false,
        }
    })
}

#[cfg(test)]
pub(in crate::host) mod tests;
