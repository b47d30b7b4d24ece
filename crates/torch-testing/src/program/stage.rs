//! A real program in the one pane of a private tmux server, as torch would run it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use torch_core::Process;
use torch_process::{CommandSpec, facts};

use super::seed::Launch;
use crate::pane::{PaneSetup, TmuxPane};
use crate::wait::poll;

/// The settings that change what a program sees, as torch's own server has them, and no status line.
const CONFIG: &str = "set -s default-terminal tmux-256color
set -s escape-time 10
set -s focus-events on
set -g mouse on
set -g status off
set -g allow-rename off
";

/// Runs the program; when it has ended, its last screen stays and keys are thrown away, as with torch's wrapper.
/// The shell's own words ("Killed") go nowhere.
const RUN: &str = r#"exec 3>&2 2>/dev/null; trap : INT QUIT; (exec "$@" 2>&3 3>&-); stty raw -echo; exec cat >/dev/null"#;

/// How long a program may take to do what is waited for: they start in 0.5 to 10 s, on a machine that is shared.
const DEADLINE: Duration = Duration::from_secs(60);

/// How long a screen must stay as it is after a paste before Enter: Codex and Gemini CLI take one that follows within
/// 50 ms as a part of the paste (0.169.0, 0.61.0).
const DRAFT_CALM: Duration = Duration::from_millis(300);

/// How long a program may take to show that it took an Enter. On a loaded machine Gemini CLI ignored one that came 300 ms
/// after the paste was drawn (0.61.0).
const ENTER_TAKEN: Duration = Duration::from_secs(3);

/// How many characters at the end of a draft are looked for on the screen.
const ROW_END: usize = 6;

/// How the label begins that stands for a long paste (Claude Code, Codex, opencode), blanks left out.
const PASTE_LABEL: &str = "[Pasted";

/// The columns and rows of a pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Columns.
    pub columns: u16,
    /// Rows.
    pub rows: u16,
}

impl Size {
    /// What torch gives a window that nobody looks at.
    pub const USUAL: Self = Self {
        columns: 200,
        rows: 50,
    };
    /// A small terminal.
    pub const SMALL: Self = Self {
        columns: 80,
        rows: 24,
    };
}

/// A running program on its private tmux server. Dropped, it ends with all processes that have its home in their
/// environment.
#[derive(Debug)]
pub struct Stage {
    pane: TmuxPane,
    home: PathBuf,
    // Removed after the server that has its socket there.
    folder: TempDir,
}

impl Stage {
    /// Starts a program in `project`.
    ///
    /// # Panics
    /// Where tmux can't.
    #[track_caller]
    pub fn open(launch: &Launch, project: &Path, size: Size) -> Self {
        // A short path, since the server's socket lies below it.
        let folder = tempfile::Builder::new().prefix("ts-").tempdir_in("/tmp");
        let folder = folder.expect("a folder below /tmp");
        let mut argv = vec!["sh", "-c", RUN, "sh"];
        argv.extend(launch.argv.iter().map(String::as_str));
        let pane = TmuxPane::open(&PaneSetup {
            folder: folder.path(),
            cwd: project,
            columns: size.columns,
            rows: size.rows,
            env: &launch.env,
            config: CONFIG,
            argv: &argv,
        });
        let home = launch.env.iter().find(|(name, _)| name == "HOME");
        Self {
            pane,
            home: PathBuf::from(home.map_or("", |(_, home)| home.as_str())),
            folder,
        }
    }

    /// The visible screen as text.
    #[track_caller]
    pub fn screen(&self) -> String {
        self.pane.screen()
    }

    /// The visible screen with its attributes.
    #[track_caller]
    pub fn ansi(&self) -> String {
        self.pane.run(&["capture-pane", "-e", "-p"])
    }

    /// A format of the pane.
    #[track_caller]
    pub fn format(&self, format: &str) -> String {
        self.pane.format(format).trim_end_matches('\n').to_owned()
    }

    /// Pastes with brackets, byte for byte.
    #[track_caller]
    pub fn paste(&self, text: &str) {
        self.pane.paste(text);
    }

