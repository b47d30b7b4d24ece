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

    /// A person takes in what the spec says now.
    fn changes(&mut self, text: &str) {
        use torch_api::task::{SpecText, TasksOrder, TasksRequest};
        let order = TasksOrder::Specs {
            specs: vec![SpecText {
                path: "/project/spec.md".to_owned(),
                text: text.to_owned(),
            }],
            add: false,
            dry_run: false,
        };
        let request = TasksRequest {
            team: torch_api::wire::TeamSelector {
                name: Some("app".to_owned()),
                cwd: "/".into(),
            },
            order,
        };
        let mut turn = Turn {
            now: self.now,
            cause: "test".to_owned(),
            effects: Vec::new(),
        };
        let caller = (Sender::Human, "identity.test");
        let request = Request::Tasks(Box::new(request));
        self.state
            .take_request(&mut turn, CONN, caller, request, None);
        self.take(turn.effects);
        assert!(
            matches!(self.answer, Some(Response::Tasks(_))),
            "{:?}",
            self.answer
        );
        self.now = self.now.after(Duration::from_millis(10));
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

fn status(completed: &str, current: &str, blocked: &str) -> String {
    format!(
        "STATUS developer 2026-11-21\nCompleted:{completed}\nCurrent: {current}\nBlocked: {blocked}\nETA: 1h"
    )
}

#[test]
fn a_status_moves_tasks_by_either_id() {
    use TaskState::{Blocked, Doing, Done, Todo};
    let mut stage = Stage::new(Vec::new(), BEGIN);
    stage.plans("- R10: Import orders\n- R3: Export orders\n- R4: Show orders\n");
    let check = |stage: &mut Stage, text: &str, expect: [TaskState; 3]| {
        stage.say("developer", "orchestrator", text);
        assert_eq!(stage.states(), expect, "{text}");
    };
    let first = status(" none", "R10, the parser", "none");
    check(&mut stage, &first, [Doing, Todo, Todo]);
    let second = status(
        "\n- R10: in 3f2c1aa\n- R3 not yet\n- UTF-8 everywhere",
        "r3 and T3",
        "T3 waits for a password",
    );
    check(&mut stage, &second, [Done, Doing, Blocked]);
    // What is done stays so, and what is free again is being done.
    let third = status(" none", "R10 and R4", "none");
    check(&mut stage, &third, [Done, Doing, Doing]);
    assert!(stage.said_to("developer").is_empty(), "nobody has to know");
}

#[test]
fn a_task_of_the_plan_begins_with_its_ack_by_either_id() {
    let mut stage = Stage::new(Vec::new(), BEGIN);
    stage.plans("- R10: Import orders\n- R3: Export orders\n");
    let task =
        "TASK R3: Export\nAssigned to: developer\nObjective: o\nSuccess Criteria: c\nPriority: LOW";
    stage.say("orchestrator", "developer", task);
    assert_eq!(stage.states(), [TaskState::Todo; 2]);
    let assigned = stage.journal.iter().find(|row| row.kind == "task.assigned");
    assert_eq!(assigned.expect("it").data["planned"], "T2");
    // It arrived.
    stage.state.flights.clear();
    stage.say("developer", "orchestrator", "ACK T1");
    assert_eq!(stage.state.rules.assignments.len(), 1, "that is another");
    stage.say("developer", "orchestrator", "ACK T2, I begin");
    assert!(stage.state.rules.assignments.is_empty());
    assert_eq!(stage.states(), [TaskState::Todo, TaskState::Doing]);
}

#[test]
fn an_id_that_several_tasks_have_is_refused_with_all_of_them() {
    let mut stage = Stage::new(Vec::new(), BEGIN);
    stage.plans("- R3: Import orders\n- R3: Export orders\n");
    let task =
        "TASK R3: Export\nAssigned to: developer\nObjective: o\nSuccess Criteria: c\nPriority: LOW";
    for (from, to, text) in [
        ("orchestrator", "developer", task.to_owned()),
        (
            "developer",
            "orchestrator",
            status(" none", "R3 further", "none"),
        ),
    ] {
        stage.say(from, to, &text);
        let Some(Response::Failed(failure)) = &stage.answer else {
            panic!("{text}: {:?}", stage.answer);
        };
        assert_eq!(failure.error, "\"R3\" names 2 tasks of the plan");
        assert_eq!(failure.causes, ["T1 Import orders", "T2 Export orders"]);
    }
    assert!(stage.messages.is_empty(), "nothing was sent");
    stage.reports("developer", "R3 done: in 3f2c1aa");
    let told = stage.said_to("developer");
    assert!(
        told[0].contains("\"R3\" names 2 tasks of the plan: T1 Import orders; T2 Export orders."),
        "{told:?}"
    );
    assert_eq!(stage.states(), [TaskState::Todo; 2]);
}

/// The developer was given a task, its spec changes, and what it reports is about the old words.
#[test]
fn a_late_report_does_not_end_a_task_that_asks_for_something_else() {
    for first in [TaskState::Todo, TaskState::Doing] {
        let mut stage = Stage::new(Vec::new(), BEGIN);
        stage.plans("- R10: Import orders\n- R3: Export orders as CSV\n");
        stage.say("orchestrator", "developer", "please do R3");
        if first == TaskState::Doing {
            stage.say(
                "developer",
                "orchestrator",
                &status(" none", "R3 begun", "none"),
            );
        }
        stage.changes("- R10: Import orders\n- R3: Export orders as JSON with totals\n");
        let before = stage.said_to("developer").len();
        stage.reports("developer", "R3 done: in 3f2c1aa");
        assert_ne!(stage.states()[1], TaskState::Done, "{first:?}");
        let told = stage.said_to("developer");
        assert_eq!(told.len(), before + 1, "{told:?}");
        let last = told.last().expect("a notice");
        assert!(last.contains("T2 now asks for"), "{last}");
        assert!(last.contains("JSON with totals"), "{last}");
        // A task that asks for the same ends as ever; now that it knows, so does this one.
        stage.reports("developer", "R10 done: in 3f2c1ab");
        assert_eq!(stage.states()[0], TaskState::Done);
        stage.reports("developer", "R3 done: in 3f2c1ac");
        assert_eq!(stage.states()[1], TaskState::Done, "{first:?}");
        assert_eq!(stage.said_to("developer").len(), before + 1);
    }
}

#[test]
fn who_was_written_to_since_the_change_reports_on_the_new_words() {
    let mut stage = Stage::new(Vec::new(), BEGIN);
    stage.plans("- R3: Export orders as CSV\n");
    stage.say("orchestrator", "developer", "please do R3");
    stage.changes("- R3: Export orders as JSON with totals\n");
    stage.say(
        "orchestrator",
        "developer",
        "R3 asks for JSON with totals now",
    );
    // As long as that waits for it, it can't have read it.
    stage.reports("developer", "R3 done: in 3f2c1aa");
    assert_eq!(stage.states(), [TaskState::Todo]);
    stage.state.plans.get_mut(&team().id).expect("a plan").tasks[0]
        .asks_anew
        .as_mut()
        .expect("it asks anew")
        .told
        .clear();
    let run = stage.state.agents.get_mut(&id("developer")).expect("there");
    run.queue.clear();
    stage.reports("developer", "R3 done: in 3f2c1ab");
    assert_eq!(stage.states(), [TaskState::Done]);
    assert_eq!(stage.state.plans[&team().id].tasks[0].asks_anew, None);
}

/// A STATUS is a report as well.
#[test]
fn a_late_status_ends_nothing_either() {
    let mut stage = Stage::new(Vec::new(), BEGIN);
    stage.plans("- R3: Export orders as CSV\n- R4: A page\n");
    stage.changes("- R3: Export orders as JSON with totals\n- R4: A page\n");
    let text = status(
        "\n- R3 in 3f2c1aa\n- R4 in 3f2c1ab",
        "R4 cleaning up",
        "none",
    );
    stage.say("developer", "orchestrator", &text);
    assert_eq!(stage.states(), [TaskState::Todo, TaskState::Done]);
    stage.say(
        "developer",
        "orchestrator",
        &text.replace("3f2c1aa", "3f2c1ac"),
    );
    assert_eq!(stage.states(), [TaskState::Done, TaskState::Done]);
}
