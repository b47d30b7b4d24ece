//! The permission dialog. As measured on Claude Code: it swallows text, Enter takes the marked row, which is
//! `Yes` at first, a digit that comes alone acts at once, Escape refuses.

use serde_json::json;
use torch_core::Timestamp;

use super::{Agent, Effect, Key, Look, Wait};
use crate::record::LedgerEntry;
use crate::step::Tool;

/// An open dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dialog {
    /// What it asks for.
    pub tool: Tool,
    /// The marked row, 0 for `Yes`, 1 for `No`.
    pub row: usize,
}

impl Agent {
    pub(super) fn open_dialog(&mut self, tool: Tool) {
        let fields = json!({"tool_name": tool.tool, "tool_input": {"command": tool.command}});
        self.hook("PreToolUse", fields.clone());
        self.hook("PermissionRequest", fields);
        self.wait(Wait::Dialog(Dialog { tool, row: 0 }));
    }

    pub(super) fn dialog_key(&mut self, now: Timestamp, key: Key, alone: bool) {
        let Some(dialog) = self.dialog_mut() else {
            return;
        };
        match key {
            Key::Up => dialog.row = 0,
            Key::Down => dialog.row = 1,
            Key::Enter if dialog.row == 0 => self.approve(now),
            Key::Char('1') if alone => self.approve(now),
            Key::Char('2') if alone => self.refuse(now),
            Key::Enter | Key::Esc | Key::Interrupt => self.refuse(now),
            _ => {}
        }
    }

    fn close(&mut self) -> Option<Tool> {
        let turn = self.turn.as_mut()?;
        match std::mem::replace(&mut turn.wait, Wait::Nothing) {
            Wait::Dialog(dialog) => Some(dialog.tool),
            other => {
                turn.wait = other;
                None
            }
        }
    }

    fn approve(&mut self, now: Timestamp) {
        let Some(tool) = self.close() else {
            self.answer_background(now, true);
            return;
        };
        let entry = LedgerEntry::Approved {
            tool: tool.tool.clone(),
            open_ms: None,
        };
        self.out.push(Effect::Ledger(entry));
        self.print(Look::Detail, &format!("{} was allowed", tool.tool));
        self.did(format!("used {}", tool.tool));
        self.tool_ended(&tool.tool, tool.command.as_deref());
    }

    /// A refusal stops the turn and fires no hook.
    fn refuse(&mut self, now: Timestamp) {
        let Some(tool) = self.close() else {
            self.answer_background(now, false);
            return;
        };
        let entry = LedgerEntry::Refused { tool: tool.tool };
        self.out.push(Effect::Ledger(entry));
        let note = "[Request interrupted by user for tool use]";
        self.out.push(Effect::User(note.to_owned()));
        self.print(
            Look::Detail,
            "Interrupted · What should the demo do instead?",
        );
        self.turn = None;
        self.next_in_queue(now);
    }
}
