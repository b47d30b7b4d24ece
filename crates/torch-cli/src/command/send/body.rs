//! The message's body: from the argument, from standard input or from a file.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read};

use torch_api::Body;
use torch_api::wire::BODY_MAX;

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
        let file = File::open(path).map_err(|error| {
            CommandError::usage(format!("failed to open {name}")).because(&error)
        })?;
        (limited(file, &name)?, name)
    } else {
        return Err(missing(&args.target));
    };
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(CommandError::usage(format!(
            "{origin} is empty, so there is nothing to send"
        )));
    }
    if bytes.len() > BODY_MAX {
        return Err(too_large(&origin));
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

fn limited(from: impl Read, name: &str) -> Result<Vec<u8>, CommandError> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(BODY_MAX).unwrap_or(u64::MAX);
    let read = from.take(limit.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|error| CommandError::usage(format!("failed to read {name}")).because(&error))?;
    Ok(bytes)
}

fn too_large(origin: &str) -> CommandError {
    CommandError::usage(format!("{origin} is larger than {} MB", BODY_MAX >> 20))
        .cause("a message of that size is a file: put it into the worktree and send its path")
}
