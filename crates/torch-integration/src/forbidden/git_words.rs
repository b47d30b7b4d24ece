//! The call of git that the words of a command make, behind whatever stands before it (`env`, `sudo`, `sh -c` …).

/// A call of git.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct GitWords {
    /// Settings given with `-c` or `--config-env`, keys in lower case.
    pub(super) settings: Vec<String>,
    /// The subcommand.
    pub(super) name: String,
    /// Its arguments.
    pub(super) args: Vec<String>,
}

/// What one command comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// git is called; the names are those of variables that are set or taken away for it.
    Git(GitWords, Vec<String>),
    /// Another line of shell is run.
    Shell(String),
    /// Variables are set or taken away for all that follows.
    Variables(Vec<String>),
    /// Anything else.
    Other,
}

/// Programs that run the command behind them, and their options with a value.
const BEFORE: [(&str, &[&str]); 12] = [
    ("command", &[]),
    ("builtin", &[]),
    ("exec", &["-a"]),
    ("nohup", &[]),
    ("time", &["-f", "-o"]),
    ("nice", &["-n"]),
    ("ionice", &["-c", "-n"]),
    ("setsid", &[]),
    ("stdbuf", &["-i", "-o", "-e"]),
    ("timeout", &["-s", "-k"]),
    ("sudo", &["-u", "-g", "-h"]),
    ("xargs", &["-I", "-n", "-P", "-L", "-d", "-a"]),
];

/// Words of a shell's grammar that a command may follow.
const GRAMMAR: [&str; 9] = [
    "if", "then", "else", "elif", "while", "until", "do", "!", "{",
];

/// The program that is looked for; it is only read of here, never started.
const PROGRAM: &str = concat!("gi", "t");

const SHELLS: [&str; 5] = ["sh", "bash", "dash", "zsh", "ksh"];

/// Options of git itself with a value as the next word.
const GIT_VALUES: [&str; 6] = [
    "-C",
    "--git-dir",
    "--work-tree",
    "--namespace",
    "--exec-path",
    "--super-prefix",
];

/// Reads the words of one command.
pub(super) fn meaning(words: &[String]) -> Meaning {
    let mut words = words;
    let mut variables = Vec::new();
    loop {
        let Some((first, rest)) = words.split_first() else {
            return match variables.is_empty() {
                true => Meaning::Other,
                false => Meaning::Variables(variables),
            };
        };
        if GRAMMAR.contains(&first.as_str()) {
            words = rest;
            continue;
        }
        if let Some(name) = assigned(first) {
            variables.push(name.to_owned());
            words = rest;
            continue;
        }
        let program = first.rsplit('/').next().unwrap_or(first);
        match program {
            "env" => words = after_env(rest, &mut variables),
            _ if program == PROGRAM => return Meaning::Git(git(rest), variables),
            "eval" => return Meaning::Shell(rest.join(" ")),
            "export" | "declare" | "typeset" | "unset" => {
                let named = rest.iter().filter(|word| !word.starts_with('-'));
                let names = named.map(|word| assigned(word).unwrap_or(word).to_owned());
                return Meaning::Variables(names.collect());
            }
            _ if SHELLS.contains(&program) => return script(rest),
            _ => match BEFORE.iter().find(|(name, _)| *name == program) {
                Some((_, values)) => words = after_options(rest, values, program == "timeout"),
                None => return Meaning::Other,
            },
        }
    }
}

/// The variable that a word sets.
fn assigned(word: &str) -> Option<&str> {
    let (name, _) = word.split_once('=')?;
    let name = name.strip_suffix('+').unwrap_or(name);
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let named = !name.is_empty() && name.chars().all(plain);
    (named && !name.starts_with(|c: char| c.is_ascii_digit())).then_some(name)
}

