//! The conflict radar.

use super::*;

/// Three roles with worktrees on one project.
struct Team {
    project: Project,
    sides: Vec<Side>,
}

fn lines(changed: &[(usize, &str)]) -> String {
    let line = |n: usize| {
        let own = changed.iter().find(|(at, _)| *at == n);
        own.map_or_else(|| format!("line {n}\n"), |(_, text)| format!("{text}\n"))
    };
    (1..=20).map(line).collect()
}

impl Team {
    fn new(init: &[&str]) -> Self {
        let project = Project::empty("project", init);
        fs::write(project.root.join("code.txt"), lines(&[])).expect("written");
        fs::write(project.root.join("other.txt"), "other\n").expect("written");
        project.commit("first");
        let sides = ["developer", "tester", "pm"].map(|name| {
            let added = project.add(name, name).expect("added");
            Side {
                name: name.to_owned(),
                worktree: added.path,
            }
        });
        Self {
            project,
            sides: sides.into(),
        }
    }

    fn place(&self, name: &str) -> &Path {
        let side = self.sides.iter().find(|side| side.name == name);
        side.map(|side| side.worktree.as_path()).expect("a side")
    }

    fn write(&self, name: &str, file: &str, text: &str) {
        fs::write(self.place(name).join(file), text).expect("written");
    }

    fn commit(&self, name: &str, file: &str, text: &str) {
        self.write(name, file, text);
        git(self.place(name), &["add", "-A"]);
        git(self.place(name), &["commit", "-q", "-m", "work"]);
    }

    fn radar(&self) -> Radar {
        self.radar_by(&handle())
    }

    fn radar_by(&self, git: &Git) -> Radar {
        let repository = self.project.inspect();
        let before = self.objects();
        let scratch = self.project.folder.path().join("scratch");
        let request = RadarRequest {
            repository: &repository,
            parent: "main",
            sides: &self.sides,
            scratch: &scratch,
        };
        let found = radar(git, &request).expect("a radar");
        assert!(!scratch.exists());
        assert_eq!(
            self.objects(),
            before,
            "something was written into the repository"
        );
        found
    }

    fn objects(&self) -> String {
        self.project.git(&["count-objects", "-v"])
    }
}

fn pair(sides: [&str; 2], conflict: bool, uncommitted: &[&str], lines: &[(u32, u32)]) -> Pair {
    Pair {
        sides: sides.map(str::to_owned),
        conflict,
        uncommitted: uncommitted.iter().map(|&name| name.to_owned()).collect(),
        lines: lines.to_vec(),
    }
}

#[test]
fn nothing_is_shared_at_first() {
    let found = Team::new(&[]).radar();
    assert!(found.overlaps.is_empty());
    assert!(
        found
            .sides
            .iter()
            .all(|side| side.files == 0 && side.conflicts.is_empty())
    );
}

#[test]
fn committed_and_uncommitted_work_is_merged_in_memory() {
    for init in [&[][..], &["--object-format=sha256"]] {
        let team = Team::new(init);
        team.commit("developer", "code.txt", &lines(&[(3, "mine")]));
        team.write("tester", "code.txt", &lines(&[(3, "ours")]));
        team.write("pm", "code.txt", &lines(&[(15, "far")]));
        let found = team.radar();
        assert_eq!(found.overlaps.len(), 1);
        assert_eq!(found.overlaps[0].path, "code.txt");
        assert_eq!(
            found.overlaps[0].pairs,
            [
                pair(["developer", "tester"], true, &["tester"], &[(3, 3)]),
                pair(["developer", "pm"], false, &["pm"], &[]),
                pair(["tester", "pm"], false, &["tester", "pm"], &[]),
            ]
        );
        let uncommitted: Vec<_> = found
            .sides
            .iter()
            .map(|side| (side.files, side.uncommitted))
            .collect();
        assert_eq!(uncommitted, [(1, 0), (1, 1), (1, 1)]);
    }
}

#[test]
fn a_pair_takes_no_process_of_its_own() {
    let team = Team::new(&[]);
    for (name, line) in [("developer", "one"), ("tester", "two")] {
        team.commit(name, "code.txt", &lines(&[(3, line)]));
    }
    team.write("pm", "code.txt", &lines(&[(3, "three")]));
    let (git, asked) = written_down(team.project.folder.path());
    let found = team.radar_by(&git);
    assert_eq!(found.overlaps.len(), 1);
    assert_eq!(found.overlaps[0].pairs.len(), 3);
    assert!(
        found.overlaps[0]
            .pairs
            .iter()
            .all(|pair| pair.conflict && pair.lines == [(3, 3)])
    );
    let asked = fs::read_to_string(&asked).expect("it was");
    // For each side its configuration, its status and the lines that it changes; two for all of them.
    assert_eq!(asked.lines().count(), 3 * 3 + 2, "{asked}");
}

