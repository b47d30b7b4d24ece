//! Quoting for texts that a person may paste into a shell. torch itself never runs one.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

/// One word as a POSIX shell and zsh take it; a word with control characters or invalid UTF-8 comes as `$'…'`, on one
/// line. A leading `=` is quoted: zsh would take `=name` for the path of the command `name`.
pub fn shell(word: impl AsRef<OsStr>) -> String {
    let bytes = word.as_ref().as_bytes();
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"_-./:=@%+,".contains(b);
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.is_empty() && !text.starts_with('=') && bytes.iter().all(plain) => {
            text.to_owned()
        }
        Ok(text) if !text.chars().any(char::is_control) => {
            format!("'{}'", text.replace('\'', r"'\''"))
        }
        _ => escaped(bytes),
    }
}

fn escaped(bytes: &[u8]) -> String {
    let mut word = String::from("$'");
    for &byte in bytes {
        match byte {
            b'\n' => word.push_str("\\n"),
            b'\t' => word.push_str("\\t"),
            b'\'' | b'\\' => {
                word.push('\\');
                word.push(char::from(byte));
            }
            b' '..=b'~' => word.push(char::from(byte)),
            // Three octal digits, so that a digit that follows is not taken in.
            _ => word.push_str(&format!("\\{byte:03o}")),
        }
    }
    word.push('\'');
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_when_they_need_it() {
        for (word, quoted) in [
            ("src/main.rs", "src/main.rs"),
            ("", "''"),
            ("a b", "'a b'"),
            ("=name", "'=name'"),
            ("key=name", "key=name"),
            ("it's", r"'it'\''s'"),
            ("#(touch x)", "'#(touch x)'"),
            ("日本", "'日本'"),
            ("a\nb'c\\1\u{1b}2", r"$'a\nb\'c\\1\0332'"),
        ] {
            assert_eq!(shell(word), quoted, "{word:?}");
        }
    }
}
