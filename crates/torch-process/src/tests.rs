//! Tests with real processes.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use torch_core::Process;

use super::*;

const LONG: Duration = Duration::from_secs(20);

fn environment() -> Environment {
    [("PATH".into(), "/usr/bin:/bin".into())].into()
}

fn shell(script: &str) -> CommandSpec {
    CommandSpec::new("sh", "/", environment(), LONG).args(["-c", script])
}

fn pid_in(file: &Path) -> u32 {
    let text = wait_for("a pid in the file", || {
        fs::read_to_string(file)
            .ok()
            .filter(|text| text.ends_with('\n'))
    });
    text.trim().parse().expect("a pid")
}

/// Waits for a state with a deadline.
fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + LONG;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "not seen: {what}");
        std::thread::yield_now();
    }
}

fn gone(pid: u32) {
    wait_for("the end of a process", || {
        let dead = facts::process(pid).is_none_or(|process| !facts::is_alive(process));
        dead.then_some(())
    });
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

#[test]
fn the_environment_is_what_was_given() {
    let spec = CommandSpec::new("env", "/", environment(), LONG).env("A", "b c");
    let output = run(&spec).expect("env runs");
    assert_eq!(output.text(), "A=b c\nPATH=/usr/bin:/bin");
}

#[test]
fn the_child_leads_its_own_group_in_its_directory() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut spec = shell("pwd -P; echo $$; cut -d' ' -f5 /proc/$$/stat");
    spec.cwd = folder.path().canonicalize().expect("canonical");
    let text = run(&spec).expect("runs").text();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], spec.cwd.to_string_lossy());
    assert_eq!(lines[1], lines[2]);
}

#[test]
fn a_failure_is_a_status_and_an_error_on_request() {
    let output = run(&shell("echo out; echo why >&2; exit 7")).expect("runs");
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(
        (output.text().as_str(), output.error_text().as_str()),
        ("out", "why")
    );
    let error = output.success_or_error().expect_err("status 7");
    assert_eq!(
        error.to_string(),
        "`sh -c 'echo out; echo why >&2; exit 7'` failed (exit status: 7): why"
    );
}

#[test]
fn a_missing_program_and_a_missing_directory_are_told_apart() {
    let mut spec = CommandSpec::new("torch-no-such-program", "/", environment(), LONG);
    assert!(matches!(run(&spec), Err(ProcessError::Spawn { .. })));
    spec.cwd = "/no/such/directory".into();
    assert!(matches!(run(&spec), Err(ProcessError::Directory { .. })));
}

#[test]
fn input_and_output_larger_than_a_pipe_pass() {
    let input = vec![b'x'; 3 << 20];
    let spec = CommandSpec::new("cat", "/", environment(), LONG).stdin(input.clone());
    assert!(run(&spec).expect("cat runs").stdout == input);
}

#[test]
fn a_program_that_does_not_read_its_input_is_no_error() {
    let spec = CommandSpec::new("true", "/", environment(), LONG).stdin(vec![b'x'; 1 << 20]);
    assert!(run(&spec).expect("true runs").success());
}

#[test]
fn the_whole_group_ends_at_the_deadline() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("pid");
    let script = format!(
        "trap '' TERM; sh -c 'trap \"\" TERM; echo $$ > {}; while :; do sleep 100; done' & \
         echo some words >&2; while :; do sleep 100; done",
        file.display()
    );
    let mut spec = shell(&script);
    spec.deadline = Duration::from_secs(1);
    let started = Instant::now();
    let error = run(&spec).expect_err("a deadline");
    assert!(
        matches!(&error, ProcessError::Deadline { stderr, .. } if stderr == "some words"),
        "{error:?}"
    );
    assert!(started.elapsed() < Duration::from_secs(5));
    gone(pid_in(&file));
}

#[test]
fn what_stays_in_the_background_is_not_waited_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("pid");
    let script = format!("sleep 300 & echo $! > {}; echo done", file.display());
    let started = Instant::now();
    assert_eq!(run(&shell(&script)).expect("runs").text(), "done");
    assert!(started.elapsed() < Duration::from_secs(10));
    let left = facts::process(pid_in(&file)).expect("the sleeper runs");
    assert!(end(&[left], LONG).is_empty());
    assert!(!facts::is_alive(left));
}

#[test]
fn endless_output_is_bounded() {
    let spec = CommandSpec::new("yes", "/", environment(), LONG);
    assert!(matches!(
        run(&spec),
        Err(ProcessError::TooMuchOutput { .. })
    ));
}

