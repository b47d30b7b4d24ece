//! Committing on an agent's behalf, in real repositories.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

/// A project with an agent's worktree, and what its commits are asked with.
struct Desk {
    project: Project,
    added: Added,
    env: Environment,
}

impl Desk {
    fn new() -> Self {
        let project = Project::new();
        let added = project.expect("a", Some("main-developer"), Rung::New);
        exclude(&project.inspect().common_dir).expect("excluded");
        prepare_worktree(&added.path).expect("prepared");
        Self {
            project,
            added,
            env: Environment::new(),
        }
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.added.path.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }

    fn git(&self, args: &[&str]) -> String {
        git(&self.added.path, args)
    }

    fn commit(&self, message: &str, paths: &[&str]) -> Result<Committed, CommitError> {
        self.commit_on(Some("main-developer"), message, paths)
    }

    fn commit_on(
        &self,
        branch: Option<&str>,
        message: &str,
        paths: &[&str],
    ) -> Result<Committed, CommitError> {
        let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
        let request = CommitRequest {
            repository: &inspect_busy(&bare_handle(), &self.project.root).expect("a repository"),
            path: &self.added.path,
            branch,
            prefix: Some("feature/"),
            author: "developer (torch)",
            email: "developer@app.torch.invalid",
            message,
            paths: &paths,
            env: &self.env,
            secrets: torch_core::policy::SecretCheck::Refuse,
        };
        crate::commit(&bare_handle(), &request)
    }

    /// A refusal that leaves index, branch and files as they were.
    fn refused(&self, branch: Option<&str>, message: &str, paths: &[&str]) -> CommitError {
        let seen = || {
            let status = self.git(&["status", "--porcelain", "--untracked-files=all"]);
            (self.git(&["rev-parse", "HEAD"]), status)
        };
        let before = seen();
        let error = self.commit_on(branch, message, paths).expect_err("refused");
        assert_eq!(seen(), before, "{error}");
        error
    }

    fn hook(&self, name: &str, script: &str) {
        let path = self.project.root.join(".git/hooks").join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
    }
}

/// As the daemon has it: no identity in the environment.
fn bare_handle() -> Git {
    let mut env = environment();
    env.retain(|name, _| {
        let name = name.to_string_lossy();
        !name.starts_with("GIT_AUTHOR") && !name.starts_with("GIT_COMMITTER")
    });
    Git::new(env)
}

#[test]
fn all_changes_are_committed_as_the_role() {
    let desk = Desk::new();
    desk.write("file", "one\ntwo\n");
    desk.write("src/new", "a\nb\n");
    desk.write(".gitignore", "*.log\n");
    desk.write("x.log", "ignored\n");
    desk.write(".torch/inbox/m-1.md", "torch's own\n");
    let made = desk
        .commit("add src\n\n# why\nbecause\n", &[])
        .expect("made");
    assert_eq!((made.files, made.insertions, made.deletions), (3, 4, 0));
    assert_eq!((made.subject.as_str(), made.already), ("add src", false));
    assert_eq!(made.branch.as_deref(), Some("main-developer"));
    assert_eq!(made.id, desk.git(&["rev-parse", "HEAD"]));
    assert!(made.id.starts_with(&made.short));
    let who = desk.git(&["log", "-1", "--format=%an <%ae> %cn <%ce>"]);
    let role = "developer (torch) <developer@app.torch.invalid>";
    assert_eq!(who, format!("{role} {role}"), "nobody is configured");
    assert_eq!(
        desk.git(&["log", "-1", "--format=%B"]).trim(),
        "add src\n\n# why\nbecause"
    );
    let tracked = desk.git(&["ls-files"]);
    assert_eq!(tracked, ".gitignore\nfile\nsrc/new");
    assert_eq!(desk.git(&["status", "--porcelain"]), "");
}

#[test]
fn the_user_is_the_committer_and_signs_nothing() {
    let desk = Desk::new();
    desk.project.git(&["config", "user.name", "Ann"]);
    desk.project
        .git(&["config", "user.email", "ann@example.org"]);
    desk.project.git(&["config", "commit.gpgSign", "true"]);
    desk.project
        .git(&["config", "gpg.program", "/nonexistent/gpg"]);
    desk.write("file", "two\n");
    desk.commit("change", &[]).expect("made");
    assert_eq!(
        desk.git(&["log", "-1", "--format=%an|%cn <%ce>"]),
        "developer (torch)|Ann <ann@example.org>"
    );
}

