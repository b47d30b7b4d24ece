//! Worktrees that no team has, by their names.

use torch_api::wire::{Failure, FailureKind};
use torch_api::worktree::KeptView;
use torch_api::{Request, Response};
use torch_core::Timestamp;

use crate::fake::Fake;
use crate::place::{Place, TORCH};

fn kept() -> KeptView {
    KeptView {
        reference: "refs/torch/kept/login/20261121T061412.345Z".to_owned(),
        short: "login/20261121T061412.345Z".to_owned(),
        commit: "0".repeat(40),
        role: "login".to_owned(),
        team: None,
        path: "/r/projects/app.own/worktrees/login".into(),
        branch: Some("FEATURE-login".to_owned()),
        head: "0".repeat(40),
        at: Timestamp(1_795_226_400_000),
        why: "torch worktree remove".to_owned(),
        commits: 0,
        files: 0,
        stashes: Vec::new(),
        operation: None,
        ignored_files: 0,
        ignored_bytes: 0,
        submodules: Vec::new(),
        folder_was_gone: false,
    }
}

/// A daemon that knows no worktree of this name, and keeps these.
fn daemon(place: &Place, kept: Vec<KeptView>) -> Fake {
    Fake::start(&place.socket(), move |request, connection| {
        connection.answer(&match request {
            Request::KeptList { .. } => Response::Kept { kept: kept.clone() },
            Request::WorktreeList { .. } => Response::Worktrees {
                worktrees: Vec::new(),
                ports: None,
            },
            _ => Response::Failed(Failure {
                kind: FailureKind::Usage,
                error: "no such target: \"login\"".to_owned(),
                causes: vec!["team app has no role login".to_owned()],
                hint: Some("torch status".to_owned()),
            }),
        });
    })
}

#[test]
fn what_was_removed_already_is_said_with_what_brings_it_back() {
    let place = Place::new();
    let _fake = daemon(&place, vec![kept()]);
    let ran = place.run(TORCH, &["worktree", "remove", "login", "--yes"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    for expect in [
        "there is no worktree \"login\" any more",
        "by torch worktree remove",
        "Hint: torch undelete login/20261121T061412.345Z\n",
    ] {
        assert!(ran.err.contains(expect), "{ran:?}");
    }
}

#[test]
fn a_name_that_no_worktree_ever_had_leads_to_the_list_of_them() {
    let place = Place::new();
    let _fake = daemon(&place, Vec::new());
    let ran = place.run(TORCH, &["worktree", "remove", "login", "--yes"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("no such target"), "{ran:?}");
    assert!(ran.err.contains("Hint: torch worktree list\n"), "{ran:?}");
}
