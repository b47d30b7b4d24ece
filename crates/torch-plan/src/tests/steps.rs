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

/// The states after T1 of `old` came to `state` by a report and the spec became `new`, and the lines that say so.
fn moved(old: &str, state: TaskState, new: &str) -> (TaskState, String) {
    let mut old = plan(&spec(old), &roles());
    let task = old.task_mut(TaskId(1)).expect("T1");
    task.state = state;
    task.by = "developer".to_owned();
    task.words = "T1 done: in 3f2c1aa".to_owned();
    let new = revise(&old, &[spec(new)], &roles());
    let lines = difference(&old, &new).lines();
    (new.task(TaskId(1)).expect("T1").state, lines.join("\n"))
}

#[test]
fn what_was_done_is_to_do_again_where_the_spec_asks_for_something_else() {
    use TaskState::{Blocked, Doing, Done, Todo};
    let one = "- [ ] Encrypt the backups\n";
    for (new, state, expect) in [
        ("- [ ] Decrypt the backups\n", Done, Todo),
        ("- [ ] Decrypt the backups\n", Doing, Todo),
        // Why it can't go on may hold for the other work as well.
        ("- [ ] Decrypt the backups\n", Blocked, Blocked),
        ("- [x] Decrypt the backups\n", Done, Done),
        ("- [ ] encrypt backups.\n", Done, Done),
        ("- [ ] encrypt backups.\n", Doing, Doing),
        ("- [ ] Encrypt the backups\n  - with age\n", Done, Todo),
        ("- [ ] Encrypt the backups\n  - with age\n", Doing, Doing),
        (
            "- [ ] Encrypt the backups; done when a restore works\n",
            Done,
            Todo,
        ),
        ("# Safety\n- [ ] Encrypt the backups\n", Done, Done),
    ] {
        let (found, lines) = moved(one, state, new);
        assert_eq!(found, expect, "{new} {state}: {lines}");
        let said = lines.contains(&format!("was {state}; is to do again"));
        assert_eq!(said, state != expect, "{new}: {lines}");
    }
    // Less is asked for, and an id of its own finds the task again.
    let more = "- Encrypt the backups\n  - with age\n  - and a test\n";
    let less = "- Encrypt the backups\n  - with age\n";
    assert_eq!(moved(more, Done, less).0, Done);
    let (state, lines) = moved("- T1: Encrypt the disks\n", Done, "- T1: Sell the disks\n");
    assert_eq!(state, Todo);
    insta::assert_snapshot!(lines, @r#"~ T1 "Encrypt the disks" is now "Sell the disks"; was done; is to do again"#);
}

#[test]
fn a_plan_knows_what_is_to_do_again_until_somebody_begins() {
    let mut old = plan(&spec("- Encrypt the backups\n- Sing\n"), &roles());
    old.task_mut(TaskId(1)).expect("T1").state = TaskState::Done;
    let other = spec("- Decrypt the backups\n- Sing\n");
    let mut new = revise(&old, std::slice::from_ref(&other), &roles());
    let shown = |plan: &TaskPlan| -> Vec<String> {
        let tasks = crate::to_do_again(plan);
        tasks
            .map(|task| format!("{} {}", task.id, task.words))
            .collect()
    };
    assert_eq!(shown(&new), ["T1 it was done: Encrypt the backups"]);
    assert_eq!(difference(&old, &new).counts(), "1 changed, 1 to do again");
    // Reading it once more changes nothing of it; who begins it does.
    new = revise(&new, &[other], &roles());
    assert_eq!(shown(&new).len(), 1);
    new.task_mut(TaskId(1)).expect("T1").state = TaskState::Doing;
    assert!(shown(&new).is_empty());
    // A box that is unticked is no other work.
    let ticked = plan(&spec("- [x] Write a\n"), &roles());
    let unticked = revise(&ticked, &[spec("- [ ] Write a\n")], &roles());
    assert!(shown(&unticked).is_empty());
}

#[test]
fn constraints_and_criteria_that_differ_are_said() {
    let text = |constraints: &str, criteria: &str| {
        let text =
            format!("- Write a\n# Constraints\n{constraints}# Acceptance criteria\n{criteria}");
        plan(&spec(&text), &roles())
    };
    let old = text(
        "- Use SQLite only\n- Keep all names in English\n",
        "- Pages load in 1 s\n",
    );
    let new = text(
        "- Keep all names in French\n- Never log personal data\n- use SQLite only.\n# Non-goals\n- T9: Refunds\n",
        "- Pages load in 2 s\n- All tests pass\n",
    );
    let between = difference(&old, &new);
    assert!(!between.is_quiet());
    insta::assert_snapshot!(between.lines().join("\n"), @r#"
    + to be kept to: Never log personal data
    + not to be done: T9: Refunds
    ~ to be kept to: "Keep all names in English" is now "Keep all names in French"
    + the whole is done when: All tests pass
    ~ the whole is done when: "Pages load in 1 s" is now "Pages load in 2 s"
    "#);
    assert_eq!(
        between.counts(),
        "no task differs, 3 constraints differ, 2 criteria differ"
    );
    assert_eq!(between.constraint_lines().len(), 3);
    let back = difference(&new, &old).lines();
    assert!(
        back.contains(&"- not to be done: T9: Refunds".to_owned()),
        "{back:?}"
    );
    // Other words for the same, in another order, are none.
    let same = text(
        "- keep all names in English.\n- Use SQLite only\n",
        "- Pages load in 1 s\n",
    );
    assert!(difference(&old, &same).is_quiet());
}

#[test]
fn what_becomes_a_non_goal_is_gone_and_told() {
    let old = plan(&spec("- Write a\n- [ ] T9: Refunds\n"), &roles());
    let text = "- Write a\n# Non-goals\n- [ ] T9: Refunds\n";
    let new = revise(&old, &[spec(text)], &roles());
    insta::assert_snapshot!(difference(&old, &new).lines().join("\n"), @"
    - T9 Refunds (was todo)
    + not to be done: T9: Refunds
    ");
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
