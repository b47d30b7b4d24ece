//! Making and ending sessions and windows.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use tmux_interface::{KillPane, KillSession, KillWindow};
use torch_core::{AgentId, LaunchId, PaneAddress, PaneId, SessionId, SessionName, WindowId};

use crate::encode::{Line, Words, literal};
use crate::error::SessionError;
use crate::pane::is_gone;
use crate::protocol::Block;
use crate::row::{AGENT, KIND, LIVE};
use crate::server::Server;

/// A window to be made, with one pane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowSpec {
    /// Its name; programs can't change it.
    pub name: String,
    /// Its index in the session; absent: the next after the last. A taken index is refused.
    pub index: Option<u32>,
    /// Its working directory, which must exist.
    pub cwd: PathBuf,
    /// The program and its arguments; no shell is involved.
    pub argv: Vec<String>,
    /// Variables added to the server's environment for this program alone.
    pub env: BTreeMap<String, String>,
    /// The agent, kept in the pane option `@torch_agent`.
    pub agent: Option<AgentId>,
    /// The launch, kept in the pane option `@torch_live` until the wrapper clears it.
    pub launch: Option<LaunchId>,
    /// What the pane is for, kept in the pane option `@torch_kind`: `agent`, `shell`.
    pub kind: String,
    /// Columns while no client looks at it. Only [`Server::open_session`] uses it: a window that is made later has
    /// the size of its session, or of the client attached to it.
    pub width: u32,
    /// Lines while no client looks at it, as for `width`.
    pub height: u32,
}

const ADDRESS: &str = "#{session_id} #{window_id} #{pane_id} #{pane_pid}";

impl Server {
    /// Makes a session of one window.
    ///
    /// # Errors
    /// [`SessionError::SessionExists`] for a name that is taken, [`SessionError::NoDirectory`],
    /// [`SessionError::Unusable`], [`SessionError::ManualSize`], or what [`Self::probe`](crate::Server::probe) lists.
    pub async fn open_session(
        &self,
        name: &SessionName,
        spec: &WindowSpec,
    ) -> Result<PaneAddress, SessionError> {
        const COMMAND: &str = "new-session";
        let line = session_line(name, spec, launch_words(spec)?);
        match self.open(COMMAND, &line).await {
            Err(SessionError::Refused { message, .. })
                if message.starts_with("duplicate session") =>
            {
                Err(SessionError::SessionExists {
                    name: name.to_string(),
                })
            }
            opened => opened,
        }
    }

    /// Makes a window in a session, without switching anybody to it. Several may be made concurrently; each should
    /// then have an index, or they land in the order of the calls.
    ///
    /// # Errors
    /// As [`Self::open_session`]; [`SessionError::Refused`] for a session that is gone or an index that is taken.
    pub async fn open_window(
        &self,
        session: SessionId,
        spec: &WindowSpec,
    ) -> Result<PaneAddress, SessionError> {
        const COMMAND: &str = "new-window";
        let launch = launch_words(spec)?;
        let mut new = Words::named(COMMAND)
            .arg("-d")
            .arg("-P")
            .option("-F", ADDRESS);
        // `new-window` prints the new ids but gives no way to use them in the same pass, so the window is named by
        // its place: the index asked for, or the end, after which it was put.
        let window = match spec.index {
            Some(index) => format!("{session}:{index}"),
            None => {
                new = new.arg("-a");
                format!("{session}:{{end}}")
            }
        };
        new = new.option("-t", &window).extended(launch);
        let line = mark(Line::of(new), &window, spec);
        self.open(COMMAND, &line).await
    }

    /// Sets a variable that the programs of later windows of a session have; it is kept in the server's memory.
    ///
    /// # Errors
    /// [`SessionError::Refused`] for a session that is gone, or what [`Self::probe`](crate::Server::probe) lists.
    pub async fn set_environment(
        &self,
        session: SessionId,
        name: &str,
        value: &str,
    ) -> Result<(), SessionError> {
        const COMMAND: &str = "set-environment";
        let words = Words::named(COMMAND)
            .option("-t", session.to_string())
            .arg(name)
            .arg(value);
        self.ask(COMMAND, &Line::of(words)).await?;
        Ok(())
    }