    /// Presses keys, by tmux's names.
    #[track_caller]
    pub fn keys(&self, keys: &[&str]) {
        self.pane.keys(keys);
    }

    /// Waits until the screen is as `wanted`, which `what` says in words, and gives it.
    ///
    /// # Panics
    /// At the deadline, with the screen.
    #[track_caller]
    pub fn wait(&self, what: &str, mut wanted: impl FnMut(&str) -> bool) -> String {
        let mut screen = String::new();
        let seen = poll(DEADLINE, || {
            screen = self.screen();
            wanted(&screen).then_some(())
        });
        assert!(
            seen.is_some(),
            "waited {DEADLINE:?} for {what} on\n{screen}"
        );
        screen
    }

    /// Waits until the screen is as `wanted` and has not changed for `calm`, and gives it.
    ///
    /// # Panics
    /// At the deadline, with the screen.
    #[track_caller]
    pub fn settle(
        &self,
        what: &str,
        calm: Duration,
        mut wanted: impl FnMut(&str) -> bool,
    ) -> String {
        let mut since = (Instant::now(), String::new());
        self.wait(&format!("{what}, unchanged for {calm:?},"), |screen| {
            if screen != since.1 {
                since = (Instant::now(), screen.to_owned());
            }
            wanted(screen) && since.0.elapsed() >= calm
        })
    }

    /// Pastes a message, waits until the screen shows its last line, or one more label of a long paste, and is calm, and
    /// presses Enter. Where nothing at all changes then, the program took the Enter as a part of the paste, and it is
    /// pressed once more.
    ///
    /// # Panics
    /// Where it is never shown.
    #[track_caller]
    pub fn submit(&self, text: &str) {
        self.draft(text);
        let before = self.screen();
        self.keys(&["Enter"]);
        let changed = || (self.screen() != before).then_some(());
        if poll(ENTER_TAKEN, changed).is_none() {
            self.keys(&["Enter"]);
        }
    }

    /// [`Stage::submit`] without the Enter.
    ///
    /// # Panics
    /// As there.
    #[track_caller]
    pub fn draft(&self, text: &str) {
        let last = squeezed(text.lines().last().unwrap_or_default());
        // The end of it: aider begins each row of a long line with its prompt.
        let from = last.char_indices().rev().nth(ROW_END - 1);
        let last = last[from.map_or(0, |(place, _)| place)..].to_owned();
        let before = squeezed(&self.screen());
        let count = |screen: &str, part: &str| screen.matches(part).count();
        self.paste(text);
        self.settle("the pasted text", DRAFT_CALM, |screen| {
            let screen = squeezed(screen);
            [last.as_str(), PASTE_LABEL]
                .iter()
                .any(|part| count(&screen, part) > count(&before, part))
        });
    }

    /// The program's processes, its own one first.
    pub fn processes(&self) -> Vec<Process> {
        let shell = self.format("#{pane_pid}").parse();
        shell.map(facts::descendants).unwrap_or_default()
    }

    /// Ends the program with SIGKILL, and all that it started.
    ///
    /// # Panics
    /// Where there is nothing to be ended.
    #[track_caller]
    pub fn kill(&self) {
        let processes = self.processes();
        assert!(!processes.is_empty(), "no program on\n{}", self.screen());
        let pids = processes.iter().map(|process| process.pid.to_string());
        let folder = self.folder.path();
        let kill = CommandSpec::new("kill", folder, self.pane.environment(), DEADLINE);
        // One that has ended meanwhile needs no signal.
        torch_process::run(&kill.args(["-KILL"]).args(pids)).expect("kill runs");
    }

    /// Waits until the program has ended by itself.
    #[track_caller]
    pub fn ended(&self) {
        // What keeps the last screen has taken the shell's place.
        self.wait("the program's end", |_| self.processes().is_empty());
    }
}

/// `text` without blanks: a wrapped line ends anywhere.
fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.pane.end();
        #[cfg(target_os = "linux")]
        if !self.home.as_os_str().is_empty() {
            let left = crate::end::processes_of(&self.home);
            let left: Vec<Process> = left.into_iter().map(|(process, _)| process).collect();
            torch_process::end(&left, Duration::from_secs(1));
        }
    }
}
