//! Forwarding: one commit of the broker to one branch of the remote, with the person's keys, never forced.
//!
//! Pushing again what the remote has is no push: so after a crash everything that was not settled is simply forwarded again. Where
//! the remote has gone on meanwhile, git refuses that, and [`standing`] tells whether the commit is below what is there now.

use std::ffi::OsString;
use std::path::Path;

use torch_process::{Environment, ProcessError};

use super::SEEN;
use super::facts::holds;
use crate::call::Call;
use crate::git::failed;
use crate::{Git, WorktreeError};

/// The most of git's words that are kept, in characters.
const SAID_MAX: usize = 600;

/// The branch that is never made: a push of it is tried to see whether it would be let in.
const PROBE: &str = "refs/heads/torch/probe";

/// What is to be forwarded.
#[derive(Debug, Clone, Copy)]
pub struct ForwardRequest<'a> {
    /// The broker.
    pub broker: &'a Path,
    /// The remote's place.
    pub url: &'a str,
    /// The variables by which git finds the person's keys.
    pub env: &'a Environment,
    /// The branch or tag, its full name.
    pub reference: &'a str,
    /// The commit, full hex.
    pub commit: &'a str,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forwarded {
    /// The remote has it.
    Done,
    /// The remote has something else there that the commit does not hold.
    Behind {
        /// What git said.
        said: String,
    },
    /// The remote refuses it: a hook, a protection, its settings.
    Refused {
        /// What git and the remote said.
        said: String,
    },
    /// The remote was not reached, or did not let torch in.
    Away {
        /// What git said.
        said: String,
    },
}

/// Where a commit stands in what the remote has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Whether the remote's branch holds it.
    pub holds: bool,
    /// What the branch leads to, full hex; now in the broker, too.
    pub tip: String,
}

/// What to undo of a push that was not forwarded.
#[derive(Debug, Clone, Copy)]
pub struct PutBackRequest<'a> {
    /// The broker.
    pub broker: &'a Path,
    /// The project's common directory.
    pub common_dir: &'a Path,
    /// The remote's name in the project.
    pub remote: &'a str,
    /// The branch or tag, its full name.
    pub reference: &'a str,
    /// Where it was put by the push.
    pub pushed: &'a str,
    /// Where the remote has it, or where it was before; `None`: nowhere.
    pub to: Option<&'a str>,
}

/// Forwards a commit.
///
/// # Errors
/// [`WorktreeError`] when git can't be run at all; whatever git and the remote say is a [`Forwarded`].
pub fn forward(git: &Git, request: &ForwardRequest<'_>) -> Result<Forwarded, WorktreeError> {
    push(git, request, request.reference, false)
}

/// Whether a push with these variables would be let in: it is tried up to where the remote would take something. `None` where the
/// broker has no branch to try it with.
///
/// # Errors
/// [`WorktreeError`] when git can't be run at all.
pub fn may_push(
    git: &Git,
    broker: &Path,
    url: &str,
    env: &Environment,
) -> Result<Option<Forwarded>, WorktreeError> {
    let args = [
        "for-each-ref",
        "--count=1",
        "--format=%(objectname)",
        "refs/heads",
    ];
    let found = git.ask("look for a branch", broker, args)?.text();
    let commit = found.trim();
    if commit.is_empty() {
        return Ok(None);
    }
    let request = ForwardRequest {
        broker,
        url,
        env,
        reference: PROBE,
        commit,
    };
    push(git, &request, request.reference, true).map(Some)
}

fn push(
    git: &Git,
    request: &ForwardRequest<'_>,
    reference: &str,
    dry: bool,
) -> Result<Forwarded, WorktreeError> {
    let mut args: Vec<OsString> = [
        "push",
        "--porcelain",
        "--no-verify",
        "--no-follow-tags",
        "--no-signed",
        "--no-force-with-lease",
        "--recurse-submodules=no",
    ]
    .map(OsString::from)
    .into();
    if dry {
        args.push("--dry-run".into());
    }
    args.extend(["--".into(), request.url.into()]);
    args.push(format!("{}:{reference}", request.commit).into());
    let call = Call::to_remote(git, request.broker, request.env);
    let output = match call.run(args) {
        Ok(output) => output,
        Err(error @ ProcessError::Spawn { .. }) => {
            return Err(failed("forward a push", request.broker)(error));
        }
        Err(error) => {
            return Ok(Forwarded::Away {
                said: error.to_string(),
            });
        }
    };
    Ok(read(&output.text(), &output.error_text(), output.success()))
}

