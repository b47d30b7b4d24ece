//! What an agent may do to its own spool.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::time::{Duration, Instant};

use torch_core::spool::{LINE_MAX, SpoolEvent, SpoolRecord};

use super::*;
use crate::event::SpoolGap;

/// A spool, and what was read of it.
struct Place {
    folder: tempfile::TempDir,
    spools: Spools,
    _inputs: mpsc::UnboundedReceiver<Input>,
    agent: AgentId,
    launch: LaunchId,
    clock: u64,
    /// The statuses of the records, which number them.
    read: Vec<i32>,
    gaps: Vec<SpoolGap>,
    offset: u64,
    steps: usize,
}

impl Place {
    fn new() -> Self {
        let (inputs, receiver) = mpsc::unbounded_channel();
        let mut place = Self {
            folder: tempfile::tempdir().expect("a folder"),
            spools: Spools::new(inputs),
            _inputs: receiver,
            agent: AgentId::new(1, 1),
            launch: LaunchId::new(1, 1),
            clock: 0,
            read: Vec::new(),
            gaps: Vec::new(),
            offset: 0,
            steps: 0,
        };
        fs::write(place.path(), "").expect("a file");
        place.watch();
        place
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("spool.jsonl")
    }

    /// As a daemon does at its start.
    fn watch(&mut self) {
        let (agent, launch) = (self.agent, self.launch);
        self.spools.watch(agent, launch, self.path(), self.offset);
    }

    fn append(&self, bytes: &[u8]) {
        let mut options = OpenOptions::new();
        let file = options.create(true).append(true).open(self.path());
        file.and_then(|mut file| file.write_all(bytes))
            .expect("written");
    }

    fn line(&mut self, n: i32) -> Vec<u8> {
        self.clock += 1;
        let record = SpoolRecord {
            at: Timestamp(self.clock),
            launch: self.launch,
            event: SpoolEvent::Exited {
                status: Some(n),
                signal: None,
            },
        };
        let mut line = serde_json::to_vec(&record).expect("JSON");
        line.push(b'\n');
        line
    }

    fn record(&mut self, n: i32) {
        let line = self.line(n);
        self.append(&line);
    }

    /// Reads all that is there.
    fn look(&mut self) {
        loop {
            let read = self.spools.read(self.agent);
            self.steps += 1;
            for event in read.events {
                match event {
                    Event::SpoolGap { gap, .. } => self.gaps.push(gap),
                    Event::Spool {
                        records, offset, ..
                    } => {
                        self.offset = offset;
                        self.read
                            .extend(records.iter().filter_map(|record| match record.event {
                                SpoolEvent::Exited { status, .. } => status,
                                _ => None,
                            }));
                    }
                    other => panic!("{other:?}"),
                }
            }
            if !read.more {
                return;
            }
        }
    }

    #[track_caller]
    fn has(&mut self, read: &[i32], gaps: &[SpoolGap]) {
        self.look();
        assert_eq!((&self.read[..], &self.gaps[..]), (read, gaps));
        assert!(!self.spools.grown().contains(&self.agent), "all is read");
    }
}

/// A line that no record has, with its end.
fn too_long() -> Vec<u8> {
    let mut line = vec![b'x'; LINE_MAX + (2 << 20)];
    line.push(b'\n');
    line
}

#[test]
fn a_line_that_is_too_long_costs_no_other() {
    let mut place = Place::new();
    place.record(1);
    place.append(&too_long());
    place.record(2);
    place.has(&[1, 2], &[SpoolGap::LineTooLong]);
    // It is said once, however many there are.
    place.append(&too_long());
    place.append(&too_long());
    place.record(3);
    place.has(&[1, 2, 3], &[SpoolGap::LineTooLong]);
}

#[test]
fn the_longest_line_that_a_hook_writes_is_read() {
    let mut place = Place::new();
    let mut line = place.line(1);
    let spaces = vec![b' '; LINE_MAX - line.len()];
    line.splice(1..1, spaces);
    assert_eq!(line.len(), LINE_MAX);
    place.append(&line);
    place.record(2);
    place.has(&[1, 2], &[]);
}

