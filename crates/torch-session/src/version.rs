//! tmux's version, as `tmux -V` and `#{version}` tell it.

use std::fmt;

/// A version of tmux; ordered by major and minor number, then by the letter of a patch release.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    major: u32,
    minor: u32,
    letter: String,
}

impl Version {
    /// The oldest version that torch works with: `new-window -e`, `attach-session -f` and `if -F` with braces came by then.
    pub const OLDEST: Self = Self {
        major: 3,
        minor: 2,
        letter: String::new(),
    };

    /// Reads `tmux 3.3a`, `3.3a`, `tmux next-3.4`, `tmux 3.5-rc2`, `tmux master` and `tmux openbsd-7.5`. The last two
    /// name no release and count as newer than any; a `next-` counts as the version it leads to.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix("tmux ").unwrap_or(text);
        if text == "master" || text.starts_with("openbsd-") {
            return Some(Self {
                major: u32::MAX,
                minor: 0,
                letter: String::new(),
            });
        }
        let text = text.strip_prefix("next-").unwrap_or(text);
        let (major, rest) = text.split_once('.')?;
        let digits = rest.find(|c: char| !c.is_ascii_digit());
        let (minor, letter) = rest.split_at(digits.unwrap_or(rest.len()));
        let letter = match letter.split_once('-') {
            Some((letter, _candidate)) => letter,
            None => letter,
        };
        letter
            .chars()
            .all(|c| c.is_ascii_lowercase())
            .then_some(())?;
        Some(Self {
            major: major.parse().ok()?,
            minor: minor.parse().ok()?,
            letter: letter.to_owned(),
        })
    }

    /// Whether it is this release or a later one.
    pub fn at_least(&self, major: u32, minor: u32) -> bool {
        (self.major, self.minor) >= (major, minor)
    }

    /// Whether `capture-pane -p` leaks what it prints to a control client (measured with 3.3a; how the others show a buffer,
    /// which is the way around it, was not).
    pub(crate) fn leaks_captures(&self) -> bool {
        (self.major, self.minor) == (3, 3)
    }

    /// Whether a new window under the global option `window-size manual` leaves the server alive (3.3a crashes).
    pub(crate) fn survives_manual_size(&self) -> bool {
        self.at_least(3, 7)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.major == u32::MAX {
            return f.write_str("master");
        }
        write!(f, "{}.{}{}", self.major, self.minor, self.letter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_forms_are_read() {
        for (text, shown) in [
            ("tmux 3.3a\n", "3.3a"),
            ("3.3a", "3.3a"),
            ("tmux 3.2", "3.2"),
            ("tmux next-3.4", "3.4"),
            ("tmux 3.5-rc2", "3.5"),
            ("tmux 3.10b", "3.10b"),
            ("tmux master", "master"),
            ("tmux openbsd-7.5", "master"),
        ] {
            let version = Version::parse(text).expect(text);
            assert_eq!(version.to_string(), shown);
        }
        for text in ["", "tmux", "tmux three", "tmux 3", "tmux 3.3 a", "3.x"] {
            assert_eq!(Version::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn versions_are_ordered() {
        let version = |text| Version::parse(text).expect("a version");
        assert!(version("3.1c") < Version::OLDEST);
        assert!(version("3.2") >= Version::OLDEST);
        assert!(version("3.3") < version("3.3a"));
        assert!(version("3.9") < version("3.10"));
        assert!(version("master").at_least(3, 7));
        assert!(!version("3.6a").at_least(3, 7));
    }
}
