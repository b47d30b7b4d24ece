//! The wrapper in a real pane of a private tmux server.

use std::path::PathBuf;

use crate::support::{Tmux, example, poll};
use serde_json::json;
use torch_core::spool::{SpoolEvent, SpoolRecord};
use torch_process::facts;

const LAUNCH: &str = "01HF7YAT00000000000000000A";

/// A wrapped program in a pane.
struct Wrapped {
    tmux: Tmux,
    folder: tempfile::TempDir,
}

impl Wrapped {
    /// Wraps `argv`; `on_exit` writes the pane's id to a file.
    fn start(argv: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let spec = json!({
            "agent": LAUNCH,
            "launch": LAUNCH,
            "role": "developer",
            "argv": argv,
            "env": {"PATH": std::env::var("PATH").unwrap(), "ONLY": "this"},
            "cwd": folder.path(),
            "spool": path("spool"),
            "on_exit": ["sh", "-c", format!("printf '%s' {{pane}} > {}", path("on_exit"))],
            "farewell": "The agent {end}.\nPress nothing.",
        });
        std::fs::write(folder.path().join("spec.json"), spec.to_string()).unwrap();
        let wrapper = example("wrapper").display().to_string();
        let tmux = Tmux::start(folder.path(), &[&wrapper, "run", &path("spec.json")]);
        Self { tmux, folder }
    }

    fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }

    fn records(&self) -> Vec<SpoolEvent> {
        let record = |line| serde_json::from_str::<SpoolRecord>(line).unwrap().event;
        self.file("spool").lines().map(record).collect()
    }

    fn started(&self) -> torch_core::Process {
        assert!(poll(|| !self.records().is_empty()), "no record");
        match &self.records()[0] {
            SpoolEvent::Started { process } => *process,
            other => panic!("{other:?}"),
        }
    }

    /// A process id that the program wrote to a file.
    fn process(&self, name: &str) -> torch_core::Process {
        assert!(
            poll(|| self.file(name).ends_with('\n')),
            "{name} not written"
        );
        facts::process(self.file(name).trim().parse().unwrap()).unwrap()
    }
}

fn kill(signal: &str, pid: u32) {
    let env = [("PATH".into(), std::env::var_os("PATH").unwrap())].into();
    let spec = torch_process::CommandSpec::new("kill", "/", env, std::time::Duration::from_secs(5))
        .args(["-s", signal, &pid.to_string()]);
    torch_process::run(&spec)
        .unwrap()
        .success_or_error()
        .unwrap();
}

#[test]
fn a_killed_agents_pane_takes_no_input() {
    let program = "printf '\\033[?1049h\\033[?1000h\\033[9;1HALIVE'; cat";
    let wrapped = Wrapped::start(&["sh", "-c", program]);
    let process = wrapped.started();
    wrapped
        .tmux
        .wait("the program", |screen| screen.contains("ALIVE"));
    kill("KILL", process.pid);
    let screen = wrapped
        .tmux
        .wait("the farewell", |screen| screen.contains("Press nothing."));
    assert!(
        screen.contains("The agent was ended by SIGKILL."),
        "{screen}"
    );
    assert!(
        screen.contains("ALIVE"),
        "what stood there last stays to be read: {screen}"
    );
    let ended = SpoolEvent::Exited {
        status: None,
        signal: Some(9),
    };
    assert_eq!(wrapped.records()[1..], [ended]);
    assert_eq!(wrapped.file("on_exit"), "%0");
    assert_eq!(
        wrapped.tmux.format("#{mouse_any_flag}#{alternate_on}"),
        "01"
    );
    let marker = wrapped.folder.path().join("executed");
    wrapped.tmux.paste(&format!("touch {}\n", marker.display()));
    wrapped
        .tmux
        .keys(&["echo TYPED", "Enter", "C-c", "C-z", "C-\\", "C-d", "Enter"]);
    // The pane's tty is empty again: it was read; and nothing of it shows.
    let tty = std::fs::File::open(wrapped.tmux.format("#{pane_tty}")).unwrap();
    assert!(poll(|| unread(&tty) == 0));
    assert_eq!(wrapped.tmux.screen(), screen, "nothing is echoed");
    assert!(!marker.exists());
    assert_eq!(
        wrapped.tmux.format("#{pane_dead}"),
        "0",
        "the wrapper stays"
    );
}