/// As a hostile agent writes it, so that each of its writes makes the daemon look.
#[test]
fn a_line_without_an_end_is_looked_at_once() {
    let mut place = Place::new();
    place.record(1);
    let begun = Instant::now();
    let part = vec![b'x'; 64 << 10];
    for _ in 0..(2 * LINE_MAX / part.len()) {
        place.append(&part);
        place.look();
    }
    // Read from its beginning each time it would be 32 GB.
    assert!(begun.elapsed() < Duration::from_secs(20), "{begun:?}");
    place.has(&[1], &[SpoolGap::LineTooLong]);
    // Another daemon that begins within it, and the end at last.
    place.offset = place.path().metadata().expect("a file").len() - 5;
    place.watch();
    place.append(b"end\n");
    place.record(2);
    place.has(&[1, 2], &[SpoolGap::LineTooLong]);
}

#[test]
fn a_flood_of_lines_is_read_in_steps() {
    let mut place = Place::new();
    let all: Vec<u8> = (0..40_000).flat_map(|n| place.line(n)).collect();
    place.append(&all);
    place.look();
    assert_eq!(place.read.len(), 40_000);
    assert!(
        place.steps as u64 > all.len() as u64 / (1 << 20),
        "{}",
        place.steps
    );
}

#[test]
fn lines_that_are_no_records_are_said_once() {
    let mut place = Place::new();
    for n in 1..=3 {
        place.append(b"no record\n\n{\"at\":1}\n");
        place.append(&[b"[".repeat(100_000), b"\n".to_vec()].concat());
        place.record(n);
    }
    place.has(&[1, 2, 3], &[SpoolGap::NoRecord]);
}

#[test]
fn a_line_is_taken_in_once_it_is_whole() {
    let mut place = Place::new();
    let line = place.line(1);
    place.append(&line[..20]);
    place.has(&[], &[]);
    assert_eq!(place.offset, 0);
    place.append(&line[20..]);
    place.has(&[1], &[]);
}

#[test]
fn a_file_that_is_cut_off_is_read_from_its_beginning() {
    let mut place = Place::new();
    (1..=3).for_each(|n| place.record(n));
    place.has(&[1, 2, 3], &[]);
    let cut = |place: &Place, length| {
        let file = OpenOptions::new().write(true).open(place.path());
        file.and_then(|file| file.set_len(length)).expect("cut");
    };
    cut(&place, 0);
    place.has(&[1, 2, 3], &[SpoolGap::BegunAnew]);
    (4..=6).for_each(|n| place.record(n));
    place.has(&[1, 2, 3, 4, 5, 6], &[SpoolGap::BegunAnew]);
    // In the midst of a record: what was read before is not read again.
    let length = place.path().metadata().expect("a file").len();
    cut(&place, length - 10);
    place.append(b"\n");
    place.record(7);
    place.has(
        &[1, 2, 3, 4, 5, 6, 7],
        &[SpoolGap::BegunAnew, SpoolGap::NoRecord],
    );
}

#[test]
fn another_file_in_its_place_is_read() {
    let mut place = Place::new();
    (1..=3).for_each(|n| place.record(n));
    place.has(&[1, 2, 3], &[]);
    fs::remove_file(place.path()).expect("removed");
    place.look();
    let lines: Vec<u8> = (4..=9).flat_map(|n| place.line(n)).collect();
    // Longer than what was read of the old one.
    place.append(&lines);
    place.has(&[1, 2, 3, 4, 5, 6, 7, 8, 9], &[SpoolGap::BegunAnew]);
}

#[test]
fn what_is_no_plain_file_holds_nobody_up() {
    let mut place = Place::new();
    place.record(1);
    place.look();
    let aside = place.folder.path().join("aside");
    fs::rename(place.path(), &aside).expect("renamed");
    nix::unistd::mkfifo(&place.path(), nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
    place.look();
    fs::remove_file(place.path()).expect("removed");
    std::os::unix::fs::symlink(&aside, place.path()).expect("a link");
    place.look();
    fs::remove_file(place.path()).expect("removed");
    fs::rename(&aside, place.path()).expect("renamed");
    place.record(2);
    place.has(&[1, 2], &[SpoolGap::Unreadable]);
}
