//! Merging into a worktree, and being killed at it.

use super::*;
use crate::merge::{Step, apply_with};

/// Two roles on one project; the developer's commit goes to the tester.
struct Lane {
    project: Project,
    developer: PathBuf,
    tester: PathBuf,
}

const STEPS: [Step; 5] = [
    Step::Locked,
    Step::Copied,
    Step::CheckedOut,
    Step::Moved,
    Step::Replaced,
];

impl Lane {
    fn new(init: &[&str]) -> Self {
        let project = Project::empty("project", init);
        for (file, text) in [
            ("code.txt", "one\n"),
            ("old.txt", "old\n"),
            ("kept.txt", "kept\n"),
        ] {
            fs::write(project.root.join(file), text).expect("written");
        }
        fs::write(project.root.join(".gitignore"), "*.env\n").expect("written");
        project.commit("first");
        let [developer, tester] =
            ["developer", "tester"].map(|name| project.add(name, name).expect("added").path);
        let lane = Self {
            project,
            developer,
            tester,
        };
        commit_file(&lane.tester, "test.txt", "a test\n");
        lane
    }

    /// The developer changes one file, adds one, takes one away.
    fn develop(&self) -> String {
        fs::write(self.developer.join("code.txt"), "one\ntwo\n".repeat(1000)).expect("written");
        fs::write(self.developer.join("new.txt"), "new\n".repeat(1000)).expect("written");
        fs::remove_file(self.developer.join("old.txt")).expect("removed");
        git(&self.developer, &["add", "-A"]);
        git(&self.developer, &["commit", "-q", "-m", "work"]);
        head(&self.developer)
    }

    fn prepare(&self, theirs: &str) -> PreparedMerge {
        let request = MergeRequest {
            repository: &self.project.inspect(),
            worktree: &self.tester,
            theirs,
            message: "Fast lane: developer's work\n",
            label: "tester",
        };
        prepare_merge(&handle(), &request).expect("prepared")
    }

    fn ready(&self, theirs: &str) -> Merge {
        match self.prepare(theirs) {
            PreparedMerge::Ready(merge) => merge,
            other => panic!("{other:?}"),
        }
    }

    fn apply(&self, merge: &Merge) -> Applied {
        apply_merge(&handle(), &self.project.inspect(), &self.tester, merge).expect("applied")
    }

    fn apply_until(&self, merge: &Merge, last: Step) {
        let go_on = |step| step != last;
        apply_with(
            &handle(),
            &self.project.inspect(),
            &self.tester,
            merge,
            go_on,
        )
        .expect("applied");
    }

    fn settle(&self, merge: &Merge) -> Settled {
        settle_merge(&handle(), &self.project.inspect(), &self.tester, merge).expect("settled")
    }

    fn status(&self) -> String {
        git(&self.tester, &["status", "--porcelain"])
    }

    fn pins(&self) -> String {
        self.project.git(&["for-each-ref", "refs/torch"])
    }

    fn is_whole(&self) {
        self.project.git(&["fsck", "--strict"]);
        let git_dir = PathBuf::from(git(&self.tester, &["rev-parse", "--absolute-git-dir"]));
        assert!(!git_dir.join("index.lock").exists());
        assert!(!git_dir.join("torch-merge").exists());
    }
}

fn head(path: &Path) -> String {
    git(path, &["rev-parse", "HEAD"])
}

fn commit_file(path: &Path, file: &str, text: &str) {
    fs::write(path.join(file), text).expect("written");
    git(path, &["add", "-A"]);
    git(path, &["commit", "-q", "-m", "work"]);
}

#[test]
fn a_commit_reaches_the_other_worktree() {
    for init in [&[][..], &["--object-format=sha256"]] {
        let lane = Lane::new(init);
        let theirs = lane.develop();
        let merge = lane.ready(&theirs);
        assert_ne!(head(&lane.tester), merge.commit);
        assert_eq!(lane.apply(&merge), Applied::Done);
        assert_eq!(
            (head(&lane.tester), lane.status()),
            (merge.commit.clone(), String::new())
        );
        assert_eq!(
            git(&lane.tester, &["branch", "--show-current"]),
            "main-tester"
        );
        assert!(lane.tester.join("new.txt").exists() && !lane.tester.join("old.txt").exists());
        assert!(lane.tester.join("test.txt").exists());
        assert_eq!(lane.prepare(&theirs), PreparedMerge::UpToDate);
        assert_eq!(lane.pins(), "");
        lane.is_whole();
    }
}

#[test]
fn a_worktree_without_work_of_its_own_goes_forward() {
    let lane = Lane::new(&[]);
    let theirs = lane.develop();
    let tester = head(&lane.tester);
    git(
        &lane.developer,
        &["merge", "-q", "--no-ff", "-m", "tests", &tester],
    );
    let newest = head(&lane.developer);
    assert_ne!(newest, theirs);
    let merge = lane.ready(&newest);
    assert_eq!(merge.commit, newest);
    assert_eq!(lane.apply(&merge), Applied::Done);
    assert_eq!((head(&lane.tester), lane.status()), (newest, String::new()));
}

