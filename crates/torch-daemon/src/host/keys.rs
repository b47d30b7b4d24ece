//! Keys that an earlier daemon kept in a team's tmux session are read again; they go nowhere but into the state's memory.

use torch_core::{SessionId, TeamId};

use super::execute::send;
use super::{Host, Input};
use crate::event::{Event, Keys};

impl Host {
    pub(crate) fn recall_keys(&self, team: TeamId, session: SessionId, names: Vec<String>) {
        let Some(server) = self.tmux.server.clone() else {
            // Its loss is told on its own.
            return;
        };
        let inputs = self.inputs.clone();
        tokio::spawn(async move {
            let wanted = |variable: &str| {
                names.iter().any(|name| match name.strip_suffix('*') {
                    Some(start) => variable.starts_with(start),
                    None => variable == name,
                })
            };
            let found = server.environment(session, wanted).await;
            let keys = found.unwrap_or_else(|error| {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the keys of {session} could not be read"
                );
                Default::default()
            });
            let keys = Keys(keys);
            send(&inputs, Input::Event(Event::KeysRecalled { team, keys }));
        });
    }
}
