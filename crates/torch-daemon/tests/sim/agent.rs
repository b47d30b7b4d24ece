//! A simulated agent program: composer, dialog, turns, hooks, transcripts, and the ledger that is the oracle.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::hand_over::{Folder, HookEnd};
use serde_json::json;
use torch_core::spool::{SpoolEvent, SpoolRecord};
use torch_core::{AgentId, LaunchId, PaneAddress, PaneId, Process, SessionId, Timestamp, WindowId};

/// One submitted prompt, written down by the program before anything else.
#[derive(Debug, Clone)]
pub(crate) struct Prompt {
    pub(crate) text: String,
    pub(crate) launch: LaunchId,
    /// Whether torch pressed Enter, and not a person.
    pub(crate) by_torch: bool,
    /// Whether a long body's file lay there, where the prompt names one.
    pub(crate) file_there: bool,
    /// Whether a usage limit was in force that torch had been told of.
    pub(crate) limited: bool,
    /// How many turns had ended in a limit before.
    pub(crate) limits: u32,
}

/// How a launch goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Ready,
    NeverReady,
    ExitsAtOnce,
}

/// What the Enter begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    Ends(u64),
    /// After so long, with a tool that ends in its middle.
    Uses(u64, HookEnd),
    /// Until a person interrupts it.
    Hangs,
    /// The turn ends in a usage limit, which lasts so long; whether the program then goes on by itself.
    Limited(u64, bool),
    /// The program dies between the Enter and its record: the window of doubt W1.
    Dies,
}

/// One agent's pane and program.
#[derive(Debug)]
pub(crate) struct SimAgent {
    pub(crate) id: AgentId,
    pub(crate) launch: LaunchId,
    pub(crate) address: PaneAddress,
    pub(crate) alive: bool,
    pub(crate) window: bool,
    /// Whether the pane carries the mark of the launch.
    pub(crate) marked: bool,
    pub(crate) composer: String,
    pub(crate) draft: Option<String>,
    pub(crate) dialog: bool,
    pub(crate) in_mode: bool,
    pub(crate) busy_until: Option<Timestamp>,
    pub(crate) hangs: bool,
    /// When a tool of the turn ends, and how its hook does.
    tool: Option<(Timestamp, HookEnd)>,
    /// The hand-over folders of all its launches.
    pub(crate) folder: Folder,
    /// How many messages it read from there.
    pub(crate) handed_over: u64,
    /// A limit that the turn under way ends in.
    hitting: Option<(Timestamp, bool)>,
    /// The limit that was hit: when it is reset, and whether the program then goes on by itself.
    pub(crate) limit: Option<(Timestamp, bool)>,
    /// How many turns ended in a limit, and how many of those the program went on with by itself.
    pub(crate) limits: [u32; 2],
    /// By how many milliseconds the wall clock is ahead of the world's time.
    pub(crate) ahead: i64,
    /// The same when the last limit's reset was told. A clock that was set before torch read of it makes that time untrue.
    pub(crate) told_ahead: i64,
    pub(crate) mistold: bool,
    pub(crate) ready: bool,
    pub(crate) ledger: Vec<Prompt>,
    pub(crate) approved: u32,
    pub(crate) merged_drafts: u32,
    /// The tags in each launch's transcript.
    pub(crate) transcripts: BTreeMap<LaunchId, BTreeSet<String>>,
    pub(crate) files: BTreeSet<String>,
    pub(crate) spool: Vec<SpoolRecord>,
    /// How far this daemon has read the spool, and which daemon it was.
    pub(crate) read: usize,
    pub(crate) read_in: u64,
    /// When somebody last typed in its session.
    pub(crate) input: Timestamp,
    /// torch was told that its window was not opened, although it was.
    pub(crate) untold: bool,
    /// The program's starts since a person or the server's end last began anew.
    pub(crate) starts: Vec<Timestamp>,
}

impl SimAgent {
    pub(crate) fn new(id: AgentId, launch: LaunchId, number: u32) -> Self {
        let address = PaneAddress {
            session: SessionId(1),
            window: WindowId(number),
            pane: PaneId(number),
            pid: 10_000 + number,
        };
        Self {
            id,
            launch,
            address,
            alive: false,
            window: true,
            marked: true,
            composer: String::new(),
            draft: None,
            dialog: false,
            in_mode: false,
            busy_until: None,
            hangs: false,
            tool: None,
            folder: Folder::new(),
            handed_over: 0,
            hitting: None,
            limit: None,
            limits: [0; 2],
            ahead: 0,
            told_ahead: 0,
            mistold: false,
            ready: false,
            ledger: Vec::new(),
            approved: 0,
            merged_drafts: 0,
            transcripts: BTreeMap::new(),
            files: BTreeSet::new(),
            spool: Vec::new(),
            read: 0,
            read_in: 0,
            input: Timestamp(0),
            untold: false,
            starts: Vec::new(),
        }
    }

