//! The kinds of repositories, each as people come by it.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

pub(super) const KINDS: &[Kind] = &[
    kind("plain, without a remote", plain, Expect::Works),
    kind(
        "no commit",
        no_commit,
        Expect::Refused(|e| matches!(e, WorktreeError::NoCommit { .. })),
    ),
    kind("a commit without files", empty_commit, Expect::Works),
    kind(
        "bare",
        bare,
        Expect::Refused(|e| matches!(e, WorktreeError::Bare { .. })),
    ),
    kind("shallow", || cloned(&["--depth", "1"]), Expect::Works),
    kind(
        "partial clone",
        || cloned(&["--filter=blob:none"]),
        Expect::Works,
    ),
    kind(
        "clone with alternates",
        || cloned(&["--shared"]),
        Expect::Works,
    ),
    kind("its remote is gone", remote_gone, Expect::Works),
    kind(
        "sha256",
        || with_format("--object-format=sha256"),
        Expect::Works,
    ),
    kind(
        "reftable",
        || with_format("--ref-format=reftable"),
        Expect::Works,
    ),
    kind("a filter of the user's (LFS)", users_filter, Expect::Works),
    kind(
        "a filter of its own",
        own_filter,
        Expect::Refused(|e| matches!(e, WorktreeError::OwnFilter { .. })),
    ),
    kind(
        "a filter of its own, trusted",
        trusted_filter,
        Expect::Works,
    ),
    kind("submodules", submodules, Expect::Works),
    kind("sparse", sparse, Expect::Works),
    kind("split index", split_index, Expect::Works),
    kind("packed", packed, Expect::Works),
    kind("10,000 files", many_files, Expect::Works),
    kind("a worktree deleted by hand", deleted, Expect::Works),
    kind("a worktree that git moved", moved, Expect::Works),
    kind("a worktree moved by hand", moved_by_hand, Expect::Works),
    kind(
        "a locked worktree whose disk is away",
        locked,
        Expect::Works,
    ),
    kind("dirty", dirty, Expect::Works),
    kind("in a merge", || under_way(&["merge", "other"]), UNDER_WAY),
    kind("in a rebase", || under_way(&["rebase", "other"]), UNDER_WAY),
    kind(
        "in a cherry-pick",
        || under_way(&["cherry-pick", "other"]),
        UNDER_WAY,
    ),
    kind(
        "in a revert",
        || under_way(&["revert", "--no-edit", "HEAD^"]),
        UNDER_WAY,
    ),
    kind(
        "in a bisection",
        || under_way(&["bisect", "start"]),
        UNDER_WAY,
    ),
    kind("odd names", odd_names, Expect::Works),
    kind("names that differ in case", case, Expect::Works),
    kind(
        "the agent's branch is checked out elsewhere",
        taken,
        Expect::Works,
    ),
    kind("main is checked out elsewhere", linked, Expect::Works),
    kind("detached", detached, Expect::Works),
    kind("read-only objects", read_only, Expect::RefusedIfReadOnly),
    kind("a repository inside", nested, Expect::Works),
    kind("inside of another repository", inside, Expect::Works),
    kind("a symbolic link to it", symlinked, Expect::Works),
    kind(
        "its git directory is elsewhere",
        separate_git_dir,
        Expect::Works,
    ),
    kind(
        "its files are elsewhere",
        files_elsewhere,
        Expect::Refused(|e| matches!(e, WorktreeError::Elsewhere { .. })),
    ),
];

const UNDER_WAY: Expect = Expect::Refused(|e| matches!(e, WorktreeError::UnderWay { .. }));

const fn kind(name: &'static str, make: fn() -> (Project, PathBuf), expect: Expect) -> Kind {
    Kind { name, make, expect }
}

fn here(project: Project) -> (Project, PathBuf) {
    let root = project.root.clone();
    (project, root)
}

fn write(project: &Project, name: &str, text: &str) {
    let path = project.root.join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    fs::write(path, text).expect("written");
}

fn plain() -> (Project, PathBuf) {
    here(Project::new())
}

fn no_commit() -> (Project, PathBuf) {
    here(Project::empty("project", &[]))
}

fn empty_commit() -> (Project, PathBuf) {
    let project = Project::empty("project", &[]);
    project.commit("nothing");
    here(project)
}

fn bare() -> (Project, PathBuf) {
    let project = Project::new();
    let bare = project.folder.path().join("bare.git");
    project.git(&["clone", "-q", "--bare", ".", &bare.display().to_string()]);
    (project, bare.canonicalize().expect("there"))
}

