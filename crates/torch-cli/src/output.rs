//! Standard output for data, standard error for progress and notices; colours only where a terminal takes them.

use std::ffi::OsString;
use std::io::{self, BufRead, IsTerminal as _, Write};

use serde::Serialize;

use crate::error::{CommandError, ErrorKind};
use crate::render;

/// How far to the right a line goes on that was broken.
pub const HANG: usize = 4;

/// Writes data to standard output; `text` may be styled and ends with its own newline.
///
/// # Errors
/// [`ErrorKind::Pipe`] when the reader has gone.
pub fn data(text: &str) -> Result<(), CommandError> {
    let mut out = anstream::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|error| CommandError::output(&error))
}

/// [`data`], whose lines are broken between words where they are longer than the terminal is wide, and go on a little to the
/// right.
///
/// # Errors
/// [`ErrorKind::Pipe`] when the reader has gone.
pub fn prose(text: &str) -> Result<(), CommandError> {
    data(&render::fit::prose(text, crate::screen::width(), HANG))
}

/// Writes to the terminal on standard output, with cursor movements; colours only where they are wanted.
///
/// # Errors
/// [`ErrorKind::Pipe`] when the reader has gone.
pub fn raw(text: &str) -> Result<(), CommandError> {
    let plain;
    let text = if anstream::AutoStream::choice(&io::stdout()) == anstream::ColorChoice::Never {
        plain = without_colours(text);
        &plain
    } else {
        text
    };
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|error| CommandError::output(&error))
}

/// The text without its colour sequences (those that end in `m`); cursor movements stay.
fn without_colours(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\x1b[") {
        plain.push_str(before);
        let end = after
            .find(|c: char| c.is_ascii_alphabetic())
            .map_or(after.len(), |end| end + 1);
        let (sequence, behind) = after.split_at(end);
        if !sequence.ends_with('m') {
            plain.push_str("\x1b[");
            plain.push_str(sequence);
        }
        rest = behind;
    }
    plain.push_str(rest);
    plain
}

/// Writes one value as one line of JSON to standard output.
///
/// # Errors
/// [`ErrorKind::Pipe`] when the reader has gone.
pub fn json(value: &impl Serialize) -> Result<(), CommandError> {
    let mut line = serde_json::to_vec(value)
        .map_err(|error| CommandError::other("failed to write JSON").because(&error))?;
    line.push(b'\n');
    let mut out = io::stdout().lock();
    let written = out.write_all(&line).and_then(|()| out.flush());
    written.map_err(|error| CommandError::output(&error))
}

/// Writes a notice to standard error, broken between words as [`prose`] does; `text` may be styled.
pub fn notice(text: &str) {
    let text = noticed(text, crate::screen::error_width());
    let mut err = anstream::stderr().lock();
    // Where standard error is closed there is nobody left to tell, and the exit code still says it.
    drop(
        err.write_all(text.as_bytes())
            .and_then(|()| err.write_all(b"\n")),
    );
}

/// A notice for a terminal of this width, if there is one. What is to be run stays on one line: it is copied.
fn noticed(text: &str, width: Option<usize>) -> String {
    let lines = text.lines().map(|line| {
        let words = anstream::adapter::strip_str(line).to_string();
        match words.starts_with("Hint: ") {
            true => line.to_owned(),
            false => {
                let line = render::fit::prose(line, width, HANG);
                line.trim_end_matches('\n').to_owned()
            }
        }
    });
    let end = if text.ends_with('\n') { "\n" } else { "" };
    lines.collect::<Vec<_>>().join("\n") + end
}

/// Who reads what a command prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// People.
    Text,
    /// Programs: `--json` was given.
    Json,
}

impl Shape {
    /// What these arguments ask for; behind `--` stand no options.
    pub fn of(args: &[OsString]) -> Self {
        let mut options = args.iter().take_while(|arg| *arg != "--");
        match options.any(|arg| arg == "--json") {
            true => Self::Json,
            false => Self::Text,
        }
    }
}

/// Prints why a command failed, and returns its exit code. Programs get it on standard output as well, as one line of JSON.
pub fn report(error: &CommandError, shape: Shape) -> u8 {
    if error.kind == ErrorKind::Pipe {
        return error.kind.exit_code();
    }
    notice(render::error::error(error).trim_end());
    if shape == Shape::Json {
        // The exit code and standard error say it where standard output is closed.
        drop(json(&render::error::as_json(error)));
    }
    error.kind.exit_code()
}

/// Whether a person can be asked: both standard input and standard error are a terminal.
pub fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Whether standard error takes a block that is redrawn in place.
pub fn can_redraw() -> bool {
    io::stderr().is_terminal() && can_move_cursor()
}

/// Whether the terminal knows cursor movements.
pub fn can_move_cursor() -> bool {
    std::env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb")
}

/// What Enter alone means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enter {
    /// Yes: nothing is taken away.
    Yes,
    /// No: something would be removed or replaced.
    No,
}

