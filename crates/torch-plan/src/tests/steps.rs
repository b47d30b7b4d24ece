//! What changes a plan: another spec, a file, an analysis.

use torch_core::{RoleName, TaskId, TaskPlan, TaskState};

use super::specs::{roles, spec};
use crate::{Spec, analysis, brief, difference, drop_spec, file, plan, revise};

const OLD: &str = "# App\n- Write the parser\n- Write the printer\n- Test everything thoroughly\n";

fn ids(plan: &TaskPlan) -> Vec<String> {
    plan.tasks
        .iter()
        .map(|task| format!("{} {}", task.id, task.title))
        .collect()
}

#[test]
fn ids_stay_over_a_changed_spec() {
    let old = plan(&spec(OLD), &roles());
    let text = "# App\n- Test everything very thoroughly\n- Write the lexer\n- Write the parser\n";
    let new = revise(&old, &[spec(text)], &roles());
    assert_eq!(
        ids(&new),
        [
            "T3 Test everything very thoroughly",
            "T4 Write the lexer",
            "T1 Write the parser"
        ]
    );
    insta::assert_snapshot!(difference(&old, &new).lines().join("\n"), @r#"
    + T4 developer: Write the lexer
    - T2 Write the printer (was todo)
    ~ T3 "Test everything thoroughly" is now "Test everything very thoroughly"
    "#);
    // A number is never given again.
    let back = revise(&new, &[spec(OLD)], &roles());
    assert!(
        ids(&back).contains(&"T5 Write the printer".to_owned()),
        "{:?}",
        ids(&back)
    );
}

#[test]
fn a_moved_task_is_moved_and_nothing_else() {
    let one = "# A\n## Phase 1: x\n- Write a\n- Write b\n## Phase 2: y\n- Write c\n";
    let other = "# A\n## Phase 1: x\n- Write a\n## Phase 2: y\n- Write c\n- Write b\n";
    let old = plan(&spec(one), &roles());
    let new = revise(&old, &[spec(other)], &roles());
    let between = difference(&old, &new);
    assert_eq!(between.counts(), "1 moved");
    assert_eq!(
        between.lines(),
        ["> T2 from \"Phase 1: x\" to \"Phase 2: y\""]
    );
}

#[test]
fn states_outlive_a_changed_spec_and_ticks_follow_it() {
    let mut old = plan(
        &spec("- [x] Write a\n- [ ] Write b\n- [ ] Write c\n"),
        &roles(),
    );
    let reported = old.task_mut(TaskId(2)).expect("T2");
    reported.state = TaskState::Done;
    reported.by = "developer".to_owned();
    let new = revise(
        &old,
        &[spec("- [ ] Write a\n- [ ] Write b\n- [x] Write c\n")],
        &roles(),
    );
    let states: Vec<_> = new
        .tasks
        .iter()
        .map(|task| (task.state, task.by.as_str()))
        .collect();
    assert_eq!(
        states,
        [
            (TaskState::Todo, ""),
            (TaskState::Done, "developer"),
            (TaskState::Done, "spec")
        ]
    );
}

#[test]
fn a_second_spec_is_added_and_taken_away() {
    let old = plan(&spec(OLD), &roles());
    let second = Spec {
        path: "/p/more.md".to_owned(),
        ..spec("# More\n- Write the docs (depends on T1)\n")
    };
    let both = revise(&old, std::slice::from_ref(&second), &roles());
    assert_eq!(both.specs.len(), 2);
    assert_eq!(both.tasks[3].id, TaskId(4));
    assert_eq!(both.tasks[3].depends_on, [TaskId(1)]);
    assert_eq!(both.project, "App");
    // The first one changes; the second one's tasks stay.
    let less = revise(&both, &[spec("# App\n- Write the printer\n")], &roles());
    assert_eq!(ids(&less), ["T2 Write the printer", "T4 Write the docs"]);
    assert!(less.tasks[1].depends_on.is_empty());
    let (gone, was) = drop_spec(&both, "/p/more.md");
    assert!(was);
    assert_eq!(ids(&gone), ids(&old));
}

#[test]
fn an_edited_file_is_taken_in_and_outlives_the_spec() {
    let old = plan(&spec(OLD), &roles());
    let text = file::write(&old, None).expect("writes");
    let text = text.replace(
        "title = \"Write the parser\"",
        "title = \"Write a fast parser\"\ndetail = \"with nom\"",
    );
    let text = text.replacen("owner = \"developer\"", "owner = \"tester\"", 1);
    let (kept, _) = text.split_once("[[task]]\nid = \"T3\"").expect("has T3");
    let text = format!("{kept}[[task]]\ntitle = \"Write a changelog\"\n");
    let read = file::read(&text, &roles()).expect("is in order");
    let new = file::edited(&old, &read, "a person");
    assert_eq!(
        ids(&new),
        [
            "T1 Write a fast parser",
            "T2 Write the printer",
            "T4 Write a changelog"
        ]
    );
    let again = revise(&new, &[spec(OLD)], &roles());
    let between = difference(&new, &again);
    assert!(between.is_quiet(), "{between:?}");
    assert_eq!(
        again.tasks[0].owner.as_ref().map(RoleName::as_str),
        Some("tester")
    );
}

#[test]
fn faults_of_a_file_name_line_and_way_out() {
    let refused = |text: &str| match file::read(text, &roles()) {
        Ok(_) => "taken".to_owned(),
        Err(faults) => faults
            .iter()
            .map(|fault| format!("{:?}: {} ({})", fault.line, fault.text, fault.hint))
            .collect::<Vec<_>>()
            .join("\n"),
    };
    let bad = "version = 1\n\n[[task]]\nid = \"T1\"\ntitle = \"a\"\ndepends_on = [\"T2\", \"T9\"]\n\n[[task]]\nid = \"T2\"\n\
               title = \"\"\nowner = \"king\"\ndepends_on = [\"T1\"]\nphase = \"P1\"\n\n[[task]]\nid = \"T2\"\ntitle = \"c\"\n";
    insta::assert_snapshot!(refused(bad));
    insta::assert_snapshot!("not_toml", refused("version = 1\n[[task]\n"));
    insta::assert_snapshot!(
        "unknown_key",
        refused("version = 1\n[[task]]\ntitle = \"a\"\nowners = \"b\"\n")
    );
    insta::assert_snapshot!(
        "bad_id",
        refused("version = 1\n[[task]]\nid = \"task one\"\ntitle = \"a\"\n")
    );
    insta::assert_snapshot!(
        "bad_version",
        refused("version = 9\n[[task]]\ntitle = \"a\"\n")
    );
    insta::assert_snapshot!("no_task", refused("version = 1\n"));
}

#[test]
fn briefings_say_what_is_a_roles_own() {
    let text = "# App\n## Phase 1: Parser\n- Write the parser; done when all samples parse\n- Sing a song\n## Phase 2: Rest\n\
                - Test the parser (depends on T1)\n- Write the printer\n";
    let mut plan = plan(&spec(text), &roles());
    plan.task_mut(TaskId(1)).expect("T1").state = TaskState::Done;
    let part = |name: &str| brief::part(&plan, &RoleName::parse(name).expect("a role"));
    let names = ["orchestrator", "developer", "tester", "testrunner"];
    let all: Vec<String> = names
        .iter()
        .map(|name| format!("== {name}\n{}", part(name)))
        .collect();
    insta::assert_snapshot!(all.join("\n"));
    assert_eq!(brief::part(&TaskPlan::default(), &roles()[0]), "");
}

#[test]
fn a_briefing_is_bounded() {
    let line = "- Write a part of the parser that is described at some length here, done when each of its many samples parses\n";
    let plan = plan(&spec(&line.repeat(900)), &roles());
    for role in roles() {
        let part = brief::part(&plan, &role);
        assert!(part.chars().count() < 4_000, "{}: {}", role, part.len());
    }
}

#[test]
fn an_answer_refines_the_plan_or_is_refused() {
    let old = plan(&spec(OLD), &roles());
    let good = r#"Here you are:
```json
{"version": 1, "phase": [{"id": "P1", "title": "Build"}], "task": [
 {"id": "T1", "title": "Write the parser", "owner": "developer", "phase": "P1", "done_when": ["samples parse"], "state": "done"},
 {"id": "T2", "title": "Write the printer", "owner": "developer", "phase": "P1", "depends_on": ["T1"]},
 {"id": "T3", "title": "Test everything thoroughly", "owner": "tester", "depends_on": ["T1", "T2"]},
 {"title": "Write a changelog"}]}
```"#;
    let new = analysis::refined(&old, good, &roles()).expect("fits");
    assert_eq!(
        ids(&new).last().map(String::as_str),
        Some("T4 Write a changelog")
    );
    assert_eq!(new.tasks[2].depends_on, [TaskId(1), TaskId(2)]);
    // It says nothing of states.
    assert!(new.tasks.iter().all(|task| task.state == TaskState::Todo));
    // And what it set outlives the spec's next reading.
    assert!(difference(&new, &revise(&new, &[spec(OLD)], &roles())).is_quiet());

    let refused = |answer: &str| {
        use std::error::Error as _;
        let error = analysis::refined(&old, answer, &roles()).expect_err("is refused");
        match error.source() {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        }
    };
    let without = |gone: &str| good.replace(gone, "");
    let answers = [
        "I would rather not.".to_owned(),
        "{\"plan\": 1}".to_owned(),
        without(
            " {\"id\": \"T2\", \"title\": \"Write the printer\", \"owner\": \"developer\", \"phase\": \"P1\", \"depends_on\": [\"T1\"]},\n",
        ),
        good.replace("\"tester\"", "\"king\""),
        good.replace(
            "\"done_when\": [\"samples parse\"]",
            "\"depends_on\": [\"T3\"]",
        ),
        good.replace(
            "{\"title\": \"Write a changelog\"}",
            "{\"id\": \"T77\", \"title\": \"New\"}",
        ),
        good.replace(
            "{\"title\": \"Write a changelog\"}",
            &vec!["{\"title\": \"x\"}"; 100].join(","),
        ),
        " ".repeat(analysis::ANSWER_MAX + 1),
    ];
    let all: Vec<String> = answers.iter().map(|answer| refused(answer)).collect();
    insta::assert_snapshot!(all.join("\n"));
}
