//! What a control connection says: bytes in, reply blocks and notifications out. No IO.
//!
//! Facts held here (tmux 3.3a): every command, also an inner one of `if`, `;` and braces, answers with a block of
//! its own; a block's closing line repeats the time, number and flags of its opening line, and any other line in
//! between is data, whatever it looks like; flag 1 marks answers to commands of this connection.

use std::mem;

/// One reply block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    /// Whether it closed with `%end` rather than `%error`.
    pub(crate) ok: bool,
    /// Its lines, each with its newline.
    pub(crate) data: Vec<u8>,
}

impl Block {
    /// The data without the last newline.
    pub(crate) fn text(&self) -> &[u8] {
        self.data.strip_suffix(b"\n").unwrap_or(&self.data)
    }
}

/// One thing that tmux said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    /// An answer to a command of this connection.
    Reply(Block),
    /// A block that is not an answer to a command of this connection (the one of `attach-session` itself).
    Other(Block),
    /// A line that closes a block which is not open: a program on a captured screen has imitated the closing line,
    /// and the block before this was cut short.
    Stray,
    /// A notification, without its newline.
    Notification(Vec<u8>),
    /// tmux ends the connection.
    Exit,
}

/// The state between two reads.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    partial: Vec<u8>,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    /// "time number flags" of the `%begin` line.
    tag: Vec<u8>,
    data: Vec<u8>,
}

impl Parser {
    /// Takes what was read and gives what is complete.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Vec<Said> {
        let mut said = Vec::new();
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
            let (head, tail) = rest.split_at(end);
            rest = tail.get(1..).unwrap_or_default();
            if self.partial.is_empty() {
                said.extend(self.line(head));
            } else {
                let mut line = mem::take(&mut self.partial);
                line.extend_from_slice(head);
                said.extend(self.line(&line));
            }
        }
        self.partial.extend_from_slice(rest);
        said
    }

    fn line(&mut self, line: &[u8]) -> Option<Said> {
        let Some(mut open) = self.open.take() else {
            return self.outside(line);
        };
        let closes = |word: &[u8]| line.strip_prefix(word) == Some(open.tag.as_slice());
        let ok = closes(b"%end ");
        if !ok && !closes(b"%error ") {
            open.data.extend_from_slice(line);
            open.data.push(b'\n');
            self.open = Some(open);
            return None;
        }
        let ours = is_ours(&open.tag);
        let block = Block {
            ok,
            data: open.data,
        };
        Some(if ours {
            Said::Reply(block)
        } else {
            Said::Other(block)
        })
    }

    fn outside(&mut self, line: &[u8]) -> Option<Said> {
        if let Some(tag) = line.strip_prefix(b"%begin ") {
            self.open = Some(Open {
                tag: tag.to_vec(),
                data: Vec::new(),
            });
            return None;
        }
        if line.starts_with(b"%end ") || line.starts_with(b"%error ") {
            return Some(Said::Stray);
        }
        if line == b"%exit" || line.starts_with(b"%exit ") {
            return Some(Said::Exit);
        }
        Some(Said::Notification(line.to_vec()))
    }
}

/// Whether the flags, the third word of a block's tag, have bit 0 set.
fn is_ours(tag: &[u8]) -> bool {
    let mut words = tag.split(|&byte| byte == b' ');
    words
        .nth(2)
        .and_then(|flags| std::str::from_utf8(flags).ok())
        .and_then(|flags| flags.parse::<u32>().ok())
        .is_some_and(|flags| flags & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(ok: bool, data: &[u8]) -> Said {
        Said::Reply(Block {
            ok,
            data: data.to_vec(),
        })
    }

    const STREAM: &[u8] = b"%begin 1 7 0\n%end 1 7 0\n%session-changed $0 _torch\n\
        %begin 2 8 1\nplain\n%end 1 2 3\n%error 2 9 1\n%begin 2 8 1\n\xff\xfe\n\n%end 2 8 1\n\
        %window-add @3\n%begin 2 9 1\nno such\n%error 2 9 1\n%exit too far behind\n";

    fn expected() -> Vec<Said> {
        vec![
            Said::Other(Block {
                ok: true,
                data: Vec::new(),
            }),
            Said::Notification(b"%session-changed $0 _torch".to_vec()),
            reply(
                true,
                b"plain\n%end 1 2 3\n%error 2 9 1\n%begin 2 8 1\n\xff\xfe\n\n",
            ),
            Said::Notification(b"%window-add @3".to_vec()),
            reply(false, b"no such\n"),
            Said::Exit,
        ]
    }

    #[test]
    fn blocks_notifications_and_lines_that_look_like_ends() {
        assert_eq!(Parser::default().feed(STREAM), expected());
    }

    #[test]
    fn any_split_of_the_stream_reads_the_same() {
        for cut in 0..STREAM.len() {
            let (head, tail) = STREAM.split_at(cut);
            let mut parser = Parser::default();
            let mut said = parser.feed(head);
            said.extend(parser.feed(tail));
            assert_eq!(said, expected(), "cut at {cut}");
        }
        let mut parser = Parser::default();
        let said: Vec<Said> = STREAM
            .chunks(1)
            .flat_map(|byte| parser.feed(byte))
            .collect();
        assert_eq!(said, expected());
    }

    #[test]
    fn an_imitated_end_is_noticed() {
        let said = Parser::default().feed(b"%begin 5 1 1\nx\n%end 5 1 1\nrest\n%end 5 1 1\n");
        assert_eq!(
            said,
            [
                reply(true, b"x\n"),
                Said::Notification(b"rest".to_vec()),
                Said::Stray
            ]
        );
    }

    #[test]
    fn an_unreadable_tag_is_not_ours() {
        for tag in ["", "1", "1 2", "1 2 x", "1 2 0", "1 2 4"] {
            assert!(!is_ours(tag.as_bytes()), "{tag:?}");
        }
        assert!(is_ours(b"1 2 1"));
        assert!(is_ours(b"1 2 5"));
    }
}
