//! The terminal: raw mode, keys and pastes in, frames out in one write each.

use std::io::{self, Write as _};
use std::sync::mpsc::Sender;
use std::time::Duration;

use crossterm::event::{Event as Raw, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, poll, read};
use crossterm::terminal::{disable_raw_mode, enable_raw_mode, size};

use crate::agent::{Event, Key};
use crate::layout::Frame;

/// The alternate screen, empty, and bracketed paste.
const ENTER: &str = "\x1b[?1049h\x1b[2J\x1b[H\x1b[?2004h";
const LEAVE: &str = "\x1b[?2026l\x1b[?2004l\x1b[?25h\x1b[?1049l";

/// What comes to the loop.
#[derive(Debug)]
pub(crate) enum Input {
    /// For the agent.
    Agent(Event),
    /// The terminal has another size now.
    Resized,
    /// Nothing more can be read from it.
    Closed,
}

/// The terminal in raw mode. It is *not* restored when this is dropped: a crash leaves the screen as it is.
#[derive(Debug)]
pub(crate) struct Terminal {
    shown: Option<Frame>,
}

impl Terminal {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// When standard input is no terminal or can't be written to.
    pub(crate) fn open() -> io::Result<Self> {
        enable_raw_mode()?;
        write(ENTER)?;
        Ok(Self { shown: None })
    }

    /// Its width and height.
    ///
    /// # Errors
    /// When the system does not tell.
    pub(crate) fn size(&self) -> io::Result<(usize, usize)> {
        let (width, height) = size()?;
        Ok((usize::from(width).max(1), usize::from(height).max(1)))
    }

    /// Forgets what is shown, so that the next frame is drawn whole.
    pub(crate) fn forget(&mut self) {
        self.shown = None;
    }

    /// Shows a frame, if it differs from what is shown.
    ///
    /// # Errors
    /// When the terminal can't be written to.
    pub(crate) fn show(&mut self, frame: Frame) -> io::Result<()> {
        if self.shown.as_ref() != Some(&frame) {
            write(&frame.update(self.shown.as_ref()))?;
            self.shown = Some(frame);
        }
        Ok(())
    }

    /// Gives the terminal back as it was.
    ///
    /// # Errors
    /// When it can't be written to.
    pub(crate) fn close(self) -> io::Result<()> {
        write(LEAVE)?;
        disable_raw_mode()
    }
}

fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Reads keys and pastes for good, keys that arrived together in one event.
pub(crate) fn read_input(inputs: &Sender<Input>) {
    while let Ok(first) = read() {
        let mut keys = Vec::new();
        let mut next = Some(first);
        while let Some(raw) = next {
            let other = match raw {
                Raw::Key(event) => {
                    keys.extend(key(event));
                    None
                }
                Raw::Paste(text) => Some(Input::Agent(Event::Paste(text))),
                Raw::Resize(..) => Some(Input::Resized),
                Raw::FocusGained | Raw::FocusLost | Raw::Mouse(_) => None,
            };
            if let Some(other) = other {
                flush(&mut keys, inputs);
                inputs.send(other).ok();
            }
            next = match poll(Duration::ZERO) {
                Ok(true) => read().ok(),
                _ => None,
            };
        }
        flush(&mut keys, inputs);
    }
    // The loop may be gone already.
    inputs.send(Input::Closed).ok();
}

fn flush(keys: &mut Vec<Key>, inputs: &Sender<Input>) {
    if !keys.is_empty() {
        // The loop may be gone already.
        inputs
            .send(Input::Agent(Event::Keys(std::mem::take(keys))))
            .ok();
    }
}

fn key(event: KeyEvent) -> Option<Key> {
    if event.kind == KeyEventKind::Release {
        return None;
    }
    let control = event.modifiers.contains(KeyModifiers::CONTROL);
    Some(match event.code {
        KeyCode::Char('c') if control => Key::Interrupt,
        KeyCode::Char('u') if control => Key::ClearLine,
        KeyCode::Char('a') if control => Key::Home,
        KeyCode::Char('e') if control => Key::End,
        KeyCode::Char(_) if control || event.modifiers.contains(KeyModifiers::ALT) => return None,
        KeyCode::Char(c) => Key::Char(c),
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Esc,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Delete => Key::Delete,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        _ => return None,
    })
}