/// A clone of a repository with some history.
fn cloned(options: &[&str]) -> (Project, PathBuf) {
    let project = Project::new();
    for n in 0..3 {
        write(&project, "file", &format!("{n}\n"));
        project.commit("more");
    }
    project.git(&["config", "uploadpack.allowFilter", "true"]);
    let clone = project
        .folder
        .path()
        .canonicalize()
        .expect("there")
        .join("clone");
    let from = match options.contains(&"--shared") {
        true => project.root.display().to_string(),
        false => format!("file://{}", project.root.display()),
    };
    let to = clone.display().to_string();
    project.git(&[&["clone", "-q"], options, &[&from, &to]].concat());
    (project, clone)
}

fn remote_gone() -> (Project, PathBuf) {
    let (project, clone) = cloned(&[]);
    fs::remove_dir_all(&project.root).expect("removed");
    (project, clone)
}

fn with_format(format: &str) -> (Project, PathBuf) {
    here(Project::named("project", &[format]))
}

const ROT: &str =
    "[filter \"rot\"]\n\tclean = tr a-z n-za-m\n\tsmudge = tr a-z n-za-m\n\trequired = true\n";

fn filtered(project: &Project) {
    write(project, ".gitattributes", "*.rot filter=rot\n");
    write(project, "a.rot", "hello\n");
    project.commit("filtered");
}

fn users_filter() -> (Project, PathBuf) {
    let project = Project::new();
    let config = project.folder.path().join("users-config");
    fs::write(&config, ROT).expect("written");
    USERS_CONFIG.set(config);
    filtered(&project);
    here(project)
}

fn own_filter() -> (Project, PathBuf) {
    let project = Project::new();
    let config = project.root.join(".git/config");
    let before = fs::read_to_string(&config).expect("a file");
    fs::write(&config, format!("{before}{ROT}")).expect("written");
    filtered(&project);
    here(project)
}

fn trusted_filter() -> (Project, PathBuf) {
    let (project, root) = own_filter();
    project.trust();
    (project, root)
}

fn submodules() -> (Project, PathBuf) {
    let project = Project::new();
    let module = project.folder.path().join("module");
    project.git(&["clone", "-q", ".", &module.display().to_string()]);
    let allow = "protocol.file.allow=always";
    let from = module.display().to_string();
    project.git(&["-c", allow, "submodule", "--quiet", "add", &from, "sub"]);
    project.commit("a submodule");
    here(project)
}

fn sparse() -> (Project, PathBuf) {
    let project = Project::new();
    write(&project, "in/file", "in\n");
    write(&project, "out/file", "out\n");
    project.commit("folders");
    project.git(&["sparse-checkout", "set", "in", "new folder"]);
    here(project)
}

fn split_index() -> (Project, PathBuf) {
    let project = Project::new();
    project.git(&["config", "core.splitIndex", "true"]);
    project.git(&["update-index", "--split-index"]);
    here(project)
}

fn packed() -> (Project, PathBuf) {
    let project = Project::new();
    project.git(&["branch", "x/y"]);
    project.git(&["tag", "-m", "tag", "v1"]);
    project.git(&["gc", "-q"]);
    project.git(&["config", "core.untrackedCache", "true"]);
    project.git(&["update-index", "--index-version", "4"]);
    here(project)
}

fn many_files() -> (Project, PathBuf) {
    let project = Project::new();
    for n in 0..10_000 {
        write(&project, &format!("d{}/f{n}", n % 40), "");
    }
    project.commit("many");
    here(project)
}

fn another_worktree(project: &Project) -> PathBuf {
    let path = project.place("app/other");
    let text = path.display().to_string();
    project.git(&["worktree", "add", "-q", "-b", "other", &text]);
    path
}

fn deleted() -> (Project, PathBuf) {
    let project = Project::new();
    project.git(&[
        "worktree",
        "add",
        "-q",
        "-b",
        "main-developer",
        &project.place("app/developer").display().to_string(),
    ]);
    fs::remove_dir_all(project.place("app/developer")).expect("removed");
    here(project)
}

fn moved() -> (Project, PathBuf) {
    let project = Project::new();
    let path = another_worktree(&project);
    let to = project.place("app/elsewhere");
    project.git(&[
        "worktree",
        "move",
        &path.display().to_string(),
        &to.display().to_string(),
    ]);
    here(project)
}

