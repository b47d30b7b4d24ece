//! Brokers with real repositories: a project, a bare repository on disk as its remote, and the broker between them.

mod looked;

use std::os::unix::fs::PermissionsExt as _;
use std::thread;

use torch_core::policy::SecretCheck;

use super::*;
use crate::broker::{
    BrokerRequest, ForwardRequest, Forwarded, PushedRef, PutBackRequest, RefChange, forward,
    has_landed, may_push, open_broker, push_facts, pushes_to, put_back, remotes, standing,
};

const MIB: u64 = 1 << 20;
const BRANCH: &str = "refs/heads/feature/login";

struct Stage {
    project: Project,
    remote: PathBuf,
    broker: PathBuf,
}

impl Stage {
    fn new() -> Self {
        Self::with(&[])
    }

    /// A project with a remote that has its branch `main`, and a broker.
    fn with(init: &[&str]) -> Self {
        let project = Project::named("project", init);
        let folder = project.root.parent().expect("a folder").to_owned();
        let remote = folder.join("remote.git");
        let words = ["init", "-q", "--bare", "-b", "main"];
        let path = remote.display().to_string();
        git(&folder, &[&words, init, &[path.as_str()]].concat());
        project.git(&["remote", "add", "origin", &path]);
        project.git(&["push", "-q", "origin", "main"]);
        let stage = Self {
            broker: folder.join("registry/broker.git"),
            project,
            remote,
        };
        stage.open();
        stage
    }

    fn open(&self) {
        self.try_open(100 * MIB).expect("a broker");
    }

    fn try_open(&self, bytes_max: u64) -> Result<(), WorktreeError> {
        let repository = self.project.inspect();
        let request = BrokerRequest {
            path: &self.broker,
            repository: &repository,
            remote: Some("origin"),
            hook: "true",
            bytes_max,
        };
        open_broker(&handle(), &request)
    }

    /// What an agent's git is told.
    fn settings(&self) -> Vec<(String, String)> {
        let key = format!("url.{}.pushInsteadOf", self.broker.display());
        vec![(key, self.remote.display().to_string())]
    }

    /// Runs git in the project as an agent would.
    fn agent(&self, args: &[&str]) -> Output {
        let (key, value) = &self.settings()[0];
        let mut env = environment();
        env.insert(
            "GIT_CONFIG_PARAMETERS".into(),
            format!("'{key}'='{value}'").into(),
        );
        let cwd = &self.project.root;
        let spec = CommandSpec::new("git", cwd, env, Duration::from_secs(60)).args(args);
        run(&spec).expect("git runs")
    }

    /// A commit on a new branch, pushed as an agent.
    fn pushed(&self, branch: &str, message: &str) -> String {
        self.project.git(&["checkout", "-q", "-B", branch]);
        self.project.commit(message);
        let output = self.agent(&["push", "-q", "-u", "origin", branch]);
        assert!(output.success(), "{}", output.error_text());
        self.project.git(&["rev-parse", "HEAD"])
    }

    fn request<'a>(&'a self, env: &'a Environment, commit: &'a str) -> ForwardRequest<'a> {
        ForwardRequest {
            broker: &self.broker,
            url: self.remote.to_str().expect("UTF-8"),
            env,
            reference: BRANCH,
            commit,
        }
    }

    fn forward(&self, commit: &str) -> Forwarded {
        let env = Environment::new();
        forward(&handle(), &self.request(&env, commit)).expect("git runs")
    }

    fn at(&self, place: &Path, reference: &str) -> Option<String> {
        let output = git_raw(place, &["rev-parse", "--verify", "-q", reference]);
        output.success().then(|| output.text())
    }

    fn put_back(&self, pushed: &str, to: Option<&str>) {
        let request = PutBackRequest {
            broker: &self.broker,
            common_dir: &self.project.root.join(".git"),
            remote: "origin",
            reference: BRANCH,
            pushed,
            to,
        };
        put_back(&handle(), &request).expect("put back");
    }
}

