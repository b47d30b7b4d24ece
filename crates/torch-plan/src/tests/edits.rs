//! Two edits of one plan.

use torch_core::{RoleName, TaskId, TaskPlan, TaskState};

use crate::file::{Clash, PlanFile, clashes, edited, merged, read, write};
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
        let expect: &[Clash] = match clash {
            true => &[Clash::Task(TaskId(3))],
            false => &[],
        };
        assert_eq!(clashes(&now, &base, &edit), expect, "{now:?} {edit:?}");
    }
}

#[test]
fn phases_and_the_projects_name_clash_like_tasks() {
    let begun = begun();
    let base = file(&begun);
    let phase = |id: &str, title: &str| torch_core::task::TaskPhase {
        id: id.to_owned(),
        title: title.to_owned(),
    };
    let with = |project: &str, phases: &[torch_core::task::TaskPhase]| {
        let mut file = base.clone();
        project.clone_into(&mut file.project);
        file.phase = phases.to_vec();
        file
    };
    let (one, other) = ([phase("P1", "Read")], [phase("P1", "Write")]);
    for (theirs, mine, expect) in [
        (with("", &one), with("", &other), vec![Clash::Phases]),
        (with("", &one), with("", &one), vec![]),
        (with("", &one), with("", &[]), vec![]),
        (with("", &[]), with("", &one), vec![]),
        (with("shop", &[]), with("till", &[]), vec![Clash::Project]),
        (with("shop", &one), with("shop", &[]), vec![]),
    ] {
        let now = edited(&begun, &theirs, "human");
        let found = clashes(&now, &base, &mine);
        assert_eq!(found, expect, "{theirs:?} {mine:?}");
        if found.is_empty() {
            // Nobody's change is lost.
            let both = merged(&now, &base, mine.clone());
            let phases = [&mine.phase, &theirs.phase]
                .into_iter()
                .find(|it| !it.is_empty());
            assert_eq!(Some(&both.phase), phases.or(Some(&Vec::new())));
            let named = [&mine.project, &theirs.project]
                .into_iter()
                .find(|it| !it.is_empty());
            assert_eq!(&both.project, named.unwrap_or(&String::new()));
        }
    }
    assert_eq!(Clash::Phases.to_string(), "the phases");
}