/// Uncommitted work of every kind, which a developer has; the others are in its way.
fn in_every_way(init: &[&str]) -> Team {
    let project = Project::empty("project", init);
    for file in [
        "edited",
        "gone",
        "folder/only",
        "run",
        "linked",
        "to-folder",
    ] {
        let path = project.root.join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, lines(&[])).expect("written");
    }
    fs::create_dir(project.root.join("to-file")).expect("made");
    fs::write(project.root.join("to-file/inner"), "inner\n").expect("written");
    project.commit("first");
    let sides = ["developer", "tester"].map(|name| Side {
        name: name.to_owned(),
        worktree: project.add(name, name).expect("added").path,
    });
    let team = Team {
        project,
        sides: sides.into(),
    };
    let here = team.place("developer").to_owned();
    team.write("developer", "edited", &lines(&[(4, "mine")]));
    for gone in [
        "gone",
        "folder/only",
        "to-folder",
        "to-file/inner",
        "linked",
    ] {
        fs::remove_file(here.join(gone)).expect("removed");
    }
    fs::remove_dir(here.join("to-file")).expect("removed");
    for made in ["to-folder", "new", "new/deep"] {
        fs::create_dir(here.join(made)).expect("made");
    }
    for (file, text) in [
        ("to-folder/inner", "now a folder\n"),
        ("to-file", "now a file\n"),
        ("new/deep/file", "new\n"),
        ("empty", ""),
        ("added and gone", "in the index\n"),
        ("intended", "to be added\n"),
    ] {
        team.write("developer", file, text);
    }
    git(&here, &["add", "added and gone"]);
    git(&here, &["add", "-N", "intended"]);
    fs::remove_file(here.join("added and gone")).expect("removed");
    std::os::unix::fs::symlink("edited", here.join("linked")).expect("linked");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(here.join("run"), mode).expect("set");
    for file in [
        "edited",
        "gone",
        "folder/only",
        "run",
        "linked",
        "to-folder",
    ] {
        team.write("tester", file, &lines(&[(4, "theirs")]));
    }
    team.write("tester", "to-file/inner", "the tester's\n");
    fs::create_dir_all(team.place("tester").join("new/deep")).expect("made");
    for file in ["new/deep/file", "empty", "intended", "added and gone"] {
        team.write("tester", file, "theirs\n");
    }
    team
}

#[test]
fn libgit2_and_git_put_the_same_work_together() {
    let both = [&[][..], &["--object-format=sha256"]];
    let [by_libgit2, by_git] = both.map(|init| {
        let found = in_every_way(init).radar();
        (found.sides, found.overlaps)
    });
    let conflicts = by_libgit2.1.iter();
    let conflicts = conflicts.filter(|overlap| overlap.pairs[0].conflict);
    let conflicts: Vec<_> = conflicts.map(|overlap| overlap.path.as_str()).collect();
    assert_eq!(
        conflicts,
        [
            "edited",
            "folder/only",
            "gone",
            "intended",
            "linked",
            "new/deep/file",
            "to-file",
            "to-file/inner",
            "to-folder",
        ]
    );
    assert_eq!(by_libgit2, by_git);
}

#[test]
fn work_that_was_merged_is_no_overlap() {
    let team = Team::new(&[]);
    team.commit("developer", "code.txt", &lines(&[(3, "mine")]));
    let branch = git(team.place("developer"), &["branch", "--show-current"]);
    git(
        team.place("tester"),
        &["merge", "-q", "--no-ff", "-m", "lane", &branch],
    );
    team.commit("tester", "test.txt", "tests\n");
    team.commit("developer", "code.txt", &lines(&[(3, "mine"), (4, "more")]));
    assert!(team.radar().overlaps.is_empty());
}

#[test]
fn conflicts_with_the_parent_branch_are_told() {
    let team = Team::new(&[]);
    team.commit("developer", "code.txt", &lines(&[(3, "mine")]));
    fs::write(team.project.root.join("code.txt"), lines(&[(3, "theirs")])).expect("written");
    team.project.commit("on the parent branch");
    let found = team.radar();
    assert_eq!(found.sides[0].conflicts, ["code.txt"]);
    assert!(found.sides[1].conflicts.is_empty());
}