#[test]
fn conflicts_touch_nothing() {
    let lane = Lane::new(&[]);
    commit_file(&lane.tester, "code.txt", "other\n");
    let theirs = lane.develop();
    let before = (head(&lane.tester), lane.status());
    let files = vec!["code.txt".to_owned()];
    assert_eq!(lane.prepare(&theirs), PreparedMerge::Conflict { files });
    assert_eq!((head(&lane.tester), lane.status()), before);
    assert_eq!(lane.pins(), "");
    lane.is_whole();
}

#[test]
fn a_busy_worktree_is_left_alone() {
    let lane = Lane::new(&[]);
    let theirs = lane.develop();
    let busy = |lane: &Lane| match lane.prepare(&theirs) {
        PreparedMerge::Busy(busy) => busy,
        other => panic!("{other:?}"),
    };
    fs::write(lane.tester.join("kept.txt"), "changed\n").expect("written");
    assert_eq!(busy(&lane), changes("kept.txt"));
    git(&lane.tester, &["checkout", "-q", "kept.txt"]);
    fs::write(lane.tester.join("new.txt"), "the tester's\n").expect("written");
    let files = vec!["new.txt".to_owned()];
    assert_eq!(busy(&lane), Busy::InTheWay { files });
    fs::remove_file(lane.tester.join("new.txt")).expect("removed");
    let lock =
        PathBuf::from(git(&lane.tester, &["rev-parse", "--absolute-git-dir"])).join("index.lock");
    fs::write(&lock, "").expect("written");
    assert_eq!(busy(&lane), Busy::Locked { path: lock.clone() });
    fs::remove_file(lock).expect("removed");
    // What git does not know and the merge does not need is in nobody's way.
    fs::write(lane.tester.join("cache.env"), "secret\n").expect("written");
    fs::write(lane.tester.join("notes"), "mine\n").expect("written");
    let merge = lane.ready(&theirs);
    fs::write(lane.tester.join("kept.txt"), "changed\n").expect("written");
    assert_eq!(lane.apply(&merge), Applied::Busy(changes("kept.txt")));
    git(&lane.tester, &["commit", "-q", "-a", "-m", "meanwhile"]);
    assert_eq!(lane.apply(&merge), Applied::Busy(Busy::Moved));
    assert_eq!(lane.settle(&merge), Settled::Dropped);
    assert_eq!(lane.pins(), "");
    let merge = lane.ready(&theirs);
    assert_eq!(lane.apply(&merge), Applied::Done);
    assert_eq!(lane.status(), "?? notes");
    assert_eq!(
        fs::read_to_string(lane.tester.join("cache.env")).expect("read"),
        "secret\n"
    );
}

#[test]
fn ignored_files_are_not_written_over() {
    let lane = Lane::new(&[]);
    fs::write(lane.developer.join("local.env"), "theirs\n").expect("written");
    git(&lane.developer, &["add", "-f", "local.env"]);
    let theirs = lane.develop();
    fs::write(lane.tester.join("local.env"), "mine\n").expect("written");
    let files = vec!["local.env".to_owned()];
    assert_eq!(
        lane.prepare(&theirs),
        PreparedMerge::Busy(Busy::InTheWay { files })
    );
}

#[test]
fn killed_behind_each_step_it_is_finished_or_taken_back() {
    for step in STEPS {
        let lane = Lane::new(&[]);
        let merge = lane.ready(&lane.develop());
        lane.apply_until(&merge, step);
        let settled = lane.settle(&merge);
        let expected = match step {
            Step::Locked | Step::Copied | Step::CheckedOut => Settled::Pending,
            Step::Moved | Step::Replaced => Settled::Done,
        };
        assert_eq!(settled, expected, "{step:?}");
        assert_eq!(lane.status(), "", "{step:?}");
        lane.is_whole();
        if settled == Settled::Pending {
            assert_eq!(head(&lane.tester), merge.from);
            assert_eq!(lane.apply(&merge), Applied::Done);
        }
        assert_eq!(
            (head(&lane.tester), lane.status()),
            (merge.commit.clone(), String::new())
        );
        assert_eq!(lane.pins(), "");
        lane.is_whole();
    }
}

#[test]
fn a_checkout_that_was_killed_half_way_is_taken_back() {
    let lane = Lane::new(&[]);
    let merge = lane.ready(&lane.develop());
    lane.apply_until(&merge, Step::Copied);
    // A file cut off in the middle, one that is gone already, one that is new and whole.
    fs::write(lane.tester.join("code.txt"), "one\ntw").expect("written");
    fs::remove_file(lane.tester.join("old.txt")).expect("removed");
    fs::write(lane.tester.join("new.txt"), "new\n".repeat(1000)).expect("written");
    assert_eq!(lane.settle(&merge), Settled::Pending);
    assert_eq!(
        (head(&lane.tester), lane.status()),
        (merge.from.clone(), String::new())
    );
    assert!(!lane.tester.join("new.txt").exists());
    lane.is_whole();
}

