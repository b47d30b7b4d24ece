//! Looking at panes: the listing of all, one pane with its screen, and its history.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use tmux_interface::{CapturePane, ListPanes};
use torch_core::PaneId;

use crate::capture::Captured;
use crate::encode::{Line, Words};
use crate::error::SessionError;
use crate::row::{self, PaneRow};
use crate::server::Server;

/// One pane and its visible screen at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// The pane; absent when it is gone.
    pub row: Option<PaneRow>,
    /// The visible screen with its colours as escape sequences, a newline after each line, trailing spaces left out.
    /// In copy mode it is the screen below. Empty when the pane is gone.
    pub screen: Vec<u8>,
    /// The cursor; absent when the pane is gone.
    pub cursor: Option<Cursor>,
}

/// A program's cursor on its screen, counted from 0 at the top left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The column.
    pub column: u32,
    /// The line.
    pub line: u32,
    /// Whether the program shows it.
    pub visible: bool,
}

/// Whether a capture keeps colours and attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaptureStyle {
    /// Text alone.
    Plain,
    /// With escape sequences for colours and attributes.
    Escapes,
}

impl Server {
    /// All panes of all sessions but torch's own `_torch`, in one round trip.
    ///
    /// # Errors
    /// [`SessionError::Disconnected`], [`SessionError::NoAnswer`] or tmux's refusal.
    pub async fn list_panes(&self) -> Result<Vec<PaneRow>, SessionError> {
        let nonce = self.nonce();
        let list = ListPanes::new().all().format(row::format(&nonce));
        let blocks = self.ask("list-panes", &Line::of(list.build())).await?;
        let data = blocks.first().map_or(&[][..], |block| &block.data);
        let mut rows = row::read(&nonce, data);
        rows.retain(|row| row.address.session != self.shared.facts.keeper);
        Ok(rows)
    }

    /// One pane, its screen and its cursor, all of the same moment, in one round trip.
    ///
    /// # Errors
    /// [`SessionError::Disconnected`], [`SessionError::NoAnswer`], an unreadable answer, or tmux's refusal; a pane
    /// that is gone is no error.
    pub async fn probe(&self, pane: PaneId) -> Result<Probe, SessionError> {
        const COMMAND: &str = "list-panes";
        let nonce = self.nonce();
        let target = pane.to_string();
        let list = ListPanes::new()
            .format(row::format(&nonce))
            .filter(row::only(pane))
            .target(&target);
        let cursor = Words::named("display-message")
            .arg("-p")
            .option("-t", &target)
            .arg("#{cursor_x} #{cursor_y} #{cursor_flag}");
        let screen = CapturePane::new().escape_sequences().target_pane(&target);
        let captured = Captured::new(self);
        let line = captured.line(Line::of(list.build()).then(cursor), screen);
        let blocks = match self.ask(COMMAND, &line).await {
            Err(SessionError::Refused { message, .. }) if is_gone(&message) => {
                return Ok(Probe {
                    row: None,
                    screen: Vec::new(),
                    cursor: None,
                });
            }
            other => other?,
        };
        let [list, cursor, screen @ ..] = blocks.as_slice() else {
            return Err(Self::unreadable(COMMAND, b"another number of blocks"));
        };
        let row = row::read(&nonce, &list.data)
            .into_iter()
            .next()
            .ok_or_else(|| Self::unreadable(COMMAND, &list.data))?;
        let cursor = read_cursor(cursor.text())
            .ok_or_else(|| Self::unreadable("display-message", cursor.text()))?;
        Ok(Probe {
            row: Some(row),
            screen: captured.read(screen)?,
            cursor: Some(cursor),
        })
    }

    /// The working directory of a pane's foreground process, as tmux sees it.
    ///
    /// # Errors
    /// As for [`Self::capture`].
    pub async fn pane_path(&self, pane: PaneId) -> Result<PathBuf, SessionError> {
        let show = Words::named("display-message")
            .arg("-p")
            .option("-t", pane.to_string())
            .arg("#{pane_current_path}");
        let blocks = self.ask("display-message", &Line::of(show)).await?;
        let text = blocks.first().map_or(&[][..], |block| block.text());
        Ok(PathBuf::from(OsStr::from_bytes(text)))
    }

    /// All that a pane still has, as text, wrapped lines joined: its history, what stands below a full-screen program, its screen.
    ///
    /// # Errors
    /// As for [`Self::capture`].
    pub async fn capture_all(&self, pane: PaneId) -> Result<Vec<u8>, SessionError> {
        const COMMAND: &str = "capture-pane";
        // Printed directly, as it is done once in an agent's life and quiet captures fill no buffer.
        let whole = || {
            let capture = CapturePane::new().stdout().join();
            capture.target_pane(pane.to_string())
        };
        let show = Words::named("display-message")
            .arg("-p")
            .option("-t", pane.to_string())
            .arg("#{alternate_on} #{history_size}");
        let line = Line::of(show)
            .then(whole().start_line("-").end_line("-1").build())
            // Quiet where there is none.
            .then(whole().alternate_screen().quiet().build())
            .then(whole().build());
        let blocks = self.ask(COMMAND, &line).await?;
        let mut blocks = blocks.into_iter().map(|block| block.data);
        let mut part = || blocks.next().unwrap_or_default();
        let (seen, mut text, below, screen) = (part(), part(), part(), part());
        let seen = String::from_utf8_lossy(&seen);
        let (alternate, history) = seen.trim().split_once(' ').unwrap_or_default();
        if history == "0" {
            // Line -1 was the screen's first.
            text.clear();
        }
        if alternate == "1" {
            text.extend_from_slice(below.trim_ascii_end());
            text.push(b'\n');
        }
        text.extend_from_slice(&screen);
        Ok(text)
    }

    /// A pane's visible screen, and with `history_lines` that many lines of its history before it. Lines are the
    /// screen's own: a wrapped text stays wrapped. Full-screen programs leave no history.
    ///
    /// # Errors
    /// [`SessionError::Refused`] when the pane is gone, and as for [`Self::probe`].
    pub async fn capture(
        &self,
        pane: PaneId,
        history_lines: Option<u32>,
        style: CaptureStyle,
    ) -> Result<Vec<u8>, SessionError> {
        let mut capture = CapturePane::new().target_pane(pane.to_string());
        if let Some(lines) = history_lines {
            capture = capture.start_line(format!("-{lines}"));
        }
        if style == CaptureStyle::Escapes {
            capture = capture.escape_sequences();
        }
        let captured = Captured::new(self);
        let line = captured.line(Line::default(), capture);
        captured.read(&self.ask("capture-pane", &line).await?)
    }
}

/// Whether tmux's refusal means that the target does not exist (any more).
pub(crate) fn is_gone(message: &str) -> bool {
    ["can't find pane", "can't find window", "can't find session"]
        .iter()
        .any(|words| message.starts_with(words))
}

fn read_cursor(text: &[u8]) -> Option<Cursor> {
    let text = std::str::from_utf8(text).ok()?;
    let mut words = text.split(' ');
    Some(Cursor {
        column: words.next()?.parse().ok()?,
        line: words.next()?.parse().ok()?,
        visible: words.next()? == "1",
    })
}
