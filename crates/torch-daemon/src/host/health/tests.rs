//! Health and risk of a real repository.

use std::fs;
use std::path::PathBuf;

use torch_core::{AgentId, AgentState, RoleName};

use super::super::refs::tests::{environment, git};
use super::*;

/// A project with two agents that both change one file, on a parent that moved on.
struct Scene {
    folder: tempfile::TempDir,
    at: Repositories,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let top = folder.path().canonicalize().expect("canonical");
        let root = top.join("project");
        fs::create_dir(&root).expect("made");
        git(&root, &["init", "-q", "-b", "trunk"]);
        fs::write(root.join("file"), "one\n").expect("written");
        git(&root, &["add", "-A"]);
        git(&root, &["commit", "-q", "-m", "first"]);
        let base = git(&root, &["rev-parse", "HEAD"]);
        let agents = ["developer", "tester", "devops"].map(|name| {
            let path = top.join(name);
            let branch = format!("trunk-{name}");
            let text = path.to_str().expect("UTF-8");
            git(&root, &["worktree", "add", "-q", "-b", &branch, text]);
            agent(name, &root, path)
        });
        let scene = Self {
            folder,
            at: Repositories {
                common_dir: root.join(".git"),
                parent: "trunk".to_owned(),
                base_commit: base,
                agents: agents.into(),
                withheld: Vec::new(),
            },
        };
        scene.commit("developer", "file", "Progress: the developer's");
        scene.commit("tester", "file", "Progress: the tester's");
        scene.commit("devops", "other", "Progress: apart");
        git(
            &root,
            &["commit", "-q", "--allow-empty", "-m", "Integration: today"],
        );
        scene
    }

    fn commit(&self, role: &str, file: &str, message: &str) {
        let path = self
            .folder
            .path()
            .canonicalize()
            .expect("canonical")
            .join(role);
        fs::write(path.join(file), format!("{role}\ntwo\n")).expect("written");
        git(&path, &["add", "-A"]);
        git(&path, &["commit", "-q", "-m", message]);
    }

    fn view(&self) -> HealthView {
        let branches = self.at.agents.iter().map(|(_, one)| BranchView {
            role: one.role.to_string(),
            state: AgentState::Idle,
            branch: one.branch.clone(),
            head: None,
            last_commit: None,
            ahead: 0,
            behind: 0,
            unpushed: None,
            commits: 0,
            pushes: 0,
            last_push: None,
            deadlines: Vec::new(),
            problem: None,
            mend: None,
        });
        HealthView {
            team: "app".to_owned(),
            parent: "trunk".to_owned(),
            parent_commit: String::new(),
            remote: true,
            parent_not_pushed: None,
            branches: branches.collect(),
            parent_commits: Vec::new(),
            parent_more: 0,
            graph: Vec::new(),
            alerts: Vec::new(),
            unread: None,
        }
    }
}

fn agent(name: &str, project: &Path, path: PathBuf) -> (AgentId, Registered) {
    let number = name.bytes().map(u128::from).sum();
    let id = AgentId::new(1, number);
    let one = Registered {
        agent: Some(id),
        role: RoleName::parse(name).expect("a role"),
        team: Some("app".to_owned()),
        state: None,
        project: project.to_owned(),
        path,
        branch: Some(format!("trunk-{name}")),
        base: None,
        parent: Some("trunk".to_owned()),
        ready: true,
    };
    (id, one)
}

#[test]
fn health_is_what_the_repository_says_now() {
    let scene = Scene::new();
    let git_handle = Git::new(environment());
    let now = torch_process::clock::now();
    let answer = health(&git_handle, scene.view(), &scene.at, now);
    let Response::Git(answer) = answer else {
        panic!("{answer:?}");
    };
    let GitResponse::Health(view) = *answer else {
        panic!("{answer:?}");
    };
    for branch in &view.branches {
        assert_eq!(
            (branch.ahead, branch.behind, branch.unpushed),
            (1, 1, None),
            "{branch:?}"
        );
        let made = branch.last_commit.expect("a commit");
        assert!(now.since(made) < DAY && branch.problem.is_none());
    }
    let subjects: Vec<_> = view
        .parent_commits
        .iter()
        .map(|one| one.subject.as_str())
        .collect();
    assert_eq!(subjects, ["Integration: today", "first"]);
    assert_eq!(view.parent_commits[0].commit, view.parent_commit);
    assert!(!view.remote);
    let drawn = view.graph.join("\n");
    for subject in [
        "Progress: the developer's",
        "Progress: apart",
        "Integration: today",
        "first",
    ] {
        assert!(drawn.contains(subject), "{drawn}");
    }
    // With a remote that nothing was pushed to, nothing is pushed; what waits in a broker is not, either.
    let project = scene.at.agents[0].1.project.clone();
    git(&project, &["remote", "add", "origin", "/nowhere.git"]);
    let counts = |at: &Repositories| {
        let Response::Git(answer) = health(&git_handle, scene.view(), at, now) else {
            panic!("no answer");
        };
        let GitResponse::Health(view) = *answer else {
            panic!("{answer:?}");
        };
        assert!(view.remote);
        let lacks = view.parent_not_pushed.map(|one| (one.commits, one.push));
        (view.branches[0].unpushed, lacks)
    };
    let lacks = |commits| Some((commits, "git push origin trunk".to_owned()));
    assert_eq!(counts(&scene.at), (Some(2), lacks(2)));
    let head = git(&project, &["rev-parse", "trunk-developer"]);
    let note = "refs/remotes/origin/trunk-developer";
    git(&project, &["update-ref", note, &head]);
    assert_eq!(counts(&scene.at), (Some(0), lacks(2)));
    let mut waiting = scene.at.clone();
    waiting.withheld = vec![torch_core::git_activity::Withheld {
        note: note.to_owned(),
        pushed: head,
        there: None,
    }];
    assert_eq!(counts(&waiting), (Some(2), lacks(2)));
    // A day later nothing is of the last day; a worktree that is gone is said to be.
    fs::remove_dir_all(&scene.at.agents[2].1.path).expect("removed");
    git(
        scene.at.agents[0].1.project.as_path(),
        &["worktree", "prune"],
    );
    let later = now.after(DAY * 2);
    let answer = health(&git_handle, scene.view(), &scene.at, later);
    let Response::Git(answer) = answer else {
        panic!("{answer:?}");
    };
    let GitResponse::Health(view) = *answer else {
        panic!("{answer:?}");
    };
    assert!(view.parent_commits.is_empty());
    assert!(view.branches[2].problem.is_some(), "{view:?}");
}

