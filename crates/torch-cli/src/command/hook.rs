//! `torch hook`: what an agent's program and its git run at their events. Parsed by hand, since an agent waits for it at every turn.
//!
//! `torch hook --spool FILE --launch ID [--hand-over FOLDER] [--guard RULES]` notes a record of the program's hook, and answers it;
//! `torch hook --git NAME ARGUMENT…` judges what git is about to do.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use torch_daemon::git_hooks::{self, Answer, HookCall};
use torch_runner::{Chain, HandOverFrom};

use crate::exit;

/// The most that is read of what git writes to a hook, in bytes: a fetch of very many branches.
const GIT_INPUT_MAX: u64 = 64 << 20;

/// Appends what standard input says to the spool file. Always 0, even without usable arguments: a hook must never
/// hold an agent up. As a hook of git, [`git_hooks::REFUSED`] where git is not to do it.
pub(crate) fn run(args: &[OsString]) -> u8 {
    if let [first, name, rest @ ..] = args
        && first == "--git"
    {
        return of_git(name, rest);
    }
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
            if let (Some(folder), Some(payload)) = (value("--hand-over"), &read) {
                let unless = strings(args, "--unless");
                let folder = PathBuf::from(folder);
                let from = HandOverFrom { folder, unless };
                torch_runner::hand_over(&from, spool, launch, payload, io::stdout());
            }
            let rules = value("--guard").map(Path::new);
            let answer = rules.and_then(|rules| git_hooks::judge_tool(rules, read.as_ref()?));
            if let Some(answer) = answer {
                tell(&answer, io::stdout());
            }
        }
    }
    exit::OK
}

fn of_git(name: &OsStr, args: &[OsString]) -> u8 {
    let (Some(name), Ok(cwd)) = (name.to_str(), std::env::current_dir()) else {
        return exit::OK;
    };
    let mut input = Vec::new();
    // What can't be read says nothing.
    if io::stdin()
        .lock()
        .take(GIT_INPUT_MAX)
        .read_to_end(&mut input)
        .is_err()
    {
        return exit::OK;
    }
    let answer = git_hooks::judge_hook(HookCall {
        name,
        args,
        input: &input,
        cwd: &cwd,
        env: std::env::vars_os().collect(),
        process: std::process::id(),
    });
    let Some(answer) = answer else {
        return exit::OK;
    };
    tell(&answer, io::stderr());
    match answer.refused {
        true => git_hooks::REFUSED,
        false => exit::OK,
    }
}

/// Says it, and notes it: an agent whose sandbox lets it write no spool is told all the same.
fn tell(answer: &Answer, mut to: impl io::Write) {
    writeln!(to, "{}", answer.text).ok();
    torch_runner::append(&answer.spool, answer.launch, answer.record.clone()).ok();
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