#[test]
fn an_async_run_gives_the_same() {
    let output = runtime().block_on(run_async(&shell("echo a; exit 3")));
    let output = output.expect("runs");
    assert_eq!(
        (output.text().as_str(), output.status.code()),
        ("a", Some(3))
    );
}

#[test]
fn dropping_an_async_run_ends_the_child() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("pid");
    let spec = shell(&format!(
        "echo $$ > {}; while :; do sleep 100; done",
        file.display()
    ));
    let pid = runtime().block_on(async {
        let running = run_async(&spec);
        tokio::select! {
            _ = running => panic!("it does not end by itself"),
            pid = tokio::task::spawn_blocking(move || pid_in(&file)) => pid.expect("a pid"),
        }
    });
    gone(pid);
}

#[test]
fn a_piped_child_is_spoken_to_and_ends_when_its_input_ends() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    runtime().block_on(async {
        let mut child = spawn_piped(&shell("echo warned >&2; exec cat")).expect("starts");
        let bytes = b"\xff\x00 bytes\n";
        let stdin = child.stdin.as_mut().expect("a pipe");
        stdin.write_all(bytes).await.expect("written");
        let mut read = [0; 9];
        let stdout = child.stdout.as_mut().expect("a pipe");
        stdout.read_exact(&mut read).await.expect("read");
        assert_eq!(&read, bytes);
        drop(child.stdin.take());
        assert!(child.wait().await.expect("ended").success());
        assert_eq!(child.stderr_tail(), "warned");
    });
}

#[test]
fn a_piped_child_that_ignores_everything_is_killed() {
    runtime().block_on(async {
        let child = spawn_piped(&shell("trap '' TERM; while :; do sleep 100; done"));
        let child = child.expect("starts");
        let pid = child.pid();
        let status = child.end(Duration::from_millis(50)).await.expect("ended");
        assert!(!status.success());
        gone(pid);
    });
}

#[test]
fn dropping_a_piped_child_kills_it() {
    runtime().block_on(async {
        let pid = spawn_piped(&shell("while :; do sleep 100; done")).map(|child| child.pid());
        gone(pid.expect("starts"));
    });
}

fn detached(script: &str, log: &Path) -> DetachedChild {
    let args = ["-c".into(), script.into()];
    spawn_detached("sh".as_ref(), &args, Path::new("/"), &environment(), log).expect("starts")
}

#[test]
fn a_detached_child_says_that_it_is_ready_and_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("log");
    fs::write(&log, "before\n").expect("written");
    let mut child = detached("echo 'to the log' >&2; echo ready; exec sleep 300", &log);
    assert_eq!(child.first_line(LONG).expect("a line"), "ready");
    assert_eq!(
        fs::read_to_string(&log).expect("a log"),
        "before\nto the log\n"
    );
    assert_eq!(child.ended(), None);
    assert!(!child.kill().expect("killed").success());
}

#[test]
fn a_detached_child_that_fails_to_start_is_seen() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("log");
    let mut child = detached("exit 4", &log);
    let error = child.first_line(LONG).expect_err("no line");
    assert!(matches!(error, ProcessError::EndedEarly { .. }), "{error}");
    let mut child = detached("exec sleep 300", &log);
    let error = child.first_line(Duration::from_millis(30));
    assert!(matches!(error, Err(ProcessError::NotReady { .. })));
    child.kill().expect("killed");
}

#[test]
fn a_foreground_child_leads_its_group_or_stays_in_ours() {
    let status = |group| {
        let argv = ["sh", "-c", "test $(cut -d' ' -f5 /proc/$$/stat) = $$"];
        let child = spawn_foreground(&argv, Path::new("/"), environment(), group);
        child.expect("starts").wait().expect("ended").success()
    };
    assert!(status(ProcessGroup::Own));
    assert!(!status(ProcessGroup::Inherited));
    let none: [&str; 0] = [];
    let empty = spawn_foreground(&none, Path::new("/"), environment(), ProcessGroup::Own);
    assert!(matches!(empty, Err(ProcessError::Empty)));
}

#[test]
fn exec_of_a_missing_program_returns() {
    let error = exec(&["torch-no-such-program"], &["TMUX"]);
    assert!(matches!(error, ProcessError::Spawn { .. }), "{error}");
}

#[test]
fn ancestry_reaches_the_first_process() {
    let me = std::process::id();
    let ancestry = facts::ancestry(me);
    assert!(ancestry.complete);
    assert_eq!(ancestry.chain[0].process.pid, me);
    assert_eq!(
        ancestry.chain[1].process.pid,
        std::os::unix::process::parent_id()
    );
    assert!(facts::ancestry(u32::MAX).chain.is_empty());
}

