//! Exit codes, the same for every command of `torch` and for `scm`.

mod section;

pub use section::section;

/// It worked; for `scm`, the message was accepted or reached the awaited state.
pub const OK: u8 = 0;
/// Any other failure.
pub const FAILURE: u8 = 1;
/// Bad arguments, a spec or file that can't be used, or no such target.
pub const USAGE: u8 = 2;
/// Not reached in time.
pub const TIMEOUT: u8 = 3;
/// Refused by policy.
pub const REFUSED: u8 = 4;
/// The daemon is not reachable and could not be started (sysexits' `EX_TEMPFAIL`).
pub const UNREACHABLE: u8 = torch_api::wire::EXIT_UNREACHABLE;
/// Some of what was to be found well is not (`torch rollback verify`).
pub const PARTIAL: u8 = 5;
/// Nothing was checked (`torch rollback verify`).
pub const UNCHECKED: u8 = 6;
/// Ended by Ctrl-C (128 + SIGINT, as shells report it).
pub const INTERRUPTED: u8 = 130;

/// Another daemon has the registry (`torch daemon run` only).
pub const LOCKED: u8 = torch_daemon::EXIT_LOCKED;

/// The table in the long help of `torch` itself.
pub const HELP: &str = "\
Exit codes:
    0  it worked; scm: the message is accepted, or the awaited state was reached
    1  any other failure
    2  bad arguments, a file that can't be used, or no such target
    3  not reached in time
    4  refused by policy
    5  in part: torch rollback verify found one or two checks failed
    6  torch rollback verify checked nothing
   75  the daemon is not reachable and could not be started
  130  ended by Ctrl-C";
