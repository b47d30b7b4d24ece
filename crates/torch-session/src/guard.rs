//! Typing into a pane under a guard: tmux checks that the pane is still the one that was looked at, and acts, in one
//! pass over its queue. Nothing can come between.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use tmux_interface::{CopyMode, DeleteBuffer, ListBuffers, PasteBuffer};
use torch_core::{LaunchId, PaneId};

use crate::encode::{Line, Words, literal};
use crate::error::SessionError;
use crate::protocol::Block;
use crate::row::LIVE;
use crate::server::Server;

/// What torch's buffers are named after.
pub(crate) const BUFFER_PREFIX: &str = "torch-";

/// Up to here a text goes in the command itself, which saves the file; tmux needs about 0.5 us a byte to read it
/// (measured: 1 MB 467 ms, against 2 ms from a file), and does nothing else meanwhile.
const INLINE_MAX: usize = 16 << 10;

/// How much of a line is compared, in characters.
const LINE_MAX: usize = 120;

/// Which pane may be typed into: this pane, with this first process, whose program of this launch lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guard {
    /// The pane.
    pub pane: PaneId,
    /// The pid of its first process.
    pub pid: u32,
    /// The launch that the pane option `@torch_live` must name.
    pub live: LaunchId,
}

/// What came of a guarded act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a refused act did not happen"]
pub enum Guarded {
    /// The guard held, and tmux did it.
    Applied,
    /// The guard did not hold, and nothing happened.
    Refused,
}

impl Guard {
    /// The guard as a format that is true only if everything holds. It is positive on purpose: a missing pane makes
    /// every variable empty, which must mean no. Dead panes are refused because a paste into one crashes tmux 3.3a;
    /// synchronised ones because the Enter would go to all.
    fn condition(&self) -> String {
        let Self { pane, pid, live } = self;
        format!(
            "#{{==:#{{pane_id}}|#{{pane_pid}}|#{{pane_dead}}#{{pane_input_off}}#{{pane_synchronized}}|#{{{LIVE}}},\
             {pane}|{pid}|000|{live}}}"
        )
    }
}

impl Server {
    /// Pastes bytes into a pane, exactly and in one piece, in brackets if its program asked for bracketed paste. A
    /// person's copy mode is left first, because a paste in copy mode has no brackets. `buffer` names the text inside
    /// tmux (`[A-Za-z0-9_-]`, one paste at a time for each name); texts over 16 kB or with NUL bytes go through a
    /// file of mode 0600 in `staging_dir`, which must be an absolute path that the tmux server can read.
    ///
    /// [`Guarded::Applied`] means that tmux passed the bytes on, not that the program read them.
    ///
    /// # Errors
    /// [`SessionError::Unusable`] for an empty text or another buffer name, [`SessionError::Staging`],
    /// [`SessionError::Refused`] if tmux refused (nothing was pasted), [`SessionError::NoAnswer`] and
    /// [`SessionError::Disconnected`] (whether it was pasted is unknown).
    pub async fn paste(
        &self,
        guard: &Guard,
        buffer: &str,
        bytes: &[u8],
        staging_dir: &Path,
    ) -> Result<Guarded, SessionError> {
        let name = buffer_name(buffer)?;
        if bytes.is_empty() {
            return Err(SessionError::Unusable {
                role: "a text to paste",
                value: String::new(),
            });
        }
        let staged = if bytes.len() > INLINE_MAX || bytes.contains(&0) {
            Some(Staged::write(staging_dir, &name, bytes)?)
        } else {
            None
        };
        let load = match &staged {
            Some(file) => Words::named("load-buffer")
                .option("-b", &name)
                .arg("--")
                .arg(literal(file.0.as_os_str().as_bytes())),
            None => Words::named("set-buffer")
                .option("-b", &name)
                .arg("--")
                .arg(bytes),
        };
        let drop_buffer = DeleteBuffer::new().buffer_name(&name).build();
        let done = self.guarded("paste-buffer", |verdicts| {
            Line::of(load).then_if(
                &guard.pane.to_string(),
                &guard.condition(),
                &Line::of(leave_mode(guard.pane))
                    .then(self.paste_words(guard.pane, &name))
                    .then(verdicts.applied()),
                &Line::of(drop_buffer).then(verdicts.refused()),
            )
        });
        let done = done.await;
        if matches!(done, Err(SessionError::Refused { .. })) {
            self.delete_buffers(&format!("#{{==:#{{buffer_name}},{name}}}"))
                .await?;
        }
        done
    }