/// The command behind `env`. With `-i` every variable is taken away.
fn after_env<'w>(words: &'w [String], variables: &mut Vec<String>) -> &'w [String] {
    let mut at = 0;
    while let Some(word) = words.get(at) {
        match word.as_str() {
            "-i" | "-" | "--ignore-environment" => {
                variables.push("GIT_CONFIG_PARAMETERS".to_owned())
            }
            "-u" | "--unset" => {
                variables.extend(words.get(at + 1).cloned());
                at += 1;
            }
            "-C" | "--chdir" | "-S" => at += 1,
            _ => {
                if let Some(name) = word.strip_prefix("--unset=") {
                    variables.push(name.to_owned());
                } else if !word.starts_with('-') {
                    break;
                }
            }
        }
        at += 1;
    }
    words.get(at..).unwrap_or_default()
}

fn after_options<'w>(words: &'w [String], values: &[&str], takes_one: bool) -> &'w [String] {
    let mut at = 0;
    while let Some(word) = words.get(at).filter(|word| word.starts_with('-')) {
        at += if values.contains(&word.as_str()) {
            2
        } else {
            1
        };
    }
    words.get(at + usize::from(takes_one)..).unwrap_or_default()
}

/// What a shell is given with `-c`.
fn script(words: &[String]) -> Meaning {
    let is_c =
        |word: &&String| word.starts_with('-') && !word.starts_with("--") && word.ends_with('c');
    let at = words.iter().position(|word| is_c(&word));
    match at.and_then(|at| words.get(at + 1)) {
        Some(line) => Meaning::Shell(line.clone()),
        None => Meaning::Other,
    }
}

fn git(words: &[String]) -> GitWords {
    let mut call = GitWords::default();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let next = words.get(at + 1);
        let (option, value) = match word.split_once('=') {
            Some((option, value)) if option.starts_with("--") => (option, Some(value)),
            _ => (word.as_str(), None),
        };
        match option {
            "-c" | "--config-env" => {
                let given = value.or(next.map(String::as_str)).unwrap_or_default();
                let key = given.split('=').next().unwrap_or_default();
                call.settings.push(key.to_ascii_lowercase());
                at += usize::from(value.is_none());
            }
            _ if GIT_VALUES.contains(&option) => at += usize::from(value.is_none()),
            _ if word.starts_with('-') => {}
            _ => {
                call.name = word.clone();
                call.args = words.get(at + 1..).unwrap_or_default().to_vec();
                return call;
            }
        }
        at += 1;
    }
    call
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forbidden::shell::commands;

    fn read(line: &str) -> Meaning {
        meaning(&commands(line)[0])
    }

    fn called(settings: &[&str], name: &str, args: &[&str]) -> GitWords {
        let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        GitWords {
            settings: owned(settings),
            name: name.to_owned(),
            args: owned(args),
        }
    }

    #[test]
    fn git_is_found_behind_what_runs_it() {
        let push = || called(&[], "push", &["-f"]);
        for line in [
            "git push -f",
            "/usr/bin/git -C /x --git-dir=.git --no-pager push -f",
            "env -C /x git push -f",
            "sudo -u me nice -n 5 git push -f",
            "timeout -k 1 30 git push -f",
            "if git push -f",
            "xargs -n 1 git push -f",
        ] {
            assert_eq!(read(line), Meaning::Git(push(), vec![]), "{line}");
        }
        let set = called(&["core.hookspath"], "commit", &[]);
        assert_eq!(
            read("git -c core.hooksPath=/x commit"),
            Meaning::Git(set, vec![])
        );
        let names = vec!["A".to_owned(), "B".to_owned()];
        assert_eq!(
            read("A=1 env -u B git push -f"),
            Meaning::Git(push(), names)
        );
    }

    #[test]
    fn the_rest_is_told_apart() {
        let shell = |text: &str| Meaning::Shell(text.to_owned());
        assert_eq!(read("bash -lc 'git push'"), shell("git push"));
        assert_eq!(read("eval git push"), shell("git push"));
        assert_eq!(read("unset X"), Meaning::Variables(vec!["X".to_owned()]));
        assert_eq!(read("export X=1"), Meaning::Variables(vec!["X".to_owned()]));
        assert_eq!(read("bash run.sh"), Meaning::Other);
        assert_eq!(read("echo git push -f"), Meaning::Other);
        assert_eq!(read("env"), Meaning::Other);
    }
}
