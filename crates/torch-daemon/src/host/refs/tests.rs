//! The watch on real repositories: everything that moves is told, once, whatever becomes of the folders.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;

use torch_core::git_activity::RefMove;
use torch_process::{CommandSpec, Environment, run};

use super::*;

fn team() -> TeamId {
    TeamId::new(1, 1)
}

fn developer() -> AgentId {
    AgentId::new(1, 2)
}

/// Far more than anything here takes.
const DEADLINE: Duration = Duration::from_secs(20);

pub(in crate::host) fn environment() -> Environment {
    let path = std::env::var_os("PATH").expect("a PATH");
    let null: OsString = "/dev/null".into();
    let name: OsString = "torch".into();
    [
        ("PATH", path),
        ("HOME", "/nonexistent".into()),
        ("GIT_CONFIG_GLOBAL", null.clone()),
        ("GIT_CONFIG_SYSTEM", null),
        ("GIT_AUTHOR_NAME", name.clone()),
        ("GIT_AUTHOR_EMAIL", name.clone()),
        ("GIT_COMMITTER_NAME", name.clone()),
        ("GIT_COMMITTER_EMAIL", name),
    ]
    .map(|(name, value)| (name.into(), value))
    .into()
}

pub(in crate::host) fn git(cwd: &Path, args: &[&str]) -> String {
    let spec = CommandSpec::new("git", cwd, environment(), DEADLINE).args(args);
    let output = run(&spec).expect("git runs").success_or_error();
    output.expect("git succeeds").text()
}

/// A repository with the worktree of one agent, under a watch.
struct Scene {
    folder: tempfile::TempDir,
    common: PathBuf,
    worktree: PathBuf,
    base: String,
    known: Option<BTreeMap<String, String>>,
    watch: Option<Watch>,
    inputs: mpsc::UnboundedReceiver<Input>,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let top = folder.path().canonicalize().expect("canonical");
        let (root, worktree) = (top.join("project"), top.join("dev"));
        fs::create_dir(&root).expect("made");
        git(&root, &["init", "-q", "-b", "main"]);
        git(&root, &["commit", "-q", "--allow-empty", "-m", "first"]);
        let path = worktree.to_str().expect("UTF-8");
        git(&root, &["worktree", "add", "-q", "-b", "main-dev", path]);
        let common = root.join(".git");
        let (sender, inputs) = mpsc::unbounded_channel();
        let mut scene = Self {
            base: git(&root, &["rev-parse", "HEAD"]),
            watch: Some(Watch::new(&common, sender)),
            folder,
            common,
            worktree,
            known: None,
            inputs,
        };
        assert_eq!(scene.read(), []);
        assert!(scene.known.is_some());
        scene
    }

    fn root(&self) -> PathBuf {
        self.worktree.with_file_name("project")
    }

    fn commit(&self, message: &str) {
        git(
            &self.worktree,
            &["commit", "-q", "--allow-empty", "-m", message],
        );
    }

    /// One reading.
    fn read(&mut self) -> Vec<RefMove> {
        let watch = self.watch.as_mut().expect("a watch");
        watch.follow(&self.common);
        let of = RefsOf {
            team: team(),
            base: ("refs/heads/main".to_owned(), self.base.clone()),
            owners: vec![(developer(), self.worktree.clone())],
            known: self.known.clone(),
            trouble: None,
            standings: Vec::new(),
            withheld: Vec::new(),
        };
        let events = read(&Git::new(environment()), &self.common, vec![of]);
        let mut found = Vec::new();
        for event in events {
            match event {
                Event::RefsKnown { tips, .. } => self.known = Some(tips),
                Event::RefsMoved { moves, .. } => found = moves,
                _ => {}
            }
        }
        let known = self.known.get_or_insert_default();
        for moved in &found {
            match &moved.new {
                Some(commit) => drop(known.insert(moved.key(), commit.clone())),
                None => drop(known.remove(&moved.key())),
            }
        }
        found
    }

    /// Reads whenever the watch says so, until something moved.
    async fn moved(&mut self) -> Vec<RefMove> {
        let until = async {
            loop {
                let touched = self.inputs.recv().await;
                assert!(matches!(touched, Some(Input::Refs(Sign::Touched(_)))));
                let found = self.read();
                if !found.is_empty() {
                    return found;
                }
            }
        };
        tokio::time::timeout(DEADLINE, until).await.expect("a sign")
    }

    async fn one(&mut self) -> (String, Option<AgentId>) {
        let found = self.moved().await;
        assert_eq!(found.len(), 1, "{found:?}");
        (found[0].name.clone(), found[0].agent)
    }
}

