//! Two edits of one plan.

use torch_core::{RoleName, TaskId, TaskPlan, TaskState};

use crate::file::{PlanFile, clashes, edited, read, write};
use crate::{Spec, plan};

fn begun() -> TaskPlan {
    let roles: Vec<RoleName> = ["orchestrator", "developer", "tester"]
        .iter()
        .map(|role| RoleName::parse(role).expect("a role"))
        .collect();
    let spec = Spec {
        path: "spec.md".to_owned(),
        sha256: String::new(),
        text: "- Write the parser\n- Write the printer\n- Sing\n".to_owned(),
    };
    plan(&spec, &roles)
}

fn file(plan: &TaskPlan) -> PlanFile {
    read(&write(plan, None).expect("a file"), &[]).expect("a plan")
}

fn line(file: &mut PlanFile, id: u32) -> &mut crate::file::FileTask {
    let mut lines = file.task.iter_mut();
    lines
        .find(|line| line.id == Some(TaskId(id)))
        .expect("a task")
}

type Change = fn(&mut PlanFile);

#[test]
fn what_two_changed_differently_clashes_and_nothing_else() {
    let begun = begun();
    let base = file(&begun);
    let hum: Change = |file| "Hum".clone_into(&mut line(file, 3).title);
    let dance: Change = |file| "Dance".clone_into(&mut line(file, 3).title);
    let done: Change = |file| line(file, 3).state = Some(TaskState::Done);
    let doing: Change = |file| line(file, 3).state = Some(TaskState::Doing);
    let gone: Change = |file| file.task.retain(|line| line.id != Some(TaskId(3)));
    let other: Change = |file| "Read".clone_into(&mut line(file, 1).title);
    let none: Change = |_| {};
    for (theirs, mine, clash) in [
        (hum, dance, true),
        (hum, hum, false),
        (hum, other, false),
        (hum, none, false),
        (none, hum, false),
        (hum, done, false),
        (done, hum, false),
        (done, doing, true),
        (done, done, false),
        (hum, gone, true),
        (gone, hum, true),
        (done, gone, false),
        (gone, gone, false),
        (gone, other, false),
    ] {
        let (mut now, mut edit) = (base.clone(), base.clone());
        theirs(&mut now);
        mine(&mut edit);
        let now = edited(&begun, &now, "human");
        let expect: &[TaskId] = if clash { &[TaskId(3)] } else { &[] };
        assert_eq!(clashes(&now, &base, &edit), expect, "{now:?} {edit:?}");
    }
}
