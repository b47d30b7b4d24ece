//! A repository whose configuration, attributes and hooks name a program wherever git knows a place for one: whatever
//! torch does in it, none of them runs.

use std::os::unix::fs::PermissionsExt as _;

use torch_core::Timestamp;

use super::*;

/// Keys of a repository's configuration whose value is a program.
const KEYS: [&str; 31] = [
    "alias.status",
    "core.alternateRefsCommand",
    "core.askPass",
    "core.editor",
    "core.fsmonitor",
    "core.gitProxy",
    "core.pager",
    "core.sshCommand",
    "credential.helper",
    "credential.https://example.org.helper",
    "diff.d.command",
    "diff.d.textconv",
    "diff.external",
    "filter.f.clean",
    "filter.f.smudge",
    "filter.f=g.clean",
    "filter.f=g.smudge",
    "filter.F Upper.process",
    "gpg.program",
    "gpg.ssh.program",
    "gpg.ssh.defaultKeyCommand",
    "interactive.diffFilter",
    "lfs.customtransfer.x.path",
    "merge.m.driver",
    "pager.log",
    "remote.origin.uploadpack",
    "sequence.editor",
    "submodule.sub.update",
    "trailer.t.command",
    "hook.h.command",
    "gc.recentObjectsHook",
];

/// All hooks of git that a command of torch could meet.
const HOOKS: [&str; 14] = [
    "applypatch-msg",
    "commit-msg",
    "fsmonitor-watchman",
    "post-applypatch",
    "post-checkout",
    "post-commit",
    "post-index-change",
    "post-merge",
    "post-rewrite",
    "pre-auto-gc",
    "pre-commit",
    "pre-merge-commit",
    "prepare-commit-msg",
    "reference-transaction",
];

/// Files of each kind that the attributes know.
const ATTRIBUTES: &str = "*.f filter=f\n*.g filter=f=g\n*.d diff=d merge=m\n*.inc filter=inc\n*.tree filter=tree\n\
                          *.wt filter=wt\n";

/// A hostile repository; what ran leaves its name in a folder.
struct Hostile {
    project: Project,
    ran: PathBuf,
}

impl Hostile {
    /// With an ordinary commit, and then everything that runs something.
    fn new(files: &[&str]) -> Self {
        let project = Project::new();
        let ran = project.folder.path().join("ran");
        fs::create_dir(&ran).expect("made");
        let hostile = Self { project, ran };
        let root = &hostile.project.root;
        fs::write(root.join(".gitattributes"), ATTRIBUTES).expect("written");
        for file in files {
            fs::write(root.join(file), "content\n").expect("written");
        }
        // A tracked file that the configuration includes: an agent may write into its own.
        let included = format!(
            "[filter \"tree\"]\n\tclean = {}\n",
            hostile.program("tree").display()
        );
        fs::write(root.join(".gitconfig"), included).expect("written");
        hostile.project.commit("attributes");
        hostile.arm(root);
        hostile
    }

    /// A program that leaves a file and passes its input on.
    fn program(&self, name: &str) -> PathBuf {
        let plain: String = name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect();
        let path = self.project.folder.path().join(format!("evil-{plain}"));
        let script = format!(
            "#!/bin/sh\ntouch '{}/{plain}'\n{}\n",
            self.ran.display(),
            if name == "ext" { "exit 1" } else { "cat" }
        );
        fs::write(&path, script).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
        path
    }