fn script(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    fs::write(path, text).expect("written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("set");
}

#[test]
fn an_agents_push_comes_into_the_broker_and_goes_on_from_there() {
    let stage = Stage::new();
    let before = fs::read(stage.project.root.join(".git/config")).expect("reads");
    let git_dir = stage.project.root.join(".git");
    let to = pushes_to(&handle(), &git_dir, "origin", &stage.settings()).expect("said");
    assert_eq!(to, [stage.broker.display().to_string()]);
    let pushed = stage.pushed("feature/login", "one");
    assert_eq!(stage.at(&stage.broker, BRANCH), Some(pushed.clone()));
    assert_eq!(stage.at(&stage.remote, BRANCH), None, "not yet");
    assert!(has_landed(&handle(), &stage.broker, BRANCH, &pushed).expect("said"));
    assert_eq!(stage.forward(&pushed), Forwarded::Done);
    assert_eq!(stage.at(&stage.remote, BRANCH), Some(pushed.clone()));
    let note = "refs/remotes/origin/feature/login";
    assert_eq!(stage.at(&stage.project.root, note), Some(pushed.clone()));
    // Again is no push: what a crash left unsaid is found so.
    assert_eq!(stage.forward(&pushed), Forwarded::Done);
    // The person's own configuration has the upstream that the agent asked for, and nothing of the broker.
    let after = stage.project.git(&["config", "--local", "--list"]);
    assert!(!after.contains("broker"), "{after}");
    assert!(before.len() < fs::read(git_dir.join("config")).expect("reads").len());
    let own = pushes_to(&handle(), &git_dir, "origin", &[]).expect("said");
    assert_eq!(own, [stage.remote.display().to_string()]);
    let found = remotes(&handle(), &git_dir).expect("read");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].urls, own);
}

#[test]
fn what_is_forced_or_deleted_is_refused_by_git_itself() {
    let stage = Stage::new();
    let pushed = stage.pushed("feature/login", "one");
    stage
        .project
        .git(&["commit", "-q", "--amend", "--allow-empty", "-m", "two"]);
    for args in [
        ["push", "--force", "origin", "feature/login"],
        ["push", "origin", "--delete", "feature/login"],
        ["push", "origin", "+feature/login", "-q"],
    ] {
        let output = stage.agent(&args);
        assert!(!output.success(), "{args:?}: {}", output.error_text());
    }
    assert_eq!(stage.at(&stage.broker, BRANCH), Some(pushed.clone()));
    // What torch forwards is never forced either, whoever moved the broker's branch past its settings.
    assert_eq!(stage.forward(&pushed), Forwarded::Done);
    let amended = stage.project.git(&["rev-parse", "HEAD"]);
    let objects = stage.project.root.join(".git/objects");
    let lines = format!("{}\n", objects.display());
    fs::write(stage.broker.join("objects/info/alternates"), lines).expect("written");
    git(&stage.broker, &["update-ref", BRANCH, &amended]);
    let found = stage.forward(&amended);
    assert!(matches!(found, Forwarded::Behind { .. }), "{found:?}");
    assert_eq!(stage.at(&stage.remote, BRANCH), Some(pushed));
}

#[test]
fn what_torch_wrote_is_written_again() {
    let stage = Stage::new();
    let config = fs::read(stage.broker.join("config")).expect("reads");
    let evil = stage.broker.join("evil");
    let text = format!(
        "[url \"{}\"]\n\tpushInsteadOf = {}\n[core]\n\tsshCommand = evil\n",
        evil.display(),
        stage.remote.display()
    );
    fs::write(stage.broker.join("config"), text).expect("written");
    script(
        &stage.broker.join("hooks/pre-receive"),
        "#!/bin/sh\nexit 0\n",
    );
    script(&stage.broker.join("hooks/update"), "#!/bin/sh\ntouch ran\n");
    stage.open();
    assert_eq!(
        fs::read(stage.broker.join("config")).expect("reads"),
        config
    );
    assert!(!stage.broker.join("hooks/update").exists());
    let hook = fs::read_to_string(stage.broker.join("hooks/pre-receive")).expect("reads");
    assert!(hook.ends_with("exec true pre-receive\n"), "{hook}");
    // A half-made one is begun anew.
    fs::remove_file(stage.broker.join("HEAD")).expect("removed");
    stage.open();
    assert!(stage.at(&stage.broker, "refs/heads/main").is_some());
}

#[test]
fn hooks_of_the_project_and_in_the_broker_do_not_run_when_torch_forwards() {
    let stage = Stage::new();
    let pushed = stage.pushed("feature/login", "one");
    let ran = stage.broker.with_file_name("ran");
    let text = format!("#!/bin/sh\ntouch '{}'\nexit 1\n", ran.display());
    script(&stage.project.root.join(".git/hooks/pre-push"), &text);
    script(&stage.broker.join("hooks/pre-push"), &text);
    assert_eq!(stage.forward(&pushed), Forwarded::Done);
    assert!(!ran.exists());
}

#[test]
fn a_remote_that_refuses_is_heard_and_harmless() {
    let stage = Stage::new();
    let pushed = stage.pushed("feature/login", "one");
    let hook = stage.remote.join("hooks/pre-receive");
    script(
        &hook,
        "#!/bin/sh\nprintf '\\033]0;title\\007no tabs, please\\n' >&2\nexit 1\n",
    );
    let Forwarded::Refused { said } = stage.forward(&pushed) else {
        panic!("not refused");
    };
    assert!(
        said.contains("no tabs, please") && !said.contains('\u{1b}'),
        "{said}"
    );
    // What was not forwarded is put back, here and in the project.
    stage.put_back(&pushed, None);
    assert_eq!(stage.at(&stage.broker, BRANCH), None);
    let note = "refs/remotes/origin/feature/login";
    assert_eq!(stage.at(&stage.project.root, note), None);
    assert_eq!(
        stage.at(&stage.project.root, BRANCH),
        Some(pushed),
        "the work stays"
    );
}

