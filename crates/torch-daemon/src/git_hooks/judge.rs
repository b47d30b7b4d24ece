//! What an agent's hook of git, or of its program, is answered. Without the daemon: an agent waits for it, and the daemon may be away.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use torch_core::forbidden::{GitRules, RULES_VARIABLE, SECRET_REMEDY, SECRET_RULE};
use torch_core::policy::SecretCheck;
use torch_core::spool::SpoolEvent;
use torch_integration::forbidden::{
    Move, PushedRef, Refusal, judge_command, judge_commit, judge_moves, judge_push, judge_renaming,
};
use torch_integration::secret::file_of;
use torch_process::Environment;
use torch_worktree::{Git, HookRepository};

/// The exit code by which the script knows a refusal from a torch that could not be run.
pub const REFUSED: u8 = 3;

/// The longest file of rules that is read, in bytes.
const RULES_MAX: u64 = 1 << 20;

/// One run of a hook of git, as git made it.
#[derive(Debug)]
pub struct HookCall<'a> {
    /// The hook's name.
    pub name: &'a str,
    /// Its arguments.
    pub args: &'a [OsString],
    /// What git wrote to it.
    pub input: &'a [u8],
    /// Where it runs.
    pub cwd: &'a Path,
    /// Its whole environment.
    pub env: Environment,
    /// Its process, below the git that runs it.
    pub process: u32,
}

/// What came of a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What is printed: for a hook of git to standard error, for one of a program to standard output.
    pub text: String,
    /// Whether it is not to be done.
    pub refused: bool,
    /// Where, and for which launch, it is noted.
    pub spool: PathBuf,
    /// As `spool`.
    pub launch: torch_core::LaunchId,
    /// The record.
    pub record: SpoolEvent,
}

/// Judges what git is about to do; none where nothing speaks against it, or nobody said what to go by.
pub fn judge_hook(call: HookCall<'_>) -> Option<Answer> {
    let variable = |name: &str| call.env.get(OsStr::new(name)).cloned();
    let rules = read_rules(Path::new(&variable(RULES_VARIABLE)?))?;
    let (git_dir, index) = (variable("GIT_DIR"), variable("GIT_INDEX_FILE"));
    let git = Git::new(call.env.clone());
    let repository = HookRepository::find(&git, &rules, (call.cwd, git_dir.as_deref()))?;
    let input = String::from_utf8_lossy(call.input);
    let refusal = match call.name {
        "pre-commit" | "pre-merge-commit" => match judge_commit(&rules, "a commit") {
            None if call.name == "pre-commit" => {
                return secrets(&rules, &repository, index.as_deref());
            }
            refusal => refusal,
        },
        "pre-push" => {
            let refs: Vec<_> = input.lines().filter_map(PushedRef::read).collect();
            let remote = call.args.first().map(|name| name.to_string_lossy());
            let remote = remote.as_deref().unwrap_or("a remote");
            judge_push(&rules, remote, &refs, &repository)
        }
        "reference-transaction" => {
            let moves: Vec<_> = input.lines().filter_map(Move::read).collect();
            judge_moves(&rules, &moves, &repository).or_else(|| {
                // Each reference that git takes away is asked about by itself; what for only its own words say.
                if moves.iter().all(|one| one.new.is_some()) {
                    return None;
                }
                let words = repository.words_of_call(call.process)?;
                judge_renaming(&rules, (&moves, &words), &repository)
            })
        }
        _ => None,
    }?;
    let text = refusal.text();
    Some(answer(&rules, refusal, text))
}

/// Judges a command that an agent's program is about to run, by its hook's record. The text is what the program takes for a denial.
pub fn judge_tool(rules: &Path, record: &Value) -> Option<Answer> {
    let rules = read_rules(rules)?;
    let guard = rules.guard.as_ref()?;
    let refusal = guard.commands.iter().find_map(|pointer| {
        let line = match record.pointer(pointer)? {
            Value::String(line) => line.clone(),
            Value::Array(words) => words_of(words),
            _ => return None,
        };
        judge_command(&rules, &line)
    })?;
    let said = Value::from(refusal.text()).to_string();
    let text = guard.reply.replace("{json:text}", &said);
    Some(answer(&rules, refusal, text))
}

/// The words of a command as one line of shell.
fn words_of(words: &[Value]) -> String {
    let words = words.iter().filter_map(Value::as_str);
    let quoted = words.map(|word| format!("'{}'", word.replace('\'', r"'\''")));
    quoted.collect::<Vec<_>>().join(" ")
}

/// A file that anybody but torch put there is passed over like one that is missing.
fn read_rules(path: &Path) -> Option<GitRules> {
    let plain = fs::symlink_metadata(path).ok()?;
    if !plain.is_file() || plain.len() > RULES_MAX {
        return None;
    }
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

fn secrets(
    rules: &GitRules,
    repository: &HookRepository<'_>,
    index: Option<&OsStr>,
) -> Option<Answer> {
    if rules.secrets == SecretCheck::Off {
        return None;
    }
    // What git can't tell is no reason to hold a commit up; git itself will say what is wrong.
    let found = repository.staged_secrets(index).unwrap_or_default();
    if found.is_empty() {
        return None;
    }
    let refused = rules.secrets == SecretCheck::Refuse;
    let (verb, rest) = match refused {
        true => ("refused by", "instead"),
        false => ("warned by", "better"),
    };
    let text = format!(
        "torch: {verb} rule {SECRET_RULE}: what looks like a secret is committed\n  {}\n  {rest}: {SECRET_REMEDY}",
        found.join("\n  ")
    );
    Some(Answer {
        text,
        refused,
        spool: rules.spool.clone(),
        launch: rules.launch,
        record: SpoolEvent::Refused {
            rule: SECRET_RULE.to_owned(),
            evidence: found.join("; "),
            remedy: SECRET_REMEDY.to_owned(),
            target: found.first().and_then(|place| file_of(place)),
            warned: !refused,
        },
    })
}

fn answer(rules: &GitRules, refusal: Refusal, text: String) -> Answer {
    Answer {
        text,
        refused: true,
        spool: rules.spool.clone(),
        launch: rules.launch,
        record: SpoolEvent::Refused {
            rule: refusal.rule.to_owned(),
            evidence: refusal.what,
            remedy: refusal.instead,
            target: refusal.target,
            warned: false,
        },
    }
}