#[test]
fn deleted_renamed_and_unusual_files() {
    let team = Team::new(&[]);
    fs::remove_file(team.place("developer").join("other.txt")).expect("removed");
    team.write("tester", "other.txt", "changed\n");
    let unusual = "a \"b\"\nc\u{e9}";
    team.write("developer", unusual, "one\n");
    team.commit("tester", unusual, "two\n");
    let place = team.place("pm").to_owned();
    git(&place, &["mv", "code.txt", "renamed.txt"]);
    git(&place, &["commit", "-q", "-m", "renamed"]);
    team.commit("tester", "code.txt", &lines(&[(9, "edited")]));
    let found = team.radar();
    let told = |path: &str| found.overlaps.iter().find(|overlap| overlap.path == path);
    let conflict = |path: &str| told(path).is_some_and(|overlap| overlap.pairs[0].conflict);
    assert!(conflict("other.txt"));
    assert!(conflict(unusual));
    // git follows the rename: both change it, and it merges.
    let renamed = told("code.txt").expect("an overlap");
    assert!(!renamed.pairs[0].conflict);
}

#[test]
fn a_link_where_another_has_a_folder_is_named_as_itself() {
    let team = Team::new(&[]);
    let link = team.place("developer").join("link");
    std::os::unix::fs::symlink("code.txt", link).expect("linked");
    team.commit("developer", "other.txt", "the developer's\n");
    fs::create_dir(team.place("tester").join("link")).expect("made");
    team.write("tester", "link/inner", "text\n");
    team.commit("tester", "other.txt", "the tester's\n");
    let radar = team.radar();
    let conflicts = radar.overlaps.iter();
    let conflicts = conflicts.filter(|one| one.pairs.iter().any(|pair| pair.conflict));
    let conflicts: Vec<_> = conflicts.map(|one| one.path.as_str()).collect();
    assert_eq!(conflicts, ["link", "other.txt"]);
    let repository = team.project.inspect();
    let head = |name: &str| git(team.place(name), &["rev-parse", "HEAD"]);
    let (ours, theirs) = (head("developer"), head("tester"));
    let files = crate::clashes(&handle(), &repository, (&ours, &theirs), None).expect("merged");
    assert_eq!(files.into_iter().collect::<Vec<_>>(), ["link", "other.txt"]);
    let request = MergeRequest {
        repository: &repository,
        worktree: team.place("developer"),
        theirs: &theirs,
        message: "merge",
        label: "test",
    };
    let merged = prepare_merge(&handle(), &request).expect("merged");
    let files = ["link", "other.txt"].map(str::to_owned).to_vec();
    assert_eq!(merged, PreparedMerge::Conflict { files });
}

#[test]
fn nothing_of_a_repository_is_run() {
    let team = Team::new(&[]);
    let canary = team.project.folder.path().join("canary");
    let program = format!("touch {} #", canary.display());
    for name in [
        "merge.evil.driver",
        "diff.evil.command",
        "diff.evil.textconv",
        "diff.external",
        "core.fsmonitor",
    ] {
        team.project.git(&["config", name, &program]);
    }
    let attributes = team.project.root.join(".git/info/attributes");
    fs::create_dir_all(attributes.parent().expect("a folder")).expect("made");
    fs::write(attributes, "* merge=evil diff=evil\n").expect("written");
    for (name, text) in [("developer", "mine"), ("tester", "ours")] {
        team.write(name, "code.txt", &lines(&[(3, text)]));
    }
    let found = team.radar();
    assert!(found.overlaps[0].pairs[0].conflict);
    assert!(!canary.exists());
}

#[test]
fn a_parent_that_is_no_branch_is_refused() {
    let team = Team::new(&[]);
    let repository = team.project.inspect();
    for parent in [
        "--help",
        "HEAD~1",
        "0123456789012345678901234567890123456789",
    ] {
        let request = RadarRequest {
            repository: &repository,
            parent,
            sides: &[],
            scratch: &team.project.folder.path().join("scratch"),
        };
        let refused = radar(&handle(), &request).expect_err("a refusal");
        assert!(matches!(refused, WorktreeError::Git { .. }));
        assert!(!request.scratch.exists());
    }
}
