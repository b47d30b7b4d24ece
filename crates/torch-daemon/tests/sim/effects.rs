//! What the daemon's effects do in the simulated world.

use std::time::Duration;

use torch_core::{AgentId, MessageId};
use torch_daemon::event::{
    AddedWorktree, Effect, Event, InboxFile, OpenFailure, OpenIn, OpenWindow, OpenedWindow,
    PaneFact, ProbeFact, ProjectFacts, SpecFacts, TypingGuard, WorkFacts,
};
use torch_daemon::lane::{LaneCame, LaneDone, LaneOrder, LaneSeen};
use torch_router::delivery::Outcome;

use crate::agent::{Manner, SimAgent, Turn};
use crate::hand_over::HookEnd;
use crate::world::{Due, TMUX_PID, World};

/// Starts of one agent's program within [`BREAKER`]: the first one, and three restarts.
const STARTS_MAX: usize = 4;
/// The breaker's window.
const BREAKER: Duration = Duration::from_secs(600);

impl World {
    fn guarded(&mut self, guard: TypingGuard) -> Option<&mut SimAgent> {
        let found = |a: &&mut SimAgent| {
            a.window
                && a.marked
                && a.address.pane == guard.pane
                && a.address.pid == guard.pid
                && a.launch == guard.launch
        };
        self.agents.values_mut().find(found)
    }

    /// An effect happens in the world; `alive` says whether anybody waits for its outcome, `server` whose order it is.
    pub(crate) fn act(&mut self, effect: Effect, alive: bool, server: u32) {
        if self.act_at_the_site(&effect, alive) {
            return;
        }
        match effect {
            Effect::Inspect { conn, request } => {
                let result = Ok((project(), spec()));
                self.answer(Event::Inspected {
                    conn,
                    request,
                    result,
                });
            }
            Effect::AddWorktree {
                agent, path, role, ..
            } => {
                let failed = self.chance(self.faults.refusals, 20);
                let result = match failed {
                    true => Err(crate::clients::failure("no room")),
                    false => Ok(AddedWorktree {
                        path,
                        branch: Some(format!("main-{role}")),
                        rung: "new branch".into(),
                        created: true,
                    }),
                };
                self.answer(Event::WorktreeAdded { agent, result });
            }
            Effect::Open(order) if alive => self.open(*order, server),
            // An order that was never carried out opens nothing.
            Effect::Open(_) => {}
            Effect::LookAtWork { agent, launch, .. } => {
                let failed = self.chance(self.faults.refusals, 10);
                let work = (!failed).then(|| Box::new(work()));
                self.answer(Event::WorkSeen {
                    agent,
                    launch,
                    work,
                });
            }
            Effect::Lane(order) => self.lane(&order),
            Effect::StartServer => self.start_server(),
            Effect::Close { agent, pane, .. } => self.close(agent, pane),
            Effect::ListPanes { .. }
            | Effect::Probe { .. }
            | Effect::Paste { .. }
            | Effect::Press { .. }
            | Effect::ReadTranscript { .. } => self.at_the_panes(effect),
            Effect::ReadLastLines { agent, failed, .. } => {
                let lost = self.chance(self.faults.tmux, 10);
                let lines = (!lost).then(|| "the end".to_owned());
                self.answer(Event::LastLines {
                    agent,
                    failed,
                    lines,
                });
            }
            Effect::WatchTranscript { .. }
            | Effect::WatchSpool { .. }
            | Effect::UndoWorktree { .. }
            | Effect::EndIdleServer
            | Effect::DropDeadPane { .. }
            | Effect::ForgetAgent(_) => {}
            other => panic!("an effect that the world does not know: {other:?}"),
        }
    }

    /// No branch moves in this world: a lane finds nothing, or a worktree that it can't look at.
    fn lane(&mut self, order: &LaneOrder) {
        let failed = self.chance(self.faults.refusals, 10);
        let seen = match failed {
            true => LaneSeen::Busy("no room".to_owned()),
            false => LaneSeen::Nothing,
        };
        let done = LaneDone {
            team: order.team,
            pair: order.pair,
            came: LaneCame::Looked(seen),
        };
        self.answer(Event::Lane(Box::new(done)));
    }