    /// What outlives a launch: the ledger, the transcripts, the worktree.
    pub(crate) fn inherit(&mut self, before: Self) {
        self.ledger = before.ledger;
        self.approved = before.approved;
        self.merged_drafts = before.merged_drafts;
        self.transcripts = before.transcripts;
        self.files = before.files;
        self.folder = before.folder;
        self.handed_over = before.handed_over;
        self.starts = before.starts;
        self.limits = before.limits;
        while self.transcripts.len() > 2 {
            self.transcripts.pop_first();
        }
    }

    pub(crate) fn process(&self) -> Process {
        Process {
            pid: self.address.pid + 50_000,
            start: 1,
        }
    }

    pub(crate) fn record(&mut self, at: Timestamp, event: SpoolEvent) {
        self.spool.push(SpoolRecord {
            at,
            launch: self.launch,
            event,
        });
    }

    pub(crate) fn hook(&mut self, at: Timestamp, payload: serde_json::Value) {
        self.record(at, SpoolEvent::Hook { payload });
    }

    pub(crate) fn start(&mut self, at: Timestamp, manner: Manner) {
        self.alive = true;
        let process = self.process();
        self.record(at, SpoolEvent::Started { process });
        match manner {
            Manner::Ready => self.get_ready(at),
            Manner::NeverReady => {}
            Manner::ExitsAtOnce => self.die(at, Some(1)),
        }
    }

    /// The first prompt is up.
    pub(crate) fn get_ready(&mut self, at: Timestamp) {
        self.ready = true;
        let transcript = format!("/transcript/{}", self.launch);
        self.hook(
            at,
            json!({"hook_event_name": "SessionStart", "transcript_path": transcript}),
        );
    }

    pub(crate) fn die(&mut self, at: Timestamp, status: Option<i32>) {
        if self.alive {
            self.end();
            let signal = status.is_none().then_some(9);
            self.record(at, SpoolEvent::Exited { status, signal });
        }
    }

    /// It is gone without a word.
    pub(crate) fn end(&mut self) {
        self.alive = false;
        self.marked = false;
        self.composer.clear();
        self.draft = None;
        self.dialog = false;
        self.busy_until = None;
        self.hangs = false;
        self.tool = None;
        self.limit = None;
        self.hitting = None;
    }

    /// The visible screen, as the demo agent draws it.
    pub(crate) fn screen(&self) -> Vec<u8> {
        let rule = "─".repeat(40);
        let mut lines = vec!["● hello".to_owned()];
        if !self.ready {
            lines.push("loading".into());
        } else if self.dialog {
            lines.extend([
                rule,
                " Do you want to proceed?".into(),
                " ❯ 1. Yes".into(),
                "   2. No".into(),
            ]);
            lines.extend([String::new(), " Esc to cancel".into()]);
        } else {
            lines.push(rule.clone());
            for (n, part) in self.composer.split('\n').enumerate() {
                lines.push(if n == 0 {
                    format!("❯\u{a0}{part}")
                } else {
                    format!("  {part}")
                });
            }
            lines.push(rule);
            let own = self.limit.filter(|(_, own)| *own && !self.in_turn());
            lines.push(match own {
                Some((until, _)) => {
                    let told = until.moved(self.ahead).0.div_ceil(1_000);
                    format!(
                        "  ⚠ Usage limit reached · limit resets |{told}\n    Continuing automatically at |{told}"
                    )
                }
                None if self.in_turn() => "  working · esc to interrupt".into(),
                None => "  ? for shortcuts".into(),
            });
        }
        let mut text = lines.join("\n");
        text.push('\n');
        text.into_bytes()
    }

    pub(crate) fn in_turn(&self) -> bool {
        self.busy_until.is_some() || self.hangs
    }

    pub(crate) fn paste(&mut self, text: &str) {
        // A dialog swallows what is typed; a dead program's wrapper throws it away.
        self.in_mode = false;
        if self.alive && self.ready && !self.dialog {
            self.composer.push_str(text);
        }
    }