    /// Everything that `root`'s repository can name a program in.
    fn arm(&self, root: &Path) {
        let config = |key: &str, value: &str| drop(git(root, &["config", key, value]));
        for key in KEYS {
            let program = self.program(key).display().to_string();
            let shell = ["alias.status", "credential.helper", "submodule.sub.update"];
            let sign = if shell.contains(&key) { "!" } else { "" };
            config(key, &format!("{sign}{program}"));
        }
        config("hook.h.event", "pre-commit");
        config("filter.f.required", "true");
        config("commit.gpgSign", "true");
        config("log.showSignature", "true");
        config("protocol.ext.allow", "always");
        config(
            "remote.origin.url",
            &format!("ext::{}", self.program("ext").display()),
        );
        config("include.path", "../.gitconfig");
        let conditional = self.project.folder.path().join("conditional");
        let text = format!(
            "[filter \"inc\"]\n\tclean = {}\n",
            self.program("includeIf").display()
        );
        fs::write(&conditional, text).expect("written");
        config(
            "includeIf.gitdir:/.path",
            &conditional.display().to_string(),
        );
        let hooks = self.project.folder.path().join("hooks");
        fs::create_dir_all(&hooks).expect("made");
        let common = PathBuf::from(git(
            root,
            &["rev-parse", "--path-format=absolute", "--git-common-dir"],
        ));
        for hook in HOOKS {
            fs::copy(self.program(&format!("own-{hook}")), hooks.join(hook)).expect("copied");
            if !hook.contains("commit") {
                let usual = common.join("hooks").join(hook);
                fs::create_dir_all(usual.parent().expect("a folder")).expect("made");
                fs::copy(self.program(&format!("usual-{hook}")), usual).expect("copied");
            }
        }
        config("core.hooksPath", &hooks.display().to_string());
    }

    /// What an agent can add in its worktree.
    fn arm_worktree(&self, path: &Path) {
        git(path, &["config", "extensions.worktreeConfig", "true"]);
        let wt = self.program("worktree-config").display().to_string();
        git(path, &["config", "--worktree", "filter.wt.clean", &wt]);
        git(path, &["config", "--worktree", "core.fsmonitor", &wt]);
        let program = self.program("git");
        fs::copy(program, path.join("git")).expect("copied");
        let nested = path.join("nested");
        fs::create_dir_all(&nested).expect("made");
        git(&nested, &["init", "-q"]);
        let evil = self.program("nested").display().to_string();
        git(&nested, &["config", "core.fsmonitor", &evil]);
        git(&nested, &["config", "filter.f.clean", &evil]);
        self.forget();
    }

    fn forget(&self) {
        for entry in fs::read_dir(&self.ran).expect("a folder") {
            fs::remove_file(entry.expect("an entry").path()).expect("removed");
        }
    }

    /// The names of what ran since [`Self::forget`].
    fn ran(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.ran).expect("a folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        names
            .map(|name| name.to_string_lossy().into_owned())
            .collect()
    }

    #[track_caller]
    fn nothing_ran(&self, after: &str) {
        assert_eq!(self.ran(), Vec::<String>::new(), "after {after}");
    }

    fn git(&self) -> Git {
        let mut env = environment();
        let path = env
            .get(std::ffi::OsStr::new("PATH"))
            .cloned()
            .unwrap_or_default();
        let mut with_here = OsString::from(".::bin:");
        with_here.push(path);
        env.insert("PATH".into(), with_here);
        Git::new(env)
    }

    fn commit(&self, added: &Added, message: &str) -> Result<Committed, CommitError> {
        let repository = inspect_busy(&self.git(), &self.project.root).expect("a repository");
        commit_work(&self.git(), &repository, added, (message, &[]))
    }
}

/// Everything that torch does with a repository, in turn.
fn use_all(hostile: &Hostile, engine: Option<Engine>) {
    let handle = hostile.git();
    let mut repository = inspect(&handle, &hostile.project.root).expect("a repository");
    if let Some(engine) = engine {
        repository.engine = engine;
    }
    hostile.nothing_ran("inspect");
    let path = hostile.project.place("developer");
    let request = AddRequest {
        repository: &repository,
        path: &path,
        base_commit: &repository.head,
        base_branch: "main",
        role: &role("developer"),
    };
    let added = add(&handle, &request).expect("added");
    hostile.nothing_ran("add");
    exclude(&repository.common_dir).expect("excluded");
    prepare_worktree(&added.path).expect("prepared");
    hostile.arm_worktree(&added.path);
    fs::write(added.path.join("file"), "two\n").expect("written");
    state(&handle, &repository, &added.path, &added.start).expect("a state");
    hostile.nothing_ran("state");
    // What no commit can hold is refused, by both.
    hostile
        .commit(&added, "nested")
        .expect_err("a repository inside");
    hostile.nothing_ran("a refused commit");
    fs::write(added.path.join("nested/file"), "x").expect("written");
    fs::remove_dir_all(added.path.join("nested")).expect("removed");
    hostile.commit(&added, "work").expect("committed");
    // Nobody but the user puts hooks there, and at a commit they run as at every commit of theirs.
    let ran = hostile.ran();
    assert!(ran.iter().all(|name| name.starts_with("usual-")), "{ran:?}");
    hostile.forget();
    // Files that only a program of the repository's could stage.
    for kind in ["f", "g", "d", "inc", "tree", "wt"] {
        fs::write(added.path.join(format!("new.{kind}")), "new\n").expect("written");
    }
    let refused = hostile.commit(&added, "filtered").expect_err("a filter");
    assert!(
        matches!(
            refused,
            CommitError::Worktree(WorktreeError::OwnFilter { .. })
        ),
        "{refused:?}"
    );
    state(&handle, &repository, &added.path, &added.start).expect("a state");
    keep_and_bring_back(hostile, &repository, &added);
}