/// Reads what `git push --porcelain` prints (git 2.47, git-push(1)): `FLAG TAB FROM:TO TAB SUMMARY (REASON)`.
fn read(stdout: &str, stderr: &str, success: bool) -> Forwarded {
    let said = said(stderr);
    let line = stdout.lines().find_map(|line| {
        let mut parts = line.splitn(3, '\t');
        let (flag, _, summary) = (parts.next()?, parts.next()?, parts.next()?);
        Some((flag.to_owned(), summary.to_owned()))
    });
    match line {
        Some((flag, _)) if success && flag != "!" => Forwarded::Done,
        Some((_, summary)) if summary.starts_with("[rejected]") => Forwarded::Behind {
            said: with(&summary, &said),
        },
        // The remote could not lock or write: that passes.
        Some((_, summary))
            if summary.starts_with("[remote rejected]")
                && !["lock", "failed to update ref", "unpacker error"]
                    .iter()
                    .any(|word| summary.contains(word)) =>
        {
            Forwarded::Refused {
                said: with(&summary, &said),
            }
        }
        Some((_, summary)) => Forwarded::Away {
            said: with(&summary, &said),
        },
        None => Forwarded::Away { said },
    }
}

fn with(summary: &str, said: &str) -> String {
    match said {
        "" => summary.to_owned(),
        said => format!("{summary}: {said}"),
    }
}

/// The last words of git and of the remote, in one line without what a terminal would act on; advice and progress are left out.
fn said(stderr: &str) -> String {
    let lines = stderr.lines().map(|line| {
        let line = line.rsplit('\r').find(|part| !part.trim().is_empty());
        let line = line.unwrap_or_default().trim();
        let plain = line.chars().filter(|c| !c.is_control());
        plain.collect::<String>()
    });
    let lines: Vec<String> = lines
        .filter(|line| !line.is_empty() && !line.starts_with("hint:") && !line.starts_with("To "))
        .collect();
    let mut text = String::new();
    for line in &lines {
        let between = match text.chars().last() {
            None => "",
            // A sentence ends by itself, and git's advice goes on below.
            Some('.' | '!' | '?' | ':' | ';' | ',') => " ",
            Some(_) if line.starts_with("and ") => " ",
            Some(_) => "; ",
        };
        text.push_str(between);
        text.push_str(line);
    }
    let skip = text.chars().count().saturating_sub(SAID_MAX);
    text.chars().skip(skip).collect()
}

/// Looks where the remote's branch stands, and takes its commits into the broker; `None` where there is no such branch.
///
/// # Errors
/// [`WorktreeError`] when the remote can't be reached.
pub fn standing(
    git: &Git,
    request: &ForwardRequest<'_>,
) -> Result<Option<Standing>, WorktreeError> {
    let act = "look at the remote";
    let seen = seen(request.reference);
    let args = ["ls-remote", "--quiet", "--", request.url, request.reference];
    let listed = Call::to_remote(git, request.broker, request.env).ask(act, args)?;
    let named = |line: &str| {
        line.split_once('\t')
            .is_some_and(|(_, name)| name == request.reference)
    };
    if !listed.text().lines().any(named) {
        return Ok(None);
    }
    let spec = format!("+{}:{seen}", request.reference);
    let args = [
        "fetch",
        "--quiet",
        "--no-tags",
        "--no-write-fetch-head",
        "--no-auto-maintenance",
        "--recurse-submodules=no",
        "--",
        request.url,
        &spec,
    ];
    Call::to_remote(git, request.broker, request.env).ask(act, args)?;
    let holds = holds(git, request.broker, &seen, request.commit)?;
    let tip = git.ask(act, request.broker, ["rev-parse", "--verify", &seen])?;
    let tip = tip.text().trim().to_owned();
    Ok(Some(Standing { holds, tip }))
}

