//! A repository with worktrees of two agents, and git run as the one, as the other or as a person.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use torch_core::forbidden::{GitRules, Operation, RULES_FILE, RULES_VARIABLE};
use torch_core::policy::{AgentCommits, SecretCheck};
use torch_core::spool::{SpoolEvent, SpoolRecord};
use torch_core::{AgentId, LaunchId, RoleName};
use torch_process::{CommandSpec, Environment, Output, run};

use crate::place::TORCH;

/// The project is on `trunk`, where a developer and a tester have worktrees.
pub(super) struct Desk {
    folder: TempDir,
    pub(super) project: PathBuf,
    pub(super) own: PathBuf,
    pub(super) other: PathBuf,
}

impl Desk {
    pub(super) fn new() -> Self {
        Self::of_kind(&[])
    }

    /// With further arguments of `git init`.
    pub(super) fn of_kind(init: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().canonicalize().expect("canonical");
        let desk = Self {
            project: root.join("app"),
            own: root.join("home/worktrees/developer"),
            other: root.join("home/worktrees/tester"),
            folder,
        };
        fs::create_dir_all(&desk.project).expect("made");
        fs::create_dir_all(root.join("home/run")).expect("made");
        let words = [&["init", "-q", "-b", "trunk"], init].concat();
        desk.person(&desk.project, &words);
        desk.file(&desk.project, "file", "one\n");
        desk.person(&desk.project, &["add", "."]);
        desk.person(&desk.project, &["commit", "-q", "-m", "first"]);
        for (path, branch) in [
            (&desk.own, "trunk-developer"),
            (&desk.other, "trunk-tester"),
        ] {
            let path = path.display().to_string();
            desk.person(
                &desk.project,
                &["worktree", "add", "-q", "-b", branch, &path],
            );
        }
        torch_daemon::git_hooks::lay(&desk.home(), Path::new(TORCH)).expect("laid");
        desk.rules(|_| {});
        desk
    }

    pub(super) fn home(&self) -> PathBuf {
        self.root().join("home")
    }

    pub(super) fn root(&self) -> PathBuf {
        self.folder.path().canonicalize().expect("canonical")
    }

    fn rules_file(&self) -> PathBuf {
        self.home().join("run").join(RULES_FILE)
    }

    /// Writes the developer's rules, as the daemon does.
    pub(super) fn rules(&self, change: impl FnOnce(&mut GitRules)) {
        let role = |name| RoleName::parse(name).expect("a role");
        let mut rules = GitRules {
            agent: AgentId::new(1, 1),
            launch: LaunchId::new(1, 1),
            role: role("developer"),
            spool: self.home().join("run/spool"),
            common_dir: self.project.join(".git").canonicalize().expect("canonical"),
            parent: "trunk".to_owned(),
            home: Some("trunk-developer".to_owned()),
            others: BTreeMap::from([("trunk-tester".to_owned(), role("tester"))]),
            commits: AgentCommits::Required,
            forbid: Operation::ALL.to_vec(),
            secrets: SecretCheck::Refuse,
            guard: None,
        };
        change(&mut rules);
        let text = serde_json::to_vec(&rules).expect("JSON");
        fs::write(self.rules_file(), text).expect("written");
    }

    fn persons_env(&self) -> Environment {
        let config = self.root().join("gitconfig");
        if !config.exists() {
            fs::write(&config, "[protocol \"file\"]\n\tallow = always\n").expect("written");
        }
        let path = std::env::var_os("PATH").expect("a PATH");
        let own: [(&str, std::ffi::OsString); 8] = [
            ("PATH", path),
            ("HOME", self.root().into_os_string()),
            ("GIT_CONFIG_GLOBAL", config.into_os_string()),
            ("GIT_CONFIG_NOSYSTEM", "1".into()),
            ("GIT_AUTHOR_NAME", "ann".into()),
            ("GIT_AUTHOR_EMAIL", "ann@example.org".into()),
            ("GIT_COMMITTER_NAME", "ann".into()),
            ("GIT_COMMITTER_EMAIL", "ann@example.org".into()),
        ];
        own.map(|(name, value)| (name.into(), value)).into()
    }

