//! The daemon's end while commands of integrations run.

use std::io::Read as _;
use std::os::unix::net::UnixStream;
use std::time::Instant;

use super::super::{Acts, COMMAND_END};
use super::*;

#[tokio::test]
async fn all_commands_are_told_to_end_before_any_is_waited_for() {
    let pair = || UnixStream::pair().expect("a pair");
    let ((one, one_watched), (other, other_watched)) = (pair(), pair());
    let mut acts = Acts::default();
    // Each act ends once the other one is told to.
    for (number, held, mut watched) in [(1, one, other_watched), (2, other, one_watched)] {
        let task = tokio::task::spawn_blocking(move || {
            assert_eq!(watched.read(&mut [0]).expect("read"), 0);
        });
        acts.of.insert(TeamId::new(1, number), (held, task));
    }
    let began = Instant::now();
    acts.end().await;
    assert!(began.elapsed() < COMMAND_END, "{:?}", began.elapsed());
    assert!(acts.of.is_empty());
}