#[test]
fn a_remote_that_is_away_is_told_from_one_that_refuses() {
    let stage = Stage::new();
    let pushed = stage.pushed("feature/login", "one");
    let away = stage.remote.with_file_name("away.git");
    fs::rename(&stage.remote, &away).expect("moved");
    let found = stage.forward(&pushed);
    assert!(matches!(found, Forwarded::Away { .. }), "{found:?}");
    fs::rename(&away, &stage.remote).expect("moved");
    assert_eq!(stage.forward(&pushed), Forwarded::Done);
    // A program that a URL names is never run.
    let ran = stage.broker.with_file_name("ran");
    let url = format!("ext::sh -c touch% {}", ran.display());
    let env = Environment::new();
    let request = ForwardRequest {
        url: &url,
        ..stage.request(&env, &pushed)
    };
    let found = forward(&handle(), &request).expect("git runs");
    assert!(matches!(found, Forwarded::Away { .. }) && !ran.exists());
}

#[test]
fn a_remote_that_has_gone_on_is_looked_at() {
    let stage = Stage::new();
    let pushed = stage.pushed("feature/login", "one");
    assert_eq!(stage.forward(&pushed), Forwarded::Done);
    // Somebody else pushes on top of it before torch has written down that it was forwarded.
    let other = stage.remote.with_file_name("other");
    let (from, to) = (
        stage.remote.display().to_string(),
        other.display().to_string(),
    );
    git(
        &stage.broker,
        &["clone", "-q", "-b", "feature/login", &from, &to],
    );
    git(&other, &["commit", "-q", "--allow-empty", "-m", "theirs"]);
    git(&other, &["push", "-q", "origin", "feature/login"]);
    let theirs = git(&other, &["rev-parse", "HEAD"]);
    let found = stage.forward(&pushed);
    assert!(matches!(found, Forwarded::Behind { .. }), "{found:?}");
    let env = Environment::new();
    let seen = standing(&handle(), &stage.request(&env, &pushed)).expect("looked");
    let seen = seen.expect("a branch");
    assert!(seen.holds && seen.tip == theirs);
    // Something beside it is not below it; the remote's state comes into the project, which has no keys of its own.
    let mine = stage.pushed("feature/login", "mine");
    assert!(matches!(stage.forward(&mine), Forwarded::Behind { .. }));
    let seen = standing(&handle(), &stage.request(&env, &mine)).expect("looked");
    assert!(!seen.expect("a branch").holds);
    stage.put_back(&mine, Some(&theirs));
    assert_eq!(stage.at(&stage.broker, BRANCH), Some(theirs.clone()));
    let note = "refs/remotes/origin/feature/login";
    assert_eq!(stage.at(&stage.project.root, note), Some(theirs.clone()));
    // Merged with it, it goes through.
    stage
        .project
        .git(&["merge", "-q", "--no-edit", "origin/feature/login"]);
    let output = stage.agent(&["push", "-q", "origin", "feature/login"]);
    assert!(output.success(), "{}", output.error_text());
    let merged = stage.project.git(&["rev-parse", "HEAD"]);
    assert_eq!(stage.forward(&merged), Forwarded::Done);
    // What has moved on since is not put back.
    stage.put_back(&mine, None);
    assert_eq!(stage.at(&stage.broker, BRANCH), Some(merged));
}

