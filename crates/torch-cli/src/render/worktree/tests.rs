//! Snapshots of what people read of worktrees.

use std::path::PathBuf;

use anstream::adapter::strip_str;
use insta::assert_snapshot;
use torch_api::worktree::{CleanScope, OwnView, PortsView, TestsView, WorkView};
use torch_core::{AgentState, Timestamp};

use super::*;
use crate::render::worktree;

/// 2026-11-21 02:00:00 UTC.
const NOW: u64 = 1_795_226_400_000;

fn text(styled: &str) -> String {
    strip_str(styled).to_string()
}

fn a_worktree(role: &str, state: Option<AgentState>) -> WorktreeView {
    WorktreeView {
        team: state.map(|_| "hello".to_owned()),
        role: role.to_owned(),
        state,
        path: PathBuf::from("/r/projects/hello/worktrees").join(role),
        there: true,
        removed: false,
        branch: Some(format!("main-{role}")),
        head: Some("0".repeat(40)),
        ahead: state.map(|_| 2),
        changed: 3,
        untracked: 1,
        problem: None,
        mend: None,
        port: None,
        progress: None,
        work: None,
        own: None,
        was_there: None,
    }
}

fn a_kept() -> KeptView {
    KeptView {
        reference: "refs/torch/kept/developer/20261121T015000.000Z".to_owned(),
        short: "developer/20261121T015000.000Z".to_owned(),
        commit: "1".repeat(40),
        role: "developer".to_owned(),
        team: Some("hello".to_owned()),
        path: "/r/projects/hello/worktrees/developer".into(),
        branch: Some("main-developer".to_owned()),
        head: "0".repeat(40),
        at: Timestamp(NOW - 600_000),
        why: "torch worktree remove".to_owned(),
        commits: 2,
        files: 4,
        stashes: vec!["WIP on main-developer: 0000000 x".to_owned()],
        operation: Some("a merge".to_owned()),
        ignored_files: 12,
        ignored_bytes: 34_567,
        submodules: vec!["lib".to_owned()],
        folder_was_gone: false,
    }
}

#[test]
fn what_people_read() {
    let clock = Clock {
        now: Timestamp(NOW),
        zone: jiff::tz::TimeZone::UTC,
    };
    let mut tester = a_worktree("tester", Some(AgentState::Stopped));
    (tester.there, tester.branch) = (false, None);
    let mut designer = a_worktree("designer", Some(AgentState::Idle));
    designer.problem = Some("its folder is gone".to_owned());
    let mut developer = a_worktree("developer", Some(AgentState::Exited));
    developer.work = Some(WorkView {
        tasks_done: 2,
        tasks: 3,
        blocked: Some("no keys for the API".to_owned()),
        tests: Some(TestsView {
            commit: "1a2b3c4d5e6f".to_owned(),
            passed: true,
            by: "torch".to_owned(),
        }),
    });
    let list = [
        developer,
        tester,
        designer,
        a_worktree("orchestrator", None),
    ];
    let mut long = a_worktree("documentation_writer", Some(AgentState::Idle));
    long.path =
        PathBuf::from("/r/projects/a-project-with-a-long-name/worktrees/documentation_writer");
    long.branch = Some("feature/of-the-day-documentation_writer".to_owned());
    let mut nobodys = long.clone();
    (nobodys.team, nobodys.state) = (None, None);
    nobodys.own = Some(OwnView {
        project: "/p/hello".into(),
        count: 1,
        limit: Some(4),
    });
    let mut narrow = text(&worktree::list(
        &[list[0].clone(), long.clone(), nobodys],
        Some(80),
    ));
    long.path = list[0].path.with_file_name("documentation_writer");
    narrow.push_str(&text(&worktree::list(&[list[0].clone(), long], Some(80))));
    narrow.push_str(&text(&worktree::kept(&[a_kept()], &clock, Some(80))));
    assert_snapshot!("narrow", narrow);
    let mut said = text(&worktree::list(&list, None));
    said.push_str(&text(&worktree::list(&[], None)));
    for next in [Some(8_106), None] {
        let pool = "8100-8199".to_owned();
        said.push_str(&worktree::ports(Some(&PortsView { pool, next })));
    }
    said.push_str(&text(&worktree::before(&list[0], Goes::WithBranch)));
    let mut removed = RemovedView {
        role: "developer".to_owned(),
        path: list[0].path.clone(),
        project: None,
        kept: Some(a_kept()),
        deleted_branch: None,
        branch_stays: Some("/p/hello has it".to_owned()),
        failure: None,
        only_looked: false,
    };
    said.push_str(&text(&worktree::removed(&removed)));
    removed.kept = None;
    said.push_str(&text(&worktree::removed(&removed)));
    said.push_str(&text(&worktree::kept(&[a_kept()], &clock, None)));
    said.push_str(&text(&worktree::kept(&[], &clock, None)));
    let back = UndeletedView {
        kept: a_kept(),
        path: "/r/projects/hello/worktrees/developer".into(),
        branch: Some("main-developer-2".to_owned()),
        another_branch: true,
        files: 34,
        stashes: 0,
        is_agents: true,
    };
    said.push_str(&text(&worktree::undeleted(&back)));
    assert_snapshot!(said);
}

#[test]
fn what_brings_it_back_runs_as_it_stands() {
    let mut removed = RemovedView {
        role: "developer".to_owned(),
        path: "/r/projects/hello/worktrees/developer".into(),
        project: None,
        kept: Some(a_kept()),
        deleted_branch: Some("main-developer".to_owned()),
        branch_stays: None,
        failure: None,
        only_looked: false,
    };
    let scope = CleanScope::All;
    let mut check = |project: Option<&str>, expect: &str| {
        removed.project = project.map(Into::into);
        let line = format!("{expect}torch undelete {}\n", a_kept().short);
        let said = text(&worktree::removed(&removed));
        assert!(said.contains(&format!("  {line}")), "{said}");
        let cleaned = |width| worktree::cleaned(std::slice::from_ref(&removed), &scope, width);
        let narrow = cleaned(Some(40));
        assert!(narrow.contains(&format!("\n  {line}")), "{narrow}");
        let wide = cleaned(None);
        let cell = format!(
            "removed  branch main-developer deleted, {}  /r/",
            line.trim_end()
        );
        assert!(wide.contains(&cell), "{wide}");
    };
    check(None, "");
    check(Some("/p/my app"), "cd '/p/my app' && ");
}