    fn open(&mut self, order: OpenWindow, server: u32) {
        let (id, launch) = (order.agent, order.spec.launch);
        let refused = self.chance(self.faults.refusals, 25);
        if !self.server || server != self.servers || refused {
            let error = "there is no server".into();
            self.note(|| format!("{} can't be opened", id.short()));
            return self.not_opened(id, launch, error);
        }
        self.check_start(&order);
        self.opened += 1;
        let number = self.opened;
        let mut agent = SimAgent::new(id, launch, number);
        agent.read_in = self.life;
        if let OpenIn::Pane(at) = order.open_in {
            let here = self.agent_in(at.pane).map(|agent| agent.address);
            let Some(here) = here else {
                return self.not_opened(id, launch, format!("no pane {}", at.pane));
            };
            (agent.address.pane, agent.address.window) = (at.pane, at.window);
            agent.address.session = here.session;
        }
        if let Some(before) = self.agents.remove(&id) {
            agent.inherit(before);
        }
        agent.starts.push(self.now);
        let manner = match self.random.u32(..1000) {
            0..30 if self.faults.programs && !self.calm => Manner::NeverReady,
            30..80 if self.faults.programs && !self.calm => Manner::ExitsAtOnce,
            _ => Manner::Ready,
        };
        agent.start(self.now, manner);
        let address = agent.address;
        let unsaid = self.chance(self.faults.tmux, 40);
        agent.untold = unsaid;
        self.note(|| format!("{} is opened in {}: {manner:?}", id.short(), address.pane));
        self.agents.insert(id, agent);
        if unsaid {
            return self.not_opened(id, launch, "tmux did not answer in time".into());
        }
        let result = Ok(OpenedWindow::begun(address));
        self.answer(Event::Opened {
            agent: id,
            launch,
            result,
        });
    }

    fn not_opened(&mut self, agent: AgentId, launch: torch_core::LaunchId, error: String) {
        let result = Err(OpenFailure {
            error,
            no_directory: false,
        });
        self.answer(Event::Opened {
            agent,
            launch,
            result,
        });
    }

    /// A program is never started over a living one that torch knows of, and not too often.
    fn check_start(&mut self, order: &OpenWindow) {
        let now = self.now;
        let known = self.launched_after.get(&order.spec.launch).copied();
        let Some(before) = self.agents.get_mut(&order.agent) else {
            return;
        };
        before.starts.retain(|at| now.since(*at) < BREAKER);
        let (starts, again) = (
            before.starts.len(),
            matches!(order.open_in, OpenIn::Pane(_)),
        );
        let alive = before.alive && before.window && !before.untold && known == Some(before.launch);
        if alive && !again {
            let text = format!("{} is opened a second time", order.role);
            self.breaks(text);
        }
        if starts >= STARTS_MAX {
            self.breaks(format!("{} is started too often", order.role));
        }
    }

    fn close(&mut self, id: AgentId, pane: torch_core::PaneId) {
        let failed = self.chance(self.faults.tmux, 20);
        if let Some(agent) = self.agents.get_mut(&id) {
            // Whatever ran is ended with its processes, wherever it was.
            agent.end();
            agent.window &= agent.address.pane != pane && agent.untold;
        }
        let result = match failed {
            true => Err("tmux did not answer in time".to_owned()),
            false => Ok(()),
        };
        self.note(|| format!("{} is closed: {result:?}", id.short()));
        self.answer(Event::Closed {
            agent: id,
            result,
            log: None,
        });
    }

    /// What tmux was asked before comes first, however late.
    fn pastes_before(&mut self) {
        let late = self.due.iter();
        let late = late.filter(|(_, (_, due))| matches!(due, Due::LatePaste(..)));
        let keys: Vec<_> = late.map(|(key, _)| *key).collect();
        for key in keys {
            if let Some((_, Due::LatePaste(agent, pid, text))) = self.due.remove(&key) {
                self.late_paste(agent, pid, &text);
            }
        }
    }

