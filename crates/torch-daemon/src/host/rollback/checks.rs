//! The checks after a rollback: where the parent branch stands, and the user's own commands.
//!
//! The commands run as the user, outside of any sandbox, in a worktree of torch's own that has the parent branch's newest
//! commit: only what the user has configured, or names, is run; nothing of the repository decides it.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use torch_core::rollback::{Check, CheckResult};
use torch_process::{CommandSpec, run};
use torch_worktree::rollback::{are_alike, line};
use torch_worktree::{BenchRequest, check_out_bench, remove_bench};
use torch_worktree::{Git, Repository};

use super::{Result, failed, last_good, repository, short};
use crate::host::tidy::Bench;
use crate::rollback::Wanted;

/// How many of a failed command's last lines are told.
const LAST_LINES: usize = 5;

/// Makes all checks; one that nobody configured is not made, and said so.
pub(super) fn made(bench: &Bench<'_>, wanted: &Wanted) -> Result<Vec<Check>> {
    let repository = repository(bench.git, &wanted.project)?;
    let line = line(bench.git, &repository, &wanted.parent).map_err(failed)?;
    let mut checks = vec![Check {
        name: "version".to_owned(),
        command: None,
        log: None,
        seconds: 0,
        result: version(bench.git, &repository, (wanted, line.tip())),
    }];
    if wanted
        .checks
        .iter()
        .all(|(_, command)| command.trim().is_empty())
    {
        checks.extend(wanted.checks.iter().map(not_checked));
        return Ok(checks);
    }
    let registry = bench.projects.parent().unwrap_or(bench.projects);
    let place = registry.join("run/verify").join(&wanted.name);
    let request = BenchRequest {
        repository: &repository,
        path: &place,
    };
    let git_failed = |error| Box::new(crate::host::git::failure(&error));
    check_out_bench(bench.git, &request, line.tip()).map_err(git_failed)?;
    let logs = registry.join("logs/rollback");
    let set_up = torch_worktree::exclude(&repository.common_dir)
        .and_then(|()| torch_worktree::prepare_worktree(&place))
        .and_then(|()| bench.set_up.begin(bench.git, &repository, &place));
    if set_up.is_ok() {
        let all = wanted.checks.iter();
        checks.extend(all.map(|check| checked(bench.git, wanted, check, (&place, &logs))));
    }
    let ended = bench.set_up.end(&place);
    bench.set_up.release(&place);
    let removed = remove_bench(bench.git, &request);
    set_up.map_err(git_failed)?;
    for left in [ended.err(), removed.err()].into_iter().flatten() {
        // What was checked stands; the next check begins with a new worktree.
        tracing::warn!(error = %left, "the worktree of the checks was not taken away cleanly");
    }
    Ok(checks)
}

fn not_checked((name, _): &(String, String)) -> Check {
    let why = match name.as_str() {
        "tests" => {
            "set run_tests = true and test under [integration] in your settings, or --test CMD"
                .to_owned()
        }
        other => format!("set {other} under [rollback] in your settings"),
    };
    Check {
        name: name.clone(),
        command: None,
        log: None,
        seconds: 0,
        result: CheckResult::NotChecked { why },
    }
}

/// Whether the branch stands where the last rollback left it; without one, whether it has the last good content.
fn version(git: &Git, repository: &Repository, (wanted, tip): (&Wanted, &str)) -> CheckResult {
    let parent = &wanted.parent;
    let moves = wanted
        .last
        .as_ref()
        .and_then(|last| Some((last, last.moves.as_ref()?)));
    if let Some((last, moves)) = moves {
        let expected = moves.hard.as_ref().unwrap_or(&moves.to);
        let id = last.id.tag();
        return match expected == tip {
            true => CheckResult::Passed {
                what: format!("{parent} stands at {}, where {id} left it", short(tip)),
            },
            false => CheckResult::Failed {
                why: format!(
                    "{parent} stands at {}; {id} left it at {}",
                    short(tip),
                    short(expected)
                ),
            },
        };
    }
    let Some(good) = last_good(git, repository, wanted) else {
        return CheckResult::NotChecked {
            why: format!(
                "nothing was taken back on {parent}, and no commit of it is known as good"
            ),
        };
    };
    let shown = short(&good.commit);
    match are_alike(git, repository, (tip, &good.commit)) {
        Ok(true) => CheckResult::Passed {
            what: format!("{parent} has the content of {shown}, the last good commit"),
        },
        Ok(false) => CheckResult::Failed {
            why: format!(
                "{parent} differs from {shown}, the last good commit, and nothing was taken back"
            ),
        },
        Err(error) => CheckResult::Failed {
            why: error.to_string(),
        },
    }
}

fn checked(
    git: &Git,
    wanted: &Wanted,
    check: &(String, String),
    (place, logs): (&Path, &Path),
) -> Check {
    let (name, command) = check;
    if command.trim().is_empty() {
        return not_checked(check);
    }
    let deadline = Duration::from_secs(wanted.minutes.saturating_mul(60));
    let spec = CommandSpec::new("sh", place, git.environment(), deadline)
        .args(["-c", command])
        .env("TORCH_WORKTREE", place.as_os_str());
    let begun = Instant::now();
    let output = run(&spec);
    let seconds = begun.elapsed().as_secs();
    let (text, result) = match output {
        Ok(output) => {
            let mut text = output.stdout.clone();
            text.extend_from_slice(&output.stderr);
            let result = match output.success() {
                true => CheckResult::Passed {
                    what: output.status.to_string(),
                },
                false => CheckResult::Failed {
                    why: format!("{}: {}", output.status, last_lines(&text)),
                },
            };
            (text, result)
        }
        Err(error) => {
            let why = error.to_string();
            (why.clone().into_bytes(), CheckResult::Failed { why })
        }
    };
    let log = logs.join(format!("{}-{name}.log", wanted.id.short()));
    let kept = fs::create_dir_all(logs).and_then(|()| fs::write(&log, text));
    Check {
        name: name.clone(),
        command: Some(command.clone()),
        // Its verdict stands without it.
        log: kept.is_ok().then_some(log),
        seconds,
        result,
    }
}

fn last_lines(text: &[u8]) -> String {
    let text = torch_router::clean::clean(text).text;
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    lines[lines.len().saturating_sub(LAST_LINES)..].join(" | ")
}
