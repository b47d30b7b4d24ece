//! What is a form, what means to be one, and what is free text.

use super::*;

const STATUS: &str = "STATUS developer 2026-11-21T18:00:00Z\nCompleted:\n- the lexer\n- its tests\n\
Current: the parser\nBlocked: none\nETA: 30m";
const TASK: &str = "TASK T-7: The parser\nAssigned to: developer\nObjective: read every sample\n\
Success Criteria:\n- all samples parse\nPriority: HIGH";

fn faults(text: &str) -> Vec<String> {
    match Form::read(text) {
        Some(Err(bad)) => bad.faults.iter().map(ToString::to_string).collect(),
        other => panic!("{text:?}: {other:?}"),
    }
}

#[test]
fn what_is_written_is_read_again() {
    for text in [STATUS, TASK] {
        let written = match Form::read(text) {
            Some(Ok(Form::Status(form))) => form.to_string(),
            Some(Ok(Form::Task(form))) => form.to_string(),
            other => panic!("{other:?}"),
        };
        assert_eq!(written, text);
    }
    let empty = STATUS.replace("\n- the lexer\n- its tests", " none");
    let Some(Ok(Form::Status(form))) = Form::read(&empty) else {
        panic!("a status");
    };
    assert_eq!((form.completed.len(), form.to_string()), (0, empty));
}

#[test]
fn brackets_case_and_bullets_are_taken_as_people_write_them() {
    let text = "STATUS [developer] [2026-11-21 18:00]\ncompleted: a\nCURRENT: b\nBlocked: waits for a key\neta: soon";
    let Some(Ok(Form::Status(form))) = Form::read(text) else {
        panic!("a status");
    };
    assert_eq!(
        (form.name.as_str(), form.time.as_str()),
        ("developer", "2026-11-21 18:00")
    );
    assert_eq!(form.blocker(), Some("waits for a key"));
    let text =
        "TASK [12]: t\nAssigned to: qa\nObjective: o\nSuccess criteria: c\n* d\nPriority: medium";
    let Some(Ok(Form::Task(form))) = Form::read(text) else {
        panic!("a task");
    };
    assert_eq!((form.id.as_str(), form.priority), ("12", Priority::Med));
    assert_eq!(form.criteria, ["c", "d"]);
}

#[test]
fn nothing_blocked_is_no_blocker() {
    for word in ["none", "None.", "no", "-", "N/A", "not blocked", "nothing"] {
        let text = STATUS.replace("Blocked: none", &format!("Blocked: {word}"));
        let Some(Ok(Form::Status(form))) = Form::read(&text) else {
            panic!("{word}: a status");
        };
        assert_eq!(form.blocker(), None, "{word}");
    }
}

#[test]
fn free_text_is_no_form() {
    for text in [
        "",
        "Quick status update please",
        "STATUS UPDATE: Please provide: 1) Completed tasks",
        "STATUS?",
        "STATUSES are fine: all of them",
        "TASK 7 is done",
        "TASK complete",
        "TASK 7: the parser",
        "Task T-1: lower case is prose",
        "The TASK T-1: stands in the middle",
    ] {
        assert_eq!(Form::read(text), None, "{text:?}");
    }
}

#[test]
fn a_wrong_form_says_all_that_is_wrong() {
    for (text, expect) in [
        (
            "STATUS: all fine",
            vec![
                "its first line is not `STATUS NAME TIME`",
                "`Completed:` is missing or empty",
                "`Current:` is missing or empty",
                "`Blocked:` is missing or empty",
                "`ETA:` is missing or empty",
            ],
        ),
        (
            &STATUS.replace("\nETA: 30m", "\nETA:"),
            vec!["`ETA:` is missing or empty"],
        ),
        (
            &format!("{STATUS}\nETA: 40m"),
            vec!["`ETA:` stands there more than once"],
        ),
        (
            "TASK 7: the parser\nplease",
            vec![
                "`please` belongs to no field",
                "`Assigned to:` is missing or empty",
                "`Objective:` is missing or empty",
                "`Success Criteria:` is missing or empty",
                "`Priority:` is missing or empty",
            ],
        ),
        (
            &TASK.replace("HIGH", "URGENT"),
            vec!["`URGENT` is no priority; it takes HIGH, MED or LOW"],
        ),
        (
            &TASK.replace("TASK T-7: The parser", "TASK The parser"),
            vec!["its first line is not `TASK ID: title`"],
        ),
        (
            &TASK.replace("\nAssigned", "\nplease\nAssigned"),
            vec!["`please` belongs to no field"],
        ),
        (
            &TASK.replace("- all samples parse\n", ""),
            vec!["`Success Criteria:` is missing or empty"],
        ),
    ] {
        assert_eq!(faults(text), expect, "{text:?}");
    }
}

#[test]
fn what_can_be_no_form_is_not_written() {
    let form = |id: &str, criterion: &str| TaskForm {
        id: id.to_owned(),
        title: "The parser".to_owned(),
        assigned_to: "developer".to_owned(),
        objective: "Read\nevery sample".to_owned(),
        criteria: vec![criterion.to_owned()],
        priority: Priority::High,
    };
    let text = form("T-7", "all parse").written().expect("a form");
    assert!(text.starts_with("TASK T-7: The parser\n") && text.ends_with("Priority: HIGH"));
    assert!(text.contains("Objective: Read every sample\n"), "{text}");
    for id in ["T 7", "T:7", "", "T-7 [x]"] {
        assert!(form(id, "a").written().is_err(), "{id:?}");
    }
    // As an item it is no field.
    assert!(form("T-7", "Priority: LOW").written().is_ok());
    let none = TaskForm {
        criteria: Vec::new(),
        ..form("T-7", "a")
    };
    let error = none.written().expect_err("no criteria");
    assert!(
        error.to_string().contains("`Success Criteria:` is missing"),
        "{error}"
    );
    let bare = TaskForm {
        objective: String::new(),
        ..form("T-7", "a")
    };
    let error = bare.written().expect_err("no objective");
    assert!(
        error.to_string().contains("`Objective:` is missing"),
        "{error}"
    );
}
