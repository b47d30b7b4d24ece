//! A window in which a command of the project runs: its development server.

use std::collections::BTreeMap;
use std::path::Path;

use torch_core::{PaneAddress, SessionId};

use crate::error::SessionError;
use crate::server::Server;
use crate::window::WindowSpec;

/// What runs in the window: the command, and when it has ended what it ended with; Enter starts it again.
const SCRIPT: &str = include_str!("service.sh");

impl Server {
    /// Makes a window at the end of the session in which a command runs, of kind `service`. When the command ends, what it
    /// said stays there; no shell ever reads the window.
    ///
    /// # Errors
    /// As [`Self::open_window`].
    pub async fn open_service(
        &self,
        session: SessionId,
        name: &str,
        cwd: &Path,
        argv: &[String],
        env: &BTreeMap<String, String>,
    ) -> Result<PaneAddress, SessionError> {
        let mut words = ["/bin/sh", "-c", SCRIPT, name].map(str::to_owned).to_vec();
        words.extend_from_slice(argv);
        let spec = WindowSpec {
            name: name.to_owned(),
            index: None,
            cwd: cwd.to_owned(),
            argv: words,
            env: env.clone(),
            agent: None,
            launch: None,
            kind: "service".to_owned(),
            width: 200,
            height: 50,
        };
        self.open_window(session, &spec).await
    }
}