/// Asks a question on standard error.
///
/// # Errors
/// When the answer can't be read.
pub fn ask(question: &str, enter: Enter) -> Result<bool, CommandError> {
    let choice = match enter {
        Enter::Yes => "[Y/n]",
        Enter::No => "[y/N]",
    };
    let question = format!("{question} {choice}");
    let answer = answer(&mut io::stdin().lock(), &mut anstream::stderr(), &question)?;
    // The end of input is no consent.
    Ok(answer.is_some_and(|answer| is_yes(&answer, enter)))
}

/// Asks, and reads a line; `None` at the end of the input. Whatever is said next begins a line of its own.
fn answer(
    input: &mut impl BufRead,
    err: &mut impl Write,
    question: &str,
) -> Result<Option<String>, CommandError> {
    let asked = err
        .write_all(format!("{question} ").as_bytes())
        .and_then(|()| err.flush());
    asked.map_err(|error| CommandError::output(&error))?;
    let mut answer = String::new();
    let read = input.read_line(&mut answer);
    read.map_err(|error| CommandError::other("failed to read the answer").because(&error))?;
    if !answer.ends_with('\n') {
        let ended = err.write_all(b"\n").and_then(|()| err.flush());
        ended.map_err(|error| CommandError::output(&error))?;
    }
    Ok((!answer.is_empty()).then_some(answer))
}

/// Asks for words on standard error; what was typed, without the spaces around it.
///
/// # Errors
/// When the answer can't be read.
pub fn typed(question: &str) -> Result<String, CommandError> {
    let answer = answer(&mut io::stdin().lock(), &mut anstream::stderr(), question)?;
    Ok(answer.unwrap_or_default().trim().to_owned())
}

fn is_yes(answer: &str, enter: Enter) -> bool {
    match answer.trim().to_ascii_lowercase().as_str() {
        "" => enter == Enter::Yes,
        word => matches!(word, "y" | "yes"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Enter, Shape, answer, is_yes, noticed, without_colours};
    use crate::error::CommandError;

    #[test]
    fn causes_and_notes_are_broken_and_what_is_to_be_run_is_not() {
        let error = CommandError::usage("the team is not there")
            .cause("there are teams of other projects, none of which is named here")
            .hint("torch integrate --team a-team-with-a-long-name --no-wait --json");
        let text = crate::render::error::error(&error);
        let shown = noticed(text.trim_end(), Some(40));
        assert_eq!(
            anstream::adapter::strip_str(&shown).to_string(),
            "Error: the team is not there\n  there are teams of other projects,\n      none of which is named here\n\
             Hint: torch integrate --team a-team-with-a-long-name --no-wait --json"
        );
        let note = "note: worktree.copy is [] for the daemon that runs";
        assert_eq!(
            noticed(note, Some(40)),
            "note: worktree.copy is [] for the daemon\n    that runs"
        );
        assert_eq!(noticed(note, None), note);
    }

    #[test]
    fn json_is_asked_for_by_an_option() {
        let of = |line: &str| {
            let args: Vec<_> = line.split(' ').map(Into::into).collect();
            Shape::of(&args)
        };
        assert_eq!(of("scm developer hello --json"), Shape::Json);
        assert_eq!(of("scm developer hello"), Shape::Text);
        assert_eq!(of("scm developer -- --json"), Shape::Text);
    }

    #[test]
    fn what_follows_a_question_begins_a_line() {
        let check = |typed: &str, got: Option<&str>, shown: &str| {
            let mut err = Vec::new();
            let answer = answer(&mut typed.as_bytes(), &mut err, "Start? [Y/n]");
            assert_eq!(answer, Ok(got.map(str::to_owned)), "{typed:?}");
            assert_eq!(String::from_utf8(err).as_deref(), Ok(shown), "{typed:?}");
        };
        // Of a line, the terminal shows the end itself.
        check("y\n", Some("y\n"), "Start? [Y/n] ");
        check("y", Some("y"), "Start? [Y/n] \n");
        check("", None, "Start? [Y/n] \n");
    }

    #[test]
    fn enter_alone_removes_nothing() {
        for (answer, enter, yes) in [
            ("\n", Enter::Yes, true),
            ("\n", Enter::No, false),
            (" Y \n", Enter::No, true),
            ("yes", Enter::No, true),
            ("n\n", Enter::Yes, false),
            ("what?\n", Enter::Yes, false),
        ] {
            assert_eq!(is_yes(answer, enter), yes, "{answer:?} {enter:?}");
        }
    }

    #[test]
    fn colours_go_and_movements_stay() {
        let text = "\u{1b}[H\u{1b}[1mhello\u{1b}[0m\u{1b}[K\n\u{1b}[36mok\u{1b}[0m\u{1b}[J";
        assert_eq!(without_colours(text), "\u{1b}[Hhello\u{1b}[K\nok\u{1b}[J");
        assert_eq!(without_colours("plain"), "plain");
        assert_eq!(without_colours("cut \u{1b}[1"), "cut \u{1b}[1");
    }
}