#[tokio::test]
async fn a_repository_that_cant_be_read_is_told_until_it_can() {
    let mut scene = Scene::new();
    let mut told = None;
    let mut read = |scene: &mut Scene| {
        let of = RefsOf {
            team: team(),
            base: ("refs/heads/main".to_owned(), scene.base.clone()),
            owners: vec![(developer(), scene.worktree.clone())],
            known: scene.known.clone(),
            trouble: told.clone(),
            standings: Vec::new(),
            withheld: Vec::new(),
        };
        let failing = of.trouble.iter().map(|_| of.team).collect();
        let events = super::read(&Git::new(environment()), &scene.common, vec![of]);
        let news = events.iter().find_map(|event| match event {
            Event::RefsRead { trouble, .. } => Some(trouble.clone()),
            _ => None,
        });
        if let Some(trouble) = &news {
            told.clone_from(trouble);
        }
        (news, fails(failing, &events))
    };
    assert_eq!(read(&mut scene), (None, false));
    let (head, aside) = (scene.common.join("HEAD"), scene.common.join("aside"));
    fs::rename(&head, &aside).expect("moved");
    let (news, failed) = read(&mut scene);
    let why = news.flatten().expect("it is told");
    assert!(
        failed && why.contains(&*scene.common.to_string_lossy()),
        "{why}"
    );
    // Once; it is tried again.
    assert_eq!(read(&mut scene), (None, true));
    fs::rename(&aside, &head).expect("moved");
    assert_eq!(read(&mut scene), (Some(None), false));
}

#[tokio::test]
async fn what_moves_is_noticed_whatever_becomes_of_the_folders() {
    let mut scene = Scene::new();
    let (own, agent) = ("refs/heads/main-dev".to_owned(), Some(developer()));
    scene.commit("one");
    assert_eq!(scene.one().await, (own.clone(), agent));
    // A branch in a folder that is new, then one in it again after `pack-refs` has taken the folder away.
    let feature = ("refs/heads/feature/deep/a".to_owned(), agent);
    git(&scene.worktree, &["checkout", "-q", "-b", "feature/deep/a"]);
    assert_eq!(scene.one().await, feature);
    git(&scene.root(), &["pack-refs", "--all", "--prune"]);
    assert!(!scene.common.join("refs/heads/feature").exists());
    scene.commit("two");
    assert_eq!(scene.one().await, feature);
    scene.commit("three");
    assert_eq!(scene.one().await, feature);
    // A packed branch goes by a change of `packed-refs`.
    git(&scene.root(), &["branch", "-q", "-D", "main-dev"]);
    assert_eq!(scene.one().await, (own, None));
    // Only the HEAD of the worktree tells of these.
    git(&scene.worktree, &["checkout", "-q", "--detach"]);
    assert_eq!(scene.one().await, ("HEAD".to_owned(), agent));
    scene.commit("four");
    assert_eq!(scene.one().await, ("HEAD".to_owned(), agent));
    // All worktrees go, and with them the folder `worktrees`; then one is made again.
    let path = scene.worktree.to_str().expect("UTF-8").to_owned();
    git(&scene.root(), &["worktree", "remove", "--force", &path]);
    assert_eq!(scene.one().await, ("HEAD".to_owned(), agent));
    git(
        &scene.root(),
        &["worktree", "add", "-q", &path, "feature/deep/a"],
    );
    scene.commit("five");
    assert_eq!(scene.one().await, feature);
    // A remote, which the repository did not have.
    let remote = scene.folder.path().join("remote.git");
    let remote = remote.to_str().expect("UTF-8").to_owned();
    git(&scene.root(), &["init", "-q", "--bare", &remote]);
    git(&scene.root(), &["remote", "add", "origin", &remote]);
    git(&scene.worktree, &["push", "-q", "origin", "HEAD:a"]);
    assert_eq!(
        scene.one().await,
        ("refs/remotes/origin/a".to_owned(), None)
    );
}