#[test]
fn named_paths_alone_are_committed() {
    let desk = Desk::new();
    desk.write("a*", "literal\n");
    desk.write("ab", "other\n");
    desk.write("file", "two\n");
    desk.git(&["add", "file"]);
    let made = desk.commit("only one", &["a*"]).expect("made");
    assert_eq!((made.files, made.insertions), (1, 1));
    assert_eq!(
        desk.git(&["status", "--porcelain"]),
        "M  file\n?? ab",
        "what was staged stays so"
    );
    fs::remove_file(desk.added.path.join("file")).expect("removed");
    let inside = desk.added.path.join("file");
    let made = desk
        .commit("remove", &[inside.to_str().expect("text")])
        .expect("made");
    assert_eq!((made.files, made.deletions), (1, 1));
    let error = desk.refused(Some("main-developer"), "gone", &["nowhere"]);
    assert!(matches!(error, CommitError::NotStaged { .. }), "{error}");
    let error = desk.refused(Some("main-developer"), "out", &["/etc/hosts"]);
    assert!(matches!(error, CommitError::File { .. }), "{error}");
}

#[test]
fn hooks_run_as_for_a_person() {
    let mut desk = Desk::new();
    desk.hook(
        "pre-commit",
        "test ! -e bad || { echo no bad files >&2; exit 1; }",
    );
    desk.hook(
        "commit-msg",
        "echo \"Change-Id: $MARK $(pwd -P)\" | sed 's#/.*/##' >> \"$1\"",
    );
    desk.env.insert("MARK".into(), "I1".into());
    desk.write("bad", "");
    let error = desk.commit("bad", &[]).expect_err("a hook's no");
    assert!(
        error.to_string().ends_with("no bad files"),
        "the hook's words: {error}"
    );
    fs::remove_file(desk.added.path.join("bad")).expect("removed");
    desk.write("good", "x\n");
    let made = desk.commit("good", &[]).expect("made");
    assert_eq!(desk.git(&["log", "-1", "--format=%B"]).lines().count(), 2);
    assert!(
        desk.git(&["log", "-1", "--format=%B"])
            .contains("Change-Id: I1 a"),
        "in the worktree, with the caller's variables"
    );
    // Asked once more, it is the same commit.
    let again = desk.commit("good", &[]).expect("the same");
    assert_eq!((&again.id, again.already), (&made.id, true));
    let error = desk.refused(Some("main-developer"), "other", &[]);
    assert!(matches!(error, CommitError::Nothing { .. }), "{error}");
}

#[test]
fn a_branch_of_its_roles_form_is_the_agents_too() {
    let desk = Desk::new();
    desk.git(&["checkout", "-q", "-b", "feature/login"]);
    desk.write("file", "the login\n");
    let made = desk.commit("the login", &[]).expect("committed");
    assert_eq!(made.branch.as_deref(), Some("feature/login"));
    assert_eq!(desk.git(&["rev-parse", "feature/login"]), made.id);
    let again = desk.commit("the login", &[]).expect("the same");
    assert_eq!(again.branch.as_deref(), Some("feature/login"));
    desk.git(&["checkout", "-q", "-b", "test/login"]);
    desk.write("file", "another role's\n");
    let error = desk.refused(Some("main-developer"), "x", &[]);
    let said = error.to_string();
    assert!(
        said.ends_with("has the branch test/login checked out, and not the branch main-developer or one of feature/…"),
        "{said}"
    );
}

#[test]
fn what_must_not_be_committed_is_refused() {
    let desk = Desk::new();
    let own = Some("main-developer");
    desk.write("file", "<<<<<<< HEAD\none\n=======\ntwo\n>>>>>>> other\n");
    desk.write("heading.rst", "Summary\n=======\n");
    let error = desk.refused(own, "conflict", &[]);
    assert_eq!(error.to_string(), "conflicts are left in file");
    desk.write("file", "one\n");
    let error = desk.refused(own, " \n\t", &[]);
    assert!(matches!(error, CommitError::NoMessage), "{error}");
    let error = desk.refused(Some("main-tester"), "x", &[]);
    assert!(matches!(error, CommitError::OtherBranch { .. }), "{error}");
    let error = desk.refused(None, "x", &[]);
    assert!(matches!(error, CommitError::OtherBranch { .. }), "{error}");
    desk.git(&["checkout", "-q", "--detach"]);
    let error = desk.refused(own, "x", &[]);
    assert!(error.to_string().contains("a detached HEAD"), "{error}");
    desk.commit_on(None, "heading", &[])
        .expect("an agent without a branch");
    desk.git(&["checkout", "-q", "main-developer"]);
    desk.write("file", "mine\n");
    desk.git(&["commit", "-q", "-a", "-m", "mine"]);
    desk.git(&["checkout", "-q", "-b", "theirs", "HEAD^"]);
    desk.write("file", "theirs\n");
    desk.git(&["commit", "-q", "-a", "-m", "theirs"]);
    desk.git(&["checkout", "-q", "main-developer"]);
    assert!(!git_raw(&desk.added.path, &["merge", "-q", "theirs"]).success());
    let error = desk.refused(own, "merge", &[]);
    let under_way = matches!(error, CommitError::Worktree(WorktreeError::UnderWay { .. }));
    assert!(under_way, "{error}");
    // Conflicts of a stash leave no operation behind.
    desk.git(&["merge", "--abort"]);
    desk.write("file", "stashed\n");
    desk.git(&["stash", "-q"]);
    desk.write("file", "changed\n");
    desk.git(&["commit", "-q", "-a", "-m", "changed"]);
    assert!(!git_raw(&desk.added.path, &["stash", "pop", "-q"]).success());
    let error = desk.refused(own, "stash", &[]);
    assert!(matches!(error, CommitError::Conflicts { .. }), "{error}");
}

