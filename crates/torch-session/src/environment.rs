//! Variables that a session keeps for the programs of its later windows, in the server's memory.

use std::collections::BTreeMap;

use torch_core::SessionId;

use crate::encode::{Line, Words};
use crate::{Server, SessionError};

/// The command that shows them.
const SHOW: &str = "show-environment";

impl Server {
    /// The variables of a session's own environment whose names are `wanted`, whatever their values hold.
    ///
    /// # Errors
    /// [`SessionError::Refused`] for a session that is gone, or what [`Self::probe`](crate::Server::probe) lists.
    pub async fn environment(
        &self,
        session: SessionId,
        wanted: impl Fn(&str) -> bool + Send,
    ) -> Result<BTreeMap<String, String>, SessionError> {
        let all = self.show_environment(session, None).await?;
        // A line may also belong to a value of several lines: each name is asked for on its own.
        let names = all.lines().filter_map(|line| line.split_once('='));
        let names: Vec<&str> = names
            .map(|(name, _)| name)
            .filter(|name| wanted(name))
            .collect();
        let mut found = BTreeMap::new();
        for name in names {
            match self.show_environment(session, Some(name)).await {
                Ok(shown) => {
                    let value = shown.strip_prefix(name).and_then(|it| it.strip_prefix('='));
                    found.extend(value.map(|value| (name.to_owned(), value.to_owned())));
                }
                // No variable: it was the line of another's value.
                Err(SessionError::Refused { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    async fn show_environment(
        &self,
        session: SessionId,
        name: Option<&str>,
    ) -> Result<String, SessionError> {
        let mut words = Words::named(SHOW).option("-t", session.to_string());
        if let Some(name) = name {
            words = words.arg(name);
        }
        let blocks = self.ask(SHOW, &Line::of(words)).await?;
        let data = blocks.first().map_or(&[][..], |block| &block.data);
        let text = String::from_utf8_lossy(data);
        Ok(text.strip_suffix('\n').unwrap_or(&text).to_owned())
    }
}