#[test]
fn a_push_is_looked_at_while_git_holds_its_objects_apart() {
    let stage = Stage::new();
    let old = stage.pushed("feature/login", "one");
    let folder = stage.broker.join("objects/tmp_objdir-incoming-x");
    fs::create_dir(&folder).expect("made");
    let mut env = environment();
    env.insert("GIT_OBJECT_DIRECTORY".into(), folder.clone().into());
    let objects = stage.broker.join("objects");
    env.insert("GIT_ALTERNATE_OBJECT_DIRECTORIES".into(), objects.into());
    let make = |parent: &[&str]| {
        let tree = format!("{old}^{{tree}}");
        let args = [&["commit-tree", "-m", "new\tline", tree.as_str()], parent].concat();
        let seconds = Duration::from_secs(60);
        let spec = CommandSpec::new("git", &stage.broker, env.clone(), seconds).args(args);
        run(&spec).expect("git runs").text()
    };
    let (next, apart) = (make(&["-p", &old]), make(&[]));
    let one = |reference: &str, old: Option<&str>, new: Option<&str>| PushedRef {
        reference: reference.to_owned(),
        old: old.map(str::to_owned),
        new: new.map(str::to_owned),
    };
    let refs = [
        one(BRANCH, Some(&old), Some(&next)),
        one(BRANCH, Some(&old), Some(&apart)),
        one("refs/heads/feature/new", None, Some(&next)),
        one(BRANCH, Some(&old), None),
        one("refs/tags/stable-x", Some(&old), Some(&next)),
    ];
    let off = SecretCheck::Off;
    let facts = push_facts(&handle(), &stage.broker, Some(&folder), &refs, off).expect("looked");
    let found: Vec<_> = facts.refs.iter().map(|one| (one.0, one.1)).collect();
    use RefChange::{Deleted, Forward, Made, Rewound};
    assert_eq!(
        found,
        [
            (Forward, 1),
            (Rewound, 1),
            (Made, 1),
            (Deleted, 0),
            (Rewound, 1)
        ]
    );
    assert!(facts.bytes > 100 && facts.refs[0].2.starts_with("new"));
    // Without the folder nothing is known of them, and a folder elsewhere is none of git's.
    assert!(push_facts(&handle(), &stage.broker, None, &refs[..1], off).is_err());
    let elsewhere = stage.project.root.join("tmp_objdir-incoming-y");
    fs::create_dir(&elsewhere).expect("made");
    assert!(push_facts(&handle(), &stage.broker, Some(&elsewhere), &refs, off).is_err());
    assert!(!has_landed(&handle(), &stage.broker, BRANCH, &next).expect("said"));
}

#[test]
fn a_push_that_is_too_large_does_not_come_in() {
    let stage = Stage::new();
    stage.try_open(MIB).expect("a broker");
    let mut seed = 1_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        seed.to_be_bytes()[0]
    })
    .take(3 << 20)
    .collect();
    stage.project.git(&["checkout", "-q", "-b", "feature/big"]);
    fs::write(stage.project.root.join("noise"), noise).expect("written");
    stage.project.commit("big");
    let output = stage.agent(&["push", "-q", "origin", "feature/big"]);
    assert!(!output.success());
    assert_eq!(stage.at(&stage.broker, "refs/heads/feature/big"), None);
    stage.open();
    assert!(
        stage
            .agent(&["push", "-q", "origin", "feature/big"])
            .success()
    );
}

#[test]
fn repositories_with_sha256_and_without_a_remote_have_one_too() {
    let stage = Stage::with(&["--object-format=sha256"]);
    let pushed = stage.pushed("feature/login", "one");
    assert_eq!(pushed.len(), 64);
    assert_eq!(stage.forward(&pushed), Forwarded::Done);
    let alone = Project::new();
    let broker = alone.place("broker.git");
    let repository = alone.inspect();
    let request = BrokerRequest {
        path: &broker,
        repository: &repository,
        remote: None,
        hook: "true",
        bytes_max: MIB,
    };
    open_broker(&handle(), &request).expect("a broker");
    assert_eq!(git(&broker, &["rev-parse", "main"]), repository.head);
}

#[test]
fn two_agents_push_and_are_forwarded_at_once() {
    let stage = Stage::new();
    for name in ["feature/a", "test/b"] {
        stage.project.git(&["branch", "-q", name]);
        stage.project.git(&["checkout", "-q", name]);
        stage.project.commit(name);
    }
    let one = |name: &'static str| {
        let stage = &stage;
        move || {
            let output = stage.agent(&["push", "-q", "origin", name]);
            assert!(output.success(), "{}", output.error_text());
            let reference = format!("refs/heads/{name}");
            let commit = stage.at(&stage.project.root, &reference).expect("there");
            let env = Environment::new();
            let request = ForwardRequest {
                reference: &reference,
                ..stage.request(&env, &commit)
            };
            let found = forward(&handle(), &request).expect("git runs");
            assert_eq!(found, Forwarded::Done);
            assert_eq!(stage.at(&stage.remote, &reference), Some(commit));
        }
    };
    thread::scope(|scope| {
        scope.spawn(one("feature/a"));
        scope.spawn(one("test/b"));
    });
}

#[test]
fn whether_a_push_would_be_let_in_is_tried_without_one() {
    let stage = Stage::new();
    let url = stage.remote.to_str().expect("UTF-8");
    let try_it =
        |url: &str| may_push(&handle(), &stage.broker, url, &Environment::new()).expect("git runs");
    assert_eq!(try_it(url), Some(Forwarded::Done));
    assert_eq!(stage.at(&stage.remote, "refs/heads/torch/probe"), None);
    let away = try_it("/nonexistent/remote.git");
    assert!(matches!(away, Some(Forwarded::Away { .. })), "{away:?}");
}
