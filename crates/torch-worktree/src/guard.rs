//! What a repository's own configuration must not decide: which programs run in torch's name.
//!
//! Whoever gave the user the repository, and every agent, may have written its `config`, the worktree's, and any file that
//! these include. So each program that is named there is taken back, to what the user's or the system's configuration says,
//! or to nothing. Only the user can allow a repository its own filters and hooks, in the configuration that is theirs:
//! `git config --global --add torch.trusted /path/to/project` (`*` for all).

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;

/// The key of the user's configuration that names repositories whose own filters and hooks may run.
pub(crate) const TRUSTED: &str = "torch.trusted";

/// What `git lfs install --local` writes (git-lfs 3.6): the program of the machine, not of the repository.
const LFS: [&[u8]; 6] = [
    b"git-lfs clean -- %f",
    b"git-lfs smudge -- %f",
    b"git-lfs smudge --skip -- %f",
    b"git-lfs filter-process",
    b"git-lfs filter-process --skip",
    b"true",
];

/// Whether the repository's own filters and hooks may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    /// The user allows them.
    Given,
    /// Nobody does.
    None,
}

/// What a key of the configuration leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    /// A filter of files, which a checkout or a commit may need.
    Filter,
    /// What asks for, or brings, keys and passwords, and how a remote is spoken to.
    Access,
    /// Any other program.
    Program,
    /// A switch that turns a hook of the configuration off.
    HookSwitch,
}

/// One line of the configuration, in the order in which git reads them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Setting {
    /// Whether the user, the system or the environment says it.
    users: bool,
    key: Vec<u8>,
    value: Vec<u8>,
}

/// The configuration as it holds at one place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Config(Vec<Setting>);

impl Config {
    /// Reads `git config --list --show-scope -z` (2.26): `SCOPE NUL KEY LF VALUE NUL`.
    pub(crate) fn parse(listed: &[u8]) -> Self {
        let mut parts = listed.split(|&byte| byte == 0);
        let mut found = Vec::new();
        while let (Some(scope), Some(line)) = (parts.next(), parts.next()) {
            let end = line.iter().position(|&byte| byte == b'\n');
            let (key, value) = match end {
                Some(end) => (&line[..end], &line[end + 1..]),
                // A key alone is a switch that is on.
                None => (line, b"true".as_slice()),
            };
            found.push(Setting {
                users: matches!(scope, b"system" | b"global" | b"command"),
                key: key.to_owned(),
                value: value.to_owned(),
            });
        }
        Self(found)
    }

    /// What must be said to git before a command, as keys and values, so that it runs no program that the repository names;
    /// where hooks lie is not of it.
    pub(crate) fn guards(&self, trust: Trust, with_hooks: bool) -> Vec<(OsString, OsString)> {
        let mut guards = Vec::new();
        let mut done: Vec<&[u8]> = Vec::new();
        for setting in self.0.iter().filter(|setting| !setting.users) {
            let Some(names) = names(&setting.key) else {
                continue;
            };
            let allowed = match names {
                Names::Filter => trust == Trust::Given || is_lfs(setting),
                // What a hook speaks to is its own affair.
                Names::Access => with_hooks,
                Names::HookSwitch => with_hooks && trust == Trust::Given,
                Names::Program => false,
            };
            if allowed || done.contains(&setting.key.as_slice()) {
                continue;
            }
            done.push(&setting.key);
            self.guard(names, &setting.key, &mut guards);
        }
        guards
    }

    fn guard(&self, names: Names, key: &[u8], guards: &mut Vec<(OsString, OsString)>) {
        let mut put = |key: &[u8], value: &[u8]| {
            let text = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
            guards.push((text(key), text(value)));
        };
        match names {
            Names::HookSwitch => {
                let name = key.rsplitn(2, |&byte| byte == b'.').nth(1);
                put(&[name.unwrap_or(key), b".enabled"].concat(), b"false");
            }
            Names::Filter if key.ends_with(b".required") => {
                put(key, self.users_last(key).unwrap_or(b"false"));
            }
            _ => {
                // Nothing; of a list, all that was said before.
                put(key, b"");
                let users = self.0.iter().filter(|one| one.users && one.key == key);
                for one in users {
                    put(key, &one.value);
                }
            }
        }
    }

