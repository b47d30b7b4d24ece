//! Open questions.

use torch_api::QuestionView;

use super::plain;
use super::style::{DIM, STRONG, WARN, paint};
use super::time::Clock;

/// Each question with its words, its rows and how to answer it.
pub fn list(questions: &[QuestionView], clock: &Clock) -> String {
    if questions.is_empty() {
        return "no open questions\n".to_owned();
    }
    let blocks: Vec<String> = questions
        .iter()
        .map(|question| block(question, clock))
        .collect();
    blocks.join("\n")
}

fn block(question: &QuestionView, clock: &Clock) -> String {
    let kind = question.kind.as_str().replace('_', " ");
    let mut text = format!(
        "{}  {}:{} ({}) · {} · {}\n",
        paint(STRONG, &question.id),
        question.team,
        question.role,
        question.program,
        paint(WARN, &kind),
        clock.ago(question.at)
    );
    let mut lines: Vec<&str> = question.text.lines().collect();
    let dialog = question.dialog.as_deref().unwrap_or_default();
    lines.extend(
        dialog
            .lines()
            .filter(|line| !question.text.contains(line.trim())),
    );
    for line in lines.iter().filter(|line| !line.trim().is_empty()) {
        text.push_str(&format!("  {}\n", plain(line.trim_end())));
    }
    for (n, row) in question.rows.iter().enumerate() {
        let means = match n {
            n if Some(n) == question.approve => format!("  ← torch approve {}", question.id),
            n if Some(n) == question.deny => format!("  ← torch deny {}", question.id),
            _ => String::new(),
        };
        text.push_str(&format!("    {}{}\n", plain(row), paint(DIM, &means)));
    }
    if question.approve.is_none() {
        let line = format!("  answered in its window: torch attach {}", question.role);
        text.push_str(&format!("{}\n", paint(DIM, &line)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use torch_core::Timestamp;
    use torch_core::screen::DialogKind;

    #[test]
    fn a_question_shows_how_it_is_answered() {
        let question = QuestionView {
            id: "q-7k3f9q".to_owned(),
            team: "app".to_owned(),
            role: "developer".to_owned(),
            program: "claude".to_owned(),
            kind: DialogKind::Permission,
            text: "Bash touch a.txt".to_owned(),
            dialog: Some("Bash command\n  touch a.txt\nDo you want to proceed?".to_owned()),
            rows: vec![
                "Yes".to_owned(),
                "Yes, and don't ask again".to_owned(),
                "No".to_owned(),
            ],
            approve: Some(0),
            deny: Some(2),
            at: Timestamp(1_800_000_000_000),
        };
        let clock = Clock {
            now: Timestamp(1_800_000_060_000),
            zone: jiff::tz::TimeZone::UTC,
        };
        let shown = anstream::adapter::strip_str(&list(&[question], &clock)).to_string();
        insta::assert_snapshot!(shown);
        assert_eq!(list(&[], &clock), "no open questions\n");
    }
}