fn moved_by_hand() -> (Project, PathBuf) {
    let project = Project::new();
    let path = another_worktree(&project);
    fs::rename(path, project.place("app/elsewhere")).expect("moved");
    here(project)
}

fn locked() -> (Project, PathBuf) {
    let project = Project::new();
    let path = another_worktree(&project);
    project.git(&["worktree", "lock", &path.display().to_string()]);
    fs::remove_dir_all(path).expect("removed");
    here(project)
}

fn dirty() -> (Project, PathBuf) {
    let project = Project::new();
    write(&project, "staged", "staged\n");
    project.git(&["add", "staged"]);
    project.git(&["stash", "-q"]);
    write(&project, "also staged", "staged\n");
    project.git(&["add", "-A"]);
    write(&project, "file", "changed\n");
    write(&project, "untracked", "new\n");
    write(&project, ".git/info/exclude", "ignored\n");
    write(&project, "ignored", "precious\n");
    here(project)
}

/// A repository in which a command stopped half-way.
fn under_way(args: &[&str]) -> (Project, PathBuf) {
    let project = Project::new();
    project.git(&["checkout", "-q", "-b", "other"]);
    write(&project, "file", "other\n");
    project.commit("other");
    project.git(&["checkout", "-q", "main"]);
    write(&project, "file", "main\n");
    project.commit("main");
    write(&project, "file", "main again\n");
    project.commit("main again");
    drop(git_raw(&project.root, args));
    here(project)
}

fn odd_names() -> (Project, PathBuf) {
    let project = Project::named("it's \u{65e5}\u{672c}\n#(x) $(y)", &[]);
    for name in [
        "new\nline",
        "tab\there",
        "\u{fc}n\u{ef}",
        "quote\"d",
        "-dash",
        ":(glob)*",
        " ",
    ] {
        write(&project, name, "x\n");
    }
    project.commit("odd");
    here(project)
}

fn case() -> (Project, PathBuf) {
    let project = Project::new();
    write(&project, "Readme", "one\n");
    project.commit("a name");
    project.git(&["mv", "Readme", "README"]);
    write(&project, "readme", "two\n");
    project.commit("the same in another case");
    here(project)
}

fn taken() -> (Project, PathBuf) {
    let project = Project::new();
    let path = project.place("app/other");
    project.git(&[
        "worktree",
        "add",
        "-q",
        "-b",
        "main-developer",
        &path.display().to_string(),
    ]);
    here(project)
}

fn linked() -> (Project, PathBuf) {
    let project = Project::new();
    let path = another_worktree(&project);
    (project, path)
}

fn detached() -> (Project, PathBuf) {
    let project = Project::new();
    project.git(&["checkout", "-q", "--detach"]);
    project.git(&["commit", "-q", "--allow-empty", "-m", "on no branch"]);
    here(project)
}

fn read_only() -> (Project, PathBuf) {
    let project = Project::new();
    let objects = project.root.join(".git/objects");
    for entry in fs::read_dir(&objects).expect("a folder") {
        let path = entry.expect("an entry").path();
        fs::set_permissions(path, fs::Permissions::from_mode(0o555)).expect("set");
    }
    fs::set_permissions(&objects, fs::Permissions::from_mode(0o555)).expect("set");
    here(project)
}

fn nested() -> (Project, PathBuf) {
    let project = Project::new();
    project.git(&["init", "-q", "vendor/lib"]);
    write(&project, "vendor/lib/file", "theirs\n");
    here(project)
}

fn inside() -> (Project, PathBuf) {
    let outer = Project::new();
    let inner = outer.root.join("inner");
    outer.git(&["clone", "-q", ".", "inner"]);
    (outer, inner)
}

fn symlinked() -> (Project, PathBuf) {
    let project = Project::new();
    let link = project.folder.path().join("link");
    std::os::unix::fs::symlink(&project.root, &link).expect("linked");
    (project, link)
}

fn separate_git_dir() -> (Project, PathBuf) {
    let project = Project::new();
    let elsewhere = project.folder.path().join("git-directory");
    project.git(&[
        "init",
        "-q",
        "--separate-git-dir",
        &elsewhere.display().to_string(),
    ]);
    here(project)
}

fn files_elsewhere() -> (Project, PathBuf) {
    let project = Project::new();
    let elsewhere = project.place("elsewhere");
    fs::create_dir_all(&elsewhere).expect("made");
    project.git(&["config", "core.worktree", &elsewhere.display().to_string()]);
    here(project)
}
