//! The traces that a daemon leaves in its registry's `run` folder for wrappers and for the daemon after it.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use torch_core::Process;

use crate::facts;

/// The files by which others know about a registry's daemon.
///
/// | file | says |
/// |---|---|
/// | `run/daemon.lock` | locked while a daemon lives; holds its pid |
/// | `run/daemon.stopped` | the last daemon ended because it was told to; removed by the next one |
/// | `run/daemon.supervised` | a service manager started the daemon, and starts it again |
/// | `run/daemon.owner` | a throw-away registry: the process with whose end its daemon ends, by pid and start time |
/// | `run/daemon.socket` | where the daemon listens, if that is outside the registry |
/// | `run/tmux.server` | torch's own tmux server: pid and start time, and its socket on the second line |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traces {
    run: PathBuf,
}

/// A tmux server as its daemon wrote it down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TmuxTrace {
    /// The server's process.
    pub process: Process,
    /// Its socket's path.
    pub socket: PathBuf,
}

impl Traces {
    /// The traces in a registry.
    pub fn new(home: &Path) -> Self {
        Self {
            run: home.join("run"),
        }
    }

    /// The lock that a daemon holds for as long as it lives.
    pub fn lock(&self) -> PathBuf {
        self.run.join("daemon.lock")
    }

    /// The daemon that lives: the one that the lock names, if that one really holds it.
    pub fn daemon(&self) -> Option<Process> {
        let path = self.lock();
        let pid = fs::read_to_string(&path).ok()?.trim().parse().ok()?;
        let process = facts::process(pid).filter(|&process| facts::is_alive(process))?;
        holds(&path, pid).then_some(process)
    }

    /// Whether the last daemon was told to end, so that nobody but a person's command starts it again.
    pub fn is_stopped(&self) -> bool {
        self.stopped().exists()
    }

    /// Whether a service manager looks after the daemon.
    pub fn is_supervised(&self) -> bool {
        self.supervised().exists()
    }

    /// Takes down that the daemon ends because it was told to.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn set_stopped(&self) -> io::Result<()> {
        write(&self.stopped(), b"")
    }

    /// Takes down that a daemon lives, and whether a service manager looks after it.
    ///
    /// # Errors
    /// When the files can't be changed.
    pub fn set_running(&self, supervised: bool) -> io::Result<()> {
        if supervised {
            write(&self.supervised(), b"")?;
        } else {
            remove(&self.supervised())?;
        }
        remove(&self.stopped())
    }

    /// The process with whose end the registry's daemon ends, with its agents and its tmux server; `None` for every registry that
    /// is meant to stay. It may have ended already.
    pub fn owner(&self) -> Option<Process> {
        process_in(fs::read_to_string(self.owner_file()).ok()?.trim())
    }

    /// Makes the registry a throw-away one, which ends with this process; the `run` folder must be there.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn set_owner(&self, owner: Process) -> io::Result<()> {
        let text = format!("{} {}\n", owner.pid, owner.start);
        write(&self.owner_file(), text.as_bytes())
    }

    /// Takes down where the daemon listens, if that is outside the registry (whose path may be too long for a socket):
    /// where exactly depends on an environment that clients need not share.
    ///
    /// # Errors
    /// When the file can't be changed.
    pub fn set_socket(&self, socket: &Path) -> io::Result<()> {
        if self
            .run
            .parent()
            .is_some_and(|home| socket.starts_with(home))
        {
            return remove(&self.socket_file());
        }
        write(&self.socket_file(), socket.as_os_str().as_bytes())
    }

    /// The socket outside the registry at which the last daemon listened, if it is still there and this user's.
    pub fn socket(&self) -> Option<PathBuf> {
        let bytes = fs::read(self.socket_file()).ok()?;
        let path = PathBuf::from(OsString::from_vec(bytes));
        let meta = path.symlink_metadata().ok()?;
        let ours = meta.uid() == nix::unistd::geteuid().as_raw();
        (meta.file_type().is_socket() && ours).then_some(path)
    }

    /// torch's own tmux server as the last daemon knew it, alive or not.
    pub fn tmux(&self) -> Option<TmuxTrace> {
        let text = fs::read_to_string(self.tmux_file()).ok()?;
        let (numbers, socket) = text.split_once('\n')?;
        Some(TmuxTrace {
            process: process_in(numbers)?,
            socket: socket.trim_end_matches('\n').into(),
        })
    }

    /// Takes down which tmux server is torch's own.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn set_tmux(&self, server: &TmuxTrace) -> io::Result<()> {
        let Process { pid, start } = server.process;
        // Renamed into place: whoever reads sees the old one or the new one.
        let partial = self.run.join("tmux.server.partial");
        let text = format!("{pid} {start}\n{}\n", server.socket.display());
        write(&partial, text.as_bytes())?;
        fs::rename(partial, self.tmux_file())
    }

    /// The daemon and torch's own tmux server, as far as they live: what is never ended with an agent.
    pub fn spared(&self) -> Vec<u32> {
        let tmux = self.tmux().map(|server| server.process);
        let tmux = tmux.filter(|&process| facts::is_alive(process));
        let both = self.daemon().into_iter().chain(tmux);
        both.map(|process| process.pid).collect()
    }

    fn stopped(&self) -> PathBuf {
        self.run.join("daemon.stopped")
    }

    fn supervised(&self) -> PathBuf {
        self.run.join("daemon.supervised")
    }

    fn owner_file(&self) -> PathBuf {
        self.run.join("daemon.owner")
    }

    fn socket_file(&self) -> PathBuf {
        self.run.join("daemon.socket")
    }

    fn tmux_file(&self) -> PathBuf {
        self.run.join("tmux.server")
    }
}

