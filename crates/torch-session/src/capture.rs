//! Captures by way of a buffer. tmux 3.3a never frees what `capture-pane -p` prints to a control client: as many bytes as the
//! screen has (measured: 3.8 kB for ten coloured lines, each time), for as long as the server lives. What it captures
//! into a buffer, shows and deletes leaves nothing behind. Other releases, whose way to show a buffer was not measured, print.

use tmux_interface::{CapturePane, DeleteBuffer, ShowBuffer};

use crate::encode::Line;
use crate::error::SessionError;
use crate::guard::BUFFER_PREFIX;
use crate::protocol::Block;
use crate::server::Server;

/// A capture that is on its way through a buffer of its own. All of it is one line, so that nothing sees the buffer in
/// between; one that a refusal left behind goes with the next connection.
#[derive(Debug)]
pub(crate) struct Captured {
    /// None where the server prints.
    buffer: Option<String>,
}

impl Captured {
    /// One with a buffer that nobody else has.
    pub(crate) fn new(server: &Server) -> Self {
        let leaks = server.version().leaks_captures();
        Self {
            buffer: leaks.then(|| format!("{BUFFER_PREFIX}{}", server.nonce())),
        }
    }

    /// `before`, then the commands; `capture` must name neither a buffer nor the standard output.
    pub(crate) fn line<'a>(&'a self, before: Line, capture: CapturePane<'a>) -> Line {
        let Some(buffer) = &self.buffer else {
            return before.then(capture.stdout().build());
        };
        let show = ShowBuffer::new().buffer_name(buffer);
        let delete = DeleteBuffer::new().buffer_name(buffer);
        before
            .then(capture.buffer_name(buffer).build())
            .then(show.build())
            .then(delete.build())
    }

    /// What was captured, a newline after each line; `blocks` are the answers to the three commands, or to the one.
    ///
    /// # Errors
    /// [`SessionError::Answer`] where they are something else.
    pub(crate) fn read(&self, blocks: &[Block]) -> Result<Vec<u8>, SessionError> {
        if let (None, [printed]) = (&self.buffer, blocks) {
            return Ok(printed.data.clone());
        }
        let shown = match blocks {
            [_, shown, _] if self.buffer.is_some() => Some(decode(&shown.data)),
            _ => None,
        };
        let mut bytes = shown.ok_or_else(|| {
            let answer = blocks.get(1).map_or(&[][..], |block| &block.data);
            Server::unreadable("show-buffer", answer)
        })?;
        // The buffer's last line has its newline, and printing adds one.
        if bytes.ends_with(b"\n\n") {
            bytes.pop();
        }
        Ok(bytes)
    }
}

/// Undoes vis(3) as tmux prints a buffer to a control client (`VIS_OCTAL | VIS_CSTYLE | VIS_TAB`): UTF-8 and newlines are
/// left alone, a backslash is doubled, and a `$` before a name has one as well. What is none of its sequences stays as it is: a
/// screen that can't be read at all would be worse.
fn decode(shown: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(shown.len());
    let mut rest = shown;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        if let [
            a @ b'0'..=b'3',
            b @ b'0'..=b'7',
            c @ b'0'..=b'7',
            after @ ..,
        ] = rest
        {
            bytes.push(((a - b'0') << 6) | ((b - b'0') << 3) | (c - b'0'));
            rest = after;
            continue;
        }
        let Some((&letter, after)) = rest.split_first() else {
            bytes.push(byte);
            break;
        };
        rest = after;
        let read = match letter {
            b'\\' => b'\\',
            b'$' => b'$',
            b'0' => 0,
            b'a' => 0x07,
            b'b' => 0x08,
            b't' => b'\t',
            b'n' => b'\n',
            b'v' => 0x0b,
            b'f' => 0x0c,
            b'r' => b'\r',
            b's' => b' ',
            b'E' => 0x1b,
            other => {
                bytes.push(byte);
                other
            }
        };
        bytes.push(read);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_vis_writes_is_read_back() {
        for (shown, bytes) in [
            ("plain \u{276f} text\n", "plain \u{276f} text\n"),
            ("\\033[38;5;208mx\\033[39m", "\x1b[38;5;208mx\x1b[39m"),
            ("a\\\\033b", "a\\033b"),
            ("\\t\\n\\r\\a\\b\\v\\f\\s\\E", "\t\n\r\x07\x08\x0b\x0c \x1b"),
            ("\\0x\\000\\0017", "\0x\0\x017"),
            ("\\016q\\017", "\x0eq\x0f"),
            ("\\$HOME $5 \\${x}", "$HOME $5 ${x}"),
        ] {
            let read = decode(shown.as_bytes());
            assert_eq!(String::from_utf8_lossy(&read), bytes, "{shown:?}");
        }
        for other in ["\\", "a\\q", "\\9"] {
            assert_eq!(decode(other.as_bytes()), other.as_bytes(), "{other:?}");
        }
    }
}
