//! A project's shell and its development server: opened, and watched until it is seen how it goes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use torch_api::Response;
use torch_api::open::{WindowKind, WindowRequest, WindowState, WindowView};
use torch_core::{PaneAddress, SessionId};
use torch_process::{facts, listen};
use torch_session::{CaptureStyle, Server, SessionError, ShellKind};

/// How often a server is looked at while it is watched.
const LOOK: Duration = Duration::from_millis(200);
/// In how many looks one after the other a port is seen before it counts: a server may end as soon as it listens.
const SETTLED: u32 = 5;
/// How many lines are shown (S2-050), and how many are searched for causes (S2-068).
const SHOWN: usize = 20;
/// As [`SHOWN`].
const SEARCHED: u32 = 200;

/// Where a window is opened.
pub(crate) struct Place {
    pub(crate) session: SessionId,
    pub(crate) existing: Option<PaneAddress>,
    pub(crate) cwd: PathBuf,
    pub(crate) env: BTreeMap<String, String>,
}

/// Takes the window that is there, or opens one and watches it as long as it was asked for.
pub(crate) async fn window(
    server: &Server,
    place: Place,
    request: WindowRequest,
) -> Result<Response, SessionError> {
    let name = request.kind.name();
    let existed = place.existing.is_some();
    let pane = match (place.existing, &request.kind) {
        (Some(pane), _) => pane,
        (None, WindowKind::Shell) => {
            let shell = place.env.get("SHELL").map_or("/bin/sh", String::as_str);
            let (cwd, env) = (&place.cwd, &place.env);
            server
                .open_shell(place.session, name, cwd, (shell, ShellKind::Project), env)
                .await?
        }
        (None, WindowKind::Server { argv }) => {
            let (cwd, env) = (&place.cwd, &place.env);
            server
                .open_service(place.session, name, cwd, argv, env)
                .await?
        }
    };
    let mut seen = Seen {
        state: WindowState::Opened,
        ports: Vec::new(),
    };
    let is_server = matches!(request.kind, WindowKind::Server { .. });
    if is_server && !existed && request.watch_millis > 0 {
        let deadline = Duration::from_millis(request.watch_millis);
        seen = watch(pane, deadline).await;
    }
    let text = match server
        .capture(pane.pane, Some(SEARCHED), CaptureStyle::Plain)
        .await
    {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        // A window that is gone shows nothing any more.
        Err(_) if seen.state == WindowState::Ended => String::new(),
        Err(error) => return Err(error),
    };
    let filled: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let shown = &filled[filled.len().saturating_sub(SHOWN)..];
    let causes = torch_monitor::diagnose(&text);
    Ok(Response::Window(Box::new(WindowView {
        name: name.to_owned(),
        cwd: place.cwd,
        pane,
        existed,
        state: seen.state,
        ports: seen.ports,
        lines: shown.iter().map(|line| (*line).to_owned()).collect(),
        causes: causes
            .into_iter()
            .map(|(cause, line)| (cause.advice().to_owned(), line))
            .collect(),
    })))
}

struct Seen {
    state: WindowState,
    ports: Vec<u16>,
}

/// Watches a server's processes until one listens, none is left, or the time is over.
async fn watch(pane: PaneAddress, deadline: Duration) -> Seen {
    let mut looks = tokio::time::interval(LOOK);
    let mut last = Seen {
        state: WindowState::Running,
        ports: Vec::new(),
    };
    let watching = async {
        // The window's own process forks the command first: until it was seen once, its absence is no end.
        let mut began = false;
        let mut absent = 0;
        let mut listening = 0;
        loop {
            looks.tick().await;
            let below = facts::descendants(pane.pid);
            began |= !below.is_empty();
            absent = if below.is_empty() { absent + 1 } else { 0 };
            let pids: Vec<u32> = below.iter().map(|process| process.pid).collect();
            last.ports = listen::ports(&pids);
            listening = if last.ports.is_empty() {
                0
            } else {
                listening + 1
            };
            last.state = match listening {
                0 => WindowState::Running,
                _ => WindowState::Listening,
            };
            if listening >= SETTLED {
                return;
            }
            // One that fails at once may never be seen.
            let gone = facts::process(pane.pid).is_none();
            if gone || absent > if began { 1 } else { 4 } {
                last.state = WindowState::Ended;
                return;
            }
        }
    };
    // At the deadline it runs, as far as it was seen.
    drop(tokio::time::timeout(deadline, watching).await);
    last
}
