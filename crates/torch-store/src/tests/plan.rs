//! Plans: the last one written comes back, and goes with its team.

use std::collections::BTreeMap;

use torch_core::{Task, TaskPlan, TaskState, Write};

use super::sample::{Home, NOW, raised};
use crate::StoreError;

fn plan(json: serde_json::Value) -> TaskPlan {
    serde_json::from_value(json).expect("a plan")
}

#[test]
fn a_plan_comes_back_as_it_was_last_written_and_goes_with_its_team() {
    let home = Home::new();
    let (mut store, team, _) = raised(&home);
    let mut kept = plan(serde_json::json!({
        "project": "Äpp", "specs": [{"path": "/p/spec.md", "sha256": "00"}],
        "tasks": [{"id": "T3", "title": "a \"title\"; -- '", "owner": "developer", "depends_on": ["T1"], "line": 7}],
        "next": 4,
    }));
    let put = |plan: &TaskPlan| Write::PutPlan {
        team: team.id,
        plan: Box::new(plan.clone()),
    };
    store.commit(NOW, &[put(&kept)]).expect("commits");
    let task: &mut Task = &mut kept.tasks[0];
    task.state = TaskState::Done;
    task.since = Some(NOW);
    store.commit(NOW, &[put(&kept)]).expect("commits");
    drop(store);
    let mut store = home.store();
    assert_eq!(
        store.load().expect("loads").plans,
        BTreeMap::from([(team.id, kept)])
    );
    store
        .commit(NOW, &[Write::RemoveTeam(team.id)])
        .expect("commits");
    assert!(store.plans().expect("reads").is_empty());
}

#[test]
fn an_altered_plan_is_refused() {
    let home = Home::new();
    let (mut store, team, _) = raised(&home);
    let write = Write::PutPlan {
        team: team.id,
        plan: Box::new(TaskPlan::default()),
    };
    store.commit(NOW, &[write]).expect("commits");
    drop(store);
    let conn = rusqlite::Connection::open(home.path()).expect("opens");
    conn.execute("UPDATE plan SET record = '{}'", [])
        .expect("alters");
    drop(conn);
    let read = crate::Store::open(&home.path(), NOW).and_then(|store| store.plans().map(drop));
    assert!(
        matches!(
            read,
            Err(StoreError::Altered { .. } | StoreError::Damaged { .. })
        ),
        "{read:?}"
    );
}
