//! Integrations on real repositories: chains of merges, landing, kills, benches, remotes.

use std::collections::BTreeSet;

use torch_core::Timestamp;

use super::*;
use crate::integrate::land_with;
use crate::merge::Step;

const AT: Timestamp = Timestamp(1_800_000_000_000);

const STEPS: [Step; 5] = [
    Step::Locked,
    Step::Copied,
    Step::CheckedOut,
    Step::Moved,
    Step::Replaced,
];

/// A project with two roles that both have work.
struct Two {
    project: Project,
    developer: PathBuf,
    tester: PathBuf,
}

impl Two {
    fn new(init: &[&str]) -> Self {
        let project = Project::named("project", init);
        fs::write(project.root.join("code.txt"), "one\n").expect("written");
        project.commit("second");
        let [developer, tester] =
            ["developer", "tester"].map(|name| project.add(name, name).expect("added").path);
        write(&developer, "code.txt", "two\n");
        write(&tester, "test.txt", "a test\n");
        Self {
            project,
            developer,
            tester,
        }
    }

    fn link(path: &Path, role: &str) -> ChainLink {
        ChainLink {
            commit: head(path),
            message: format!("Integration: {role}\n"),
        }
    }

    fn chain(&self) -> Chained {
        let links = [
            Self::link(&self.developer, "developer"),
            Self::link(&self.tester, "tester"),
        ];
        let repository = self.project.inspect();
        let base = tip_of(&handle(), &repository, "main")
            .expect("read")
            .expect("it is there");
        let request = ChainRequest {
            repository: &repository,
            base: &base,
            links: &links,
            at: AT,
        };
        chain(&handle(), &request).expect("merged")
    }

    fn merged(&self) -> Vec<String> {
        match self.chain() {
            Chained::Done(made) => made,
            other => panic!("{other:?}"),
        }
    }

    fn land(&self, from: &str, to: &str) -> Landed {
        self.land_until(from, to, None)
    }

    fn land_until(&self, from: &str, to: &str, last: Option<Step>) -> Landed {
        let request = LandRequest {
            repository: &inspect_busy(&handle(), &self.project.root).expect("a repository"),
            branch: "main",
            from,
            to,
            label: "integration-1",
        };
        land_with(&handle(), &request, |step| Some(step) != last).expect("landed")
    }

    fn is_whole(&self) {
        self.project.git(&["fsck", "--strict"]);
        assert!(!self.project.root.join(".git/index.lock").exists());
        assert!(!self.project.root.join(".git/torch-merge").exists());
    }
}

fn head(path: &Path) -> String {
    git(path, &["rev-parse", "HEAD"])
}

fn write(path: &Path, file: &str, text: &str) {
    fs::write(path.join(file), text).expect("written");
    git(path, &["add", "-A"]);
    git(path, &["commit", "-q", "-m", "work"]);
}

#[test]
fn a_chain_is_the_same_whenever_it_is_made_and_touches_nothing() {
    for init in [&[][..], &["--object-format=sha256"]] {
        let two = Two::new(init);
        let refs = || two.project.git(&["for-each-ref"]);
        let before = (refs(), two.project.git(&["status", "--porcelain"]));
        let made = two.merged();
        assert_eq!(two.merged(), made);
        assert_eq!(
            before,
            (refs(), two.project.git(&["status", "--porcelain"]))
        );
        let parents = two
            .project
            .git(&["log", "-1", "--format=%P|%s|%an", &made[1]]);
        let expected = format!(
            "{} {}|Integration: tester|torch",
            made[0],
            head(&two.tester)
        );
        assert_eq!(parents, expected);
    }
}

#[test]
fn a_conflict_names_the_link_and_the_files() {
    let two = Two::new(&[]);
    write(&two.tester, "code.txt", "three\n");
    let files = BTreeSet::from(["code.txt".to_owned()]);
    let conflict = |at| ChainConflict {
        at,
        files: files.clone(),
    };
    assert_eq!(two.chain(), Chained::Conflict(vec![conflict(1)]));
    let repository = two.project.inspect();
    let clash = |one: &str, other: &str, base: Option<&str>| {
        clashes(&handle(), &repository, (one, other), base).expect("compared")
    };
    let (developer, tester) = (head(&two.developer), head(&two.tester));
    assert_eq!(clash(&developer, &tester, None), files);
    let base = head(&two.project.root);
    assert_eq!(clash(&base, &tester, None), BTreeSet::new());
    // Since a commit that one of them has within, only the other one changed the file.
    write(&two.tester, "more.txt", "more\n");
    let later = head(&two.tester);
    assert_eq!(clash(&developer, &later, None), files);
    assert_eq!(clash(&developer, &later, Some(&tester)), BTreeSet::new());
}