#[test]
fn many_files_are_taken_back_at_once() {
    const FILES: usize = 60;
    let lane = Lane::new(&[]);
    let each = |text: &str| {
        for number in 0..FILES {
            let path = lane.developer.join(format!("many-{number}.txt"));
            fs::write(path, format!("{text} {number}\n")).expect("written");
        }
        git(&lane.developer, &["add", "-A"]);
        git(&lane.developer, &["commit", "-q", "-m", text]);
    };
    each("old");
    lane.apply(&lane.ready(&head(&lane.developer)));
    each("new");
    let merge = lane.ready(&head(&lane.developer));
    lane.apply_until(&merge, Step::Copied);
    // Half of them are written, one is not whole, and one is the agent's.
    for number in 0..FILES / 2 {
        let path = lane.tester.join(format!("many-{number}.txt"));
        fs::write(path, format!("new {number}\n")).expect("written");
    }
    fs::write(lane.tester.join("many-40.txt"), "ne").expect("written");
    fs::write(lane.tester.join("many-50.txt"), "mine\n").expect("written");
    let (git, asked) = written_down(lane.project.folder.path());
    let settled = settle_merge(&git, &lane.project.inspect(), &lane.tester, &merge);
    assert_eq!(
        settled.expect("settled"),
        Settled::Busy(changes("many-50.txt"))
    );
    assert_eq!(lane.status(), " M many-50.txt");
    let asked = fs::read_to_string(&asked).expect("it was").lines().count();
    assert!(asked < FILES / 2, "git was asked {asked} times");
    lane.is_whole();
}

#[test]
fn what_an_agent_wrote_meanwhile_stays() {
    let lane = Lane::new(&[]);
    let merge = lane.ready(&lane.develop());
    lane.apply_until(&merge, Step::Copied);
    fs::write(lane.tester.join("code.txt"), "the agent's own\n").expect("written");
    assert_eq!(lane.settle(&merge), Settled::Busy(changes("code.txt")));
    let text = fs::read_to_string(lane.tester.join("code.txt")).expect("read");
    assert_eq!(text, "the agent's own\n");
    lane.is_whole();
}

#[test]
fn nothing_of_a_repository_is_run() {
    let lane = Lane::new(&[]);
    let canary = lane.project.folder.path().join("canary");
    let program = format!("touch {}", canary.display());
    for name in [
        "merge.evil.driver",
        "core.fsmonitor",
        "core.pager",
        "diff.external",
    ] {
        lane.project.git(&["config", name, &format!("{program} #")]);
    }
    let hooks = lane.project.root.join(".git/hooks");
    fs::create_dir_all(&hooks).expect("made");
    for hook in [
        "post-checkout",
        "post-merge",
        "reference-transaction",
        "post-index-change",
    ] {
        use std::os::unix::fs::PermissionsExt as _;
        let path = hooks.join(hook);
        fs::write(&path, format!("#!/bin/sh\n{program}\n")).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("set");
    }
    let attributes = lane.project.root.join(".git/info/attributes");
    fs::create_dir_all(attributes.parent().expect("a folder")).expect("made");
    fs::write(attributes, "* merge=evil\n").expect("written");
    let theirs = lane.develop();
    // The commit above ran the hooks, as a person's does.
    fs::remove_file(&canary).expect("removed");
    let merge = lane.ready(&theirs);
    assert_eq!(lane.apply(&merge), Applied::Done);
    assert!(!canary.exists());
}

#[test]
fn what_a_merge_would_bring_is_told_before_it_is_made() {
    use crate::{brought, changes_nothing, give_up_merge, stand};
    let lane = Lane::new(&[]);
    let (git, repository) = (handle(), lane.project.inspect());
    let theirs = lane.develop();
    let from = stand(&git, &repository, &lane.developer).expect("read");
    assert_eq!(from.head, theirs);
    assert!(
        from.branch
            .is_some_and(|branch| branch.ends_with("developer"))
    );
    let ours = stand(&git, &repository, &lane.tester).expect("read").head;
    let told = brought(&git, &repository, &lane.tester, (&ours, &theirs)).expect("read");
    assert_eq!(told.commits, 1);
    assert_eq!(told.newest.expect("one").subject, "work");
    let merge = lane.ready(&theirs);
    let changes = |merge: &Merge| changes_nothing(&git, &repository, &lane.tester, merge);
    assert!(!changes(&merge).expect("read"));
    assert_eq!(lane.apply(&merge), Applied::Done);
    // The tester's merge has commits that the developer lacks, and, merged back and forth once more, no news.
    super::git(
        &lane.developer,
        &["merge", "-q", "--no-ff", "--no-edit", &ours],
    );
    let theirs = head(&lane.developer);
    let ours = head(&lane.tester);
    let told = brought(&git, &repository, &lane.tester, (&ours, &theirs)).expect("read");
    assert_eq!(told.commits, 0);
    let merge = lane.ready(&theirs);
    assert!(changes(&merge).expect("read"));
    give_up_merge(&git, &repository, &lane.tester, &merge).expect("let go");
    let pins = super::git(&lane.tester, &["for-each-ref", "refs/torch/merge"]);
    assert_eq!(pins.trim(), "");
}

fn changes(file: &str) -> Busy {
    let files = vec![file.to_owned()];
    Busy::Changes { files }
}