/// Keeps, removes, lists, brings back, lets go and undoes.
fn keep_and_bring_back(hostile: &Hostile, repository: &Repository, added: &Added) {
    let handle = hostile.git();
    let who = role("developer");
    let keep_request = KeepRequest {
        repository,
        path: &added.path,
        role: &who,
        team: Some("app"),
        home_branch: added.branch.as_deref(),
        base: Some(&added.start),
        now: Timestamp(1_795_241_652_345),
        why: "a test",
    };
    keep(&handle, &keep_request).expect("kept");
    hostile.nothing_ran("keep");
    let removed = remove(
        &handle,
        &RemoveRequest {
            keep: keep_request,
            branch: BranchFate::Goes,
        },
    );
    let kept_one = removed.expect("removed").kept.expect("kept");
    hostile.nothing_ran("remove");
    let found = kept(&handle, repository).expect("listed");
    assert_eq!(found.len(), 2);
    let request = UndeleteRequest {
        repository,
        kept: &kept_one,
        to: None,
    };
    let back = undelete(&handle, &request).expect("back");
    hostile.nothing_ran("undelete");
    assert_eq!(
        fs::read_to_string(back.path.join("new.f")).expect("there"),
        "new\n"
    );
    expire_kept(&handle, repository, Timestamp(u64::MAX), Expiry::Delete).expect("expired");
    let again = hostile.project.place("second");
    let request = AddRequest {
        path: &again,
        repository,
        base_commit: &repository.head,
        base_branch: "main",
        role: &role("tester"),
    };
    let added = add(&handle, &request).expect("added");
    remove_created(&handle, repository, &added).expect("undone");
    hostile.nothing_ran("everything");
}

#[test]
fn the_traps_work() {
    let hostile = Hostile::new(&["a.d"]);
    let root = &hostile.project.root;
    fs::write(root.join("b.f"), "b\n").expect("written");
    fs::write(root.join("a.d"), "other\n").expect("written");
    for args in [
        &["diff"][..],
        &["-c", "diff.external=", "diff", "--textconv", "HEAD"],
        &["add", "-A"],
        &["checkout", "-q", "-b", "elsewhere"],
        &["commit", "-q", "-m", "x"],
        &["fetch", "-q"],
    ] {
        git_raw(root, args);
    }
    let ran = hostile.ran();
    for expected in [
        "core-fsmonitor",
        "diff-d-command",
        "filter-f-clean",
        "gpg-program",
        "own-post-checkout",
        "own-pre-commit",
        "ext",
    ] {
        assert!(
            ran.iter().any(|name| name == expected),
            "{expected}: {ran:?}"
        );
    }
}

#[test]
fn nothing_of_a_hostile_repository_runs() {
    use_all(&Hostile::new(&["a.d"]), None);
    use_all(&Hostile::new(&["a.d"]), Some(Engine::git("a test")));
}