#[test]
fn links_behind_one_in_conflict_are_tried_without_it() {
    let two = Two::new(&[]);
    write(&two.tester, "code.txt", "three\n");
    let other = two.project.add("other", "other").expect("added").path;
    write(&other, "code.txt", "four\n");
    let last = two.project.add("last", "last").expect("added").path;
    write(&last, "last.txt", "last\n");
    let trees = [&two.developer, &two.tester, &other, &last];
    let links = trees.map(|path| Two::link(path, "role"));
    let repository = two.project.inspect();
    let request = ChainRequest {
        repository: &repository,
        base: &head(&two.project.root),
        links: &links,
        at: AT,
    };
    let Chained::Conflict(found) = chain(&handle(), &request).expect("merged") else {
        panic!("it conflicts");
    };
    assert_eq!(found.iter().map(|one| one.at).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn what_an_agent_has_is_what_the_parent_lacks() {
    let two = Two::new(&[]);
    let repository = two.project.inspect();
    let parent = head(&two.project.root);
    let look = |parent: &str| {
        work_of(
            &handle(),
            &repository,
            (&two.developer, Some("main-developer")),
            parent,
        )
        .expect("looked")
    };
    let work = look(&parent);
    let names = |work: &Work| {
        let names = work.commits.iter();
        names
            .map(|one| (one.branch.clone().unwrap_or_default(), one.ahead))
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&work), [("main-developer".to_owned(), 1)]);
    assert_eq!(work.changed, 0);
    // A branch that was begun on it has all of it; one beside it has not.
    git(&two.developer, &["switch", "-q", "-c", "feature/x"]);
    write(&two.developer, "x.txt", "x\n");
    assert_eq!(names(&look(&parent)), [("feature/x".to_owned(), 2)]);
    git(&two.developer, &["switch", "-q", "main-developer"]);
    write(&two.developer, "y.txt", "y\n");
    git(&two.developer, &["switch", "-q", "feature/x"]);
    fs::write(two.developer.join("loose.txt"), "loose\n").expect("written");
    let work = look(&parent);
    assert_eq!(
        names(&work),
        [
            ("feature/x".to_owned(), 2),
            ("main-developer".to_owned(), 2)
        ]
    );
    assert_eq!(work.changed, 1);
    let all = git(&two.developer, &["rev-parse", "feature/x"]);
    assert_eq!(names(&look(&all)), [("main-developer".to_owned(), 1)]);
}

#[test]
fn the_parent_moves_with_the_worktree_that_has_it() {
    for init in [&[][..], &["--object-format=sha256"]] {
        let two = Two::new(init);
        let (from, made) = (head(&two.project.root), two.merged());
        let landed = two.land(&from, &made[1]);
        assert_eq!(
            landed,
            Landed::Done {
                tip: made[1].clone()
            }
        );
        assert_eq!(two.project.git(&["status", "--porcelain"]), "");
        let text = fs::read_to_string(two.project.root.join("test.txt")).expect("it is there");
        assert_eq!(text, "a test\n");
        // Again, as after a kill: nothing happens.
        assert_eq!(two.land(&from, &made[1]), landed);
        assert_eq!(two.project.git(&["for-each-ref", "refs/torch"]), "");
        two.is_whole();
    }
}

#[test]
fn a_kill_anywhere_in_the_persons_own_worktree_is_made_good() {
    for last in STEPS {
        let two = Two::new(&[]);
        let (from, made) = (head(&two.project.root), two.merged());
        two.land_until(&from, &made[1], Some(last));
        let landed = two.land(&from, &made[1]);
        let tip = made[1].clone();
        assert_eq!(landed, Landed::Done { tip }, "{last:?}");
        assert_eq!(two.project.git(&["status", "--porcelain"]), "", "{last:?}");
        assert_eq!(two.project.git(&["for-each-ref", "refs/torch"]), "");
        two.is_whole();
    }
}

#[test]
fn a_persons_work_holds_it_up_and_stays() {
    let two = Two::new(&[]);
    let (from, made) = (head(&two.project.root), two.merged());
    fs::write(two.project.root.join("file"), "mine\n").expect("written");
    let Landed::Busy { path, busy } = two.land(&from, &made[1]) else {
        panic!("it waits");
    };
    assert_eq!(path, two.project.root);
    assert_eq!(
        busy,
        Busy::Changes {
            files: vec!["file".to_owned()]
        }
    );
    assert_eq!(head(&two.project.root), from);
    two.project.git(&["checkout", "-q", "file"]);
    // A file of nobody's history, where the merge has one.
    fs::write(two.project.root.join("test.txt"), "mine\n").expect("written");
    let landed = two.land(&from, &made[1]);
    assert!(
        matches!(&landed, Landed::Busy { busy: Busy::InTheWay { files }, .. } if *files == ["test.txt"]),
        "{landed:?}"
    );
    let text = fs::read_to_string(two.project.root.join("test.txt")).expect("it is there");
    assert_eq!(text, "mine\n");
}

#[test]
fn a_parent_that_moved_is_told_and_not_written_over() {
    let two = Two::new(&[]);
    let (from, made) = (head(&two.project.root), two.merged());
    write(&two.project.root, "other.txt", "a person's\n");
    let tip = head(&two.project.root);
    let told = Landed::Moved {
        tip: Some(tip.clone()),
    };
    assert_eq!(two.land(&from, &made[1]), told);
    // The same where nobody has it checked out.
    two.project.git(&["switch", "-q", "-c", "elsewhere"]);
    assert_eq!(two.land(&from, &made[1]), told);
    assert_eq!(two.project.git(&["rev-parse", "main"]), tip);
    let made = two.merged();
    let done = Landed::Done {
        tip: made[1].clone(),
    };
    assert_eq!(two.land(&tip, &made[1]), done);
    assert_eq!(two.project.git(&["status", "--porcelain"]), "");
    two.is_whole();
}

#[test]
fn a_worktree_that_will_come_back_to_the_branch_holds_it_up() {
    let two = Two::new(&[]);
    let (from, made) = (head(&two.project.root), two.merged());
    two.project.git(&["bisect", "start"]);
    two.project.git(&["checkout", "-q", "--detach", "HEAD"]);
    let landed = two.land(&from, &made[1]);
    assert!(matches!(landed, Landed::Busy { .. }), "{landed:?}");
    assert_eq!(two.project.git(&["rev-parse", "main"]), from);
}

#[test]
fn a_bench_goes_from_commit_to_commit_and_away() {
    let two = Two::new(&[]);
    let made = two.merged();
    let repository = two.project.inspect();
    let path = two.place_of_bench();
    let request = BenchRequest {
        repository: &repository,
        path: &path,
    };
    // What a kill left there is done away with.
    fs::create_dir_all(&path).expect("made");
    fs::write(path.join("half"), "x").expect("written");
    check_out_bench(&handle(), &request, &made[0]).expect("checked out");
    assert!(!path.join("half").exists() && !path.join("test.txt").exists());
    fs::write(path.join("code.txt"), "touched by a test\n").expect("written");
    fs::write(path.join("loose"), "x").expect("written");
    check_out_bench(&handle(), &request, &made[1]).expect("checked out");
    assert_eq!(git(&path, &["status", "--porcelain"]), "");
    assert_eq!(head(&path), made[1]);
    assert!(path.join("test.txt").exists());
    remove_bench(&handle(), &request).expect("removed");
    remove_bench(&handle(), &request).expect("nothing to do");
    assert!(!path.exists());
    let listed = two.project.git(&["worktree", "list"]);
    assert!(!listed.contains("bench"), "{listed}");
}

impl Two {
    fn place_of_bench(&self) -> PathBuf {
        let folder = self.project.folder.path().canonicalize();
        folder.expect("canonical").join("registry/bench/i-1")
    }

    /// A bare repository beside it, as the remote `origin`.
    fn remote(&self) -> PathBuf {
        let path = self.project.folder.path().join("remote.git");
        let text = path.display().to_string();
        self.project.git(&["clone", "-q", "--bare", ".", &text]);
        self.project.git(&["remote", "add", "origin", &text]);
        path
    }
}

#[test]
fn a_remote_gets_the_branch_and_gives_its_own() {
    let two = Two::new(&[]);
    let remote = two.remote();
    let repository = two.project.inspect();
    let origin = find_origin(&handle(), &repository, "main").expect("read");
    let origin = origin.expect("it is there");
    assert_eq!(origin.name, "origin");
    // One on this machine runs hooks: only with the user's trust.
    let refused = fetch(&handle(), &repository, (&origin, "main"));
    assert!(refused.is_err(), "{refused:?}");
    two.project.trust();
    let made = two.merged();
    let name = "refs/heads/integration/x";
    let pointed = point(&handle(), &repository, name, (None, &made[1])).expect("made");
    assert_eq!(pointed, Point::Done);
    let pushed = push(&handle(), &repository, (&origin, "integration/x")).expect("pushed");
    assert_eq!(pushed, Pushed::Done);
    assert_eq!(git(&remote, &["rev-parse", name]), made[1]);
    git(&remote, &["update-ref", "refs/heads/main", &made[1]]);
    let tip = fetch(&handle(), &repository, (&origin, "main")).expect("fetched");
    assert_eq!(tip.as_deref(), Some(made[1].as_str()));
    let none = fetch(&handle(), &repository, (&origin, "no-such")).expect("asked");
    assert_eq!(none, None);
    let names = branches_below(&handle(), &repository, "integration/").expect("listed");
    assert_eq!(names, ["integration/x"]);
    // Nothing is forced.
    let base = two.project.git(&["rev-parse", "main~1"]);
    two.project.git(&["update-ref", name, &base]);
    write(&two.developer, "z.txt", "z\n");
    let other = head(&two.developer);
    two.project.git(&["update-ref", name, &other]);
    let pushed = push(&handle(), &repository, (&origin, "integration/x")).expect("asked");
    assert!(matches!(pushed, Pushed::Refused { .. }), "{pushed:?}");
    // Only what stands where it is known to is taken away.
    let gone = |commit: &str| take_away(&handle(), &repository, ("integration/x", commit));
    assert!(!gone(&made[1]).expect("looked"));
    assert!(gone(&other).expect("taken"));
    let home = ("main-developer", other.as_str());
    assert!(
        !take_away(&handle(), &repository, home).expect("looked"),
        "a worktree has it"
    );
}

#[test]
fn a_pull_request_is_opened_once_and_merged() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let bin = folder.path().join("bin");
    fs::create_dir(&bin).expect("made");
    let gh = bin.join("gh");
    let log = folder.path().join("log");
    let script = format!(
        "#!/bin/sh\nlog={0}\necho \"$*\" >>$log\ncase \"$2\" in\nlist) [ -e $log.made ] && echo 'OPEN https://example.org/pr/1' ;;\ncreate) cat >$log.body; touch $log.made; echo https://example.org/pr/1 ;;\nmerge) touch $log.merged ;;\nesac\nexit 0\n",
        log.display()
    );
    fs::write(&gh, script).expect("written");
    fs::set_permissions(&gh, fs::Permissions::from_mode(0o755)).expect("set");
    let mut env = environment();
    let path = std::env::var("PATH").expect("a PATH");
    assert!(!gh_is_there(
        &[("PATH".into(), "/nonexistent".into())].into()
    ));
    env.insert("PATH".into(), format!("{}:{path}", bin.display()).into());
    assert!(gh_is_there(&env));
    let order = PullRequestOrder {
        folder: folder.path(),
        env: &env,
        remote: "https://example.org/a/b",
        base: "trunk",
        head: "integration/x",
        title: "Integration: 2026-01-01 10:00",
        body: "what goes in\n",
    };
    let url = "https://example.org/pr/1".to_owned();
    for _ in 0..2 {
        let opened = open_pull_request(&order).expect("opened");
        assert_eq!(opened, (url.clone(), false));
    }
    merge_pull_request(&order, &url, false).expect("merged");
    let said = fs::read_to_string(&log).expect("read");
    assert_eq!(
        said.lines()
            .filter(|line| line.starts_with("pr create"))
            .count(),
        1
    );
    assert!(said.contains("pr merge https://example.org/pr/1 --merge --delete-branch\n"));
    let body = fs::read_to_string(folder.path().join("log.body")).expect("read");
    assert_eq!(body, "what goes in\n");
}