/// A process as it is written down: its pid and its start time.
fn process_in(numbers: &str) -> Option<Process> {
    let (pid, start) = numbers.split_once(' ')?;
    Some(Process {
        pid: pid.parse().ok()?,
        start: start.parse().ok()?,
    })
}

/// Writes a file for this user alone.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut open = fs::OpenOptions::new();
    open.create(true).write(true).truncate(true).mode(0o600);
    open.open(path)?.write_all(bytes)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Whether this pid has a lock on the file, by `/proc/locks`: the file may name a process of long ago, whose pid is
/// another one's by now. (Trying the lock instead could keep a starting daemon from having it.) Where the system does
/// not tell, the file is believed.
#[cfg(target_os = "linux")]
fn holds(path: &Path, pid: u32) -> bool {
    let (Ok(locks), Ok(meta)) = (fs::read_to_string("/proc/locks"), path.metadata()) else {
        return true;
    };
    lists(&locks, pid, meta.ino())
}

#[cfg(not(target_os = "linux"))]
fn holds(_path: &Path, _pid: u32) -> bool {
    true
}

/// Reads lines like `1: FLOCK  ADVISORY  WRITE 4711 fe:01:131073 0 EOF` (proc(5)). The device is left out: some file
/// systems (btrfs, overlays) show another one than `stat` does.
#[cfg(target_os = "linux")]
fn lists(locks: &str, pid: u32, inode: u64) -> bool {
    let (pid, inode) = (pid.to_string(), inode.to_string());
    locks.lines().any(|line| {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        // A waiter's line has an arrow in front: "1: -> FLOCK …".
        words.get(4) == Some(&pid.as_str())
            && words.get(5).and_then(|file| file.rsplit(':').next()) == Some(&inode)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traces() -> (tempfile::TempDir, Traces) {
        let home = tempfile::tempdir().expect("a folder");
        fs::create_dir(home.path().join("run")).expect("a folder");
        let traces = Traces::new(home.path());
        (home, traces)
    }

    #[test]
    fn a_daemon_is_one_that_holds_the_lock() {
        let (_home, traces) = traces();
        assert_eq!(traces.daemon(), None, "no file");
        let me = std::process::id();
        fs::write(traces.lock(), format!("{me}\n")).expect("written");
        #[cfg(target_os = "linux")]
        assert_eq!(traces.daemon(), None, "named, and not locked");
        let file = fs::File::open(traces.lock()).expect("opened");
        file.lock().expect("locked");
        assert_eq!(traces.daemon(), facts::process(me));
        #[cfg(target_os = "linux")]
        {
            fs::write(traces.lock(), "1\n").expect("written");
            assert_eq!(traces.daemon(), None, "locked by another one than it names");
        }
        fs::write(traces.lock(), "").expect("written");
        assert_eq!(traces.daemon(), None, "being written");
    }

    #[test]
    fn the_marks_are_set_and_taken_away() {
        let (_home, traces) = traces();
        traces.set_stopped().expect("written");
        traces.set_running(true).expect("written");
        assert_eq!((traces.is_stopped(), traces.is_supervised()), (false, true));
        traces.set_running(false).expect("written");
        assert_eq!(
            (traces.is_stopped(), traces.is_supervised()),
            (false, false)
        );
    }

    #[test]
    fn a_socket_outside_is_found_while_it_is_there() {
        let (home, traces) = traces();
        let outside = tempfile::tempdir().expect("a folder");
        let path = outside.path().join("s");
        traces.set_socket(&path).expect("written");
        assert_eq!(traces.socket(), None, "not made yet");
        let socket = std::os::unix::net::UnixListener::bind(&path).expect("a socket");
        assert_eq!(traces.socket().as_deref(), Some(path.as_path()));
        let inside = home.path().join("run/torch.sock");
        traces.set_socket(&inside).expect("removed");
        assert_eq!(traces.socket(), None);
        drop(socket);
    }

    #[test]
    fn the_tmux_server_is_spared_while_it_lives() {
        let (_home, traces) = traces();
        let process = facts::process(std::process::id()).expect("this process");
        let mut server = TmuxTrace {
            process,
            socket: "/tmp/a b/torch".into(),
        };
        traces.set_tmux(&server).expect("written");
        assert_eq!(traces.tmux().as_ref(), Some(&server));
        assert_eq!(traces.spared(), [process.pid]);
        server.process.start += 1;
        traces.set_tmux(&server).expect("written");
        assert!(
            traces.spared().is_empty(),
            "another process of the same pid"
        );
    }
}
