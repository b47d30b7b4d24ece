//! The message's body: from the argument, from standard input or from a file.

use std::io::{self, IsTerminal as _, Read};
use std::path::Path;

use torch_api::Body;
use torch_api::wire::BODY_MAX;
use torch_project::FileError;

use super::SendArgs;
use crate::error::CommandError;

/// Reads the body.
pub(super) fn read(args: &SendArgs) -> Result<Body, CommandError> {
    let (bytes, origin) = if let Some(text) = &args.message {
        (text.clone().into_bytes(), "the message".to_owned())
    } else if args.stdin {
        (
            limited(io::stdin().lock(), "standard input")?,
            "standard input".to_owned(),
        )
    } else if let Some(path) = &args.file {
        let name = path.display().to_string();
        let most = u64::try_from(BODY_MAX).unwrap_or(u64::MAX);
        let bytes = torch_project::read_start(path, most.saturating_add(1)).map_err(|error| {
            let failed = CommandError::usage(format!("failed to open {name}")).because(&error);
            match error {
                // What flows can be sent as it comes.
                FileError::Kind { .. } if !path.is_dir() => failed.hint(format!(
                    "scm {} --stdin < {}",
                    torch_process::quote::shell(&args.target),
                    torch_process::quote::shell(path)
                )),
                _ => failed.hint(look_at(path)),
            }
        })?;
        (bytes, name)
    } else {
        return Err(missing(&args.target));
    };
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(
            CommandError::usage(format!("{origin} is empty, so there is nothing to send"))
                .hint(filled(args)),
        );
    }
    if bytes.len() > BODY_MAX {
        return Err(too_large(&origin, &args.target));
    }
    Ok(Body::from_bytes(bytes))
}

fn missing(target: &str) -> CommandError {
    let target = torch_process::quote::shell(target);
    let failed = CommandError::usage(format!("no message to {target} was given"));
    if io::stdin().is_terminal() {
        failed.hint(format!("scm {target} \"your message\""))
    } else {
        failed.hint(format!("scm {target} --stdin"))
    }
}

/// The file, or where it is not there, what is beside it.
fn look_at(path: &Path) -> String {
    let seen = if path.exists() {
        path
    } else {
        let folder = path.parent().filter(|folder| folder.is_dir());
        folder.unwrap_or(Path::new("."))
    };
    format!("ls -l {}", torch_process::quote::shell(seen))
}

/// The same command with something to send.
fn filled(args: &SendArgs) -> String {
    let target = torch_process::quote::shell(&args.target);
    match &args.file {
        Some(path) => format!("${{EDITOR:-vi}} {}", torch_process::quote::shell(path)),
        None if args.stdin => format!("echo \"your message\" | scm {target} --stdin"),
        None => format!("scm {target} \"your message\""),
    }
}

fn limited(from: impl Read, name: &str) -> Result<Vec<u8>, CommandError> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(BODY_MAX).unwrap_or(u64::MAX);
    let read = from.take(limit.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|error| CommandError::usage(format!("failed to read {name}")).because(&error))?;
    Ok(bytes)
}

fn too_large(origin: &str, target: &str) -> CommandError {
    CommandError::usage(format!("{origin} is larger than {} MB", BODY_MAX >> 20))
        .cause("a message of that size is a file: put it into the worktree and send its path")
        .hint(format!(
            "scm {} \"please read PATH\"",
            torch_process::quote::shell(target)
        ))
}