    /// Presses one key (a tmux key name such as `Enter` or `C-c`). A person's copy mode is left first: it would eat
    /// the key. With `line_end` the guard also demands that a line of the visible screen ends with this text
    /// (`[A-Za-z0-9/-]`, then perhaps one `]`) at that very moment: what somebody types behind it, or a dialog drawn over
    /// it, makes it a refusal.
    ///
    /// # Errors
    /// [`SessionError::Unusable`] for another key or text, and as for [`Self::paste`].
    pub async fn press(
        &self,
        guard: &Guard,
        key: &str,
        line_end: Option<&str>,
    ) -> Result<Guarded, SessionError> {
        let mut patterns = Vec::new();
        if let Some(text) = line_end {
            let (word, close) = text
                .strip_suffix(']')
                .map_or((text, ""), |word| (word, "[]]"));
            check("a text to look for", word, |byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-')
            })?;
            patterns.push(format!("{word}{close}$"));
        }
        self.press_where(guard, key, &patterns).await
    }

    /// [`Self::press`], if each of `lines` stands on the visible screen at that very moment, from its left edge: a dialog that has
    /// closed, or that another one has replaced, makes it a refusal. The first 120
    /// characters of a line are compared; ASCII other than letters, digits and blanks counts as any character there, since tmux's formats give it a meaning.
    ///
    /// # Errors
    /// [`SessionError::Unusable`] for another key, and as for [`Self::paste`].
    pub async fn press_while(
        &self,
        guard: &Guard,
        key: &str,
        lines: &[String],
    ) -> Result<Guarded, SessionError> {
        let patterns: Vec<String> = lines.iter().map(|line| line_pattern(line)).collect();
        self.press_where(guard, key, &patterns).await
    }

    /// Presses a key if each of these regular expressions fits a line of the visible screen.
    async fn press_where(
        &self,
        guard: &Guard,
        key: &str,
        patterns: &[String],
    ) -> Result<Guarded, SessionError> {
        check("a key", key, |byte| {
            byte.is_ascii_alphanumeric() || byte == b'-'
        })?;
        let condition = patterns.iter().fold(guard.condition(), |all, pattern| {
            format!("#{{&&:{all},#{{C/r:{pattern}}}}}")
        });
        let target = guard.pane.to_string();
        let send = Words::named("send-keys")
            .option("-t", &target)
            .arg("--")
            .arg(key);
        self.guarded("send-keys", |verdicts| {
            Line::default().then_if(
                &target,
                &condition,
                &Line::of(leave_mode(guard.pane))
                    .then(send)
                    .then(verdicts.applied()),
                &Line::of(verdicts.refused()),
            )
        })
        .await
    }

    /// Removes the texts that a torch before this one loaded and never pasted: named buffers are kept for ever.
    pub(crate) async fn delete_stale_buffers(&self) -> Result<(), SessionError> {
        self.delete_buffers(&format!("#{{m:{BUFFER_PREFIX}*,#{{buffer_name}}}}"))
            .await
    }

    async fn delete_buffers(&self, filter: &str) -> Result<(), SessionError> {
        let list = ListBuffers::new().format("#{buffer_name}").filter(filter);
        let blocks = self.ask("list-buffers", &Line::of(list.build())).await?;
        let names = blocks
            .iter()
            .flat_map(|block| block.data.split(|&byte| byte == b'\n'));
        for name in names.filter(|name| name.starts_with(BUFFER_PREFIX.as_bytes())) {
            let delete = Words::named("delete-buffer").option("-b", name);
            // It may have been pasted or removed meanwhile; a refusal is then no news.
            self.ask_all("delete-buffer", &Line::of(delete)).await?;
        }
        Ok(())
    }

    fn paste_words(&self, pane: PaneId, buffer: &str) -> Words {
        let paste = PasteBuffer::new()
            .bracket_codes()
            .no_replacement()
            .delete()
            .buffer_name(buffer)
            .target_pane(pane.to_string());
        let words = Words::from(paste.build());
        // From 3.7 on tmux replaces control characters in a paste unless told not to (its source, paste.c).
        if self.version().at_least(3, 7) {
            words.arg("-S")
        } else {
            words
        }
    }

    async fn guarded(
        &self,
        command: &'static str,
        line: impl FnOnce(&Verdicts) -> Line,
    ) -> Result<Guarded, SessionError> {
        let verdicts = Verdicts(self.nonce());
        let blocks = self.ask(command, &line(&verdicts)).await?;
        verdicts
            .read(&blocks)
            .ok_or_else(|| Self::unreadable(command, b"neither applied nor refused"))
    }
}