    /// What tmux and the transcripts answer.
    fn at_the_panes(&mut self, effect: Effect) {
        if self.faults.tmux {
            self.pastes_before();
        }
        match effect {
            Effect::ListPanes { listing } => {
                let panes = self.agents.values().filter(|a| a.window).map(pane_fact);
                let panes = panes.chain(self.foreign.iter().cloned()).collect();
                self.answer(Event::Panes { listing, panes });
            }
            Effect::Probe {
                agent,
                purpose,
                pane,
                process,
            } => {
                let failed = self.chance(self.faults.tmux, 30);
                let seen = self.agent_in(pane);
                let alive = |a: &SimAgent| a.alive && Some(a.process()) == process;
                let fact = ProbeFact {
                    pane: seen.map(pane_fact),
                    title: String::new(),
                    screen: seen.map(SimAgent::screen).unwrap_or_default(),
                    process_alive: seen.is_some_and(alive),
                };
                let result = match failed {
                    true => Err(torch_daemon::event::LookError::Failed {
                        pane,
                        cause: "tmux did not answer in time".to_owned(),
                    }),
                    false => Ok(Box::new(fact)),
                };
                self.answer(Event::Probed {
                    agent,
                    purpose,
                    result,
                });
            }
            Effect::Paste {
                message,
                guard,
                text,
                inbox,
            } => self.paste(message, guard, text, inbox),
            Effect::Press {
                message,
                guard,
                line_end,
                ..
            } => self.press(message, guard, line_end),
            Effect::ReadTranscript { message, path } => {
                let launch = path.file_name().map(|name| name.to_string_lossy());
                let launch = launch.and_then(|name| name.parse().ok());
                let found = launch.is_some_and(|launch| {
                    let held = self
                        .agents
                        .values()
                        .filter_map(|a| a.transcripts.get(&launch));
                    held.into_iter().any(|held| held.contains(&message.tag()))
                });
                self.answer(Event::Transcript { message, found });
            }
            _ => {}
        }
    }

    fn paste(
        &mut self,
        message: MessageId,
        guard: TypingGuard,
        text: String,
        inbox: Option<InboxFile>,
    ) {
        let recipient = self.store.messages.get(&message);
        let recipient = recipient.and_then(|row| row.recipient.agent());
        if let Some((file, agent)) = inbox.zip(recipient) {
            if self.chance(self.faults.refusals, 4) {
                let error = torch_daemon::event::PasteError::NotBegun {
                    file: file.file.display().to_string(),
                    cause: "no space left".to_owned(),
                };
                self.note(|| format!("{} {error}", message.tag()));
                let result = Err(error);
                return self.answer(Event::Pasted { message, result });
            }
            if let Some(agent) = self.agents.get_mut(&agent) {
                agent.files.insert(file.file.display().to_string());
            }
        }
        let lie = self.random.u32(..1000);
        let lies = self.faults.tmux && !self.calm;
        let now = self.now;
        let outcome = match self.guarded(guard) {
            // It is gone on the way, or comes late, and tmux says that it failed; or that it did not.
            Some(_) if lies && lie < 15 => None,
            Some(agent) if lies && lie < 30 => {
                let (id, pid) = (agent.id, agent.address.pid);
                let delay = self.random.u64(0..3_000);
                self.later(delay, Due::LatePaste(id, pid, text));
                None
            }
            Some(agent) => {
                if !lies || lie >= 40 {
                    agent.paste(&text);
                }
                agent.input = agent.input.min(now);
                Some(Outcome::Applied)
            }
            None => Some(Outcome::Refused),
        };
        self.note(|| format!("{} paste {outcome:?} ({lie})", message.tag()));
        let lost = || torch_daemon::event::PasteError::Unknown {
            pane: guard.pane,
            cause: "tmux did not answer".to_owned(),
        };
        let result = outcome.ok_or_else(lost);
        self.answer(Event::Pasted { message, result });
    }

    /// A paste arrives that tmux said had failed.
    pub(crate) fn late_paste(&mut self, agent: AgentId, pid: u32, text: &str) {
        if let Some(agent) = self.agents.get_mut(&agent)
            && agent.address.pid == pid
            && agent.window
        {
            agent.paste(text);
        }
        self.note(|| "a late paste arrives".to_owned());
    }

