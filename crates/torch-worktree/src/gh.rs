//! `gh`, the program of GitHub: what it tells of pull requests (`look`), and pull requests that are made and merged by it (`order`).
//!
//! It is run outside of the repository and is given the remote's address, so that it reads no configuration of the repository's, and
//! it asks nobody anything.

mod look;
mod order;

use std::path::Path;
use std::time::Duration;

use torch_process::{CommandSpec, Environment, Output, ProcessError, run};

pub use look::pull_request;
pub use order::{GhError, PullRequestOrder, gh_is_there, merge_pull_request, open_pull_request};

/// The program.
const PROGRAM: &str = "gh";

/// Runs it in a folder outside of any repository of others; `stdin` is what it reads.
fn ask(
    (folder, env, deadline): (&Path, Environment, Duration),
    args: &[&str],
    stdin: Option<&str>,
) -> Result<Output, ProcessError> {
    let mut spec = CommandSpec::new(PROGRAM, folder, env, deadline)
        .args(args)
        .env("GH_PROMPT_DISABLED", "1")
        .env("GH_NO_UPDATE_NOTIFIER", "1")
        .env("NO_COLOR", "1");
    if let Some(text) = stdin {
        spec = spec.stdin(text);
    }
    run(&spec).and_then(Output::success_or_error)
}