#[test]
fn what_git_does_not_find_is_said_with_what_mends_it() {
    let scene = Scene::new();
    let looked = || {
        let git_handle = Git::new(environment());
        let now = torch_process::clock::now();
        let Response::Git(answer) = health(&git_handle, scene.view(), &scene.at, now) else {
            panic!("no answer");
        };
        let GitResponse::Health(view) = *answer else {
            panic!("{answer:?}");
        };
        let mut branches = view.branches.into_iter();
        let branch = branches.find(|branch| branch.role == "tester");
        let branch = branch.expect("the tester's");
        (branch.problem, branch.mend.unwrap_or_default())
    };
    let place = scene.at.agents[1].1.path.clone();
    let project = scene.at.agents[1].1.project.clone();
    let away = place.with_file_name("away");
    fs::rename(&place, &away).expect("moved");
    let (problem, mend) = looked();
    assert_eq!(problem.as_deref(), Some("its folder is gone"));
    assert!(mend.contains("torch worktree repair PATH"), "{mend}");
    let text = away.to_str().expect("UTF-8");
    git(&project, &["worktree", "repair", text]);
    fs::rename(&away, &place).expect("moved back");
    let (problem, mend) = looked();
    assert_eq!(problem.as_deref(), Some("git looks for it elsewhere"));
    let command = format!("torch worktree repair {}", place.display());
    assert!(mend.contains(text) && mend.ends_with(&command), "{mend}");
    fs::remove_file(place.join(".git")).expect("removed");
    let (problem, mend) = looked();
    assert_eq!(problem.as_deref(), Some("git knows of no commit there"));
    assert_eq!(mend, "");
}

#[test]
fn the_riskiest_come_first_with_what_they_share() {
    let scene = Scene::new();
    let answer = risk(
        &Git::new(environment()),
        &scene.folder.path().join("scratch"),
        "app",
        &scene.at,
    );
    let Response::Git(answer) = answer else {
        panic!("{answer:?}");
    };
    let GitResponse::Risk(view) = *answer else {
        panic!("{answer:?}");
    };
    let seen: Vec<_> = view
        .roles
        .iter()
        .map(|row| (row.role.as_str(), row.risk))
        .collect();
    assert_eq!(
        seen,
        [
            ("developer", RiskLevel::High),
            ("tester", RiskLevel::High),
            ("devops", RiskLevel::Low),
        ]
    );
    let developer = &view.roles[0];
    assert_eq!(
        (developer.files, developer.insertions, developer.deletions),
        (1, 2, 1)
    );
    assert_eq!((developer.ahead, developer.behind), (1, 1));
    assert_eq!(developer.shared[0].conflicts, ["tester"]);
    assert!(view.roles[2].shared.is_empty());
}

#[test]
fn a_role_that_nobody_ever_had_is_unknown() {
    use torch_core::journal::JournalEntry;

    const DAY_MILLIS: u64 = 24 * 60 * 60 * 1_000;
    let folder = tempfile::tempdir().expect("a folder");
    let began = Timestamp(1_795_226_400_000);
    let now = Timestamp(began.0 + 3 * DAY_MILLIS);
    let mut store = Store::open(&folder.path().join("torch.db"), began).expect("opens");
    let data = serde_json::json!({"team": "app", "role": "devops"});
    let entry = JournalEntry::new("git.commit", "A", "git").with(data);
    let written = store.commit(began, &[torch_core::Write::Journal(entry)]);
    written.expect("written");
    let ask = |role: &str, known: bool| {
        let filter = LogFilter {
            team: torch_api::wire::TeamSelector {
                name: None,
                cwd: PathBuf::from("/"),
            },
            role: Some(role.to_owned()),
            since: Some(Timestamp(now.0 - DAY_MILLIS)),
            limit: 5,
        };
        let failure = crate::failure::usage("no such target", "no such role", None);
        let unknown = (!known).then(|| Box::new(failure));
        log(&store, now, ("app", None), (&filter, unknown)).expect("read")
    };
    let is_empty = |response: &Response| match response {
        Response::Git(answer) => {
            matches!(&**answer, GitResponse::Log { entries, .. } if entries.is_empty())
        }
        _ => false,
    };
    assert!(matches!(ask("developr", false), Response::Failed(_)));
    // Nothing of late, of one who is there, or was.
    assert!(is_empty(&ask("developer", true)));
    assert!(is_empty(&ask("devops", false)));
}
