//! Ending processes that are known by pid and start time.

#[cfg(target_os = "linux")]
#[path = "end/linux.rs"]
mod system;
#[cfg(not(target_os = "linux"))]
#[path = "end/other.rs"]
mod system;
// What other systems use is compiled and tried here too.
#[cfg(all(test, target_os = "linux"))]
#[path = "end/other.rs"]
mod other;

use std::time::{Duration, Instant};

use torch_core::Process;

/// How long a process has to vanish after SIGKILL; longer only in an uninterruptible system call.
const KILL_WAIT: Duration = Duration::from_secs(2);

/// Ends processes, blocking: SIGTERM (and SIGCONT, or a stopped one would never see it), up to `grace` to end,
/// SIGKILL. A zombie counts as ended; a pid that has been taken by another process is not touched. Returns those
/// that are still there, because the system did not let them be signalled or end.
pub fn end(processes: &[Process], grace: Duration) -> Vec<Process> {
    let mut held: Vec<_> = processes
        .iter()
        .filter_map(|&p| system::Held::open(p))
        .collect();
    for process in &held {
        process.terminate();
    }
    system::wait(&mut held, Instant::now() + grace);
    for process in &held {
        process.kill();
    }
    system::wait(&mut held, Instant::now() + KILL_WAIT);
    held.iter().map(system::Held::process).collect()
}

/// Asks a tmux server to make its socket again (SIGUSR1, which it takes for that); whether it is there to be asked.
/// The process must be a tmux server: others end by that signal.
pub fn recreate_socket(server: Process) -> bool {
    let held = system::Held::open(server);
    held.is_some_and(|held| held.user_signal())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{Environment, ProcessGroup, facts, spawn_foreground};

    #[test]
    fn ending_by_pid_works_too() {
        let signalled = |held: &other::Held| assert!(held.user_signal());
        for act in [other::Held::terminate, other::Held::kill, signalled] {
            let argv = ["/bin/sleep", "100"];
            let (root, env) = (Path::new("/"), Environment::new());
            let child = spawn_foreground(&argv, root, env, ProcessGroup::Own);
            let mut child = child.expect("starts");
            let process = facts::process(child.id()).expect("it runs");
            let mut held = vec![other::Held::open(process).expect("alive")];
            other::wait(&mut held, Instant::now() + Duration::from_millis(30));
            assert_eq!(held[0].process(), process);
            act(&held[0]);
            other::wait(&mut held, Instant::now() + Duration::from_secs(20));
            assert!(held.is_empty() && other::Held::open(process).is_none());
            child.wait().expect("ended");
        }
    }
}