    fn users_last(&self, key: &[u8]) -> Option<&[u8]> {
        let mut users = self.0.iter().filter(|one| one.users && one.key == key);
        users.next_back().map(|one| one.value.as_slice())
    }

    /// Whether the repository itself says where its hooks lie.
    pub(crate) fn has_own_hooks_path(&self) -> bool {
        let is_own = |one: &&Setting| !one.users && one.key == b"core.hookspath";
        self.0.iter().any(|one| is_own(&one))
    }

    /// The hooks' folder that the user's configuration names.
    pub(crate) fn users_hooks_path(&self) -> Option<OsString> {
        let path = self.users_last(b"core.hookspath")?;
        Some(OsString::from_vec(path.to_vec()))
    }

    /// Whether anything is to be taken back that the user may allow.
    pub(crate) fn has_doubtful(&self) -> bool {
        self.has_own_hooks_path() || !self.own_filters().is_empty()
    }

    /// The filters that only the repository defines, each with its program.
    pub(crate) fn own_filters(&self) -> BTreeMap<Vec<u8>, String> {
        let mut found = BTreeMap::new();
        for setting in self.0.iter().filter(|one| !one.users && !is_lfs(one)) {
            let is_program = names(&setting.key) == Some(Names::Filter)
                && !setting.key.ends_with(b".required")
                && !setting.value.is_empty()
                && self.users_last(&setting.key).is_none();
            if is_program {
                let name = middle(&setting.key).unwrap_or_default().to_owned();
                let program = String::from_utf8_lossy(&setting.value).into_owned();
                found.insert(name, program);
            }
        }
        found
    }

    /// Whether the user names this repository, by the place of its common directory, as trusted.
    pub(crate) fn trusts(&self, common_dir: &Path) -> Trust {
        let places = self
            .0
            .iter()
            .filter(|one| one.users && one.key == TRUSTED.as_bytes());
        let mut paths = places.map(|one| OsString::from_vec(one.value.clone()));
        let is_it = |path: OsString| {
            let path = Path::new(&path);
            let same = |path: &Path| path.canonicalize().is_ok_and(|real| real == common_dir);
            path == Path::new("*") || path.is_absolute() && (same(path) || same(&path.join(".git")))
        };
        match paths.any(is_it) {
            true => Trust::Given,
            false => Trust::None,
        }
    }

    /// Whether the user trusts any repository.
    pub(crate) fn trusts_any(&self) -> bool {
        self.users_last(TRUSTED.as_bytes()).is_some()
    }
}

fn is_lfs(setting: &Setting) -> bool {
    let lfs = setting.key.starts_with(b"filter.lfs.");
    lfs && LFS.contains(&setting.value.as_slice())
}

/// The part between the first and the last dot.
fn middle(key: &[u8]) -> Option<&[u8]> {
    let first = key.iter().position(|&byte| byte == b'.')?;
    let last = key.iter().rposition(|&byte| byte == b'.')?;
    key.get(first + 1..last)
}

