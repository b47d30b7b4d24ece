//! The windows of `torch open`, the project's shell and its server: they end with their team.
//!
//! A window that a person made in the session, and a pane that they split off one of these, stay.

use std::collections::BTreeSet;

use torch_api::Request;
use torch_core::Process;
use torch_process::facts;
use torch_session::{PaneRow, Server, ShellKind};

use super::Host;
use super::orphans::{END_GRACE, would_not_end};
use crate::event::Event;

/// The kind of a window in which a command of the project runs.
const SERVICE: &str = "service";

/// Whether `torch open` opened a pane.
pub(super) fn is_opened(row: &PaneRow) -> bool {
    let kind = row.kind.as_deref();
    kind == Some(SERVICE) || kind == Some(ShellKind::Project.as_str())
}

/// Which of these windows are to end.
#[derive(Debug, Clone)]
pub(super) struct Opened {
    /// The sessions of the teams that have come to their stop.
    pub(super) sessions: Vec<String>,
    /// Processes whose panes stay: who asks for a stop in one of these windows wants to read the answer.
    pub(super) spared: BTreeSet<u32>,
}

impl Opened {
    /// Ends them: what runs in a server's window is asked to end, and when it had its time, killed; a shell is hung up.
    /// Answers what is worth to be told, in words.
    pub(super) async fn end(&self, server: &Server) -> Vec<String> {
        // Without a connection there are no windows that torch could end, and it is told by others.
        let rows = server.list_panes().await.unwrap_or_default();
        let own = |row: &&PaneRow| self.sessions.contains(&row.session_name) && is_opened(row);
        let mut told = Vec::new();
        for row in rows.iter().filter(own) {
            if self.spared.contains(&row.address.pid) {
                told.push(format!(
                    "the window `{}`, where you are, stays",
                    row.window_name
                ));
                continue;
            }
            let left = end_window(server, row).await;
            if !left.is_empty() {
                told.push(format!(
                    "in window `{}` {}",
                    row.window_name,
                    would_not_end(&left)
                ));
            }
        }
        told
    }
}

async fn end_window(server: &Server, row: &PaneRow) -> Vec<Process> {
    let pid = row.address.pid;
    let asks_first = row.kind.as_deref() == Some(SERVICE);
    let found = blocking(move || {
        let below = facts::descendants(pid);
        if asks_first {
            // A server may have to tidy up; a shell takes no request but the hang-up of its terminal.
            torch_process::end(&below, END_GRACE);
        }
        // What was begun meanwhile belongs to it, too.
        let mut all = facts::descendants(pid);
        all.extend(below);
        all.extend(facts::process(pid));
        all
    });
    let found = found.await;
    if let Err(error) = server.kill_pane(row.address.pane).await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the window `{}` could not be closed",
            row.window_name
        );
    }
    blocking(move || torch_process::end(&found, END_GRACE)).await
}

async fn blocking<T: Default + Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> T {
    // It fails only when it panics, which is logged by itself.
    tokio::task::spawn_blocking(act).await.unwrap_or_default()
}

impl Host {
    /// Notes from where a team's stop is asked for.
    pub(super) fn note_stopper(&mut self, event: &Event) {
        if let Event::Request {
            peer,
            request: Request::Stop { .. },
            ..
        } = event
        {
            let chain = peer.chain.iter().map(|one| one.process.pid);
            self.stoppers = chain.collect();
        }
    }
}