#[test]
fn another_start_time_is_another_process() {
    let me = facts::process(std::process::id()).expect("this process");
    assert!(facts::is_alive(me));
    assert!(!facts::is_alive(Process {
        start: me.start + 1,
        ..me
    }));
    assert!(end(&[Process { start: 1, ..me }], LONG).is_empty());
}

#[test]
fn descendants_are_found_and_ended_also_when_stopped() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("pid");
    let script = format!(
        "sh -c 'sleep 300 & echo $! > {}; wait' & wait",
        file.display()
    );
    let argv = ["sh", "-c", &script];
    let mut child =
        spawn_foreground(&argv, Path::new("/"), environment(), ProcessGroup::Own).expect("starts");
    let sleeper = pid_in(&file);
    let found = facts::descendants(child.id());
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(found[1].pid, sleeper);
    assert!(
        facts::ancestry(sleeper)
            .chain
            .iter()
            .any(|a| a.process.pid == child.id())
    );
    run(&shell(&format!("kill -STOP {sleeper}"))).expect("runs");
    let started = Instant::now();
    assert!(end(&found, LONG).is_empty());
    assert!(started.elapsed() < Duration::from_secs(10));
    gone(sleeper);
    child.wait().expect("ended");
}

#[test]
fn a_zombie_is_not_alive() {
    let mut child = spawn_foreground(
        &["true"],
        Path::new("/"),
        environment(),
        ProcessGroup::Inherited,
    )
    .expect("starts");
    let zombie = wait_for("a zombie", || {
        facts::process(child.id()).filter(|&process| !facts::is_alive(process))
    });
    assert_eq!(zombie.pid, child.id());
    child.wait().expect("ended");
    assert_eq!(
        facts::process(zombie.pid).filter(|now| *now == zombie),
        None
    );
}

#[cfg(target_os = "linux")]
#[test]
fn usage_of_this_process_is_plausible() {
    let me = std::process::id();
    assert!(usage::resident_memory(me).is_some_and(|bytes| bytes > 100 << 10));
    assert!(usage::cpu_time(me).is_some_and(|time| time > Duration::ZERO));
    assert!(usage::threads(me).is_some_and(|count| count > 0));
    assert_eq!(
        (usage::descriptors(0), usage::threads(0), usage::children(0)),
        (None, None, None),
        "no process has the pid 0"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn open_files_and_children_are_counted() {
    // In processes of their own, since the other tests of this one open files and start children as well.
    let folder = tempfile::tempdir().expect("a folder");
    let counts = |name: &str, open: &str| {
        let ready = folder.path().join(name);
        let script = format!(
            "exec </dev/null >/dev/null 2>&1 {open}; sleep 300 & sleep 300 & echo $$ > {0}.new; mv {0}.new {0}; wait",
            ready.display()
        );
        let script = format!(
            "sh -c '{script}' & while [ ! -s {} ]; do :; done",
            ready.display()
        );
        run(&shell(&script)).expect("runs");
        let pid = pid_in(&ready);
        // `mv` was a child as well, until it was waited for.
        wait_for("two children", || {
            (usage::children(pid) == Some(2)).then_some(())
        });
        let counts = (
            usage::descriptors(pid),
            usage::threads(pid),
            usage::children(pid),
        );
        let mut all = facts::descendants(pid);
        all.extend(facts::process(pid));
        assert!(end(&all, LONG).is_empty());
        counts
    };
    let (few, ..) = counts("few", "");
    let (more, threads, children) = counts("more", "8</dev/null 9</dev/null");
    assert!(few.is_some_and(|few| few >= 3), "{few:?}");
    assert_eq!(more, few.map(|few| few + 2));
    assert_eq!((threads, children), (Some(1), Some(2)));
}

#[test]
fn the_end_of_a_process_that_is_no_child_is_awaited() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("pid");
    let script = format!("sleep 300 >/dev/null 2>&1 & echo $! > {}", file.display());
    run(&shell(&script)).expect("runs");
    let orphan = facts::process(pid_in(&file)).expect("it runs");
    assert!(!await_end(orphan, Some(Duration::from_millis(30))));
    let waiter = std::thread::spawn(move || await_end(orphan, None));
    assert!(end(&[orphan], LONG).is_empty());
    assert!(waiter.join().expect("no panic"));
    assert!(await_end(orphan, None), "one that is gone");
}