#[test]
fn files_for_a_program_of_the_repository_are_refused_with_the_way_out() {
    for (file, filter) in [
        ("a.f", "f"),
        ("a.g", "f=g"),
        ("a.inc", "inc"),
        ("a.tree", "tree"),
    ] {
        let hostile = Hostile::new(&[]);
        let root = &hostile.project.root;
        fs::write(root.join(file), "content\n").expect("written");
        hostile
            .project
            .git(&["-c", "core.hooksPath=/dev/null", "add", "-A"]);
        hostile.project.git(&[
            "-c",
            "core.hooksPath=/dev/null",
            "commit",
            "-q",
            "--no-gpg-sign",
            "-m",
            "x",
        ]);
        hostile.forget();
        let error = hostile.project.add("a", "developer").expect_err("refused");
        let WorktreeError::OwnFilter { filter: named, .. } = &error else {
            panic!("{error:?}");
        };
        assert_eq!(named, filter);
        let hint = error.hint().expect("a hint");
        assert_eq!(
            hint,
            format!("git config --global --add torch.trusted {}", root.display())
        );
        hostile.nothing_ran("a refusal");
        assert!(!hostile.project.place("a").exists());
    }
}

#[test]
fn the_user_may_trust_a_repository() {
    let hostile = Hostile::new(&[]);
    let root = &hostile.project.root;
    fs::write(root.join("a.f"), "content\n").expect("written");
    hostile
        .project
        .git(&["-c", "core.hooksPath=/dev/null", "add", "-A"]);
    hostile.project.git(&[
        "-c",
        "core.hooksPath=/dev/null",
        "commit",
        "-q",
        "--no-gpg-sign",
        "-m",
        "x",
    ]);
    hostile.project.trust();
    let handle = handle();
    hostile.forget();
    let repository = inspect(&handle, root).expect("a repository");
    let path = hostile.project.place("a");
    let request = AddRequest {
        repository: &repository,
        path: &path,
        base_commit: &repository.head,
        base_branch: "main",
        role: &role("developer"),
    };
    let added = add(&handle, &request).expect("added");
    assert_eq!(hostile.ran(), ["filter-f-smudge"]);
    hostile.forget();
    fs::write(added.path.join("file"), "two\n").expect("written");
    commit_work(&handle, &repository, &added, ("work", &[])).expect("committed");
    let ran = hostile.ran();
    assert!(ran.iter().any(|name| name == "own-pre-commit"), "{ran:?}");
    let only_hooks = |name: &String| name.starts_with("own-") || name == "filter-f-clean";
    assert!(ran.iter().all(only_hooks), "{ran:?}");
}

#[test]
fn the_hooks_of_the_git_directory_run_at_a_commit_and_those_of_the_tree_do_not() {
    let project = Project::new();
    let added = project.expect("a", Some("main-developer"), Rung::New);
    let trace = project.folder.path().join("trace");
    let hook = |path: PathBuf, word: &str| {
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(
            &path,
            format!("#!/bin/sh\necho {word} >> {}\n", trace.display()),
        )
        .expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
    };
    hook(project.root.join(".git/hooks/pre-commit"), "usual");
    hook(added.path.join(".husky/pre-commit"), "tree");
    project.git(&["config", "core.hooksPath", ".husky"]);
    commit_work(&handle(), &project.inspect(), &added, ("work", &[])).expect("committed");
    assert_eq!(fs::read_to_string(trace).expect("a trace"), "usual\n");
}

#[test]
fn a_worktree_that_claims_other_files_is_looked_at_where_it_is() {
    for engine in [Engine::Git2, Engine::git("a test")] {
        let project = Project::new();
        let added = project.expect("a", Some("main-developer"), Rung::New);
        let elsewhere = project.folder.path().join("private");
        fs::create_dir(&elsewhere).expect("made");
        for n in 0..5 {
            fs::write(elsewhere.join(format!("secret{n}")), "x").expect("written");
        }
        fs::write(added.path.join("new"), "x").expect("written");
        git(
            &added.path,
            &["config", "extensions.worktreeConfig", "true"],
        );
        let place = elsewhere.display().to_string();
        git(
            &added.path,
            &["config", "--worktree", "core.worktree", &place],
        );
        let repository = Repository {
            engine: engine.clone(),
            ..project.inspect()
        };
        let found = state(&handle(), &repository, &added.path, &added.start).expect("a state");
        assert_eq!((found.changed, found.untracked), (0, 1), "{engine:?}");
        let undone = remove_created(&handle(), &repository, &added).expect("looked at");
        assert!(matches!(undone, Undone::Kept { .. }));
        assert!(elsewhere.join("secret0").exists() && added.path.join("new").exists());
    }
}
