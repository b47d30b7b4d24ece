//! The remotes of a project, as its configuration names them.

use std::path::Path;

use crate::{Git, WorktreeError};

/// A remote of a project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remote {
    /// Its name.
    pub name: String,
    /// Where it is fetched from.
    pub urls: Vec<String>,
    /// Where it is pushed to, where that is said on its own.
    pub push_urls: Vec<String>,
    /// The branch that it calls its own first one, as far as the project knows.
    pub default_branch: Option<String>,
}

/// The remotes of the repository with this common directory, by name.
///
/// # Errors
/// [`WorktreeError`] when its configuration can't be read.
pub fn remotes(git: &Git, common_dir: &Path) -> Result<Vec<Remote>, WorktreeError> {
    let act = "read the remotes";
    let args = [
        "config",
        "-z",
        "--get-regexp",
        r"^remote\..*\.(url|pushurl)$",
    ];
    // Nothing found is status 1.
    let listed = git
        .read(common_dir, args)
        .map_err(crate::git::failed(act, common_dir))?;
    let mut found: Vec<Remote> = Vec::new();
    for part in listed.stdout.split(|&byte| byte == 0) {
        let line = String::from_utf8_lossy(part);
        let Some((key, url)) = line.split_once('\n') else {
            continue;
        };
        let Some((name, field)) = key
            .strip_prefix("remote.")
            .and_then(|rest| rest.rsplit_once('.'))
        else {
            continue;
        };
        let at = match found.iter().position(|remote| remote.name == name) {
            Some(at) => at,
            None => {
                found.push(Remote {
                    name: name.to_owned(),
                    ..Remote::default()
                });
                found.len() - 1
            }
        };
        match field {
            "url" => found[at].urls.push(url.to_owned()),
            _ => found[at].push_urls.push(url.to_owned()),
        }
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    for remote in &mut found {
        let head = format!("refs/remotes/{}/HEAD", remote.name);
        let said = git
            .read(common_dir, ["symbolic-ref", "--quiet", &head])
            .map_err(crate::git::failed(act, common_dir))?;
        let prefix = format!("refs/remotes/{}/", remote.name);
        remote.default_branch = said
            .success()
            .then(|| said.text().trim().strip_prefix(&prefix).map(str::to_owned))
            .flatten();
    }
    Ok(found)
}

/// Where `git push` would go from a worktree with a setting of git's configuration besides: `pushed` of `git remote get-url --push`.
///
/// # Errors
/// [`WorktreeError`] when git can't say.
pub fn pushes_to(
    git: &Git,
    common_dir: &Path,
    name: &str,
    settings: &[(String, String)],
) -> Result<Vec<String>, WorktreeError> {
    let mut call = crate::call::Call::to_read(git, common_dir);
    for (key, value) in settings {
        call = call.set(key, value);
    }
    let said = call.ask(
        "ask where a push goes",
        ["remote", "get-url", "--push", "--all", name],
    )?;
    Ok(said.text().lines().map(str::to_owned).collect())
}
