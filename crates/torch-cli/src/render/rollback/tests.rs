//! Work that is taken back, as text.

use torch_core::rollback::{BranchMove, Check, GoodBy, LeasedPush, NewBranch};
use torch_core::{RollbackId, TeamId, Timestamp};

use super::*;

fn plainly(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

fn last_good() -> LastGood {
    LastGood {
        commit: "0123456789abcdef".to_owned(),
        subject: "Integration: 2026-11-21 06:14".to_owned(),
        at: Timestamp(0),
        why: GoodBy::Tag {
            name: "stable-app-20261121-061412".to_owned(),
        },
    }
}

fn taken(id: &str, author: &str, merged: Option<usize>) -> TakenBack {
    TakenBack {
        id: format!("{id}0123456789"),
        subject: "what\u{1b}[31mever".to_owned(),
        author: author.to_owned(),
        at: Timestamp(0),
        merged,
    }
}

fn files() -> Vec<FileChangeView> {
    let file = |path: &str, lines: Option<u64>| FileChangeView {
        path: path.to_owned(),
        insertions: lines,
        deletions: lines,
    };
    vec![file("src/a.rs", Some(3)), file("logo.png", None)]
}

fn rollback(what: RollbackKind) -> Rollback {
    Rollback {
        id: RollbackId::new(1, 1),
        team: TeamId::new(1, 1),
        at: Timestamp(1_000),
        by: "human".to_owned(),
        what,
        bad: None,
        parent_tip: None,
        reverts: None,
        good: Some(last_good()),
        taken: vec![
            taken("aaa", "ann", None),
            taken("bbb", "developer (torch)", Some(2)),
        ],
        files: 2,
        moves: Some(BranchMove {
            branch: Some("main".to_owned()),
            worktree: None,
            from: "a".repeat(40),
            to: "b".repeat(40),
            hard: None,
            others_may_change: false,
        }),
        new_branch: None,
        push: None,
        checks: Vec::new(),
        state: RollbackState::Done {
            at: Timestamp(2_500),
            not_pushed: None,
        },
    }
}

fn view(rollback: Rollback) -> RollbackView {
    RollbackView {
        team: "app".to_owned(),
        parent: "main".to_owned(),
        took_millis: 1_500,
        files: files(),
        diff: "--- a\n+++ b\n@@ -1 +1 @@\n-one\n+two\n".to_owned(),
        diff_cut: true,
        verdict: (!rollback.checks.is_empty()).then(|| Verdict::of(&rollback.checks)),
        undo: Some("torch rollback revert aaaa..bbbb".to_owned()),
        told: 4,
        rollback,
    }
}

#[test]
fn the_plan() {
    let plan = RollbackPlan {
        team: "app".to_owned(),
        parent: "main".to_owned(),
        tip: "aaa".to_owned(),
        good: last_good(),
        bad: Some(("bbb0123456789".to_owned(), 1)),
        taken: vec![
            taken("aaa", "ann", None),
            taken("bbb", "developer (torch)", Some(2)),
            taken("ddd", "torch", Some(0)),
        ],
        leaves: vec![
            taken("aaa", "ann", None),
            taken("bbb", "developer (torch)", Some(2)),
            taken("ccc", "bob", None),
        ],
        push: None,
        files: files(),
        aside: vec!["stable-side".to_owned()],
        hindrance: Some("\"/p\", where it is checked out, has 1 file with changes".to_owned()),
        command: "torch rollback revert --to-last-good --team app".to_owned(),
        why: "reverts rewrite nothing".to_owned(),
    };
    let shown = plainly(&super::plan(&plan, Some(80)));
    assert!(
        !shown.contains('\u{1b}') && shown.lines().all(|line| line.len() <= 100),
        "{shown}"
    );
    for part in [
        "app, on main",
        "last good  01234567 Integration: 2026-11-21 06:14",
        "it has the tag stable-app-20261121-061412",
        "bad        bbb01234, 1 commit made since it came in",
        "above it   3 commits, 2 files changed, by ann, developer (torch), torch",
        "merge of 2 commits",
        "  going back changes\n    src/a.rs +3 -3",
        "logo.png binary",
        "stable-side is on no commit of the branch itself",
        "not now",
        "do         torch rollback revert --to-last-good --team app",
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    assert!(!shown.contains("merge of 0"), "{shown}");
    let quiet = RollbackPlan {
        taken: Vec::new(),
        leaves: Vec::new(),
        files: Vec::new(),
        ..plan
    };
    let shown = plainly(&super::plan(&quiet, Some(80)));
    assert!(shown.contains("\n  above it   nothing\n"), "{shown}");
    let shown = plainly(&super::forced(&quiet, Some(80)));
    assert!(shown.contains("\n  leaves     nothing\n"), "{shown}");
}

/// Each line in 80 columns, but for these.
#[track_caller]
fn fits(shown: &str, but: &str) {
    let wide = shown.lines().find(|line| {
        let is_run = !but.is_empty() && line.contains(but);
        line.chars().count() > 80 && !is_run
    });
    assert_eq!(wide, None, "{shown}");
}

#[test]
fn everything_fits_80_columns_but_what_is_to_be_run() {
    let mut rollback = rollback(RollbackKind::Revert);
    rollback.good = Some(LastGood {
        why: GoodBy::Tag {
            name: format!("stable-{}", "long-".repeat(10)),
        },
        ..last_good()
    });
    let mut view = view(rollback);
    let undo = format!(
        "torch rollback revert {}..{}",
        "a".repeat(40),
        "b".repeat(40)
    );
    view.undo = Some(undo.clone());
    view.diff = format!("+{}\n", "word ".repeat(30));
    let shown = plainly(&done(&view, Some(80)));
    assert!(shown.contains(&undo), "{shown}");
    let (above, patch) = shown.split_once("\n\n").expect("both");
    fits(above, &undo);
    assert!(patch.contains(view.diff.trim_end()), "{patch}");

    let plan = RollbackPlan {
        team: "app".to_owned(),
        parent: "main".to_owned(),
        tip: "aaa".to_owned(),
        good: last_good(),
        bad: None,
        taken: vec![taken("aaa", "ann", None)],
        leaves: vec![taken("aaa", "ann", None)],
        push: None,
        files: files(),
        aside: vec![format!("stable-{}", "20261121-".repeat(4))],
        hindrance: Some("/p, where it is checked out, has 1 file with changes, ".repeat(3)),
        command: format!("torch rollback revert {}", "0123456 ".repeat(10)),
        why: "reverts rewrite nothing, and what others have stays as it is; ".repeat(3),
    };
    let shown = plainly(&super::plan(&plan, Some(80)));
    fits(&shown, "  do         torch rollback");
    fits(&plainly(&forced(&plan, Some(80))), "");

    let mut row = super::tests::rollback(RollbackKind::Verify);
    row.checks = vec![Check {
        name: "integration".to_owned(),
        command: Some("make test && make lint".to_owned()),
        log: Some("/home/ann/.torch/logs/rollbacks/20261121.log".into()),
        seconds: 3,
        result: CheckResult::NotChecked {
            why: "set integration.test in your settings, and integration.run_tests to true "
                .repeat(2),
        },
    }];
    let shown = plainly(&done(&super::tests::view(row), Some(80)));
    fits(&shown, "");
}

#[test]
fn what_was_done() {
    let reverted = plainly(&done(&view(rollback(RollbackKind::Revert)), Some(80)));
    assert!(
        reverted.starts_with("2 commits reverted on main\n"),
        "{reverted}"
    );
    assert!(
        reverted.contains("4 agents told\n  took 1 s\n"),
        "{reverted}"
    );
    assert!(reverted.contains("to bring it back: torch rollback revert aaaa..bbbb"));
    assert!(reverted.ends_with("-one\n+two\n… the difference goes on\n"));
    // One of them was undone already.
    let mut fewer = rollback(RollbackKind::Emergency);
    fewer.reverts = Some(1);
    let fewer = plainly(&done(&view(fewer), Some(80)));
    assert!(
        fewer.starts_with("1 revert of 2 commits on main\n"),
        "{fewer}"
    );
    let mut forced = rollback(RollbackKind::Emergency);
    if let Some(moves) = &mut forced.moves {
        moves.hard = Some("c".repeat(40));
    }
    forced.new_branch = Some(NewBranch {
        name: "rollback/emergency-20261121-0614".to_owned(),
        commit: "c".repeat(40),
    });
    forced.push = Some(LeasedPush {
        remote: "origin".to_owned(),
        branch: "main".to_owned(),
        expected: "a".repeat(40),
    });
    let text = plainly(&done(&view(forced.clone()), Some(80)));
    assert!(
        text.starts_with("main was put back; it left 2 commits\n"),
        "{text}"
    );
    assert!(text.contains("branch rollback/emergency-20261121-0614 at cccccccc"));
    assert!(text.contains("origin has it too"));
    forced.state = RollbackState::Done {
        at: Timestamp(3_000),
        not_pushed: Some("stale info".to_owned()),
    };
    let text = plainly(&done(&view(forced), Some(80)));
    assert!(
        text.contains("not pushed  origin does not have it: stale info"),
        "{text}"
    );
}

#[test]
fn what_was_not_checked_is_never_passed() {
    let check = |name: &str, result: CheckResult| Check {
        name: name.to_owned(),
        command: None,
        log: None,
        seconds: 0,
        result,
    };
    let mut row = rollback(RollbackKind::Verify);
    let why = "set data under [rollback] in your settings".to_owned();
    row.checks = vec![
        check(
            "version",
            CheckResult::Passed {
                what: "there".to_owned(),
            },
        ),
        check(
            "tests",
            CheckResult::Failed {
                why: "exit status: 1".to_owned(),
            },
        ),
        check("data", CheckResult::NotChecked { why }),
    ];
    let shown = plainly(&done(&view(row.clone()), Some(80)));
    let expected = [
        "main: partial, 2 of 3 checked",
        "  version       passed  there",
        "  tests         failed  exit status: 1",
        "  data          not checked  set data under [rollback] in your settings",
    ];
    assert_eq!(shown.lines().collect::<Vec<_>>(), expected);
    let mut failed = rollback(RollbackKind::Branch);
    failed.state = RollbackState::Failed {
        at: Timestamp(1_200),
        why: "main has moved meanwhile".to_owned(),
    };
    let rollbacks = vec![row, failed, rollback(RollbackKind::Revert)];
    let team = "app".to_owned();
    let shown = plainly(&list(&RollbackList { team, rollbacks }));
    assert!(
        shown.contains("not done: main has moved meanwhile"),
        "{shown}"
    );
    assert!(
        shown.ends_with("1 of 2 done, 1 of them within 300 s\n"),
        "{shown}"
    );
}
