//! A team's broker: a bare repository on this machine that agents push to instead of the remote, and from which torch forwards.
//!
//! It has all its objects itself: what an agent pushed is there whatever becomes of the project's own repository. Its
//! configuration and its hooks are files of torch's, written anew by [`open_broker`]: the agents run as the same user and could have
//! changed them, so nothing that is in them is believed, and each look and each forward begins with that.

mod facts;
mod fetch;
mod forward;
mod remote;

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::call::Call;
use crate::{Git, Repository, WorktreeError};

pub use facts::{PushFacts, PushedRef, RefChange, has_landed, push_facts};
pub use fetch::{FetchRequest, FetchedBranch, fetch_branches};
pub use forward::{
    ForwardRequest, Forwarded, PutBackRequest, Standing, forward, may_push, put_back, standing,
};
pub use remote::{Remote, pushes_to, remotes};

/// Where the broker keeps what the remote's branches lead to, when it had to look.
const SEEN: &str = "refs/torch/remote/";

/// What a broker is to be.
#[derive(Debug, Clone, Copy)]
pub struct BrokerRequest<'a> {
    /// Where the bare repository lies.
    pub path: &'a Path,
    /// The project's repository.
    pub repository: &'a Repository,
    /// The remote whose branches the project knows, where there is one.
    pub remote: Option<&'a str>,
    /// What its hooks run: a line for `sh`, to which the hook's name is added.
    pub hook: &'a str,
    /// The most bytes that git takes in one push, whatever the judge would say.
    pub bytes_max: u64,
}

/// Makes the broker where there is none, and writes its configuration and its hooks anew.
///
/// A new one begins with what the project knows of the remote's branches, or, without a remote, with the branch that is checked out.
///
/// # Errors
/// [`WorktreeError`]; a half-made one is no broker, and is begun anew the next time.
pub fn open_broker(git: &Git, request: &BrokerRequest<'_>) -> Result<(), WorktreeError> {
    let path = request.path;
    if !path.join("HEAD").is_file() {
        make(git, request)?;
    }
    let version = object_format(git, path)?;
    let config = config_text(path, &version, request.bytes_max);
    write_if_other(&path.join("config"), config.as_bytes(), 0o600)?;
    let hooks = path.join("hooks");
    fs::create_dir_all(&hooks).map_err(WorktreeError::io("make", &hooks))?;
    for name in ["pre-receive", "post-receive"] {
        let text = format!(
            "#!/bin/sh\n# Written by torch; changes are lost.\nexec {} {name}\n",
            request.hook
        );
        write_if_other(&hooks.join(name), text.as_bytes(), 0o700)?;
    }
    remove_others(&hooks)
}

fn make(git: &Git, request: &BrokerRequest<'_>) -> Result<(), WorktreeError> {
    let path = request.path;
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent).map_err(WorktreeError::io("make", parent))?;
    let new = beside(path);
    remove_if_there(&new)?;
    // Something without a HEAD is what is left of a broker that was damaged.
    remove_if_there(path)?;
    let common = &request.repository.common_dir;
    let format = object_format(git, common)?;
    let args = [
        "init".into(),
        "--quiet".into(),
        "--bare".into(),
        "--template=".into(),
        format!("--object-format={format}").into(),
        new.clone().into_os_string(),
    ];
    Call::to_write(git, parent).ask("make a broker", args)?;
    let branches = match request.remote {
        Some(name) => format!("+refs/remotes/{name}/*:refs/heads/*"),
        None => {
            let base = &request.repository.base_branch;
            format!("+refs/heads/{base}:refs/heads/{base}")
        }
    };
    let mut args: Vec<OsString> = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head"]
        .map(OsString::from)
        .into();
    args.push(common.clone().into_os_string());
    if request.remote.is_some() || !request.repository.is_detached() {
        args.push(branches.into());
        if let Some(name) = request.remote {
            args.push(format!("^refs/remotes/{name}/HEAD").into());
        }
        Call::between(git, &new).ask("fill a broker", args)?;
    }
    fs::rename(&new, path).map_err(WorktreeError::io("put in place", path))
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    path.with_file_name(name)
}

fn remove_if_there(path: &Path) -> Result<(), WorktreeError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(WorktreeError::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}

/// `sha1` or `sha256`.
fn object_format(git: &Git, git_dir: &Path) -> Result<String, WorktreeError> {
    let args = ["rev-parse", "--show-object-format"];
    let said = git.ask("ask for the object format", git_dir, args)?.text();
    match said.trim() {
        known @ ("sha1" | "sha256") => Ok(known.to_owned()),
        other => Err(WorktreeError::Answer {
            act: "ask for the object format",
            path: git_dir.to_owned(),
            answer: other.to_owned(),
        }),
    }
}

/// The whole configuration of a broker (git 2.47, receive.* of git-config(1)). Nothing is forced and nothing goes, whatever the
/// judge says; objects are checked; hooks are torch's, also where the user's own configuration names a folder for them.
fn config_text(path: &Path, format: &str, bytes_max: u64) -> String {
    let hooks = path.join("hooks").display().to_string();
    let hooks = hooks.replace('\\', "\\\\").replace('"', "\\\"");
    let version = u8::from(format != "sha1");
    let mut text = format!(
        "# Written by torch; changes are lost.\n[core]\n\trepositoryFormatVersion = {version}\n\tfileMode = true\n\tbare = true\n\
         \tlogAllRefUpdates = true\n\thooksPath = \"{hooks}\"\n"
    );
    if version == 1 {
        let _ = writeln!(text, "[extensions]\n\tobjectFormat = {format}");
    }
    let _ = write!(
        text,
        "[receive]\n\tdenyNonFastForwards = true\n\tdenyDeletes = true\n\tfsckObjects = true\n\tautoGC = false\n\
         \tupdateServerInfo = false\n\tmaxInputSize = {bytes_max}\n\tprocReceiveRefs = refs/none\n\
         \thideRefs = refs/torch\n[gc]\n\tauto = 0\n"
    );
    text
}

fn write_if_other(path: &Path, text: &[u8], mode: u32) -> Result<(), WorktreeError> {
    let same = fs::symlink_metadata(path).is_ok_and(|meta| {
        meta.is_file()
            && meta.permissions().mode() & 0o777 == mode
            && fs::read(path).is_ok_and(|found| found == text)
    });
    if same {
        return Ok(());
    }
    let new = beside(path);
    let failed = |act| WorktreeError::io(act, path);
    // Left by a torch that was killed, or a link that somebody laid here.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(failed("write")(error));
        }
        _ => {}
    }
    fs::write(&new, text).map_err(failed("write"))?;
    fs::set_permissions(&new, fs::Permissions::from_mode(mode)).map_err(failed("write"))?;
    fs::rename(&new, path).map_err(failed("write"))
}

/// Hooks that torch did not write would run in every agent's push.
fn remove_others(hooks: &Path) -> Result<(), WorktreeError> {
    let failed = || WorktreeError::io("read", hooks);
    for entry in fs::read_dir(hooks).map_err(failed())? {
        let entry = entry.map_err(failed())?;
        let name = entry.file_name();
        if name != "pre-receive" && name != "post-receive" {
            let path = entry.path();
            fs::remove_file(&path).map_err(WorktreeError::io("remove", &path))?;
        }
    }
    Ok(())
}