#[tokio::test]
async fn a_folder_that_goes_before_it_is_watched_is_passed_over() {
    let scene = Scene::new();
    let (sender, _inputs) = mpsc::unbounded_channel();
    let mut watch = Watch::new(&scene.common, sender);
    let (here, gone) = (scene.common.clone(), scene.common.join("worktrees/app"));
    watch.watch([here.clone(), gone].into());
    assert_eq!(watch.folders, BTreeSet::from([here]));
}

#[tokio::test]
async fn a_configuration_is_seen_that_goes_and_comes_back() {
    let scene = Scene::new();
    let (sender, _inputs) = mpsc::unbounded_channel();
    let mut watch = Watch::new(&scene.common, sender);
    let (config, aside) = (scene.common.join("config"), scene.common.join("aside"));
    assert!(!watch.is_configured_anew(&scene.common), "the first look");
    assert!(!watch.is_configured_anew(&scene.common));
    fs::rename(&config, &aside).expect("moved");
    assert!(watch.is_configured_anew(&scene.common), "it is gone");
    assert!(!watch.is_configured_anew(&scene.common));
    fs::rename(&aside, &config).expect("moved");
    assert!(watch.is_configured_anew(&scene.common), "it is back");
}

#[tokio::test]
async fn what_moved_while_nobody_watched_is_found_once_by_the_next_reading() {
    let mut scene = Scene::new();
    scene.watch = None;
    scene.commit("one");
    scene.commit("two");
    let (sender, inputs) = mpsc::unbounded_channel();
    scene.watch = Some(Watch::new(&scene.common, sender));
    scene.inputs = inputs;
    let found = scene.read();
    assert_eq!((found.len(), found[0].commits.len()), (1, 2), "{found:?}");
    assert_eq!(scene.read(), []);
    scene.commit("three");
    assert_eq!(scene.one().await.1, Some(developer()));
}

#[tokio::test]
async fn what_an_agent_committed_before_the_first_reading_is_told() {
    let mut scene = Scene::new();
    scene.commit("one");
    scene.commit("two");
    scene.known = None;
    let found = scene.read();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (found[0].agent, found[0].commits.len()),
        (Some(developer()), 2)
    );
    assert_eq!(scene.read(), []);
}

/// What the readings for two teams of one repository tell each of them.
struct Both {
    known: BTreeMap<TeamId, BTreeMap<String, String>>,
}

impl Both {
    /// One reading for these teams, each with the worktree of its one agent and its parent.
    fn read(&mut self, common: &Path, teams: &[(TeamId, AgentId, &Path, &str)]) -> Vec<Told> {
        let base = git(common, &["rev-list", "--max-parents=0", "main"]);
        let of = teams.iter().map(|(team, agent, worktree, parent)| RefsOf {
            team: *team,
            base: (format!("refs/heads/{parent}"), base.clone()),
            owners: vec![(*agent, worktree.to_path_buf())],
            known: self.known.get(team).cloned(),
            trouble: None,
            standings: Vec::new(),
            withheld: Vec::new(),
        });
        let events = read(&Git::new(environment()), common, of.collect());
        let mut told = Vec::new();
        for event in events {
            match event {
                Event::RefsKnown { team, tips } => drop(self.known.insert(team, tips)),
                Event::RefsMoved { team, moves } => {
                    let known = self.known.entry(team).or_default();
                    for moved in moves {
                        let new = moved.new.clone().expect("nothing is deleted here");
                        known.insert(moved.key(), new);
                        told.push((team, moved.name, moved.agent));
                    }
                }
                _ => {}
            }
        }
        told
    }
}

