//! Agents that come and go: added, temporary, ended, restarted, resumed, paused, capped, guests.

use torch_testing::{Entry, Ran, World};

mod add;
mod back;
mod caps;
mod end;
mod guests;
mod pause;
mod restart;
mod resume;
mod stop_all;
mod temp;
mod windows;

/// The commands of an error's `Hint:`, as they stand.
#[track_caller]
pub(crate) fn hint(ran: &Ran) -> String {
    let hint = ran.stderr.split_once("Hint: ").map(|(_, hint)| hint.trim());
    hint.unwrap_or_else(|| panic!("no hint in {ran}"))
        .to_owned()
}

/// Runs the hint of an error in the project; it must work.
#[track_caller]
pub(crate) fn follow_hint(world: &World, ran: &Ran) -> Ran {
    let line = hint(ran);
    world.run(&world.command("sh").args(["-c", &line])).ok()
}

/// The names of the windows of a session, in their order.
#[track_caller]
pub(crate) fn windows(world: &World, session: &str) -> Vec<String> {
    let list = ["list-windows", "-t", session, "-F", "#{window_name}"];
    let names = world.tmux(&list).ok().stdout;
    names.lines().map(str::to_owned).collect()
}

/// The session of the first agent that has a pane.
#[track_caller]
pub(crate) fn session(world: &World) -> String {
    let pane = world.agents().into_iter().find_map(|agent| agent.pane);
    pane.expect("an agent with a pane").session
}

/// What torch itself said to an agent: briefings and notices.
#[track_caller]
pub(crate) fn from_torch(world: &World, role: &str) -> Vec<Entry> {
    let mut entries = world.ledger(role);
    entries.retain(|entry| entry.kind == "prompt" && entry.field("from") == Some("torch"));
    entries
}

/// The newest of what torch said to an agent, its file read where it has one.
#[track_caller]
pub(crate) fn last_briefing(world: &World, role: &str) -> String {
    let entries = from_torch(world, role);
    let last = entries.last().expect("a briefing");
    let id = last.tag.as_deref().expect("a message");
    world.message(id).body
}

/// The screen logs of a role, oldest first.
pub(crate) fn logs(world: &World, role: &str) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(world.home().join("logs"));
    let mut found: Vec<_> = entries
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(&format!("sample_{role}_")) && name.ends_with(".log")
        })
        .collect();
    found.sort();
    found
}