#[test]
fn a_launch_is_run_once() {
    let wrapped = Wrapped::start(&["sh", "-c", "echo ALIVE; cat"]);
    wrapped.started();
    let wrapper = example("wrapper").display().to_string();
    let orders = wrapped
        .folder
        .path()
        .join("spec.json")
        .display()
        .to_string();
    let env = [("PATH".into(), std::env::var_os("PATH").unwrap())].into();
    let deadline = std::time::Duration::from_secs(5);
    let again = torch_process::CommandSpec::new(&wrapper, "/", env, deadline);
    let ran = torch_process::run(&again.args(["run", &orders])).unwrap();
    assert_eq!(ran.status.code(), Some(1));
    assert!(
        ran.error_text().contains("was run already"),
        "{}",
        ran.error_text()
    );
    assert_eq!(wrapped.records().len(), 1, "nothing was started");
}

/// Whether the terminal has unread input, 0 if not.
fn unread(tty: &std::fs::File) -> i32 {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    use std::os::fd::AsFd as _;
    let mut fds = [PollFd::new(tty.as_fd(), PollFlags::POLLIN)];
    poll(&mut fds, PollTimeout::ZERO).unwrap()
}

#[test]
fn a_statuss_end_is_recorded_after_on_exit() {
    let wrapped = Wrapped::start(&["sh", "-c", "exit 3"]);
    wrapped.started();
    assert!(poll(|| wrapped.records().len() == 2));
    assert_eq!(
        wrapped.file("on_exit"),
        "%0",
        "on_exit ran before the record"
    );
    assert_eq!(
        wrapped.records()[1],
        SpoolEvent::Exited {
            status: Some(3),
            signal: None
        }
    );
    wrapped.tmux.wait("the farewell", |screen| {
        screen.contains("The agent exited with status 3.")
    });
}

#[test]
fn what_was_typed_and_not_read_is_dropped() {
    let wrapped = Wrapped::start(&["sh", "-c", "stty -echo; echo UP; exec sleep 1000"]);
    let process = wrapped.started();
    wrapped
        .tmux
        .wait("the program", |screen| screen.contains("UP"));
    wrapped.tmux.paste("unread line\nanother\n");
    kill("TERM", process.pid);
    let screen = wrapped
        .tmux
        .wait("the farewell", |screen| screen.contains("Press nothing."));
    assert!(!screen.contains("unread"), "{screen}");
}

#[test]
fn the_environment_is_exactly_the_given_one() {
    let wrapped = Wrapped::start(&["sh", "-c", "env > env; pwd > pwd; exec cat"]);
    wrapped.started();
    assert!(poll(|| wrapped.file("pwd").ends_with('\n')));
    let file = wrapped.file("env");
    let mut names: Vec<_> = file
        .lines()
        .filter_map(|line| Some(line.split_once('=')?.0))
        .collect();
    // The shell's own.
    names.retain(|name| !["PWD", "SHLVL", "_", "OLDPWD"].contains(name));
    names.sort_unstable();
    assert_eq!(names, ["ONLY", "PATH", "TERM", "TMUX", "TMUX_PANE"]);
    assert_eq!(
        PathBuf::from(wrapped.file("pwd").trim()),
        wrapped.folder.path().canonicalize().unwrap()
    );
}

#[test]
#[cfg(target_os = "linux")]
fn the_program_starts_with_its_signals_as_they_should_be() {
    let wrapped = Wrapped::start(&["sh", "-c", "exec grep ^Sig[BI] /proc/self/status > mask"]);
    assert!(poll(|| wrapped.file("mask").lines().count() == 2));
    let file = wrapped.file("mask");
    let mask = |name: &str| {
        let line = file
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap();
        u64::from_str_radix(line.trim(), 16).unwrap()
    };
    assert_eq!(mask("SigBlk:"), 0, "blocked");
    // HUP, INT, QUIT, PIPE, TERM, CHLD, TSTP, TTIN, TTOU; what else was ignored before tmux began stays so.
    let ours = [1, 2, 3, 13, 15, 17, 20, 21, 22].map(|signal: u64| 1 << (signal - 1));
    assert_eq!(mask("SigIgn:") & ours.iter().sum::<u64>(), 0, "ignored");
}

