//! Cleaning and repairing with real repositories: two projects, and worktrees that no team has.

use std::fs;

use torch_core::config::WorktreeConfig;

use super::super::refs::tests::{environment, git};
use super::*;

/// Two projects, `app` and `other`, and a registry.
struct Scene {
    folder: tempfile::TempDir,
    git: Git,
    set_up: SetUp,
    projects: PathBuf,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let git_handle = Git::new(environment());
        let top = folder.path().canonicalize().expect("canonical");
        for name in ["app", "other"] {
            let root = top.join(name);
            fs::create_dir(&root).expect("made");
            git(&root, &["init", "-q", "-b", "main"]);
            git(&root, &["commit", "-q", "--allow-empty", "-m", "first"]);
        }
        let home = top.join("registry");
        let projects = home.join("projects");
        fs::create_dir_all(&projects).expect("made");
        Self {
            set_up: SetUp::new(&WorktreeConfig::default(), &git_handle, &home),
            git: git_handle,
            folder,
            projects,
        }
    }

    fn project(&self, name: &str) -> PathBuf {
        let top = self.folder.path().canonicalize().expect("canonical");
        top.join(name)
    }

    fn bench<T>(&self, act: impl FnOnce(&Bench<'_>) -> T) -> T {
        act(&Bench {
            git: &self.git,
            set_up: &self.set_up,
            projects: &self.projects,
            withheld: &BTreeMap::new(),
            now: torch_process::clock::now(),
        })
    }

    /// Makes a worktree that no team has.
    fn add(&self, project: &str, name: &str) -> PathBuf {
        let name = RoleName::parse(name).expect("a name");
        let made = self.bench(|bench| bench.add((&self.project(project), &name), &[]));
        made.expect("made").path
    }

    /// What became of each worktree that no team has.
    fn cleaned(&self, within: Option<PathBuf>) -> Vec<RemovedView> {
        let order = Order::Clean {
            agents: Vec::new(),
            others_than: Some(Vec::new()),
            within,
            branch: HomeBranch::Stays,
            now: Some(torch_process::clock::now()),
        };
        let done = self.bench(|bench| bench.carried_out(ConnId(1), order));
        match done {
            Done::Changed(Outcome::Cleaned { results, .. }) => {
                results.into_iter().map(|one| one.view).collect()
            }
            _ => panic!("nothing was cleaned"),
        }
    }
}

#[test]
fn another_repositorys_worktree_is_cleaned_away_only_where_all_are_meant() {
    let scene = Scene::new();
    let (login, search) = (scene.add("app", "login"), scene.add("other", "search"));
    let found = scene.bench(|bench| bench.to_clean(&login)).expect("found");
    assert_eq!(found, scene.project("app/.git"));
    let gone = scene.cleaned(Some(scene.project("other/.git")));
    assert_eq!(gone.len(), 1, "{gone:?}");
    assert_eq!(gone[0].project, Some(scene.project("other")));
    assert!(login.is_dir() && !search.exists());
    let gone = scene.cleaned(None);
    assert_eq!(gone[0].project, Some(scene.project("app")), "{gone:?}");
    assert!(!login.exists());
    let refused = scene.bench(|bench| bench.to_clean(scene.folder.path()));
    let refused = refused.expect_err("it is no repository");
    assert_eq!(
        refused.hint.as_deref(),
        Some("torch worktree clean --all --dry-run")
    );
}

#[test]
fn a_worktree_of_no_team_that_was_moved_back_is_mended_without_naming_it() {
    let scene = Scene::new();
    let (login, project) = (scene.add("app", "login"), scene.project("app"));
    let away = scene.project("away");
    fs::rename(&login, &away).expect("moved");
    let repair = |places: &[PathBuf]| {
        let mended = scene.bench(|bench| bench.repair(&project, places, Vec::new()));
        mended.expect("mended")
    };
    let said = repair(std::slice::from_ref(&away));
    assert!(
        said.iter()
            .any(|line| line.contains("outside of torch's registry"))
    );
    fs::rename(&away, &login).expect("moved back");
    let repository = inspect_busy(&scene.git, &project).expect("a repository");
    let its = Registered {
        project: project.clone(),
        ..without_team(RoleName::parse("login").expect("a name"), login.clone())
    };
    let looked = scene.bench(|bench| look(bench, &its));
    assert!(
        looked
            .mend
            .is_some_and(|mend| mend.contains("torch worktree repair"))
    );
    assert_eq!(repair(&[]).len(), 1);
    let state = torch_worktree::state(&scene.git, &repository, &login, &repository.head);
    assert_eq!(
        state.expect("looked at").branch.as_deref(),
        Some("FEATURE-login")
    );
    let listed = git(&project, &["worktree", "list", "--porcelain"]);
    assert!(listed.contains(&login.display().to_string()), "{listed}");
    assert_eq!(repair(&[]), [""; 0]);
    let looked = scene.bench(|bench| look(bench, &its));
    assert_eq!((looked.problem, looked.mend), (None, None));
}
