//! Which TCP ports processes listen on, from `/proc`; nothing where the system has none.

use std::collections::BTreeSet;
use std::path::Path;

/// The state of a listening socket in `/proc/PID/net/tcp` (Linux: `TCP_LISTEN`).
const LISTEN: &str = "0A";

/// The TCP ports on which any of these processes listens, in order. Processes of other users tell none.
pub fn ports(pids: &[u32]) -> Vec<u16> {
    let mut ports = BTreeSet::new();
    for pid in pids {
        let sockets = sockets(*pid);
        if sockets.is_empty() {
            continue;
        }
        // Each process sees the sockets of its own network namespace.
        for table in ["tcp", "tcp6"] {
            let path = format!("/proc/{pid}/net/{table}");
            let Ok(text) = std::fs::read_to_string(path) else {
                continue;
            };
            ports.extend(listening(&text, &sockets));
        }
    }
    ports.into_iter().collect()
}

/// The inodes of a process's open sockets.
fn sockets(pid: u32) -> BTreeSet<u64> {
    let open = std::fs::read_dir(Path::new("/proc").join(pid.to_string()).join("fd"));
    let links = open.into_iter().flatten().flatten();
    links
        .filter_map(|entry| {
            let link = std::fs::read_link(entry.path()).ok()?;
            let inode = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
            inode.parse().ok()
        })
        .collect()
}

/// The ports of the listening sockets of a table that are among `sockets`.
fn listening<'a>(table: &'a str, sockets: &'a BTreeSet<u64>) -> impl Iterator<Item = u16> + 'a {
    table.lines().skip(1).filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [_, local, _, state, ..] = fields.as_slice() else {
            return None;
        };
        let inode: u64 = fields.get(9)?.parse().ok()?;
        if *state != LISTEN || !sockets.contains(&inode) {
            return None;
        }
        let (_, port) = local.rsplit_once(':')?;
        u16::from_str_radix(port, 16).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listening_socket_is_found_and_no_other() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a socket");
        let port = listener.local_addr().expect("an address").port();
        let own = ports(&[std::process::id()]);
        assert!(own.contains(&port), "{port} in {own:?}");
        drop(listener);
        assert!(!ports(&[std::process::id()]).contains(&port));
        assert_eq!(ports(&[u32::MAX]), [0; 0]);
    }

    #[test]
    fn only_listening_lines_of_own_sockets_count() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
             0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0 0 11 1\n\
             1: 0100007F:1F91 00000000:0000 01 00000000:00000000 00:00000000 00000000  0 0 12 1\n\
             2: 0100007F:1F92 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0 0 13 1\n\
             nonsense\n";
        let own = BTreeSet::from([11, 12]);
        assert_eq!(listening(table, &own).collect::<Vec<_>>(), [8080]);
    }
}