    fn press(&mut self, message: MessageId, guard: TypingGuard, line_end: Option<String>) {
        let now = self.now;
        let turn = self.one_turn();
        let (lie, lies) = (self.random.u32(..1000), self.faults.tmux && !self.calm);
        let outcome = match self.guarded(guard) {
            Some(agent) => {
                let screen = String::from_utf8_lossy(&agent.screen()).into_owned();
                if line_end.is_none_or(|end| screen.lines().any(|line| line.ends_with(&end))) {
                    // A mode would eat the key, so tmux leaves it first, in the same breath.
                    agent.in_mode = false;
                    if !lies || lie >= 20 {
                        agent.enter(now, turn);
                    }
                    Some(Outcome::Applied)
                } else {
                    Some(Outcome::Refused)
                }
            }
            None => Some(Outcome::Refused),
        };
        let outcome = outcome.filter(|_| !lies || !(10..30).contains(&lie));
        self.note(|| format!("{} enter {outcome:?} ({lie})", message.tag()));
        let lost = || torch_daemon::event::KeyError::Unknown {
            key: "Enter".to_owned(),
            pane: guard.pane,
            cause: "tmux did not answer".to_owned(),
        };
        let result = outcome.ok_or_else(lost);
        self.answer(Event::Pressed { message, result });
    }

    /// What the next prompt begins.
    pub(crate) fn one_turn(&mut self) -> Turn {
        let millis = match self.site {
            // Work on a real repository takes its time.
            Some(_) => self.random.u64(15_000..240_000),
            None => self.random.u64(5..400),
        };
        let roll = self.random.u32(..1000);
        match roll {
            0..20 if self.faults.crashes && !self.calm => Turn::Dies,
            20..35 if self.faults.programs && !self.calm => Turn::Hangs,
            35..60 if self.faults.programs && !self.calm => {
                Turn::Limited(millis * 100, roll.is_multiple_of(2))
            }
            60..260 if self.faults.limits && !self.calm => {
                Turn::Limited(millis * 100, roll.is_multiple_of(2))
            }
            260..700 => Turn::Uses(millis, self.hook_end()),
            _ => Turn::Ends(millis),
        }
    }

    /// How the hook of a tool goes.
    fn hook_end(&mut self) -> HookEnd {
        let roll = self.random.u32(..100);
        match roll {
            0..8 if self.faults.crashes && !self.calm => HookEnd::TookOnly,
            8..16 if self.faults.crashes && !self.calm => HookEnd::ReadUnsaid,
            16..24 if self.faults.crashes && !self.calm => HookEnd::SaidOnly,
            _ => HookEnd::Read,
        }
    }

    fn start_server(&mut self) {
        if !self.server {
            self.server = true;
            self.servers += 1;
            self.note(|| "the tmux server starts".to_owned());
        }
        let pid = TMUX_PID + self.servers;
        self.answer(Event::TmuxUp {
            version: "3.3a".into(),
            pid,
        });
    }
}

fn project() -> ProjectFacts {
    ProjectFacts {
        installed: Vec::new(),
        root: "/project".into(),
        common_dir: "/project/.git".into(),
        branch: Some("main".into()),
        head: "0".repeat(40),
        worktree_bytes: 1,
        sessions: Vec::new(),
        rules: None,
    }
}

fn spec() -> SpecFacts {
    SpecFacts {
        path: "/project/spec.md".into(),
        text: "- one".into(),
        sha256: String::new(),
    }
}

fn work() -> WorkFacts {
    WorkFacts {
        head: "0".repeat(40),
        head_at: None,
        branch: Some("main".into()),
        ahead: 1,
        commits: vec!["00000000 one".into()],
        dirty: false,
        changed: 0,
        checkpoints: Vec::new(),
    }
}

pub(crate) fn pane_fact(agent: &SimAgent) -> PaneFact {
    PaneFact {
        address: agent.address,
        session_name: "project".into(),
        window_index: 0,
        pane_index: 0,
        dead: false,
        wrapper: true,
        in_mode: agent.in_mode,
        no_input: false,
        attached: 1,
        live: agent.marked.then_some(agent.launch),
        agent: Some(agent.id),
        is_shell: false,
        is_opened: false,
        window_name: String::new(),
        input: agent.input,
    }
}
