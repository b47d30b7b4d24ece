//! `torch hook`: what a program's hook hands over becomes one spool line, at once and without asking the daemon.

use std::io::{ErrorKind, Read};
use std::path::Path;

use serde_json::{Value, json};
use torch_core::spool::SpoolEvent;
use torch_core::{LaunchId, lenient};

use crate::spool;

/// The most that is read of a hook's input, in bytes.
pub const HOOK_INPUT_MAX: u64 = 16 << 20;

/// The most that is kept of input that is no JSON, in bytes: written as JSON it may grow sixfold.
const RAW_MAX: usize = 64 << 10;

/// Appends what a hook gives on `stdin` to the spool. It never fails visibly: a program must not stumble over its
/// hook. The beginning of input that is no JSON, or is cut at [`HOOK_INPUT_MAX`], becomes `{"raw": "…"}`, and so does
/// that of JSON whose record would be too long a line; without a valid launch id
/// nothing is written, as no reader could place it. Gives back the JSON that was read.
pub fn hook(spool: &Path, launch: &str, stdin: impl Read) -> Option<Value> {
    let launch = launch.parse::<LaunchId>().ok()?;
    let mut input = Vec::new();
    // What came before a read error is still worth a record.
    stdin.take(HOOK_INPUT_MAX).read_to_end(&mut input).ok();
    let read = lenient::parse(&input);
    let start = || {
        let start = &input[..input.len().min(RAW_MAX)];
        json!({"raw": String::from_utf8_lossy(start)})
    };
    let append = |payload| spool::append(spool, launch, SpoolEvent::Hook { payload });
    let written = append(read.clone().unwrap_or_else(start));
    // Numbers may be longer as they are written than as they came (`1e15`). Of anything else that fails here, the daemon notices missing
    // records by their absence.
    if written.is_err_and(|error| error.kind() == ErrorKind::FileTooLarge) {
        append(start()).ok();
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;
    use torch_core::spool::SpoolRecord;

    const LAUNCH: &str = "01HF7YAT00000000000000000A";

    fn records(path: &Path) -> Vec<SpoolRecord> {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn each_input_is_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let spool = folder.path().join("spool.jsonl");
        hook(&spool, LAUNCH, &b"{\"hook_event_name\":\n\"Stop\"}"[..]);
        hook(&spool, LAUNCH, &b"no json \xff"[..]);
        hook(&spool, "nonsense", &b"{}"[..]);
        let payloads: Vec<_> = records(&spool)
            .into_iter()
            .map(|record| record.event)
            .collect();
        assert_eq!(
            payloads,
            [
                SpoolEvent::Hook {
                    payload: json!({"hook_event_name": "Stop"})
                },
                SpoolEvent::Hook {
                    payload: json!({"raw": "no json \u{fffd}"})
                },
            ]
        );
    }

    #[test]
    fn endless_input_is_cut_and_a_missing_folder_is_no_error() {
        let folder = tempfile::tempdir().unwrap();
        let spool = folder.path().join("spool.jsonl");
        hook(&spool, LAUNCH, std::io::repeat(b'x'));
        let SpoolEvent::Hook { payload } = &records(&spool)[0].event else {
            panic!()
        };
        assert_eq!(payload["raw"].as_str().unwrap().len(), RAW_MAX);
        hook(&folder.path().join("no/such"), LAUNCH, &b"{}"[..]);
    }

    #[test]
    fn what_makes_too_long_a_line_is_cut() {
        let folder = tempfile::tempdir().unwrap();
        let spool = folder.path().join("spool.jsonl");
        let numbers = format!("[{}0]", "1e15,".repeat(1_900_000));
        assert!(numbers.len() as u64 <= HOOK_INPUT_MAX);
        assert!(hook(&spool, LAUNCH, numbers.as_bytes()).is_some());
        let SpoolEvent::Hook { payload } = &records(&spool)[0].event else {
            panic!()
        };
        assert_eq!(payload["raw"].as_str().unwrap().len(), RAW_MAX);
    }

    #[test]
    fn writers_do_not_mix_their_lines() {
        let folder = tempfile::tempdir().unwrap();
        let spool = folder.path().join("spool.jsonl");
        std::thread::scope(|scope| {
            for n in 0..8 {
                let spool = &spool;
                scope.spawn(move || {
                    let text = format!("{{\"n\":{n},\"text\":\"{}\"}}", "y".repeat(20_000));
                    for _ in 0..20 {
                        hook(spool, LAUNCH, text.as_bytes());
                    }
                });
            }
        });
        assert_eq!(records(&spool).len(), 160);
    }
}
