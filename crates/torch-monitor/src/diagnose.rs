//! What a program's last lines say about why it failed: the five usual causes (S2-068).

use std::sync::LazyLock;

use regex::Regex;

/// A usual cause of a failed command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FailureCause {
    /// A file or folder that is not where it was looked for.
    WrongDirectory,
    /// A program, module or package that is not installed.
    MissingDependency,
    /// A Python environment that is not active.
    VirtualEnvironment,
    /// A right that is missing.
    Permissions,
    /// A port that another process listens on.
    PortInUse,
}

impl FailureCause {
    /// What to look at, in words.
    pub fn advice(self) -> &'static str {
        match self {
            Self::WrongDirectory => "a file or folder was not found: is it the right directory?",
            Self::MissingDependency => {
                "a program or package is missing: are the dependencies installed?"
            }
            Self::VirtualEnvironment => {
                "Python does not find a module: is the virtual environment active?"
            }
            Self::Permissions => "a permission is missing",
            Self::PortInUse => "a port is in use already",
        }
    }
}

static RULES: LazyLock<Vec<(FailureCause, Regex)>> = LazyLock::new(|| {
    use FailureCause::{
        MissingDependency, Permissions, PortInUse, VirtualEnvironment, WrongDirectory,
    };
    [
        (WrongDirectory, r"(?i)no such file or directory|\bENOENT\b|not a git repository|cannot find the path"),
        (MissingDependency, r"(?i)command not found|^(?:/bin/)?sh: (?:line )?\d+: \S+: not found$|cannot find module|cannot find package|package .* not found|\bnpm ERR! missing|no such module"),
        (VirtualEnvironment, r"ModuleNotFoundError|No module named|externally-managed-environment"),
        (Permissions, r"(?i)permission denied|operation not permitted|\bEACCES\b|\bEPERM\b"),
        (PortInUse, r"(?i)address already in use|\bEADDRINUSE\b|port (?:\d+ )?is (?:already )?(?:in use|taken|allocated)"),
    ]
    .into_iter()
    .map(|(cause, pattern)| (cause, Regex::new(pattern).expect("the pattern is constant")))
    .collect()
});

/// The causes that a text speaks of, each once with the last line that does.
pub fn diagnose(text: &str) -> Vec<(FailureCause, String)> {
    let lines: Vec<&str> = text.lines().collect();
    RULES
        .iter()
        .filter_map(|(cause, rule)| {
            let line = lines.iter().rev().find(|line| rule.is_match(line))?;
            Some((*cause, line.trim().chars().take(160).collect()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_causes_are_named() {
        use FailureCause::*;
        for (text, causes) in [
            ("sh: 1: claude: command not found", vec![MissingDependency]),
            (
                "Error: listen EADDRINUSE: address already in use :::3000",
                vec![PortInUse],
            ),
            (
                "open /x: Permission denied\ncat: y: No such file or directory",
                vec![WrongDirectory, Permissions],
            ),
            ("sh: 1: vite: not found", vec![MissingDependency]),
            ("Error: That port is already in use.", vec![PortInUse]),
            (
                "ModuleNotFoundError: No module named 'flask'",
                vec![VirtualEnvironment],
            ),
            ("all 12 tests passed", vec![]),
        ] {
            let found: Vec<_> = diagnose(text).into_iter().map(|(cause, _)| cause).collect();
            assert_eq!(found, causes, "{text}");
        }
    }

    #[test]
    fn the_last_line_is_quoted() {
        let found = diagnose("a: Permission denied\nb\n  c: Permission denied  \n");
        assert_eq!(
            found,
            [(FailureCause::Permissions, "c: Permission denied".to_owned())]
        );
    }
}
