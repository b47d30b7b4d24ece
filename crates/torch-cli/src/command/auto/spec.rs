//! What a spec must be before anything starts.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use torch_project::{read_bytes, text_of};

use crate::command::given::Given;
use crate::error::CommandError;
use crate::render;

/// The largest spec, in bytes.
pub(in crate::command) const SPEC_MAX: u64 = 10 << 20;

/// Checks a spec and returns its canonical path and its text: a regular file, readable, not empty, text, at most 10 MB.
pub(crate) fn check(path: &Path) -> Result<(PathBuf, String), CommandError> {
    let shown = path.display();
    let meta = fs::metadata(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => missing(path),
        _ => CommandError::usage(format!("the spec {shown} can't be looked at"))
            .because(&error)
            .hint(format!("ls -l {}", torch_process::quote::shell(path))),
    })?;
    if !meta.is_file() {
        let what = if meta.is_dir() {
            "a directory"
        } else {
            "no regular file"
        };
        let failed = CommandError::usage(format!("the spec {shown} is {what}"));
        return Err(with_candidate(failed, path));
    }
    bounded(path, meta.len())?;
    let text = text(path, read(path)?)?;
    let path = path.canonicalize().map_err(|error| {
        CommandError::usage(format!("the spec {shown} can't be resolved")).because(&error)
    })?;
    Ok((path, text))
}

/// Refuses a spec of more than [`SPEC_MAX`] bytes.
pub(in crate::command) fn bounded(path: &Path, bytes: u64) -> Result<(), CommandError> {
    if bytes <= SPEC_MAX {
        return Ok(());
    }
    Err(CommandError::usage(format!(
        "the spec {} has {bytes} bytes; the most is {SPEC_MAX}, which is {}",
        path.display(),
        render::bytes(SPEC_MAX)
    ))
    .cause("a spec says what to build; data belongs into the project, where the spec can name it")
    .hint(format!("head -n 20 {}", torch_process::quote::shell(path))))
}

fn read(path: &Path) -> Result<Vec<u8>, CommandError> {
    read_bytes(path, SPEC_MAX).map_err(|error| {
        CommandError::usage(format!("the spec {} can't be read", path.display()))
            .because(&error)
            .hint(format!("chmod u+r {}", torch_process::quote::shell(path)))
    })
}

fn text(path: &Path, bytes: Vec<u8>) -> Result<String, CommandError> {
    let shown = path.display();
    let hint = format!("file {}", torch_process::quote::shell(path));
    if bytes.contains(&0) {
        return Err(
            CommandError::usage(format!("the spec {shown} is binary: it has a NUL byte"))
                .hint(hint),
        );
    }
    let text = text_of(bytes).map_err(|error| {
        CommandError::usage(format!("the spec {shown} is no UTF-8 text"))
            .because(&error)
            .hint(hint)
    })?;
    if text.trim_start_matches('\u{feff}').trim().is_empty() {
        return Err(CommandError::usage(format!("the spec {shown} is empty"))
            .cause("it must say what the team is to build")
            .hint(format!(
                "${{EDITOR:-vi}} {}",
                torch_process::quote::shell(path)
            )));
    }
    Ok(text)
}

fn missing(path: &Path) -> CommandError {
    let failed = CommandError::usage(format!("the spec {} does not exist", path.display()));
    with_candidate(failed, path)
}

/// A Markdown or text file beside the path that was meant, if there is just one thing to propose.
fn with_candidate(failed: CommandError, path: &Path) -> CommandError {
    let dir = if path.is_dir() {
        path
    } else {
        path.parent().unwrap_or(path)
    };
    let looks_like_one = |file: &PathBuf| {
        let name = file
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        file.is_file() && name.contains("spec") && (name.ends_with(".md") || name.ends_with(".txt"))
    };
    // A directory that can't be listed has no candidate.
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut found: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(looks_like_one)
        .collect();
    found.sort();
    match found.first() {
        Some(file) => super::proposing(failed, Given::ours().with("--spec", file)),
        None => failed.hint("ls *.md"),
    }
}
