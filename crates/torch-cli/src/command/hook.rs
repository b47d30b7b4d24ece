//! `torch hook --spool FILE --launch ID`: what an agent's program runs at its events. Parsed by hand, since an agent
//! waits for it at every turn.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;

use crate::exit;

/// Appends what standard input says to the spool file. Always 0, even without usable arguments: a hook must never
/// hold an agent up.
pub(crate) fn run(args: &[OsString]) -> u8 {
    let value = |name: &str| {
        let mut pairs = args.windows(2);
        pairs.find_map(|pair| match pair {
            [option, value] if option == OsStr::new(name) => Some(value),
            _ => None,
        })
    };
    let launch = value("--launch").and_then(|launch| launch.to_str());
    if let (Some(spool), Some(launch)) = (value("--spool"), launch) {
        torch_runner::hook(Path::new(spool), launch, io::stdin().lock());
    }
    exit::OK
}
