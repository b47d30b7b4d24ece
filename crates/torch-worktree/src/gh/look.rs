//! The pull request of a branch, as `gh` tells it.

use std::path::Path;
use std::time::Duration;

use torch_core::Timestamp;
use torch_core::git_activity::PullRequest;

use super::ask;
use crate::call::Call;
use crate::git::failed;
use crate::{Git, WorktreeError};

/// How long it may take.
const DEADLINE: Duration = Duration::from_secs(20);

/// The newest pull request of a branch of a remote; `None` where it has none. Instants are whole seconds.
///
/// # Errors
/// [`WorktreeError`] when the remote has no address, there is no `gh`, or it does not know the repository.
pub fn pull_request(
    git: &Git,
    common_dir: &Path,
    (remote, branch): (&str, &str),
) -> Result<Option<PullRequest>, WorktreeError> {
    let key = format!("remote.{remote}.url");
    let call = Call::to_read(git, common_dir).of(common_dir, common_dir);
    let address = call.ask("read a remote's address", ["config", "--get", &key])?;
    let address = address.text();
    let act = "ask gh for a pull request";
    let query = ".[] | [.number, .state, (.createdAt | fromdateiso8601), \
                 (if .mergedAt then (.mergedAt | fromdateiso8601) else 0 end)] | @tsv";
    let args = [
        "pr",
        "list",
        "--repo",
        &address,
        "--head",
        branch,
        "--state",
        "all",
        "--limit",
        "1",
        "--json",
        "number,state,createdAt,mergedAt",
        "--jq",
        query,
    ];
    let place = (Path::new("/"), git.environment(), DEADLINE);
    let answer = ask(place, &args, None).map_err(failed(act, common_dir))?;
    let answer = answer.text();
    match answer.lines().next() {
        None => Ok(None),
        Some(line) => read(line).map(Some).ok_or_else(|| WorktreeError::Answer {
            act,
            path: common_dir.to_owned(),
            answer: line.to_owned(),
        }),
    }
}

/// Reads `NUMBER<tab>STATE<tab>OPENED<tab>MERGED`, the times in seconds since 1970.
fn read(line: &str) -> Option<PullRequest> {
    let fields: Vec<&str> = line.trim().split('\t').collect();
    let [number, state, opened, merged] = fields[..] else {
        return None;
    };
    let time = |text: &str| Some(Timestamp(text.parse::<u64>().ok()?.saturating_mul(1000)));
    Some(PullRequest {
        number: number.parse().ok()?,
        state: state.to_ascii_lowercase(),
        opened: time(opened)?,
        merged: time(merged).filter(|at| at.0 > 0),
    })
}