#[test]
fn a_stopped_agent_goes_on_in_the_foreground() {
    let wrapped = Wrapped::start(&[
        "sh",
        "-c",
        "echo READY; while read line; do echo \"got $line\"; done",
    ]);
    let process = wrapped.started();
    wrapped
        .tmux
        .wait("the program", |screen| screen.contains("READY"));
    for word in ["one", "two"] {
        wrapped.tmux.keys(&["C-z"]);
        wrapped
            .tmux
            .wait("the stop key", |screen| screen.contains("^Z"));
        kill("STOP", process.pid);
        wrapped.tmux.keys(&[word, "Enter"]);
        wrapped.tmux.wait("the answer", |screen| {
            screen.contains(&format!("got {word}"))
        });
    }
    assert!(facts::is_alive(process));
}

#[test]
fn what_the_agent_leaves_behind_is_ended() {
    let script = "sh -c 'trap \"\" HUP TERM; echo $$ > stubborn; while :; do sleep 1000; done' & \
                  (setsid sh -c 'echo $$ > orphan; exec sleep 1000' &) ; exec cat";
    let wrapped = Wrapped::start(&["sh", "-c", script]);
    let process = wrapped.started();
    let (stubborn, orphan) = (wrapped.process("stubborn"), wrapped.process("orphan"));
    kill("KILL", process.pid);
    wrapped
        .tmux
        .wait("the farewell", |screen| screen.contains("Press nothing."));
    assert!(!facts::is_alive(stubborn) && !facts::is_alive(orphan));
}

#[test]
fn the_panes_end_ends_everything() {
    let script = "trap '' HUP TERM; sh -c 'trap \"\" HUP; echo $$ > child; exec sleep 1000' & \
                  (setsid sh -c 'echo $$ > orphan; exec sleep 1000' &) ; while :; do sleep 1000; done";
    let wrapped = Wrapped::start(&["sh", "-c", script]);
    let process = wrapped.started();
    let (child, orphan) = (wrapped.process("child"), wrapped.process("orphan"));
    let wrapper: u32 = wrapped.tmux.format("#{pane_pid}").parse().unwrap();
    let wrapper = facts::process(wrapper).unwrap();
    wrapped.tmux.run(&["kill-pane"]);
    assert!(poll(|| !facts::is_alive(wrapper)), "the wrapper lives");
    for left in [process, child, orphan] {
        assert!(!facts::is_alive(left), "{left:?}");
    }
    assert_eq!(
        wrapped.records()[1],
        SpoolEvent::Exited {
            status: None,
            signal: Some(9)
        }
    );
}

#[test]
fn a_term_signal_is_forwarded() {
    let wrapped = Wrapped::start(&["sh", "-c", "trap 'exit 7' TERM; echo UP; sleep 1000"]);
    wrapped.started();
    wrapped
        .tmux
        .wait("the program", |screen| screen.contains("UP"));
    let wrapper = wrapped.tmux.format("#{pane_pid}").parse().unwrap();
    let process = facts::process(wrapper).unwrap();
    kill("TERM", wrapper);
    assert!(poll(|| !facts::is_alive(process)));
    assert_eq!(
        wrapped.records()[1],
        SpoolEvent::Exited {
            status: Some(7),
            signal: None
        }
    );
}

#[test]
fn a_held_pane_ends_when_it_is_told_to() {
    let wrapped = Wrapped::start(&["true"]);
    wrapped
        .tmux
        .wait("the farewell", |screen| screen.contains("Press nothing."));
    let wrapper = wrapped.tmux.format("#{pane_pid}").parse().unwrap();
    let process = facts::process(wrapper).unwrap();
    kill("TERM", wrapper);
    assert!(poll(|| !facts::is_alive(process)));
}

#[test]
fn a_program_that_does_not_exist_is_reported() {
    let wrapped = Wrapped::start(&["/no/such/program"]);
    assert!(poll(|| !wrapped.records().is_empty()));
    let SpoolEvent::LaunchFailed { error } = &wrapped.records()[0] else {
        panic!()
    };
    assert!(
        error.contains("/no/such/program") && error.contains("No such file"),
        "{error}"
    );
    let screen = wrapped
        .tmux
        .wait("the farewell", |screen| screen.contains("Press nothing."));
    assert!(screen.contains("could not be started"), "{screen}");
    assert_eq!(wrapped.file("on_exit"), "%0");
    wrapped.tmux.keys(&["typed", "Enter"]);
    assert_eq!(wrapped.tmux.screen(), screen);
}