#[test]
fn another_git_at_work_is_waited_for_by_nobody() {
    let desk = Desk::new();
    desk.write("file", "two\n");
    let git_dir = desk.git(&["rev-parse", "--absolute-git-dir"]);
    let lock = Path::new(&git_dir).join("index.lock");
    fs::write(&lock, "").expect("written");
    let error = desk.commit("x", &[]).expect_err("busy");
    assert!(matches!(error, CommitError::Busy { .. }), "{error}");
    fs::remove_file(&lock).expect("removed");
    let made = desk.commit("x", &[]).expect("made");
    assert_eq!(made.files, 1);
}

#[test]
fn torchs_own_folder_is_never_committed() {
    let desk = Desk::new();
    desk.write(".torch/inbox/secret", "x\n");
    desk.git(&["add", "-f", ".torch/inbox/secret"]);
    let error = desk.commit("x", &[]).expect_err("nothing is left");
    assert!(matches!(error, CommitError::Nothing { .. }), "{error}");
    desk.write("file", "two\n");
    let made = desk.commit("x", &[]).expect("made");
    assert_eq!(made.files, 1);
    assert_eq!(desk.git(&["ls-files", ".torch"]), "");
}

#[test]
fn a_worktree_that_was_committed_in_can_be_removed() {
    let desk = Desk::new();
    desk.write("file", "two\n");
    let made = desk.commit("work", &[]).expect("made");
    let request = RemoveRequest {
        keep: KeepRequest {
            repository: &inspect_busy(&handle(), &desk.project.root).expect("a repository"),
            path: &desk.added.path,
            role: &role("developer"),
            team: Some("app"),
            home_branch: Some("main-developer"),
            base: Some(&desk.added.start),
            now: torch_core::Timestamp(1_800_000_000_000),
            why: "a test",
        },
        branch: BranchFate::Stays,
    };
    let removal = remove(&handle(), &request).expect("removed");
    assert_eq!(removal.kept.expect("kept").head, made.id);
    assert_eq!(desk.project.git(&["worktree", "list"]).lines().count(), 1);
    assert!(!desk.project.root.join(".git/worktrees/a").exists());
}

#[test]
fn a_repository_in_the_worktree_is_not_committed_as_a_link() {
    let desk = Desk::new();
    let clone = desk.added.path.join("clone");
    fs::create_dir(&clone).expect("made");
    git(&clone, &["init", "-q", "-b", "main"]);
    git(&clone, &["commit", "-q", "--allow-empty", "-m", "theirs"]);
    desk.write("file", "two\n");
    let error = desk.refused(Some("main-developer"), "all", &[]);
    assert!(
        error.to_string().starts_with("clone would be committed"),
        "{error}"
    );
    desk.commit("the rest", &["file"]).expect("made");
    desk.write(".gitignore", "/clone/\n");
    let made = desk.commit("ignored", &[]).expect("made");
    assert_eq!(made.files, 1);
}

#[test]
fn a_change_that_neither_size_nor_time_shows_is_committed() {
    let desk = Desk::new();
    for (name, value) in [("core.checkStat", "minimal"), ("core.trustctime", "false")] {
        desk.project.git(&["config", name, value]);
    }
    let file = desk.added.path.join("file");
    let git_dir = desk.git(&["rev-parse", "--absolute-git-dir"]);
    let index = Path::new(&git_dir).join("index");
    let now = fs::metadata(&file).and_then(|meta| meta.modified());
    let time = now.expect("a time") - Duration::from_secs(100);
    let set = |path: &Path| {
        let open = fs::OpenOptions::new().write(true).open(path);
        open.and_then(|open| open.set_modified(time)).expect("set");
    };
    set(&file);
    desk.git(&["update-index", "--refresh"]);
    // All in one moment, as a quick tool does it.
    desk.write("file", "1st\n");
    set(&file);
    set(&index);
    let made = desk.commit("one", &[]).expect("made");
    assert_eq!((made.files, made.insertions), (1, 1));
}
