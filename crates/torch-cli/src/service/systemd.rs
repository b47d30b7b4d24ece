//! `systemctl --user` and `loginctl`.

use std::ffi::OsString;
use std::time::Duration;

use torch_process::{CommandSpec, Output, ProcessError};

/// How long one call may take: starting the unit waits until the daemon is ready.
const DEADLINE: Duration = Duration::from_secs(90);

/// How long a command that needs the daemon waits for the manager to start it, before it does so itself.
const START_DEADLINE: Duration = Duration::from_secs(15);

/// Runs `systemctl --user`.
pub(crate) fn user(args: &[&str]) -> Result<Output, ProcessError> {
    run("systemctl", &[&["--user"], args].concat(), DEADLINE)?.success_or_error()
}

/// Starts a unit.
pub(crate) fn start(unit: &str) -> Result<Output, ProcessError> {
    let args = ["--user", "start", unit];
    run("systemctl", &args, START_DEADLINE)?.success_or_error()
}

/// Whether this user's services run without a login; `None` where that can't be known.
pub(crate) fn lingering() -> Option<bool> {
    let name = user_name()?;
    let asked = run(
        "loginctl",
        &["show-user", &name, "--property=Linger", "--value"],
        DEADLINE,
    );
    if let Some(said) = asked.ok().filter(Output::success) {
        return match said.text().as_str() {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        };
    }
    None
}

/// Switches lingering on or off for this user.
pub(crate) fn linger(on: bool) -> Result<Output, ProcessError> {
    let word = if on {
        "enable-linger"
    } else {
        "disable-linger"
    };
    run("loginctl", &[word], DEADLINE)?.success_or_error()
}

/// This user's name, for texts and `loginctl`.
pub(crate) fn user_name() -> Option<String> {
    let user = nix::unistd::User::from_uid(nix::unistd::geteuid());
    user.ok().flatten().map(|user| user.name)
}

fn run(program: &str, args: &[&str], deadline: Duration) -> Result<Output, ProcessError> {
    let mut env = torch_process::env::inherited(std::env::vars_os());
    // Where the manager listens, beside XDG_RUNTIME_DIR.
    let bus = OsString::from("DBUS_SESSION_BUS_ADDRESS");
    if let Some(address) = std::env::var_os(&bus) {
        env.insert(bus, address);
    }
    torch_process::run(&CommandSpec::new(program, "/", env, deadline).args(args))
}