type Told = (TeamId, String, Option<AgentId>);

#[tokio::test]
async fn two_teams_of_one_repository_are_told_by_one_watch() {
    let mut scene = Scene::new();
    let path = scene.folder.path().join("release-dev");
    let path = path.canonicalize().unwrap_or(path);
    let text = path.to_str().expect("UTF-8").to_owned();
    git(&scene.root(), &["branch", "release"]);
    git(
        &scene.root(),
        &["worktree", "add", "-q", "-b", "release-dev", &text],
    );
    let (other, theirs) = (TeamId::new(1, 7), AgentId::new(1, 70));
    let one = (team(), developer(), scene.worktree.as_path(), "main");
    let two = (other, theirs, path.as_path(), "release");
    let mut both = Both {
        known: BTreeMap::new(),
    };
    assert_eq!(both.read(&scene.common, &[one, two]), []);
    let own = "refs/heads/main-dev".to_owned();
    scene.commit("one");
    // With its agent to its own team alone.
    let expect = [
        (team(), own.clone(), Some(developer())),
        (other, own.clone(), None),
    ];
    assert_eq!(both.read(&scene.common, &[one, two]), expect);
    assert_eq!(both.read(&scene.common, &[one, two]), []);
    let words = ["commit", "-q", "--allow-empty", "-m", "two"];
    git(&path, &words);
    let name = "refs/heads/release-dev".to_owned();
    let expect = [(team(), name.clone(), None), (other, name, Some(theirs))];
    assert_eq!(both.read(&scene.common, &[one, two]), expect);
    // The parent of one is told to both.
    git(&scene.root(), &["merge", "-q", "--ff-only", "main-dev"]);
    let main = "refs/heads/main".to_owned();
    let expect = [(team(), main.clone(), None), (other, main, None)];
    assert_eq!(both.read(&scene.common, &[one, two]), expect);
    // One team stops: the other one goes on, and the first learns once what it missed.
    git(&path, &words);
    scene.commit("three");
    let only = both.read(&scene.common, &[two]);
    assert_eq!(only.len(), 2, "{only:?}");
    assert!(only.iter().all(|(team, ..)| *team == other), "{only:?}");
    let missed = both.read(&scene.common, &[one, two]);
    assert_eq!(missed.len(), 2, "{missed:?}");
    assert!(
        missed.contains(&(team(), own, Some(developer()))),
        "{missed:?}"
    );
    let common = scene.common.clone();
    scene.watch.as_mut().expect("a watch").follow(&common);
    // The one watch has signs of both.
    git(&path, &words);
    let sign = tokio::time::timeout(DEADLINE, scene.inputs.recv()).await;
    assert!(matches!(sign, Ok(Some(Input::Refs(Sign::Touched(at)))) if at == common));
}

#[test]
fn only_branches_are_signs() {
    let common = Path::new("/p/.git");
    let check = |path: &str, expect: bool| {
        let kind = notify::EventKind::Modify(notify::event::ModifyKind::Any);
        let event = notify::Event::new(kind).add_path(common.join(path));
        assert_eq!(is_sign(common, &event), expect, "{path}");
    };
    for path in [
        "refs/heads/a",
        "refs/remotes",
        "packed-refs",
        "HEAD",
        "worktrees",
        "worktrees/a",
    ] {
        check(path, true);
    }
    check("worktrees/a/HEAD", true);
    check("reftable/tables.list", true);
    for path in [
        "index",
        "index.lock",
        "refs/heads/a.lock",
        "worktrees/a/index.lock",
        "logs/HEAD",
    ] {
        check(path, false);
    }
    for path in [
        "HEAD.lock",
        "worktrees/a/HEAD.lock",
        "objects/12",
        "COMMIT_EDITMSG",
    ] {
        check(path, false);
    }
    let lost = notify::Event::new(notify::EventKind::Other).set_flag(notify::event::Flag::Rescan);
    assert!(is_sign(common, &lost));
}