    fn agents_env(&self) -> Environment {
        let mut env = self.persons_env();
        let folder = torch_daemon::git_hooks::folder(&self.home());
        let setting = format!("'core.hooksPath'='{}'", folder.display());
        env.insert("GIT_CONFIG_PARAMETERS".into(), setting.into());
        env.insert(RULES_VARIABLE.into(), self.rules_file().into_os_string());
        env
    }

    /// Runs git as a person, who must succeed.
    pub(super) fn person(&self, cwd: &Path, args: &[&str]) -> String {
        let output = self.run(cwd, self.persons_env(), ("git", args));
        assert!(output.success(), "git {args:?}: {}", output.error_text());
        output.text()
    }

    /// Runs git as the developer, in its worktree.
    pub(super) fn try_git(&self, args: &[&str]) -> Output {
        self.run(&self.own, self.agents_env(), ("git", args))
    }

    /// The same, which must succeed.
    pub(super) fn git(&self, args: &[&str]) -> String {
        let output = self.try_git(args);
        assert!(output.success(), "git {args:?}: {}", output.error_text());
        output.text()
    }

    /// Runs a shell as the developer, in its worktree.
    pub(super) fn shell(&self, script: &str) -> Output {
        self.run(&self.own, self.agents_env(), ("sh", &["-c", script]))
    }

    /// The same, which must be refused by this rule, with nothing of the references changed.
    pub(super) fn refused(&self, args: &[&str], rule: &str) {
        let before = self.person(&self.project, &["for-each-ref"]);
        let output = self.try_git(args);
        let said = output.error_text();
        assert!(!output.success(), "git {args:?} was done");
        assert!(
            said.contains(&format!("rule {rule}: ")),
            "git {args:?}: {said}"
        );
        assert!(said.contains("instead: "), "{said}");
        let after = self.person(&self.project, &["for-each-ref"]);
        assert_eq!(before, after, "git {args:?}");
        let last = self.told().pop().expect("told");
        assert_eq!(last.0, rule, "git {args:?}");
    }

    fn run(&self, cwd: &Path, env: Environment, (program, args): (&str, &[&str])) -> Output {
        let spec = CommandSpec::new(program, cwd, env, Duration::from_secs(60));
        run(&spec.args(args.iter().copied())).expect("it runs")
    }

    /// The rule and evidence of everything in the spool.
    pub(super) fn told(&self) -> Vec<(String, String)> {
        let text = fs::read_to_string(self.home().join("run/spool")).unwrap_or_default();
        let records = text.lines().map(|line| {
            let record: SpoolRecord = serde_json::from_str(line).expect("a record");
            record.event
        });
        let told = records.map(|event| match event {
            SpoolEvent::Refused { rule, evidence, .. } => (rule, evidence),
            other => panic!("{other:?}"),
        });
        told.collect()
    }

    pub(super) fn file(&self, folder: &Path, name: &str, text: &str) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }

    /// A hook that notes its name, its arguments and its input in `log`, and ends with this status.
    pub(super) fn hook(&self, folder: &Path, name: &str, status: i32) {
        let log = self.root().join("log");
        let text = format!(
            "#!/bin/sh\n{{ echo \"${{0##*/}} $#: $* in $(pwd -P)\"; [ -t 0 ] || sed 's/^/  /'; }} >> '{}'\nexit {status}\n",
            log.display()
        );
        self.file(folder, name, &text);
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(folder.join(name), mode).expect("made executable");
    }

    /// What hooks noted since the last look.
    pub(super) fn log(&self) -> String {
        let path = self.root().join("log");
        let text = fs::read_to_string(&path).unwrap_or_default();
        fs::remove_file(&path).ok();
        text
    }

    /// A commit of a new file, as the developer.
    pub(super) fn commit(&self, name: &str) -> Output {
        self.file(&self.own, name, "text\n");
        self.git(&["add", name]);
        self.try_git(&["commit", "-q", "-m", name])
    }
}
