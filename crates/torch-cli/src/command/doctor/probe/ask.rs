//! What only a model can show: one prompt, whose answers count by what arrives at torch.

use std::time::Duration;

use torch_api::QuestionView;
use torch_core::observed::{Door, ProgramObserved};
use torch_core::program::AgentProgram;

use super::judge;
use super::world::World;
use crate::error::CommandError;

/// What the model is asked to do, as the spec of its team of one: it reaches it in torch's usual briefing.
pub(super) const SPEC: &str = "\
# torch doctor checks the doors

This is a check of the installation and no work on a project. Nobody else is in the team. Do these steps in this order, once each. Skip a
step that fails: try no other way, repair nothing, write no report.

- In your shell, run: torch status
- Call the tool `status` of the MCP server `torch`, without arguments
- Write a new file `asked.txt` with the word: ok
- Call the tool `commit` of the MCP server `torch`, with the message: torch doctor
- In your shell, run: cp note.md .torch/outbox/human--asked.md

Then stop.
";

/// How long the model may take for all of it.
const PATIENCE: Duration = Duration::from_secs(180);
/// How long after the turn's end what it did may still arrive.
const AFTER: Duration = Duration::from_secs(3);
/// How long the prompt may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(60);

/// What came of it.
pub(super) struct Asked {
    /// The dialog that held it up.
    pub(super) dialog: Option<QuestionView>,
    /// Whether the turn ended.
    pub(super) ended: bool,
    /// Whether the prompt was proven to have arrived.
    pub(super) arrived: bool,
}

/// What is said before anything is sent.
pub(super) fn notice(programs: &[&str]) -> String {
    format!(
        "each of these is sent one prompt on your account: {}; it is torch's briefing with a spec of {} characters, which asks the model \
         for two shell commands, two tool calls and a commit in a throw-away repository (torch doctor --help)",
        programs.join(", "),
        SPEC.len()
    )
}

/// Has the briefing typed, and waits for what the model does.
pub(super) fn ask(program: &AgentProgram, world: &World) -> Result<Asked, CommandError> {
    world.unpause()?;
    let arrived = world
        .until(ARRIVAL, || Ok(world.agent()?.briefed.then_some(())))?
        .is_some();
    let mut asked = Asked {
        dialog: None,
        ended: false,
        arrived,
    };
    if !arrived {
        asked.dialog = world.dialog()?;
        return Ok(asked);
    }
    let end = world.until(PATIENCE, || {
        if let Some(dialog) = world.dialog()? {
            return Ok(Some(Some(dialog)));
        }
        let done = is_all(program, &world.observed()?) || world.is_quiet()?;
        Ok(done.then_some(None))
    })?;
    asked.ended = matches!(end, Some(None));
    asked.dialog = end.flatten();
    if asked.ended {
        world.wait(AFTER, |seen| is_all(program, seen))?;
    }
    Ok(asked)
}

/// Whether everything has arrived that can.
fn is_all(program: &AgentProgram, seen: &ProgramObserved) -> bool {
    let doors = Door::ALL
        .iter()
        .all(|door| seen.observed.doors.contains_key(door));
    doors && judge::has_shown_all(program, seen)
}
