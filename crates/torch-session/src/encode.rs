//! The two encoders of tmux commands: one line for the control connection, one argv for a forked `tmux`.
//!
//! `tmux_interface`'s builders give the words of a command; how the words reach tmux unharmed is decided here
//! alone. Its own `Display` joins them without quoting and is never used.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use tmux_interface::TmuxCommand;

/// The words of one tmux command, as bytes: paths and payloads need not be UTF-8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Words(Vec<Vec<u8>>);

impl Words {
    /// A command that the builders can't express (several `-e`, bytes, braces), by its name.
    pub(crate) fn named(name: &'static str) -> Self {
        Self(vec![name.as_bytes().to_vec()])
    }

    /// The same words and one more.
    #[must_use]
    pub(crate) fn arg(mut self, arg: impl AsRef<[u8]>) -> Self {
        self.0.push(arg.as_ref().to_vec());
        self
    }

    /// The same words, a flag and its value.
    #[must_use]
    pub(crate) fn option(self, flag: &'static str, value: impl AsRef<[u8]>) -> Self {
        self.arg(flag).arg(value)
    }

    /// The same words and more.
    #[must_use]
    pub(crate) fn extended(mut self, more: Vec<Vec<u8>>) -> Self {
        self.0.extend(more);
        self
    }

    /// The words as arguments of a forked `tmux`. tmux takes a trailing `;` of an argument for its command
    /// separator, so it is written as `\;`.
    pub(crate) fn into_argv(self) -> Vec<OsString> {
        self.0
            .into_iter()
            .map(|mut word| {
                if word.last() == Some(&b';') {
                    word.insert(word.len() - 1, b'\\');
                }
                OsString::from_vec(word)
            })
            .collect()
    }

    fn write_to(&self, line: &mut Vec<u8>) {
        for (position, word) in self.0.iter().enumerate() {
            if position == 0 {
                line.extend_from_slice(word);
            } else {
                line.push(b' ');
                quote(word, line);
            }
        }
    }
}

impl From<TmuxCommand<'_>> for Words {
    fn from(command: TmuxCommand<'_>) -> Self {
        Self(
            command
                .to_vec()
                .into_iter()
                .map(|word| word.into_owned().into_bytes())
                .collect(),
        )
    }
}

/// One control line: commands in a list, which tmux ends at the first one that fails.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Line(Vec<u8>);

impl Line {
    /// A line of one command.
    pub(crate) fn of(words: impl Into<Words>) -> Self {
        Self::default().then(words)
    }

    /// The same line and one more command, which runs only if the ones before it succeeded.
    #[must_use]
    pub(crate) fn then(mut self, words: impl Into<Words>) -> Self {
        self.separate();
        words.into().write_to(&mut self.0);
        self
    }

    /// The same line and `if -F -t TARGET CONDITION { yes } { no }`. tmux decides and runs the branch in one pass
    /// over its queue: nothing can come between. An empty `no` is left out.
    #[must_use]
    pub(crate) fn then_if(mut self, target: &str, condition: &str, yes: &Self, no: &Self) -> Self {
        self.separate();
        self.0.extend_from_slice(b"if-shell -F -t ");
        quote(target.as_bytes(), &mut self.0);
        self.0.push(b' ');
        quote(condition.as_bytes(), &mut self.0);
        for branch in [yes, no] {
            if !branch.0.is_empty() {
                self.0.extend_from_slice(b" { ");
                self.0.extend_from_slice(&branch.0);
                self.0.extend_from_slice(b" }");
            }
        }
        self
    }

    /// The line as it is written, without its newline; it holds printable ASCII only.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn separate(&mut self) {
        if !self.0.is_empty() {
            self.0.extend_from_slice(b" ; ");
        }
    }
}

/// Writes one argument in double quotes, every byte outside printable ASCII and each of `"`, `\`, `$` and `~` as
/// `\ooo`. NUL can't be said this way: tmux ends the argument there (measured, tmux 3.3a).
fn quote(word: &[u8], line: &mut Vec<u8>) {
    line.push(b'"');
    for &byte in word {
        if matches!(byte, b' '..=b'}') && !matches!(byte, b'"' | b'\\' | b'$') {
            line.push(byte);
        } else {
            line.push(b'\\');
            line.extend([byte >> 6, (byte >> 3) & 7, byte & 7].map(|digit| b'0' + digit));
        }
    }
    line.push(b'"');
}

/// Doubles every `#`, for the arguments that tmux expands as formats (names, directories, file paths): a name
/// `#(command)` would run the command.
pub(crate) fn literal(text: impl AsRef<[u8]>) -> Vec<u8> {
    let text = text.as_ref();
    let mut escaped = Vec::with_capacity(text.len());
    for &byte in text {
        if byte == b'#' {
            escaped.push(b'#');
        }
        escaped.push(byte);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(words: Words) -> String {
        String::from_utf8(Line::of(words).as_bytes().to_vec()).expect("ASCII")
    }

    #[test]
    fn every_argument_is_quoted() {
        let words = Words::named("set-buffer")
            .option("-b", "x")
            .arg("--")
            .arg("a \"b\"\\ $c ~d #e;");
        assert_eq!(
            line(words),
            r#"set-buffer "-b" "x" "--" "a \042b\042\134 \044c \176d #e;""#
        );
    }

    #[test]
    fn a_newline_can_not_begin_a_second_command() {
        assert_eq!(
            line(Words::named("new-session").arg("nl\nkill-server\u{e9}")),
            r#"new-session "nl\012kill-server\303\251""#
        );
    }

    #[test]
    fn builders_and_lists_and_branches() {
        let copy = tmux_interface::CopyMode::new().cancel().target_pane("%1");
        let yes = Line::of(copy.build()).then(Words::named("display-message").arg("y"));
        let all = Line::of(Words::named("a")).then_if("%1", "#{x}", &yes, &Line::default());
        assert_eq!(
            String::from_utf8_lossy(all.as_bytes()),
            r##"a ; if-shell -F -t "%1" "#{x}" { copy-mode "-q" "-t" "%1" ; display-message "y" }"##
        );
    }

    #[test]
    fn argv_escapes_a_trailing_semicolon() {
        let argv = Words::named("set-buffer").arg("x;").arg(";").arg("a;b");
        assert_eq!(argv.into_argv(), ["set-buffer", "x\\;", "\\;", "a;b"]);
    }

    #[test]
    fn formats_are_made_literal() {
        assert_eq!(literal("#(touch x)##"), b"##(touch x)####");
    }
}
