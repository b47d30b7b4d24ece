//! What keys and pastes do: to the dialog where one is open, to the composer otherwise.

use serde_json::json;
use torch_core::Timestamp;

use super::{Agent, Effect, Event, Key, Phase};
use crate::composer::{Composer, Enter};
use crate::record::LedgerEntry;

impl Agent {
    /// Keys and pastes; before the composer is there they wait, as in the terminal's own buffer.
    pub(super) fn input(&mut self, now: Timestamp, event: Event) {
        match self.phase {
            Phase::Starting { .. } => self.held.push(event),
            Phase::Ready { .. } if !self.scenario.ignore_input => match event {
                Event::Keys(keys) => self.keys(now, &keys),
                Event::Paste(text) => self.paste(&text),
                Event::Tick
                | Event::Drawn
                | Event::Note(_)
                | Event::Job { .. }
                | Event::HooksRan { .. } => {}
            },
            Phase::Ready { .. } | Phase::Hung => {}
        }
    }

    fn keys(&mut self, now: Timestamp, keys: &[Key]) {
        for key in keys {
            if self.dialog().is_some() {
                self.dialog_key(now, *key, keys.len() == 1);
            } else {
                self.composer_key(now, *key);
            }
        }
    }

    fn paste(&mut self, text: &str) {
        // A dialog swallows it (measured: Claude Code 2.1.197 and 2.1.329).
        if self.dialog().is_some() {
            return;
        }
        let cut = self.scenario.cut_paste.unwrap_or(usize::MAX);
        let text: String = text.chars().take(cut).collect();
        self.edit(|composer| composer.paste(&text));
    }

    /// Changes the composer; a change of something that stood there already is recorded.
    fn edit(&mut self, change: impl FnOnce(&mut Composer)) {
        let before = self.composer.text();
        change(&mut self.composer);
        let text = self.composer.text();
        if !before.is_empty() && text != before {
            self.out
                .push(Effect::Ledger(LedgerEntry::DraftChanged { text }));
        }
    }

    fn composer_key(&mut self, now: Timestamp, key: Key) {
        if key != Key::Interrupt {
            self.exit_armed = None;
        }
        match key {
            Key::Enter => {
                if let Enter::Submit(text) = self.composer.enter() {
                    self.submit(now, text);
                }
            }
            Key::Esc => self.interrupt(now),
            Key::Interrupt => self.ctrl_c(now),
            Key::Char(c) => self.edit(|composer| composer.insert(c)),
            Key::Backspace => self.edit(Composer::backspace),
            Key::Delete => self.edit(Composer::delete),
            Key::ClearLine => self.edit(Composer::clear_line),
            Key::Left => self.composer.left(),
            Key::Right => self.composer.right(),
            Key::Up => self.composer.up(),
            Key::Down => self.composer.down(),
            Key::Home => self.composer.home(),
            Key::End => self.composer.end(),
        }
    }

    fn ctrl_c(&mut self, now: Timestamp) {
        if self.turn.is_some() {
            self.interrupt(now);
        } else if !self.composer.is_empty() {
            self.edit(Composer::clear);
        } else if self.exit_armed.is_some() {
            self.exit();
        } else {
            self.exit_armed = Some(now);
        }
    }

    pub(super) fn exit(&mut self) {
        self.hook("SessionEnd", json!({"reason": "prompt_input_exit"}));
        self.out.push(Effect::Exit);
    }
}
