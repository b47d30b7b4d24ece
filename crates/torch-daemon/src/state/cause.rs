//! Events as causes: what a turn's journal entries name.

use crate::event::Event;

/// The cause that journal entries of a turn carry.
pub(super) fn cause_of(event: &Event) -> String {
    match event {
        Event::Request { request, .. } => format!("request {}", request.name()),
        Event::Disconnected(_) => "client gone".to_owned(),
        Event::File { .. } => "file in an outbox".to_owned(),
        Event::Spool { records, .. } => records.first().map_or_else(String::new, record_cause),
        Event::SpoolGap { .. } => "spool read".to_owned(),
        Event::TmuxUp { .. } => "tmux reached".to_owned(),
        Event::TmuxDown { .. } => "tmux gone".to_owned(),
        Event::TmuxSilent { .. } => "tmux silent".to_owned(),
        Event::Trouble { .. } => "registry".to_owned(),
        Event::Panes { .. } => "panes listed".to_owned(),
        Event::KeysRecalled { .. } => "keys recalled".to_owned(),
        Event::Probed { .. } => "pane looked at".to_owned(),
        Event::LastLines { .. } => "last lines read".to_owned(),
        Event::Pasted { .. } => "paste ended".to_owned(),
        Event::Pressed { .. } => "enter ended".to_owned(),
        Event::Offered { .. } => "laid ready".to_owned(),
        Event::Withdrawn { .. } => "taken back".to_owned(),
        Event::Transcript { .. } => "transcript read".to_owned(),
        Event::Inspected { .. } => "project inspected".to_owned(),
        Event::WorktreeAdded { .. } => "worktree added".to_owned(),
        Event::WorktreeUndone { .. } => "worktree undone".to_owned(),
        Event::Worktrees(outcome) => outcome.cause().to_owned(),
        Event::Lane(_) => "fast lane".to_owned(),
        Event::Broker(outcome) => outcome.cause().to_owned(),
        Event::TreeSeen { .. } => "worktree watched".to_owned(),
        Event::Integrated { .. } => "integration went on".to_owned(),
        Event::RulesRead { .. } => "project's rules read".to_owned(),
        Event::RefsKnown { .. }
        | Event::RefsMoved { .. }
        | Event::RefsRead { .. }
        | Event::RepositoryConfig { .. }
        | Event::Committed { .. }
        | Event::Standings { .. } => "branches read".to_owned(),
        Event::RequestSeen { .. } => "pull request looked at".to_owned(),
        Event::Overlaps { .. } => "agents' work compared".to_owned(),
        Event::Opened { .. } => "window opened".to_owned(),
        Event::Closed { .. } => "window closed".to_owned(),
        Event::Told { .. } => "transcript".to_owned(),
        Event::AnswerFile(_) => "answer's file".to_owned(),
        Event::KeyPressed { .. } => "key pressed".to_owned(),
        Event::WorkSeen { .. } => "worktree looked at".to_owned(),
        Event::SessionSeen { .. } => "session looked at".to_owned(),
        Event::Revived { .. } => "request retry".to_owned(),
        Event::Timer(key) => key.cause().to_owned(),
        Event::ClockMoved(_) => "clock moved".to_owned(),
    }
}

/// A spool record as a cause.
fn record_cause(record: &torch_core::spool::SpoolRecord) -> String {
    use torch_core::spool::SpoolEvent;
    match &record.event {
        SpoolEvent::Started { .. } => "program started".to_owned(),
        SpoolEvent::LaunchFailed { .. } => "program not started".to_owned(),
        SpoolEvent::Exited { .. } => "program ended".to_owned(),
        SpoolEvent::Hook { payload } => {
            let name = payload
                .get("hook_event_name")
                .or_else(|| payload.get("event"))
                .and_then(|name| name.as_str());
            let name: String = name.unwrap_or("?").chars().take(40).collect();
            format!("hook {name}")
        }
        SpoolEvent::StatusLine { .. } => "status line".to_owned(),
        SpoolEvent::HandedOver { .. } => "hook handed over".to_owned(),
        SpoolEvent::Refused { rule, .. } => format!("git refused: {rule}"),
    }
}