/// The two words that the branches print.
struct Verdicts(String);

impl Verdicts {
    fn applied(&self) -> Words {
        Words::named("display-message").option("-p", format!("{}applied", self.0))
    }

    fn refused(&self) -> Words {
        Words::named("display-message").option("-p", format!("{}refused", self.0))
    }

    fn read(&self, blocks: &[Block]) -> Option<Guarded> {
        let verdict = blocks
            .iter()
            .find_map(|block| block.text().strip_prefix(self.0.as_bytes()));
        match verdict? {
            b"applied" => Some(Guarded::Applied),
            b"refused" => Some(Guarded::Refused),
            _ => None,
        }
    }
}

fn leave_mode(pane: PaneId) -> Words {
    CopyMode::new()
        .cancel()
        .target_pane(pane.to_string())
        .build()
        .into()
}

/// A regular expression (POSIX, extended) for a line of the screen, harmless in a tmux format.
fn line_pattern(line: &str) -> String {
    let literal =
        |c: char| c.is_ascii_alphanumeric() || c == ' ' || !(c.is_ascii() || c.is_control());
    let shown = line.chars().take(LINE_MAX);
    let any = shown.map(|c| if literal(c) { c } else { '.' });
    std::iter::once('^').chain(any).collect()
}

fn buffer_name(buffer: &str) -> Result<String, SessionError> {
    check("a buffer's name", buffer, |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
    })?;
    Ok(format!("{BUFFER_PREFIX}{buffer}"))
}

fn check(role: &'static str, value: &str, plain: impl Fn(u8) -> bool) -> Result<(), SessionError> {
    if !value.is_empty() && value.len() <= 64 && value.bytes().all(plain) {
        return Ok(());
    }
    Err(SessionError::Unusable {
        role,
        value: value.chars().take(80).collect(),
    })
}

/// A text laid down for tmux to load, removed when dropped.
#[derive(Debug)]
struct Staged(PathBuf);

impl Staged {
    fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<Self, SessionError> {
        let path = folder.join(name);
        if !path.is_absolute() {
            return Err(SessionError::Unusable {
                role: "an absolute staging folder",
                value: folder.display().to_string(),
            });
        }
        let write = || -> io::Result<()> {
            // A file left by a crash goes; a link put there is not followed.
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)?
                .write_all(bytes)
        };
        match write() {
            Ok(()) => Ok(Self(path)),
            Err(source) => Err(SessionError::Staging { path, source }),
        }
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::warn!(path = %self.0.display(), %error, "staged text not removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_words_get_into_formats() {
        for name in ["m-7k3f9q2a", "01ARZ", "a_b"] {
            assert!(buffer_name(name).is_ok(), "{name}");
        }
        for name in ["", "a b", "a;b", "#{x}", "a\n", "ü", &"x".repeat(65)] {
            assert!(buffer_name(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_staged_text_is_private_and_goes() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("torch-x");
        fs::write(&path, "left by a crash").expect("a file");
        let staged = Staged::write(folder.path(), "torch-x", b"\0text").expect("staged");
        assert_eq!(fs::read(&path).expect("readable"), b"\0text");
        let mode = fs::metadata(&path).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        drop(staged);
        assert!(!path.exists());
        assert!(Staged::write(Path::new("relative"), "x", b"y").is_err());
    }
}
