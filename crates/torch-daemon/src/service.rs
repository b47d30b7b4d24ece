//! What a service manager (systemd) is told: that the daemon is ready, alive, about to end. The protocol is
//! `sd_notify(3)`'s: a line to a datagram socket that `$NOTIFY_SOCKET` names.

use std::ffi::OsString;
use std::io;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

/// The service manager that started this daemon, if one did. The daemon's children never hear of it: they are given
/// an environment of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Service {
    /// Its socket: a path, or `@` and an abstract name.
    notify: Option<OsString>,
    /// Within which time it wants to hear from the daemon.
    watchdog: Option<Duration>,
}

impl Service {
    /// Reads `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID`; the last must be `pid` if it is there, since the
    /// variables may be those of a process further up.
    pub fn from_vars(var: impl Fn(&str) -> Option<OsString>, pid: u32) -> Self {
        let number = |name: &str| var(name)?.to_str()?.parse::<u64>().ok();
        let ours = number("WATCHDOG_PID").is_none_or(|wanted| wanted == u64::from(pid));
        let micros = number("WATCHDOG_USEC").filter(|&micros| ours && micros > 0);
        let notify = var("NOTIFY_SOCKET").filter(|socket| !socket.is_empty());
        Self {
            watchdog: micros
                .filter(|_| notify.is_some())
                .map(Duration::from_micros),
            notify,
        }
    }

    /// Whether there is one.
    pub fn is_there(&self) -> bool {
        self.notify.is_some()
    }

    /// How often it must be told that the daemon lives: twice within its patience.
    pub(crate) fn alive_every(&self) -> Option<Duration> {
        self.watchdog.map(|watchdog| watchdog / 2)
    }

    /// Clients can be served from now on.
    pub(crate) fn ready(&self) {
        self.tell("READY=1");
    }

    /// The loop goes round.
    pub(crate) fn alive(&self) {
        if self.watchdog.is_some() {
            self.tell("WATCHDOG=1");
        }
    }

    /// The end has begun.
    pub(crate) fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    fn tell(&self, line: &str) {
        let Some(socket) = &self.notify else { return };
        if let Err(error) = send(socket, line) {
            tracing::warn!(%error, "the service manager could not be told {line}");
        }
    }
}

fn send(socket: &OsString, line: &str) -> io::Result<()> {
    let datagrams = UnixDatagram::unbound()?;
    // A manager that does not read must not stop the loop.
    datagrams.set_nonblocking(true)?;
    #[cfg(target_os = "linux")]
    {
        use std::os::linux::net::SocketAddrExt as _;
        use std::os::unix::ffi::OsStrExt as _;
        use std::os::unix::net::SocketAddr;
        if let Some(name) = socket.as_bytes().strip_prefix(b"@") {
            let address = SocketAddr::from_abstract_name(name)?;
            datagrams.send_to_addr(line.as_bytes(), &address)?;
            return Ok(());
        }
    }
    datagrams.send_to(line.as_bytes(), socket)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(vars: &[(&str, &str)]) -> Service {
        let find = |name: &str| vars.iter().find(|(found, _)| *found == name);
        Service::from_vars(|name| find(name).map(|(_, value)| value.into()), 7)
    }

    #[test]
    fn the_watchdog_is_this_process_own() {
        let half = |vars: &[(&str, &str)]| service(vars).alive_every();
        let socket = ("NOTIFY_SOCKET", "/run/x");
        let usec = ("WATCHDOG_USEC", "30000000");
        let second = Some(Duration::from_secs(15));
        assert_eq!(half(&[socket, usec]), second);
        assert_eq!(half(&[socket, usec, ("WATCHDOG_PID", "7")]), second);
        assert_eq!(half(&[socket, usec, ("WATCHDOG_PID", "8")]), None);
        assert_eq!(half(&[socket, ("WATCHDOG_USEC", "0")]), None);
        assert_eq!(half(&[socket, ("WATCHDOG_USEC", "soon")]), None);
        assert_eq!(half(&[usec]), None, "nobody to tell");
        assert!(!service(&[("NOTIFY_SOCKET", "")]).is_there());
    }

    fn hears(socket: &UnixDatagram, name: &str) {
        let patience = Some(Duration::from_secs(10));
        socket.set_read_timeout(patience).expect("a deadline");
        let service = service(&[("NOTIFY_SOCKET", name), ("WATCHDOG_USEC", "1000")]);
        service.ready();
        service.alive();
        service.stopping();
        for line in ["READY=1", "WATCHDOG=1", "STOPPING=1"] {
            let mut bytes = [0; 64];
            let length = socket.recv(&mut bytes).expect("a line");
            assert_eq!(&bytes[..length], line.as_bytes());
        }
    }

    #[test]
    fn a_socket_at_a_path_hears_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).expect("a socket");
        hears(&socket, path.to_str().expect("text"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_abstract_socket_hears_it() {
        use std::os::linux::net::SocketAddrExt as _;
        let name = format!("torch-test-{}", std::process::id());
        let address = std::os::unix::net::SocketAddr::from_abstract_name(&name);
        let socket = UnixDatagram::bind_addr(&address.expect("a name")).expect("a socket");
        hears(&socket, &format!("@{name}"));
    }

    #[test]
    fn a_manager_that_is_gone_is_no_harm() {
        service(&[("NOTIFY_SOCKET", "/nowhere/notify")]).ready();
        Service::default().ready();
    }
}
