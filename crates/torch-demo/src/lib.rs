//! The built-in demo agent: a small real TUI that looks and behaves like Claude Code's and works through a spec by
//! script, without a model. It is the bundled sample's agent, and the stand-in for agent programs in tests.
//!
//! Same paste handling, composer, queue, permission dialog, limit, hooks and transcript as the real one; what it
//! really received stands in its *ledger*, a JSONL file that is on disk before the agent reacts.
//!
//! # Scenario
//!
//! A TOML file; every key is optional, an unknown one is an error.
//!
//! ```toml
//! # only = ["developer"]  # the roles that the next five keys are for; all where it is missing
//! start_delay_ms = 0      # nothing is drawn for so long
//! ready = true            # false: the composer never appears
//! # exit_at_start = 1     # ends at once with this status
//! ignore_input = false    # true: draws, but reacts to no key
//! # draft = "half typed"  # stands in the composer at the start
//! draw_delay_ms = 0       # draws so late after each change
//! # cut_paste = 20        # keeps only so many characters of a paste
//! play = true             # prompts that no rule matches are played by role
//! pace_ms = 120           # how long the play works on one thing
//!
//! # [dialogs]             # dialogs that open by themselves from the first turn on, without hooks, and are refused in the end
//! # seed = 1
//! # count = 50
//! # pause_ms = [20, 200]
//! # open_ms = [10, 100]
//!
//! [[on]]                  # the first rule that matches a prompt decides
//! match = "deploy|release"  # a regular expression over the whole prompt
//! times = 1               # applies so often; always where it is missing
//! steps = [
//!   { say = "On it." },
//!   { work = { ms = 500 } },
//!   { shell = { command = "ls" } },
//!   { commit = { file = "a.md", message = "add a", content = "text" } },  # content: the message where missing
//!   { ask_permission = { tool = "Bash", command = "rm -r x" } },          # command may be missing
//!   { limit = { seconds = 3 } },             # continues = false: the turn is over, and so is every other one until the reset
//!   { draft = { text = "half" } },
//!   { flood = { ms = 500 } },                                             # prints as fast as the terminal takes it
//!   { scm = { to = "tester", text = "hello" } },
//!   { crash = { signal = "KILL" } },                                      # or { status = 3 }
//!   { ignore = ["HUP", "TERM"] },                                         # signals; with HUP it outlives its terminal
//!   "hang",
//! ]
//! ```
//!
//! # The built-in play
//!
//! By role (`TORCH_ROLE`, `TORCH_TEAM_ROLES`, `TORCH_SPEC`; with `TORCH_AGENT_COMMITS=forbidden` it writes files and commits
//! nothing): the lead reads the tasks of the team's plan, or without one the spec's list items, and hands the plan
//! to the project manager, who hands out `TASK n: item` to the developer, one after the other; the developer commits
//! `demo/item-n.md` and replies `DONE n`; then the tester verifies, the testrunner really looks whether the files
//! are there, and the lead runs `torch complete`. Where a role is missing the one above it does its part. Tasks that the plan
//! calls done are not handed out again, and those that a changed spec adds after the end are begun. What
//! comes next follows from the spec and the message alone, and each message has a key made of its cause, so a
//! restarted agent or a message that came twice does nothing twice.
//!
//! # Tasks and channels
//!
//! One loop owns the state (`run`). A thread reads the terminal, one runs hooks in their order, one per step does
//! that step's outside work; all send to the loop over one channel.

mod agent;
mod composer;
mod deaf;
mod hooks;
mod layout;
mod play;
mod record;
mod run;
mod scenario;
mod step;
#[cfg(test)]
mod team_tests;
mod terminal;
mod view;
mod work;

use std::error::Error as _;
use std::io::Write as _;

pub use hooks::SettingsError;
pub use run::{DemoError, Options};
pub use scenario::ScenarioError;

/// Runs the demo agent on this process' terminal; the exit code is 0 after an orderly end, what a scenario says
/// after a staged crash, and 1 after an error, which is printed.
pub fn run(options: &Options) -> u8 {
    match run::run(options) {
        Ok(status) => status,
        Err(error) => {
            let mut text = format!("Error: {error}");
            let mut next = error.source();
            while let Some(source) = next {
                text.push_str(&format!(": {source}"));
                next = source.source();
            }
            // Without a standard error there is nobody to tell.
            writeln!(std::io::stderr(), "{text}").ok();
            1
        }
    }
}
