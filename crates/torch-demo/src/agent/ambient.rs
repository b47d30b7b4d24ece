//! Dialogs that open by themselves, in turns and between them, as a task in the background would open them.
//!
//! They report nothing through hooks: whoever types must see them on the screen.

use std::time::Duration;

use torch_core::Timestamp;

use super::{Agent, Dialog};
use crate::record::LedgerEntry;
use crate::scenario::Ambient;
use crate::step::Tool;

/// The state of such dialogs.
#[derive(Debug)]
pub(super) struct Background {
    plan: Ambient,
    random: u64,
    left: u32,
    /// When the next one opens, or the open one closes.
    due: Timestamp,
    opened: Timestamp,
    pub(super) open: Option<Dialog>,
}

impl Background {
    pub(super) fn new(plan: Ambient, now: Timestamp) -> Self {
        let mut new = Self {
            random: plan.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            left: plan.count,
            due: now,
            opened: now,
            open: None,
            plan,
        };
        new.due = now.after(new.pick(new.plan.pause_ms));
        new
    }

    pub(super) fn deadline(&self) -> Option<Timestamp> {
        (self.open.is_some() || self.left > 0).then_some(self.due)
    }

    /// A time of the range, by a small generator (xorshift64), so that a seed gives the same dialogs.
    fn pick(&mut self, [from, to]: [u64; 2]) -> Duration {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        Duration::from_millis(from + self.random % (to.saturating_sub(from) + 1))
    }
}

impl Agent {
    /// Opens or closes a dialog of the background where it is time to; a closed one counts as refused.
    pub(super) fn run_background(&mut self, now: Timestamp) {
        let in_turn = self.turn.as_ref().is_some_and(super::Turn::is_asking);
        let Some(background) = &mut self.background else {
            return;
        };
        if in_turn || background.deadline().is_none_or(|due| now < due) {
            return;
        }
        match background.open.take() {
            Some(dialog) => {
                background.due = now.after(background.pick(background.plan.pause_ms));
                let entry = LedgerEntry::Refused {
                    tool: dialog.tool.tool,
                };
                self.out.push(super::Effect::Ledger(entry));
            }
            None => {
                background.left -= 1;
                background.opened = now;
                background.due = now.after(background.pick(background.plan.open_ms));
                let tool = Tool {
                    tool: "Bash".to_owned(),
                    command: Some("rm -r x".to_owned()),
                };
                background.open = Some(Dialog { tool, row: 0 });
            }
        }
    }

    /// The dialog on the screen: the turn's own, or one of the background.
    pub(crate) fn dialog(&self) -> Option<&Dialog> {
        let of_turn = self.turn.as_ref().and_then(super::Turn::dialog);
        of_turn.or_else(|| self.background.as_ref()?.open.as_ref())
    }

    /// [`Agent::dialog`], to be changed.
    pub(super) fn dialog_mut(&mut self) -> Option<&mut Dialog> {
        let of_turn = self.turn.as_mut().and_then(super::Turn::dialog_mut);
        of_turn.or_else(|| self.background.as_mut()?.open.as_mut())
    }

    /// Closes the open dialog of the background, answered by a key.
    pub(super) fn answer_background(&mut self, now: Timestamp, approved: bool) {
        let Some(background) = &mut self.background else {
            return;
        };
        let Some(dialog) = background.open.take() else {
            return;
        };
        background.due = now.after(background.pick(background.plan.pause_ms));
        let open_ms = u64::try_from(now.since(background.opened).as_millis()).ok();
        let tool = dialog.tool.tool;
        self.out.push(super::Effect::Ledger(if approved {
            LedgerEntry::Approved { tool, open_ms }
        } else {
            LedgerEntry::Refused { tool }
        }));
    }
}