/// Where the broker keeps what the remote has of a branch or tag.
fn seen(reference: &str) -> String {
    let name = reference.strip_prefix("refs/").unwrap_or(reference);
    format!("{SEEN}{name}")
}

/// Puts a branch of the broker, and the project's own note of the remote's, to where the remote has it, unless they have moved on
/// meanwhile.
///
/// # Errors
/// [`WorktreeError`] when git can't write one of them.
pub fn put_back(git: &Git, request: &PutBackRequest<'_>) -> Result<(), WorktreeError> {
    let (broker, common) = (request.broker, request.common_dir);
    move_ref(git, broker, request.reference, request)?;
    let Some(branch) = request.reference.strip_prefix("refs/heads/") else {
        return Ok(());
    };
    let note = format!("refs/remotes/{}/{branch}", request.remote);
    let there = git
        .read(common, ["rev-parse", "--verify", "--quiet", &note])
        .map_err(failed("look at a branch", common))?;
    if there.text().trim() != request.pushed {
        return Ok(());
    }
    if let Some(to) = request.to {
        let known = git
            .read(common, ["cat-file", "-e", to])
            .map_err(failed("look at a commit", common))?;
        if !known.success() {
            // It was taken into the broker when it was looked for.
            let spec = format!("+{}:{note}", seen(request.reference));
            let mut args: Vec<OsString> =
                ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head"]
                    .map(OsString::from)
                    .into();
            args.push("--no-auto-maintenance".into());
            args.push("--recurse-submodules=no".into());
            args.push(broker.as_os_str().to_owned());
            args.push(spec.into());
            Call::between(git, common).ask("fetch what the remote has", args)?;
            return Ok(());
        }
    }
    move_ref(git, common, &note, request)
}

/// Moves a reference from where the push put it; one that stands elsewhere stays.
fn move_ref(
    git: &Git,
    place: &Path,
    reference: &str,
    request: &PutBackRequest<'_>,
) -> Result<(), WorktreeError> {
    let there = git
        .read(place, ["rev-parse", "--verify", "--quiet", reference])
        .map_err(failed("look at a branch", place))?;
    if there.text().trim() != request.pushed {
        return Ok(());
    }
    let mut args = vec!["update-ref", "-m", "torch: not forwarded"];
    match request.to {
        Some(to) => args.extend([reference, to, request.pushed]),
        None => args.extend(["-d", reference, request.pushed]),
    }
    Call::to_write(git, place).ask("put a branch back", args)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(stdout: &str, stderr: &str, success: bool, expect: &str) {
        let found = format!("{:?}", read(stdout, stderr, success));
        assert!(found.starts_with(expect), "{found}");
    }

    #[test]
    fn git_says_what_became_of_a_push() {
        let ok = "To x\n \ta:refs/heads/b\t1..2\nDone\n";
        check(ok, "", true, "Done");
        check("To x\n=\ta:b\t[up to date]\nDone\n", "", true, "Done");
        check("To x\n*\ta:b\t[new branch]\nDone\n", "", true, "Done");
        check(
            "To x\n!\ta:b\t[rejected] (fetch first)\n",
            "",
            false,
            "Behind",
        );
        let hook = "To x\n!\ta:b\t[remote rejected] (pre-receive hook declined)\n";
        check(hook, "remote: no\u{1b}[31m tabs\n", false, "Refused");
        let lock = "To x\n!\ta:b\t[remote rejected] (cannot lock ref 'refs/heads/b')\n";
        check(lock, "", false, "Away");
        check("", "fatal: Could not read from remote", false, "Away");
        check("To x\n!\ta:b\t[remote failure] (x)\n", "", false, "Away");
    }

    #[test]
    fn words_of_a_remote_are_harmless() {
        let text = "To /x\nremote: one\u{1b}]0;t\u{7}\nhint: advice\nCounting: 1%\rCounting: 2%\r\nerror: failed";
        assert_eq!(said(text), "remote: one]0;t; Counting: 2%; error: failed");
        let away = "fatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights\nand the repository exists.\n";
        assert_eq!(
            said(away),
            "fatal: Could not read from remote repository. Please make sure you have the correct access rights and the repository exists."
        );
        assert_eq!(said(&"é".repeat(2_000)).chars().count(), SAID_MAX);
    }
}
