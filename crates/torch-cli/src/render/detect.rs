//! `torch detect`: types with their scores, signs with their places, and the team with its reasons.

use torch_team::{Choice, Decision, Detection, PartSeen, SignSeen, TypeScore};

use super::fit::prose;
use super::style::{DIM, GOOD, STRONG, WARN, paint};
use super::table::{Cell, Table};
use super::{bytes, count, plain};

/// How many parts are shown.
const PARTS_SHOWN: usize = 12;

/// What a project is, by which signs, and its team. `root` is the project as it is shown, `width` that of the terminal, if
/// there is one.
pub fn detection(
    root: &str,
    detection: &Detection,
    choice: &Choice,
    width: Option<usize>,
) -> String {
    let unclear = matches!(detection.decision, Decision::Unclear { .. });
    let style = if unclear { WARN } else { GOOD };
    let mut text = format!(
        "{}: {}\n  {}\n",
        plain(root),
        paint(style, &choice.template),
        why(detection)
    );
    for note in detection.notes.iter().chain(&choice.notes) {
        text.push_str(&format!("  note: {}\n", plain(note)));
    }
    text.push_str(&figures(detection));
    let mut text = prose(&text, width, 2);
    if !detection.types.is_empty() {
        text.push_str(&format!("\n{}\n", paint(STRONG, "Types")));
        // What only speaks against a type is told in JSON.
        let spoken = |score: &&TypeScore| score.signs.iter().any(|sign| sign.points >= 0);
        for score in detection.types.iter().filter(spoken) {
            text.push_str(&of_type(score, width));
        }
    }
    text.push_str(&parts(&detection.parts, width));
    text.push_str(&conditions(detection, width));
    let team = team(choice, width);
    text.push_str(&format!("\n{}\n{team}", paint(STRONG, "Team")));
    text
}

fn why(detection: &Detection) -> String {
    let words = plain(&detection.decision.words());
    match &detection.decision {
        Decision::Unclear { .. } => format!("no type is clear ({words}), so the default team"),
        _ => match detection.chosen() {
            Some(chosen) => format!("{words}; {}", points(chosen.score)),
            None => words,
        },
    }
}

fn points(score: i32) -> String {
    format!("{score} point{}", if score == 1 { "" } else { "s" })
}

fn figures(detection: &Detection) -> String {
    let figures = &detection.figures;
    let mut line = format!(
        "  {} project: {}, {} of them code or text ({})",
        detection.size,
        count(figures.files, "file"),
        figures.source_files,
        bytes(figures.source_bytes)
    );
    for (number, noun) in [(figures.parts, "part"), (figures.services, "service")] {
        if number > 0 {
            line.push_str(&format!(", {}", count(number, noun)));
        }
    }
    if let Some(cut) = detection.cut {
        line.push_str(&format!("\n  not all of it was seen: {}", cut.as_str()));
    }
    match detection.unreadable {
        0 => {}
        1 => line.push_str("\n  1 entry could not be read"),
        more => line.push_str(&format!("\n  {more} entries could not be read")),
    }
    line.push('\n');
    line
}

fn of_type(score: &TypeScore, width: Option<usize>) -> String {
    let aside = match &score.beside {
        Some(software) => {
            format!(" (goes along with the software that is written here: {software})")
        }
        None if score.eligible => String::new(),
        None => " (needs a strong sign)".to_owned(),
    };
    let head = format!("{:>4}  {}{}\n", score.score, score.name, plain(&aside));
    let head = prose(&head, width, 6);
    let mut table = Table::bare(6);
    for sign in &score.signs {
        table.row([
            Cell::styled(DIM, format!("{:+}", sign.points)),
            sign.strength.as_str().into(),
            plain(&sign.name).into(),
            Cell::styled(DIM, places(sign)),
        ]);
    }
    head + &table.wrapping(width, &[2])
}

fn places(sign: &SignSeen) -> String {
    let seen = &sign.seen;
    let mut text = seen.places.join(", ");
    let more = seen.count.saturating_sub(seen.places.len() as u64);
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    if let (false, Some(denied)) = (seen.found(), seen.denied.first()) {
        text = format!("not wanted: {denied}");
    }
    plain(&text)
}

fn parts(parts: &[PartSeen], width: Option<usize>) -> String {
    if parts.is_empty() {
        return String::new();
    }
    let mut table = Table::bare(2);
    for part in parts.iter().take(PARTS_SHOWN) {
        table.row([
            plain(&part.path).into(),
            part.kind.as_deref().unwrap_or("unclear").into(),
            Cell::styled(DIM, plain(part.sign.as_deref().unwrap_or_default())),
        ]);
    }
    let more = parts.len().saturating_sub(PARTS_SHOWN);
    let rest = if more > 0 {
        format!("  and {more} more\n")
    } else {
        String::new()
    };
    let table = table.wrapping(width, &[0]);
    format!("\n{}\n{table}{rest}", paint(STRONG, "Parts"))
}

/// The conditions that hold, and those that the spec took back.
fn conditions(detection: &Detection, width: Option<usize>) -> String {
    let mut table = Table::bare(2);
    let mut any = false;
    for (name, condition) in &detection.conditions {
        let place = match (condition.holds, condition.seen.denied.first()) {
            (true, _) => condition.seen.places.join(", "),
            (false, Some(denied)) if condition.seen.found() => format!("not wanted: {denied}"),
            _ => continue,
        };
        any = true;
        table.row([
            name.as_str().into(),
            plain(&condition.title).into(),
            Cell::styled(DIM, plain(&place)),
        ]);
    }
    match any {
        true => {
            let table = table.wrapping(width, &[1]);
            format!("\n{}\n{table}", paint(STRONG, "Conditions"))
        }
        false => String::new(),
    }
}

fn team(choice: &Choice, width: Option<usize>) -> String {
    let mut table = Table::bare(2);
    for member in &choice.members {
        table.row([
            member.role.as_str().into(),
            Cell::styled(DIM, plain(&member.reason.words())),
        ]);
    }
    for out in &choice.left_out {
        let why = format!("left out: {} ({})", out.why, out.reason.words());
        table.row([
            Cell::styled(DIM, out.role.as_str()),
            Cell::styled(DIM, plain(&why)),
        ]);
    }
    let estimate = &choice.estimate;
    format!(
        "{}  takes about {} times the tokens of one session\n",
        table.wrapping(width, &[]),
        estimate.token_multiplier
    )
}
