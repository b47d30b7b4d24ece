//! Which tmux server torch uses, and the configuration of torch's own.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::error::SessionError;

/// The configuration of torch's own server, but for the lines that depend on the machine.
const TMUX_CONF: &str = include_str!("tmux.conf");

/// Which tmux server to use and how to reach it.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// The socket's name (`tmux -L`).
    pub socket: String,
    /// Whether it is torch's own server, started with torch's configuration and ended with torch. Otherwise it is the
    /// user's: it is started with the user's own configuration if it does not run, and never ended.
    pub owned: bool,
    /// The tmux program; a bare name is looked up in `PATH` of [`env`](Self::env).
    pub tmux: PathBuf,
    /// Where torch's tmux configuration is written (own server only); its folder must exist.
    pub config_file: PathBuf,
    /// The whole environment given to tmux; a server started by torch gives it to every window. `TMUX_TMPDIR` in
    /// it decides where the socket lies; `TMUX` and `TMUX_PANE` are ignored.
    pub env: BTreeMap<String, String>,
    /// The shell that a person's new windows and splits run (own server only); absent: `SHELL` of the environment.
    pub shell: Option<PathBuf>,
}

impl ServerConfig {
    /// The environment for tmux without the variables that would tie it to another server.
    pub(crate) fn clean_env(&self) -> BTreeMap<String, String> {
        let mut env = self.env.clone();
        env.remove("TMUX");
        env.remove("TMUX_PANE");
        env
    }

    /// Writes the configuration file of an own server.
    pub(crate) fn write_config(&self) -> Result<(), SessionError> {
        fs::write(&self.config_file, self.config_text()).map_err(|source| SessionError::Config {
            path: self.config_file.clone(),
            source,
        })
    }

    fn config_text(&self) -> Vec<u8> {
        let terminal = terminal(&terminfo_folders(&self.env));
        let mut text = TMUX_CONF.as_bytes().to_vec();
        text.extend_from_slice(format!("\nset -s default-terminal \"{terminal}\"\n").as_bytes());
        if let Some(shell) = &self.shell {
            text.extend_from_slice(b"set -g default-shell ");
            single_quote(shell.as_os_str().as_bytes(), &mut text);
            text.push(b'\n');
        }
        text
    }
}

/// Quotes a word for a configuration file: within '...' tmux reads every byte as it stands.
fn single_quote(word: &[u8], text: &mut Vec<u8>) {
    text.push(b'\'');
    for &byte in word {
        if byte == b'\'' {
            text.extend_from_slice(br"'\''");
        } else {
            text.push(byte);
        }
    }
    text.push(b'\'');
}

/// The best terminal type that the machine describes; without an entry, programs in the panes would not start.
fn terminal(folders: &[PathBuf]) -> &'static str {
    let known = |name: &str| {
        let letter = name.get(..1).unwrap_or_default();
        let hex = name.bytes().next().map(|byte| format!("{byte:x}"));
        folders.iter().any(|folder| {
            folder.join(letter).join(name).is_file()
                || hex
                    .as_ref()
                    .is_some_and(|hex| folder.join(hex).join(name).is_file())
        })
    };
    ["tmux-256color", "screen-256color"]
        .into_iter()
        .find(|name| known(name))
        .unwrap_or("screen")
}

/// The folders that ncurses searches (terminfo(5)), with the places where Debian, Fedora, macOS and Nix put theirs.
fn terminfo_folders(env: &BTreeMap<String, String>) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = Vec::new();
    folders.extend(env.get("TERMINFO").map(PathBuf::from));
    folders.extend(
        env.get("HOME")
            .map(|home| Path::new(home).join(".terminfo")),
    );
    if let Some(list) = env.get("TERMINFO_DIRS") {
        folders.extend(
            list.split(':')
                .filter(|dir| !dir.is_empty())
                .map(PathBuf::from),
        );
    }
    folders.extend(
        [
            "/etc/terminfo",
            "/lib/terminfo",
            "/usr/share/terminfo",
            "/usr/lib/terminfo",
            "/usr/local/share/terminfo",
            "/opt/homebrew/share/terminfo",
            "/run/current-system/sw/share/terminfo",
        ]
        .map(PathBuf::from),
    );
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terminal_is_one_that_is_described() {
        let folder = tempfile::tempdir().expect("a folder");
        let folders = [folder.path().to_path_buf()];
        assert_eq!(terminal(&folders), "screen");
        fs::create_dir(folder.path().join("s")).expect("a folder");
        fs::write(folder.path().join("s/screen-256color"), "").expect("a file");
        assert_eq!(terminal(&folders), "screen-256color");
        // macOS names the folders by the letter's code.
        fs::create_dir(folder.path().join("74")).expect("a folder");
        fs::write(folder.path().join("74/tmux-256color"), "").expect("a file");
        assert_eq!(terminal(&folders), "tmux-256color");
    }

    #[test]
    fn a_shell_with_quotes_stays_one_word() {
        let mut text = Vec::new();
        single_quote(b"/opt/it's #{x}/sh", &mut text);
        assert_eq!(text, br"'/opt/it'\''s #{x}/sh'");
    }
}
