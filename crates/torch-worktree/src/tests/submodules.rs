//! Submodules have configurations of their own, which nobody has read.

use super::*;

/// A project with a worktree whose submodule runs a program wherever it can, and the file that this leaves.
struct Desk {
    project: Project,
    added: Added,
    sub: PathBuf,
    trace: PathBuf,
    _module: Project,
}

impl Desk {
    fn new() -> Self {
        let module = Project::named("module", &[]);
        fs::write(module.root.join(".gitattributes"), "*.f filter=f\n").expect("written");
        fs::write(module.root.join("a.f"), "content\n").expect("written");
        module.commit("a filter");
        let project = Project::new();
        let from = module.root.display().to_string();
        let allowed = ["-c", "protocol.file.allow=always", "submodule", "--quiet"];
        project.git(&[&allowed[..], &["add", &from, "sub"]].concat());
        project.commit("a submodule");
        let added = project.expect("a", Some("main-developer"), Rung::New);
        git(&added.path, &[&allowed[..], &["update", "--init"]].concat());
        let sub = added.path.join("sub");
        let trace = project.folder.path().join("trace");
        let clean = format!("touch {}; cat", trace.display());
        git(&sub, &["config", "filter.f.clean", &clean]);
        git(&sub, &["config", "core.fsmonitor", &clean]);
        Self {
            project,
            added,
            sub,
            trace,
            _module: module,
        }
    }

    /// Makes git look into the file again: its time is another, its content is not.
    fn touch(&self) {
        let file = fs::OpenOptions::new()
            .write(true)
            .open(self.sub.join("a.f"))
            .expect("a file");
        let time = std::time::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        file.set_modified(time).expect("set");
        drop(fs::remove_file(&self.trace));
    }

    fn commit(&self, paths: &[PathBuf], message: &str) -> Committed {
        let repository = self.project.inspect();
        commit_work(&handle(), &repository, &self.added, (message, paths)).expect("committed")
    }
}

#[test]
fn a_submodules_own_programs_do_not_run() {
    let desk = Desk::new();
    let path = &desk.added.path;
    desk.touch();
    git(path, &["status", "--porcelain"]);
    assert!(desk.trace.exists(), "the trap works");
    desk.touch();
    let repository = desk.project.inspect();
    state(&handle(), &repository, path, &desk.added.start).expect("a state");
    fs::write(path.join("file"), "two\n").expect("written");
    let made = desk.commit(&[], "the file");
    assert_eq!((made.files, desk.trace.exists()), (1, false));
    let who = role("developer");
    let request = roundtrip::remove_request(&repository, &desk.added, &who);
    let kept = remove(&handle(), &request).expect("removed").kept;
    assert_eq!(kept.expect("kept").submodules, ["sub"]);
    assert!(!desk.trace.exists());
}

#[test]
fn a_submodule_that_moved_on_is_committed_and_its_commit_is_not_lost() {
    let desk = Desk::new();
    let path = &desk.added.path;
    let quiet = [
        "-c",
        "core.fsmonitor=false",
        "commit",
        "-q",
        "--allow-empty",
        "-m",
    ];
    git(&desk.sub, &[&quiet[..], &["on"]].concat());
    let tip = git(&desk.sub, &["rev-parse", "HEAD"]);
    fs::write(path.join("file"), "two\n").expect("written");
    desk.touch();
    assert_eq!(desk.commit(&["sub".into()], "the submodule").files, 1);
    assert_eq!(git(path, &["rev-parse", "HEAD:sub"]), tip);
    git(&desk.sub, &[&quiet[..], &["further"]].concat());
    desk.touch();
    assert_eq!(desk.commit(&[], "the rest").files, 2);
    assert!(!desk.trace.exists());
    // That commit is nobody else's, so that the worktree stays.
    let who = role("developer");
    let repository = desk.project.inspect();
    let request = roundtrip::remove_request(&repository, &desk.added, &who);
    let error = remove(&handle(), &request).expect_err("a commit of its own");
    assert!(
        matches!(error, WorktreeError::CannotKeep { .. }),
        "{error:?}"
    );
    assert!(!desk.trace.exists() && desk.sub.join("a.f").exists());
}
