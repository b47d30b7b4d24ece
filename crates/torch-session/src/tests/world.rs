//! A private tmux server and the programs that run in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use torch_core::{AgentId, LaunchId, PaneAddress, SessionName};
use torch_process::{CommandSpec, end, facts, run};

use crate::connect::tmux;
use crate::{CaptureStyle, Guard, Server, ServerConfig, WindowSpec};

/// Long enough for a loaded machine, short enough for a person who waits for a failing test.
const DEADLINE: Duration = Duration::from_secs(20);

pub(super) const LAUNCH: &str = "01KAJ6F9ZQ8Y0M3N4P5R6S7T8V";

/// A folder, and what ends the servers in it.
pub(super) struct World {
    pub(super) folder: tempfile::TempDir,
    pids: Vec<u32>,
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            pids: Vec::new(),
        }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn config(&self) -> ServerConfig {
        let path = std::env::var("PATH").expect("PATH");
        let folder = self.folder.path().display().to_string();
        let env = [
            ("PATH", path.as_str()),
            ("HOME", &folder),
            ("TMUX_TMPDIR", &folder),
            ("SHELL", "/bin/sh"),
            ("TMUX", "/nowhere,1,0"),
        ];
        ServerConfig {
            socket: format!("torch-test-{}", std::process::id()),
            owned: true,
            tmux: "tmux".into(),
            config_file: self.path("tmux.conf"),
            env: env
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            shell: None,
        }
    }

    /// A world and the connection to its first server.
    pub(super) async fn connected() -> (Self, Server) {
        let mut world = Self::new();
        let server = world.connect().await;
        (world, server)
    }

    pub(super) async fn connect(&mut self) -> Server {
        self.connect_to(self.config()).await
    }

    pub(super) async fn connect_to(&mut self, config: ServerConfig) -> Server {
        let server = Server::connect(config).await.expect("connected");
        self.pids.push(server.server_pid());
        server
    }

    /// A forked `tmux` on a server of this world, as a person or an agent could run it.
    pub(super) fn fork(&self, config: &ServerConfig, args: &[&str]) -> String {
        let spec = tmux(config, args.iter().map(Into::into).collect());
        let output = run(&spec).expect("tmux ran");
        assert!(output.success(), "{args:?}: {}", output.error_text());
        output.text()
    }

    /// An executable script. A child writes it: with a descriptor of this process open for writing, a fork of another
    /// test could not be kept from making it "busy".
    pub(super) fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        let env = [("PATH".into(), std::env::var_os("PATH").expect("PATH"))].into();
        let write = CommandSpec::new("sh", self.folder.path(), env, DEADLINE)
            .args(["-c", "cat > \"$1\" && chmod 755 \"$1\"", "sh", name])
            .stdin(format!("#!/bin/sh\n{text}\n"));
        assert!(run(&write).expect("sh ran").success());
        path
    }

    pub(super) fn spec(&self, name: &str, script: &str) -> WindowSpec {
        WindowSpec {
            name: name.to_owned(),
            index: None,
            cwd: self.folder.path().to_owned(),
            argv: ["sh", "-c", script].map(str::to_owned).to_vec(),
            env: BTreeMap::new(),
            agent: Some(AgentId::new(1, 2)),
            launch: Some(LAUNCH.parse().expect("an id")),
            kind: "agent".to_owned(),
            width: 200,
            height: 50,
        }
    }

    /// A program that takes bytes as they come, with bracketed paste on, and keeps them in `received`.
    pub(super) async fn receiver(&self, server: &Server, words: &str) -> Receiver {
        let received = self.path("received");
        let script = format!(
            "stty raw -echo; printf '\\033[?2004h%s' '{words} READY'; exec cat > '{}'",
            received.display()
        );
        let spec = self.spec("receiver", &script);
        let address = server
            .open_session(&name("team"), &spec)
            .await
            .expect("a session");
        wait_for("the receiver", async || {
            let screen = server
                .capture(address.pane, None, CaptureStyle::Plain)
                .await;
            screen.is_ok_and(|screen| String::from_utf8_lossy(&screen).contains("READY"))
        })
        .await;
        Receiver { address, received }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let servers: Vec<_> = self
            .pids
            .iter()
            .filter_map(|&pid| facts::process(pid))
            .collect();
        end(&servers, Duration::from_secs(2));
    }
}

pub(super) struct Receiver {
    pub(super) address: PaneAddress,
    received: PathBuf,
}

impl Receiver {
    pub(super) fn guard(&self) -> Guard {
        Guard {
            pane: self.address.pane,
            pid: self.address.pid,
            live: LAUNCH.parse().expect("an id"),
        }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        fs::read(&self.received).unwrap_or_default()
    }

    /// Waits until as many bytes have come, and compares them.
    pub(super) async fn expect(&self, expected: &[u8]) {
        wait_for("the bytes", async || self.bytes().len() >= expected.len()).await;
        let bytes = self.bytes();
        let differs = bytes.iter().zip(expected).position(|(a, b)| a != b);
        assert!(
            bytes == expected,
            "{} bytes received, {} expected, first difference at {differs:?}",
            bytes.len(),
            expected.len()
        );
    }
}

/// Opens a session named `team` with this window in it.
pub(super) async fn open_team(server: &Server, spec: &WindowSpec) -> PaneAddress {
    let opened = server.open_session(&name("team"), spec).await;
    opened.expect("a session")
}

pub(super) fn name(text: &str) -> SessionName {
    SessionName::try_from(text.to_owned()).expect("a name")
}

pub(super) fn other_launch() -> LaunchId {
    LaunchId::new(5, 6)
}

/// Looks every few milliseconds, because the state is in another process that tells nobody.
pub(super) async fn wait_for(what: &str, mut reached: impl AsyncFnMut() -> bool) {
    let looks = async {
        let mut ticks = tokio::time::interval(Duration::from_millis(5));
        loop {
            ticks.tick().await;
            if reached().await {
                return;
            }
        }
    };
    let looked = tokio::time::timeout(DEADLINE, looks).await;
    assert!(looked.is_ok(), "{what}: not reached within {DEADLINE:?}");
}

pub(super) fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}
