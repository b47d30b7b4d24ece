//! Reports on tasks of the plan: by the plan's ids, by the spec's, and by ids that no task has.

use torch_core::TaskState;

use super::*;

impl Stage {
    /// The team's plan is made of this spec.
    fn plans(&mut self, text: &str) {
        let spec = torch_plan::Spec {
            path: "/project/spec.md".to_owned(),
            sha256: String::new(),
            text: text.to_owned(),
        };
        let plan = torch_plan::plan(&spec, &[role("developer")]);
        self.state.plans.insert(team().id, plan);
    }

    fn reports(&mut self, from: &str, text: &str) {
        let text = text.to_owned();
        self.ask(from, Request::Complete { text });
    }

    fn states(&self) -> Vec<TaskState> {
        let tasks = &self.state.plans[&team().id].tasks;
        tasks.iter().map(|task| task.state).collect()
    }
}

#[test]
fn a_report_ends_tasks_by_the_ids_of_the_spec() {
    let mut stage = Stage::new(Vec::new(), BEGIN);
    stage.plans("- R10: Import orders\n- R3: Export orders\n");
    stage.reports("developer", "R3 done: in 3f2c1aa");
    assert_eq!(stage.states(), [TaskState::Todo, TaskState::Done]);
    assert!(stage.said_to("developer").is_empty());
}

#[test]
fn a_report_on_an_id_that_no_task_has_is_answered_and_ends_no_spec() {
    let mut stage = Stage::new(Vec::new(), BEGIN);
    stage.plans("- R10: Import orders\n- R3: Export orders\n");
    stage.reports("developer", "R4 done: in 3f2c1aa");
    assert_eq!(stage.states(), [TaskState::Todo, TaskState::Todo]);
    let told = stage.said_to("developer");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("no task of the plan is called R4"),
        "{told:?}"
    );
    assert!(told[0].contains("T1 (R10), T2 (R3)"), "{told:?}");
    // Of the hub's it is a report on a task as well, and not the end of the spec.
    stage.reports("orchestrator", "R4 done");
    assert_eq!(stage.state.teams[&team().id].phase, TeamPhase::Running);
}