    /// Starts a program anew in a pane, in place of the one that is there or was: the pane's id, its window, its history
    /// and whoever looks at it stay. `name`, `index`, `width` and `height` of the spec are not used. A pane whose first
    /// process is another than `at` says is not touched.
    ///
    /// # Errors
    /// [`SessionError::Refused`] for a pane that is gone or is another's now, [`SessionError::NoDirectory`], [`SessionError::Unusable`], or
    /// what [`Self::probe`](crate::Server::probe) lists.
    pub async fn respawn_pane(
        &self,
        at: PaneAddress,
        spec: &WindowSpec,
    ) -> Result<PaneAddress, SessionError> {
        const COMMAND: &str = "respawn-pane";
        const TAKEN: &str = "taken";
        let target = at.pane.to_string();
        let mut words = launch_words(spec)?;
        // The name, which only the `new-` commands take.
        words.drain(..2);
        let respawn = Words::named(COMMAND)
            .arg("-k")
            .option("-t", &target)
            .extended(words);
        let show = Words::named("display-message")
            .arg("-p")
            .option("-t", &target)
            .arg(ADDRESS);
        let anew = mark(Line::of(respawn), &target, spec).then(show);
        let taken = Words::named("display-message").option("-p", TAKEN);
        let same = format!("#{{==:#{{pane_pid}},{}}}", at.pid);
        let line = Line::default().then_if(&target, &same, &anew, &Line::of(taken));
        let blocks = self.ask(COMMAND, &line).await?;
        let text = blocks
            .iter()
            .map(Block::text)
            .rfind(|text| !text.is_empty());
        let text = text.unwrap_or_default();
        if text == TAKEN.as_bytes() {
            return Err(SessionError::Refused {
                command: COMMAND,
                message: format!("something else runs in pane {target} now"),
            });
        }
        read_address(text).ok_or_else(|| Self::unreadable(COMMAND, text))
    }

    /// Ends a window and, by hang-up, its programs; one that is gone already is no error. Its session ends with its
    /// last window.
    ///
    /// # Errors
    /// What [`Self::probe`](crate::Server::probe) lists.
    pub async fn kill_window(&self, window: WindowId) -> Result<(), SessionError> {
        let _one_at_a_time = self.shared.ending.lock().await;
        let kill = KillWindow::new().target_window(window.to_string());
        gone_is_fine(self.ask("kill-window", &Line::of(kill.build())).await)
    }

    /// Ends a pane and, by hang-up, its programs; one that is gone already is no error. Its window ends with its last
    /// pane: what a person split off stays.
    ///
    /// # Errors
    /// What [`Self::probe`](crate::Server::probe) lists.
    pub async fn kill_pane(&self, pane: PaneId) -> Result<(), SessionError> {
        let _one_at_a_time = self.shared.ending.lock().await;
        let kill = KillPane::new().target_pane(pane.to_string());
        gone_is_fine(self.ask("kill-pane", &Line::of(kill.build())).await)
    }

    /// [`Self::kill_pane`] for a pane whose program has ended; whatever runs in it by then keeps it.
    ///
    /// # Errors
    /// As for [`Self::kill_pane`].
    pub async fn kill_dead_pane(&self, pane: PaneId) -> Result<(), SessionError> {
        let _one_at_a_time = self.shared.ending.lock().await;
        let target = pane.to_string();
        let kill = Line::of(KillPane::new().target_pane(target.as_str()).build());
        let line = Line::default().then_if(&target, "#{pane_dead}", &kill, &Line::default());
        gone_is_fine(self.ask("kill-pane", &line).await)
    }

    /// Gives a window a name; programs can't change it.
    ///
    /// # Errors
    /// [`SessionError::Refused`] for a window that is gone, and what [`Self::probe`](crate::Server::probe) lists.
    pub async fn rename_window(&self, window: WindowId, name: &str) -> Result<(), SessionError> {
        const COMMAND: &str = "rename-window";
        let rename = Words::named(COMMAND)
            .option("-t", window.to_string())
            .arg("--")
            .extended(vec![literal(name)]);
        self.ask(COMMAND, &Line::of(rename)).await.map(drop)
    }

    /// Ends a session with its windows; one that is gone already is no error.
    ///
    /// # Errors
    /// [`SessionError::Unusable`] for torch's own session, and what [`Self::probe`](crate::Server::probe) lists.
    pub async fn kill_session(&self, session: SessionId) -> Result<(), SessionError> {
        if session == self.shared.facts.keeper {
            return Err(SessionError::Unusable {
                role: "a session to end",
                value: session.to_string(),
            });
        }
        let kill = KillSession::new().target_session(session.to_string());
        gone_is_fine(self.ask("kill-session", &Line::of(kill.build())).await)
    }
}

impl Server {
    /// Sends a line that begins with a `new-` command; a window that could be made but not finished goes again.
    async fn open(&self, command: &'static str, line: &Line) -> Result<PaneAddress, SessionError> {
        self.refuse_manual_size().await?;
        let blocks = self.ask_all(command, line).await?;
        let text = blocks.first().map_or(&[][..], Block::text);
        let address = read_address(text);
        let Some(refused) = blocks.iter().find(|block| !block.ok) else {
            return address.ok_or_else(|| Self::unreadable(command, text));
        };
        if let Some(address) = address {
            self.kill_window(address.window).await?;
        }
        Err(SessionError::Refused {
            command,
            message: String::from_utf8_lossy(refused.text()).into_owned(),
        })
    }

