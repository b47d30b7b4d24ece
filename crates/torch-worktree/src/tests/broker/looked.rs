//! What is looked through for secrets in a push, and what is fetched from the remote.

use super::*;
use crate::broker::{FetchRequest, PushFacts, fetch_branches};

/// What torch sees of a push of this commit that has not come into the broker; its objects lie there already.
fn seen(stage: &Stage, new: &str) -> PushFacts {
    let objects = stage.project.root.join(".git/objects");
    let lines = format!("{}\n", objects.display());
    fs::write(stage.broker.join("objects/info/alternates"), lines).expect("written");
    let folder = stage.broker.join("objects/tmp_objdir-incoming-x");
    fs::create_dir_all(&folder).expect("made");
    let refs = [PushedRef {
        reference: BRANCH.to_owned(),
        old: None,
        new: Some(new.to_owned()),
    }];
    let check = SecretCheck::Refuse;
    push_facts(&handle(), &stage.broker, Some(&folder), &refs, check).expect("looked")
}

#[test]
fn every_new_commit_of_a_push_is_looked_through_for_secrets() {
    let stage = Stage::new();
    let project = &stage.project;
    let write = |name: &str, text: &str| {
        fs::write(project.root.join(name), text).expect("written");
        project.git(&["add", "--all"]);
        project.git(&["commit", "-q", "--allow-empty", "-m", name]);
        project.git(&["rev-parse", "HEAD"])
    };
    let secret = ["ghp", "_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"].concat();
    project.git(&["checkout", "-q", "-b", "feature/login"]);
    let with = write("a.py", &format!("x = 1\ntoken = '{secret}'\n"));
    // It is gone from the files, and still in the commits.
    let tip = write("a.py", "x = 1\n");
    let facts = seen(&stage, &tip);
    let place = format!("a.py:2 in {}: GitHub token", &with[..12]);
    assert_eq!(facts.secrets, [place]);
    assert_eq!(facts.unread, None);
    // What the broker has is no new commit; what a merge alone adds is new.
    let old = stage.pushed("feature/login", "more");
    assert_eq!(seen(&stage, &old).secrets, [""; 0]);
    project.git(&["checkout", "-q", "-b", "feature/side"]);
    write("b.py", "y = 1\n");
    project.git(&["checkout", "-q", "feature/login"]);
    write("c.py", "z = 1\n");
    project.git(&["merge", "-q", "--no-commit", "feature/side"]);
    let merge = write("b.py", &format!("y = 1\nz = '{secret}'\n"));
    let parents = project.git(&["rev-list", "--parents", "-1", &merge]);
    assert_eq!(parents.split(' ').count(), 3, "a merge");
    let place = format!("b.py:2 in {}: GitHub token", &merge[..12]);
    assert_eq!(seen(&stage, &merge).secrets, [place]);
    // A branch without a beginning in common, and a push that is found after it has come in.
    project.git(&["checkout", "-q", "--orphan", "feature/root"]);
    let root = write("d.py", &format!("'{secret}'\n"));
    assert_eq!(seen(&stage, &root).secrets.len(), 2, "b.py and d.py");
    git(&stage.broker, &["update-ref", BRANCH, &merge]);
    let landed = [PushedRef {
        reference: BRANCH.to_owned(),
        old: Some(old),
        new: Some(merge),
    }];
    let check = SecretCheck::Warn;
    let facts = push_facts(&handle(), &stage.broker, None, &landed, check).expect("looked");
    assert_eq!(facts.secrets.len(), 1, "{facts:?}");
}

#[test]
fn what_is_not_looked_through_is_said() {
    let stage = Stage::new();
    let project = &stage.project;
    let tree = project.git(&["rev-parse", "HEAD^{tree}"]);
    let unread = seen(&stage, &tree).unread.expect("no commit");
    assert!(
        unread.contains("leads to something else than a commit"),
        "{unread}"
    );
    // Files of less than the size from which git takes them for binary ones, as many as make more than is read at once.
    project.git(&["checkout", "-q", "-b", "feature/login"]);
    let line = "0123456789abcdef ".repeat(60);
    let lines: Vec<&str> = (0..1000).map(|_| line.as_str()).collect();
    for number in 0..70 {
        let text = format!("{number}\n{}\n", lines.join("\n"));
        fs::write(project.root.join(format!("{number}.txt")), text).expect("written");
    }
    project.commit("much text");
    let tip = project.git(&["rev-parse", "HEAD"]);
    let facts = seen(&stage, &tip);
    let unread = facts.unread.expect("too much");
    assert!(unread.contains("more text than torch reads"), "{unread}");
    assert_eq!(facts.secrets, [""; 0]);
}

#[test]
fn what_the_remote_has_comes_into_the_project_and_pushes_that_wait_stay() {
    let stage = Stage::new();
    let pushed = stage.pushed("feature/login", "one");
    assert_eq!(stage.forward(&pushed), Forwarded::Done);
    // It waits to be forwarded, and the project knows of it already.
    let next = stage.pushed("feature/login", "two");
    let other = stage.remote.with_file_name("other");
    let (from, to) = (
        stage.remote.display().to_string(),
        other.display().to_string(),
    );
    git(&stage.broker, &["clone", "-q", "-b", "main", &from, &to]);
    git(&other, &["commit", "-q", "--allow-empty", "-m", "theirs"]);
    git(&other, &["push", "-q", "origin", "main", "main:new/one"]);
    let theirs = git(&other, &["rev-parse", "HEAD"]);
    stage
        .project
        .git(&["update-ref", "refs/remotes/origin/gone", &next]);
    stage.project.git(&[
        "symbolic-ref",
        "refs/remotes/origin/HEAD",
        "refs/remotes/origin/main",
    ]);
    let env = Environment::new();
    let common_dir = stage.project.root.join(".git");
    let fetched = |keep: &[String]| {
        let request = FetchRequest {
            broker: &stage.broker,
            common_dir: &common_dir,
            url: stage.remote.to_str().expect("UTF-8"),
            remote: "origin",
            env: &env,
            keep,
        };
        let found = fetch_branches(&handle(), &request)?;
        Ok::<_, WorktreeError>(
            found
                .into_iter()
                .map(|one| (one.name, one.new))
                .collect::<Vec<_>>(),
        )
    };
    let row = |name: &str, new: Option<&String>| (name.to_owned(), new.cloned());
    assert_eq!(
        fetched(&[BRANCH.to_owned()]).expect("fetched"),
        [
            row("gone", None),
            row("main", Some(&theirs)),
            row("new/one", Some(&theirs))
        ]
    );
    let note = |name: &str| stage.at(&stage.project.root, &format!("refs/remotes/origin/{name}"));
    assert_eq!(note("feature/login"), Some(next));
    assert_eq!(note("HEAD"), Some(theirs.clone()));
    assert_eq!(fetched(&[BRANCH.to_owned()]).expect("fetched"), []);
    // Nobody waits for it any more: it is where the remote has it.
    assert_eq!(
        fetched(&[]).expect("fetched"),
        [row("feature/login", Some(&pushed))]
    );
    // What comes from there is no new commit of a push.
    stage.project.git(&["checkout", "-q", "feature/login"]);
    stage
        .project
        .git(&["merge", "-q", "--no-edit", "origin/main"]);
    let merged = stage.project.git(&["rev-parse", "HEAD"]);
    assert_eq!(seen(&stage, &merged).refs[0].1, 1, "the merge alone");
    fs::rename(&stage.remote, stage.remote.with_file_name("away.git")).expect("moved");
    assert!(fetched(&[]).is_err());
    assert_eq!(note("main"), Some(theirs));
}
