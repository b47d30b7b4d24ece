//! A simulated agent program: composer, dialog, turns, hooks, transcript, and the ledger that is the oracle.

use serde_json::json;
use torch_core::spool::{SpoolEvent, SpoolRecord};
use torch_core::{AgentId, LaunchId, PaneAddress, PaneId, Process, SessionId, Timestamp, WindowId};

/// One agent's pane and program.
#[derive(Debug)]
pub(crate) struct SimAgent {
    pub(crate) id: AgentId,
    pub(crate) launch: LaunchId,
    pub(crate) address: PaneAddress,
    pub(crate) alive: bool,
    pub(crate) window: bool,
    pub(crate) composer: String,
    pub(crate) draft: Option<String>,
    pub(crate) dialog: bool,
    pub(crate) in_mode: bool,
    pub(crate) busy_until: Option<Timestamp>,
    pub(crate) ledger: Vec<String>,
    pub(crate) approved: u32,
    pub(crate) merged_drafts: u32,
    pub(crate) transcript: Vec<String>,
    pub(crate) spool: Vec<SpoolRecord>,
    /// How far this daemon has read the spool, and which daemon it was.
    pub(crate) read: usize,
    pub(crate) read_in: u64,
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
            composer: String::new(),
            draft: None,
            dialog: false,
            in_mode: false,
            busy_until: None,
            ledger: Vec::new(),
            approved: 0,
            merged_drafts: 0,
            transcript: Vec::new(),
            spool: Vec::new(),
            read: 0,
            read_in: 0,
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

    pub(crate) fn start(&mut self, at: Timestamp) {
        self.alive = true;
        let process = self.process();
        self.record(at, SpoolEvent::Started { process });
        let transcript = format!("/transcript/{}", self.id);
        self.hook(
            at,
            json!({"hook_event_name": "SessionStart", "transcript_path": transcript}),
        );
    }

    pub(crate) fn die(&mut self, at: Timestamp) {
        if self.alive {
            self.alive = false;
            self.record(
                at,
                SpoolEvent::Exited {
                    status: None,
                    signal: Some(9),
                },
            );
        }
    }

    /// The visible screen, as the demo agent draws it.
    pub(crate) fn screen(&self) -> Vec<u8> {
        let rule = "─".repeat(40);
        let mut lines = vec!["● hello".to_owned()];
        if self.dialog {
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
            let busy = self.busy_until.is_some();
            lines.push(
                if busy {
                    "  working · esc to interrupt"
                } else {
                    "  ? for shortcuts"
                }
                .into(),
            );
        }
        let mut text = lines.join("\n");
        text.push('\n');
        text.into_bytes()
    }

    pub(crate) fn paste(&mut self, text: &str) {
        // A dialog swallows what is typed; a dead program's wrapper throws it away.
        self.in_mode = false;
        if self.alive && !self.dialog {
            self.composer.push_str(text);
        }
    }

    /// Enter: approves in a dialog, submits in the composer. The ledger first, then everything else.
    pub(crate) fn enter(&mut self, at: Timestamp, turn_ms: u64, loses_hook: bool) {
        if !self.alive {
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
        let text = std::mem::take(&mut self.composer);
        if self.draft.take().is_some() {
            self.merged_drafts += 1;
        }
        self.ledger.push(text.clone());
        if loses_hook {
            // The program dies between the Enter and its record: the window of doubt W1.
            self.die(at);
            return;
        }
        self.transcript.push(text.clone());
        self.hook(
            at,
            json!({"hook_event_name": "UserPromptSubmit", "prompt": text}),
        );
        self.busy_until = Some(at.after(std::time::Duration::from_millis(turn_ms)));
    }

    pub(crate) fn tick(&mut self, now: Timestamp) {
        if self.alive && !self.dialog && self.busy_until.is_some_and(|until| until <= now) {
            self.busy_until = None;
            self.hook(now, json!({"hook_event_name": "Stop"}));
        }
    }
}