    /// Looks each time, because anybody may set the option, and a crash ends every agent.
    async fn refuse_manual_size(&self) -> Result<(), SessionError> {
        if self.version().survives_manual_size() {
            return Ok(());
        }
        let show = Words::named("show-options").arg("-gwv").arg("window-size");
        let blocks = self.ask("show-options", &Line::of(show)).await?;
        if blocks.iter().any(|block| block.text() == b"manual") {
            return Err(SessionError::ManualSize {
                socket: self.socket().to_owned(),
            });
        }
        Ok(())
    }
}

fn session_line(name: &SessionName, spec: &WindowSpec, launch: Vec<Vec<u8>>) -> Line {
    let new = Words::named("new-session")
        .arg("-d")
        .arg("-E")
        .arg("-P")
        .option("-F", ADDRESS)
        .option("-s", name.as_str())
        .option("-x", spec.width.to_string())
        .option("-y", spec.height.to_string());
    // Made a moment ago in the same pass, by an exact name of plain characters.
    let session = format!("={name}:");
    let stay = Words::named("set-option")
        .option("-t", &session)
        .option("destroy-unattached", "off");
    let mut line = Line::of(new.extended(launch)).then(stay);
    // `new-session -e` keeps the variables for all later windows of the session: they are for this one only.
    for variable in spec.env.keys() {
        line = line.then(
            Words::named("set-environment")
                .arg("-u")
                .option("-t", &session)
                .arg(variable),
        );
    }
    line = mark(line, &session, spec);
    let Some(index) = spec.index else {
        return line;
    };
    let place = Words::named("move-window")
        .arg("-d")
        .option("-s", &session)
        .option("-t", format!("={name}:{index}"));
    let elsewhere = format!("#{{!=:#{{window_index}},{index}}}");
    line.then_if(&session, &elsewhere, &Line::of(place), &Line::default())
}

/// Name, directory, environment and program, the part that both `new-` commands share.
fn launch_words(spec: &WindowSpec) -> Result<Vec<Vec<u8>>, SessionError> {
    let unusable = |role, value: &str| SessionError::Unusable {
        role,
        value: value.chars().take(80).collect(),
    };
    if !spec.cwd.is_dir() {
        return Err(SessionError::NoDirectory {
            path: spec.cwd.clone(),
        });
    }
    let Some(program) = spec.argv.first().filter(|program| !program.is_empty()) else {
        return Err(unusable("a program", ""));
    };
    let nul = |text: &&String| text.contains('\0');
    if let Some(text) = spec.argv.iter().chain(spec.env.values()).find(nul) {
        return Err(unusable("an argument or a variable's value", text));
    }
    let mut words: Vec<Vec<u8>> = vec![
        b"-n".to_vec(),
        literal(&spec.name),
        b"-c".to_vec(),
        literal(spec.cwd.as_os_str().as_bytes()),
    ];
    for (name, value) in &spec.env {
        if name.is_empty() || name.contains(['=', '\0']) {
            return Err(unusable("a variable's name", name));
        }
        words.extend([b"-e".to_vec(), format!("{name}={value}").into_bytes()]);
    }
    words.push(b"--".to_vec());
    // A single word would be given to a shell; two or more are executed as they stand.
    if spec.argv.len() == 1 {
        if program.contains('=') {
            return Err(unusable("a program without arguments", program));
        }
        words.push(b"/usr/bin/env".to_vec());
    }
    words.extend(spec.argv.iter().map(|arg| arg.clone().into_bytes()));
    Ok(words)
}

/// Adds what makes a fresh pane torch's: an agent's stays when its program ends, and each says what it is for. In the same pass
/// as its making, so that a program that ends at once finds it done.
fn mark(line: Line, target: &str, spec: &WindowSpec) -> Line {
    let mut options = vec![(KIND, spec.kind.clone())];
    // A person's shell closes its window like any other; an agent's last screen stays to be looked at.
    options.extend(spec.agent.map(|_| ("remain-on-exit", "on".to_owned())));
    options.extend(spec.agent.map(|agent| (AGENT, agent.to_string())));
    options.extend(spec.launch.map(|launch| (LIVE, launch.to_string())));
    options.into_iter().fold(line, |line, (option, value)| {
        line.then(
            Words::named("set-option")
                .arg("-p")
                .option("-t", target)
                .arg(option)
                .arg(value),
        )
    })
}

fn read_address(text: &[u8]) -> Option<PaneAddress> {
    let mut words = std::str::from_utf8(text).ok()?.split(' ');
    Some(PaneAddress {
        session: words.next()?.parse().ok()?,
        window: words.next()?.parse().ok()?,
        pane: words.next()?.parse().ok()?,
        pid: words.next()?.parse().ok()?,
    })
}

fn gone_is_fine(result: Result<Vec<Block>, SessionError>) -> Result<(), SessionError> {
    match result {
        Err(SessionError::Refused { message, .. }) if is_gone(&message) => Ok(()),
        other => other.map(drop),
    }
}