    /// Enter: approves in a dialog, submits in the composer. The ledger first, then everything else.
    pub(crate) fn enter(&mut self, at: Timestamp, turn: Turn) {
        if !self.alive || !self.ready {
            return;
        }
        if self.dialog {
            self.approved += 1;
            self.dialog = false;
            return;
        }
        if self.composer.is_empty() {
            return;
        }
        if self.draft.take().is_some() {
            self.merged_drafts += 1;
        }
        self.submit(at, turn, true);
    }

    /// What stands in the composer is taken as a prompt.
    pub(crate) fn submit(&mut self, at: Timestamp, turn: Turn, by_torch: bool) {
        let text = std::mem::take(&mut self.composer);
        let file_there = named_file(&text).is_none_or(|file| self.files.contains(file));
        self.ledger.push(Prompt {
            text: text.clone(),
            launch: self.launch,
            by_torch,
            file_there,
            limited: !self.mistold && self.limit.is_some_and(|(until, _)| at < until),
            limits: self.limits[0],
        });
        if turn == Turn::Dies {
            return self.die(at, None);
        }
        let held = self.transcripts.entry(self.launch).or_default();
        held.extend(tags(&text).map(str::to_owned));
        self.hook(
            at,
            json!({"hook_event_name": "UserPromptSubmit", "prompt": text}),
        );
        // Before its reset every prompt ends in the limit.
        let still = self.limit.take().filter(|(until, _)| at < *until);
        if still.is_some() {
            self.busy_until = Some(at.after(Duration::from_millis(20)));
            self.hitting = still;
            return;
        }
        match turn {
            Turn::Ends(millis) => self.busy_until = Some(at.after(Duration::from_millis(millis))),
            Turn::Uses(millis, hook) => {
                self.busy_until = Some(at.after(Duration::from_millis(millis)));
                self.tool = Some((at.after(Duration::from_millis(millis / 2)), hook));
            }
            Turn::Limited(millis, own) => {
                self.busy_until = Some(at.after(Duration::from_millis(20)));
                self.hitting = Some((at.after(Duration::from_millis(millis)), own));
            }
            Turn::Hangs => self.hangs = true,
            Turn::Dies => {}
        }
    }

    /// torch reads these records now.
    pub(crate) fn is_read(&mut self, records: &[SpoolRecord]) {
        let tells = |record: &SpoolRecord| match &record.event {
            SpoolEvent::Hook { payload } => payload["hook_event_name"] == "StopFailure",
            _ => false,
        };
        self.mistold |= self.told_ahead != self.ahead && records.iter().any(tells);
    }

    /// Limits are reset somewhere else, where nobody sleeps.
    pub(crate) fn limit_comes_nearer(&mut self, millis: i64) {
        for limit in [&mut self.limit, &mut self.hitting].into_iter().flatten() {
            limit.0 = limit.0.moved(-millis);
        }
    }

    /// When something ends by itself next.
    pub(crate) fn next_end(&self) -> Option<Timestamp> {
        let own = self.limit.filter(|(_, own)| *own).map(|(until, _)| until);
        let tool = self.tool.map(|(at, _)| at);
        let at = tool.or(self.busy_until).or(own);
        at.filter(|_| self.alive && !self.dialog)
    }

    pub(crate) fn tick(&mut self, now: Timestamp) {
        if self.next_end().is_none_or(|at| at > now) {
            return;
        }
        if let Some((_, hook)) = self.tool.take() {
            return self.tool_ends(now, hook);
        }
        if self.busy_until.take().is_none() {
            // The limit's reset: the program goes on by itself.
            self.limit = None;
            self.limits[1] += 1;
            return self.hook(now, json!({"hook_event_name": "Stop"}));
        }
        match self.hitting.take() {
            Some((until, own)) => {
                self.limit = Some((until, own));
                self.limits[0] += 1;
                let told = until.moved(self.ahead).0.div_ceil(1_000);
                (self.told_ahead, self.mistold) = (self.ahead, false);
                self.hook(
                    now,
                    json!({"hook_event_name": "StopFailure", "error": "rate_limit",
                           "last_assistant_message": format!("usage limit reached|{told}")}),
                );
            }
            None => self.hook(now, json!({"hook_event_name": "Stop"})),
        }
    }
}

/// The tags of the messages in a prompt.
pub(crate) fn tags(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split("[torch ").skip(1);
    parts.filter_map(|part| part.split(' ').next())
}

/// The inbox file that a prompt sends its reader to.
pub(crate) fn named_file(text: &str) -> Option<&str> {
    let rest = text.split("] Read the file ").nth(1)?;
    rest.split(' ').next()
}
