//! Open questions.

use torch_api::QuestionView;
use torch_api::asking::AnswerChannel;

use super::style::{DIM, STRONG, WARN, paint};
use super::time::Clock;
use super::{fit, plain};

/// Each question with its words, its rows and how to answer it, for a terminal of `width` columns if there is one.
pub fn list(questions: &[QuestionView], clock: &Clock, width: Option<usize>) -> String {
    if questions.is_empty() {
        return "no open questions\n".to_owned();
    }
    let blocks: Vec<String> = questions
        .iter()
        .map(|question| block(question, clock, width))
        .collect();
    blocks.join("\n")
}

/// That other teams wait for answers, too.
pub fn elsewhere(count: u64) -> String {
    match count {
        0 => String::new(),
        _ => format!(
            "{} of other teams (torch pending --all)\n",
            super::count(count, "open question")
        ),
    }
}

fn block(question: &QuestionView, clock: &Clock, width: Option<usize>) -> String {
    let kind = question.kind.as_str().replace('_', " ");
    let headline = format!(
        "{}  {}:{} ({}) · {} · {}\n",
        paint(STRONG, &question.id),
        question.team,
        question.role,
        question.program,
        paint(WARN, &kind),
        clock.ago(question.at)
    );
    let mut text = fit::prose(&headline, width, 2);
    let mut lines: Vec<&str> = question.text.lines().collect();
    let dialog = question.dialog.as_deref().unwrap_or_default();
    lines.extend(
        dialog
            .lines()
            .filter(|line| !question.text.contains(line.trim())),
    );
    for line in lines.iter().filter(|line| !line.trim().is_empty()) {
        let line = format!("  {}\n", plain(line.trim_end()));
        text.push_str(&fit::prose(&line, width, 2));
    }
    for (n, row) in question.rows.iter().enumerate() {
        let means = match n {
            n if Some(n) == question.approve => format!("← torch approve {}", question.id),
            n if Some(n) == question.deny => format!("← torch deny {}", question.id),
            _ => String::new(),
        };
        text.push_str(&self::row(&plain(row), &means, width));
    }
    if question.channel == AnswerChannel::Program {
        let id = &question.id;
        let line = match question.approve {
            Some(_) => "  answered through its program's own interface, without a key".to_owned(),
            None => format!(
                "  answered through its program's own interface, without a key: torch approve {id}, torch deny {id}"
            ),
        };
        let line = fit::prose(&format!("{line}\n"), width, 2);
        text.push_str(&paint(DIM, &line));
    } else if question.channel == AnswerChannel::Torch {
        let id = &question.id;
        let line = format!("  torch approve {id}, torch deny {id}\n");
        text.push_str(&paint(DIM, &line));
    } else if question.approve.is_none() {
        let line = format!("  answered in its window: torch attach {}", question.role);
        text.push_str(&format!("{}\n", paint(DIM, &line)));
    }
    text
}

/// A row, and behind it what answers the question with it; below it where there is no room.
fn row(row: &str, means: &str, width: Option<usize>) -> String {
    let row = format!("    {row}");
    if means.is_empty() {
        return fit::prose(&format!("{row}\n"), width, 2);
    }
    let means = paint(DIM, means);
    let line = format!("{row}  {means}\n");
    if fit::fits(&line, width) {
        return line;
    }
    format!(
        "{}      {means}\n",
        fit::prose(&format!("{row}\n"), width, 2)
    )
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
            channel: AnswerChannel::Keys,
            at: Timestamp(1_800_000_000_000),
        };
        let clock = Clock {
            now: Timestamp(1_800_000_060_000),
            zone: jiff::tz::TimeZone::UTC,
        };
        let shown = |width| {
            let shown = list(std::slice::from_ref(&question), &clock, width);
            anstream::adapter::strip_str(&shown).to_string()
        };
        insta::assert_snapshot!(shown(None));
        assert_eq!(shown(Some(80)), shown(None));
        insta::assert_snapshot!("a_question_in_a_narrow_terminal", shown(Some(32)));
        assert_eq!(list(&[], &clock, None), "no open questions\n");
        assert_eq!(elsewhere(0), "");
        let other = "2 open questions of other teams (torch pending --all)\n";
        assert_eq!(elsewhere(2), other);
        // One that its program takes an answer to needs no rows.
        let own = QuestionView {
            channel: AnswerChannel::Program,
            rows: Vec::new(),
            approve: None,
            deny: None,
            ..question
        };
        let shown = list(&[own], &clock, None);
        let shown = anstream::adapter::strip_str(&shown).to_string();
        assert!(
            shown.contains(
                "own interface, without a key: torch approve q-7k3f9q, torch deny q-7k3f9q"
            ),
            "{shown}"
        );
    }
}
