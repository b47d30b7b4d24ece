//! `torch hook --spool FILE --launch ID [--hand-over FOLDER]`: what an agent's program runs at its events. Parsed by hand, since an agent
//! waits for it at every turn.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use torch_runner::{Chain, HandOverFrom};

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
        let (spool, input) = (Path::new(spool), io::stdin().lock());
        if args.iter().any(|arg| arg == "--status-line") {
            let pointer = value("--chain-pointer").and_then(|pointer| pointer.to_str());
            let chain = Chain {
                files: values(args, "--chain"),
                pointer: pointer.unwrap_or_default().to_owned(),
            };
            torch_runner::status_line(spool, launch, &chain, input, io::stdout());
        } else {
            let read = torch_runner::hook(spool, launch, input);
            if let (Some(folder), Some(payload)) = (value("--hand-over"), read) {
                let unless = strings(args, "--unless");
                let folder = PathBuf::from(folder);
                let from = HandOverFrom { folder, unless };
                torch_runner::hand_over(&from, spool, launch, &payload, io::stdout());
            }
        }
    }
    exit::OK
}

/// Every value of an option that may be given several times.
fn values(args: &[OsString], name: &str) -> Vec<PathBuf> {
    let pairs = args.windows(2);
    let named = pairs.filter(|pair| pair[0] == OsStr::new(name));
    named.map(|pair| PathBuf::from(&pair[1])).collect()
}

/// The same for values that are texts.
fn strings(args: &[OsString], name: &str) -> Vec<String> {
    let values = values(args, name).into_iter();
    values
        .filter_map(|value| Some(value.to_str()?.to_owned()))
        .collect()
}