/// What a key names, if it is a program (git 2.47, Documentation/config; git-lfs 3.6, git-lfs-config(5)). Sections and names
/// are in lower case, as git lists them.
fn names(key: &[u8]) -> Option<Names> {
    let text = String::from_utf8_lossy(key);
    let (section, _) = text.split_once('.')?;
    let (_, name) = text.rsplit_once('.')?;
    Some(match (section, name) {
        ("filter", "clean" | "smudge" | "process" | "required") => Names::Filter,
        ("core", "sshcommand" | "askpass" | "gitproxy")
        | ("credential", "helper")
        | ("remote", "uploadpack" | "receivepack" | "vcs" | "proxy") => Names::Access,
        ("hook", "command" | "event") => Names::HookSwitch,
        ("core", "editor" | "fsmonitor" | "pager" | "alternaterefscommand")
        | ("sequence", "editor")
        | ("diff", "external" | "command" | "textconv")
        | ("merge", "driver")
        | ("gpg", "program" | "defaultkeycommand")
        | ("trailer", "command" | "cmd")
        | ("interactive", "difffilter")
        | ("uploadpack", "packobjectshook")
        | ("gc", "recentobjectshook")
        | ("lfs", "standalonetransferagent" | "path" | "args" | "clean" | "smudge")
        | ("pager", _) => Names::Program,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(lines: &[(&str, &str, &str)]) -> Config {
        let text: String = lines
            .iter()
            .map(|(scope, key, value)| format!("{scope}\0{key}\n{value}\0"))
            .collect();
        Config::parse(text.as_bytes())
    }

    #[track_caller]
    fn check(lines: &[(&str, &str, &str)], with_hooks: bool, expect: &[(&str, &str)]) {
        let guards = config(lines).guards(Trust::None, with_hooks);
        let expect: Vec<(OsString, OsString)> = expect
            .iter()
            .map(|(key, value)| (key.into(), value.into()))
            .collect();
        assert_eq!(guards, expect);
    }

    #[test]
    fn a_program_of_the_repository_is_taken_back() {
        check(&[("local", "user.name", "ann")], false, &[]);
        check(&[("global", "filter.x.clean", "mine")], false, &[]);
        check(
            &[
                ("local", "filter.x=y.clean", "evil"),
                ("worktree", "filter.x=y.required", "true"),
                ("local", "diff.d.textconv", "evil"),
            ],
            false,
            &[
                ("filter.x=y.clean", ""),
                ("filter.x=y.required", "false"),
                ("diff.d.textconv", ""),
            ],
        );
    }

    #[test]
    fn what_the_user_says_holds_again() {
        let lines = [
            ("global", "credential.helper", "one"),
            ("global", "credential.helper", "two"),
            ("global", "filter.lfs.process", "my-lfs"),
            ("local", "credential.helper", "evil"),
            ("local", "filter.lfs.process", "evil"),
            ("local", "core.hookspath", ".husky"),
        ];
        check(
            &lines,
            false,
            &[
                ("credential.helper", ""),
                ("credential.helper", "one"),
                ("credential.helper", "two"),
                ("filter.lfs.process", ""),
                ("filter.lfs.process", "my-lfs"),
            ],
        );
        // Hooks have the user's ways of access, and are not those of the repository.
        let with_hooks = config(&lines).guards(Trust::None, true);
        assert!(!with_hooks.iter().any(|(key, _)| key == "credential.helper"));
        assert!(config(&lines).has_own_hooks_path());
        assert!(config(&lines).own_filters().is_empty());
    }

    #[test]
    fn the_machines_lfs_is_nobodys_trick() {
        let lines = [
            ("local", "filter.lfs.process", "git-lfs filter-process"),
            ("local", "filter.lfs.required", "true"),
            ("local", "lfs.customtransfer.x.path", "evil"),
        ];
        check(&lines, false, &[("lfs.customtransfer.x.path", "")]);
        let other = [(
            "local",
            "filter.lfs.process",
            "git-lfs filter-process; evil",
        )];
        assert_eq!(config(&other).own_filters().len(), 1);
    }

    #[test]
    fn trust_comes_from_the_user_alone() {
        let here = Path::new("/");
        let trusts = |scope| config(&[(scope, TRUSTED, "*")]).trusts(here);
        assert_eq!(trusts("global"), Trust::Given);
        assert_eq!(trusts("local"), Trust::None);
        assert_eq!(trusts("worktree"), Trust::None);
        let relative = config(&[("global", TRUSTED, ".")]);
        assert_eq!(relative.trusts(here), Trust::None);
    }
}
