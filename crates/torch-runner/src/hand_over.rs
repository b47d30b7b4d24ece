//! Handing a message into a running turn: what lies ready for the launch is the hook's output, once.

use std::fs::File;
use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;
use torch_core::LaunchId;
use torch_core::hand_over::HandOver;
use torch_core::spool::SpoolEvent;

use crate::spool;

/// The largest file that is handed over, in bytes.
const TEXT_MAX: u64 = 1 << 20;

/// Where messages lie ready, and which records of the hook are not answered.
#[derive(Debug, Clone, Default)]
pub struct HandOverFrom {
    /// The launch's hand-over folder; it need not be there.
    pub folder: PathBuf,
    /// JSON pointers: a record with any of them is not the agent's own.
    pub unless: Vec<String>,
}

/// Takes the first message that lies ready, writes it to `out`, and then says so in the spool. Like the hook that it is part
/// of it never fails visibly. A process that ends in between leaves the message taken and unsaid: the daemon looks for it in
/// the transcript when the turn is over.
pub fn hand_over(
    from: &HandOverFrom,
    spool: &Path,
    launch: &str,
    payload: &Value,
    mut out: impl Write,
) {
    let Ok(launch) = launch.parse::<LaunchId>() else {
        return;
    };
    let there = |pointer: &String| payload.pointer(pointer).is_some_and(|at| !at.is_null());
    if !payload.is_object() || from.unless.iter().any(there) {
        return;
    }
    let Some((taken, text)) = take(&from.folder) else {
        return;
    };
    if out.write_all(&text).and_then(|()| out.flush()).is_ok() {
        let event = SpoolEvent::HandedOver { taken };
        spool::append(spool, launch, event).ok();
    }
}

/// Takes the oldest one: tools that end at the same moment run this at the same moment, and each message goes to one of them.
fn take(folder: &Path) -> Option<(HandOver, Vec<u8>)> {
    let names = std::fs::read_dir(folder).ok()?.flatten();
    let mut ready: Vec<HandOver> = names
        .filter_map(|entry| HandOver::from_ready(entry.file_name().to_str()?))
        .collect();
    ready.sort_unstable();
    ready.into_iter().find_map(|one| {
        let path = folder.join(one.ready());
        // Whatever else somebody put there would hold the program up, or show it what is none of its business.
        let plain = std::fs::symlink_metadata(&path).ok()?;
        if !plain.is_file() || plain.len() > TEXT_MAX {
            return None;
        }
        // Opened first: what can't be read is left for the daemon to take back.
        let mut file = File::open(&path).ok()?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).ok()?;
        std::fs::rename(&path, folder.join(one.taken())).ok()?;
        Some((one, text))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use torch_core::MessageId;

    use super::*;

    const LAUNCH: &str = "01HF7YAT00000000000000000A";

    struct Place {
        folder: tempfile::TempDir,
    }

    impl Place {
        fn new() -> Self {
            Self {
                folder: tempfile::tempdir().expect("a folder"),
            }
        }

        fn spool(&self) -> PathBuf {
            self.folder.path().join("spool.jsonl")
        }

        fn lay(&self, n: u64, text: &str) -> HandOver {
            let one = HandOver {
                message: MessageId::new(n, 1),
                attempt: 1,
            };
            std::fs::write(self.folder.path().join(one.ready()), text).expect("a file");
            one
        }

        fn hook(&self, payload: &Value) -> String {
            let from = HandOverFrom {
                folder: self.folder.path().to_owned(),
                unless: vec!["/agent_id".to_owned()],
            };
            let mut out = Vec::new();
            hand_over(&from, &self.spool(), LAUNCH, payload, &mut out);
            String::from_utf8(out).expect("text")
        }
    }

    #[test]
    fn each_is_handed_over_once_in_order_and_said_so() {
        let place = Place::new();
        let (second, first) = (place.lay(2, "two"), place.lay(1, "one"));
        let own = json!({"hook_event_name": "PostToolUse"});
        assert_eq!(place.hook(&own), "one");
        assert_eq!(place.hook(&own), "two");
        assert_eq!(place.hook(&own), "");
        let said = std::fs::read_to_string(place.spool()).expect("records");
        let at = |one: HandOver| said.find(&one.message.to_string()).expect("said");
        assert!(at(first) < at(second), "{said}");
        assert!(place.folder.path().join(first.taken()).exists());
    }

    #[test]
    fn a_subagents_tool_and_a_record_that_is_none_take_nothing() {
        let place = Place::new();
        let one = place.lay(1, "one");
        assert_eq!(place.hook(&json!({"agent_id": "a1"})), "");
        assert_eq!(place.hook(&json!("no record")), "");
        assert!(place.folder.path().join(one.ready()).exists());
        assert_eq!(place.hook(&json!({"agent_id": null})), "one");
    }

    #[test]
    fn only_a_plain_file_is_handed_over() {
        let place = Place::new();
        let secret = place.folder.path().join("secret");
        std::fs::write(&secret, "secret").expect("a file");
        let one = HandOver {
            message: MessageId::new(1, 1),
            attempt: 1,
        };
        let ready = place.folder.path().join(one.ready());
        std::os::unix::fs::symlink(&secret, &ready).expect("a link");
        assert_eq!(place.hook(&json!({})), "");
        place.lay(2, "two");
        assert_eq!(place.hook(&json!({})), "two");
        assert!(std::fs::symlink_metadata(&ready).is_ok());
    }

    #[test]
    fn tools_that_end_at_once_take_one_each() {
        let place = Place::new();
        for n in 0..20 {
            place.lay(n, &format!("<{n}>"));
        }
        let all: Vec<String> = std::thread::scope(|scope| {
            let hooks: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| (0..5).map(|_| place.hook(&json!({}))).collect::<String>()))
                .collect();
            hooks
                .into_iter()
                .map(|hook| hook.join().expect("it ends"))
                .collect()
        });
        let all = all.concat();
        for n in 0..20 {
            assert_eq!(all.matches(&format!("<{n}>")).count(), 1, "{n} in {all}");
        }
    }

    #[test]
    fn what_could_not_be_printed_is_not_said_to_be() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let place = Place::new();
        let one = place.lay(1, "one");
        let from = HandOverFrom {
            folder: place.folder.path().to_owned(),
            unless: Vec::new(),
        };
        hand_over(&from, &place.spool(), LAUNCH, &json!({}), Closed);
        assert!(place.folder.path().join(one.taken()).exists());
        assert!(!place.spool().exists());
    }
}
