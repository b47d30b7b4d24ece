//! `torch doctor --probe`: which doors to torch work is found from inside each real program, and said as it is.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use torch_testing::model::{Answer, FakeModel, ModelRequest, ToolCall};
use torch_testing::program::{RealProgram, Seed, required};
use torch_testing::{Ran, World};

/// How long a probe may take: the program's start, its turn, and its end.
const PROBE: Duration = Duration::from_secs(150);

/// A user with one program, and nothing of torch yet.
struct User {
    world: World,
    model: FakeModel,
    name: String,
    registry: PathBuf,
    folder: TempDir,
}

/// What a seed says of a user's home that the world says already.
const OF_THE_WORLD: [&str; 2] = ["PATH", "SHELL"];

impl User {
    /// `None` where the program is not installed.
    fn with(
        test: &str,
        name: &str,
        model: FakeModel,
        shape: impl FnOnce(Seed) -> Seed,
    ) -> Option<Self> {
        let program = required(&format!("real::{test}"), RealProgram::find(name))?;
        // Not below /tmp, where Codex lets everybody write.
        let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let folder = tempfile::Builder::new().prefix("d-").tempdir_in(target);
        let folder = folder.expect("a folder in the target directory");
        let registry = folder.path().join("torch");
        // What its user has trusted, as the hint of a probe says.
        let trusted = match name {
            "gemini" => registry.join("probe"),
            _ => registry.join("probe/project"),
        };
        let home = folder.path().join("home");
        let seed = Seed::new(&program, &home, &trusted, &model.url());
        let launch = shape(seed).write().expect("a home");
        let mut world =
            World::new().with("TORCH_HOME", registry.to_str().expect("a path in UTF-8"));
        let place = program.executable.parent().unwrap_or(Path::new("/"));
        let path = world.command("torch").env;
        let path = path[std::ffi::OsStr::new("PATH")]
            .to_string_lossy()
            .into_owned();
        world = world.with("PATH", &format!("{}:{path}", place.display()));
        for (name, value) in &launch.env {
            if !OF_THE_WORLD.contains(&name.as_str()) && !name.starts_with("XDG_") {
                world = world.with(name, value);
            }
        }
        Some(Self {
            world,
            model,
            name: name.to_owned(),
            registry,
            folder,
        })
    }

    fn doctor(&self, args: &[&str]) -> Ran {
        let mut spec = self
            .world
            .command("torch")
            .args(["doctor"])
            .args(args.iter().copied());
        spec.deadline = PROBE;
        self.world.run(&spec)
    }

    /// The report of a probe as JSON.
    fn probe(&self, more: &[&str]) -> (Value, Ran) {
        let ran = self.doctor(&[&["--probe", &self.name, "--json"], more].concat());
        let lines: Vec<&str> = ran.stdout.lines().collect();
        assert_eq!(lines.len(), 1, "{ran}\n{}", self.model.picture());
        let report = serde_json::from_str(lines[0]).expect("a report");
        (report, ran)
    }

    /// No model was asked anything.
    fn asked_nothing(&self) {
        let requests = self.model.requests();
        let asked = requests.iter().any(ModelRequest::is_main);
        assert!(!asked, "a model was asked\n{}", self.model.picture());
    }

    /// Nothing of the probe is left: no folder, no process of the program, no tmux server.
    fn is_clean(&self) {
        for left in ["probe/registry", "probe/project"] {
            assert!(!self.registry.join(left).exists(), "{left} was left");
        }
        let left = torch_testing::processes_of(self.folder.path());
        assert!(left.is_empty(), "still running: {left:?}");
    }
}

/// A door's verdict and evidence.
fn door<'r>(report: &'r Value, name: &str) -> (&'r str, &'r str) {
    let doors = report["doors"].as_array().expect("doors");
    let found = doors.iter().find(|door| door["door"] == name);
    let found = found.unwrap_or_else(|| panic!("no door {name}: {report:#}"));
    (
        found["verdict"].as_str().expect("a verdict"),
        found["evidence"].as_str().expect("evidence"),
    )
}

/// A tool of torch's MCP server, by the name that the program gives it.
pub(crate) fn tool(request: &ModelRequest, name: &str, input: Value) -> Answer {
    let names = [
        format!("mcp__torch.{name}"),
        format!("mcp_torch_{name}"),
        format!("torch_{name}"),
    ];
    let known = names.into_iter().find(|known| request.offers(known));
    // Claude Code does not offer it before it was searched for, and takes the call then.
    let known = known.unwrap_or_else(|| format!("mcp__torch__{name}"));
    Answer::calls([ToolCall::new(known, input)])
}

/// A new file, by a tool for that where the program would ask before its shell makes one.
fn file(request: &ModelRequest) -> Answer {
    if request.offers("write_file") {
        let input = json!({"file_path": "asked.txt", "content": "ok"});
        return Answer::calls([ToolCall::new("write_file", input)]);
    }
    request.shell("echo ok > asked.txt")
}

/// A model that does what it is asked, step by step.
fn obedient() -> FakeModel {
    const SEARCH: &str = "ToolSearch";
    FakeModel::with_brain(|request| {
        let searches = request.offers(SEARCH);
        if searches && request.answers == 0 {
            let wanted = json!({"query": "select:mcp__torch__status,mcp__torch__commit"});
            return Some(Answer::calls([ToolCall::new(SEARCH, wanted)]));
        }
        Some(match request.answers - usize::from(searches) {
            0 => request.shell("torch status"),
            1 => tool(request, "status", json!({})),
            2 => file(request),
            3 => tool(request, "commit", json!({"message": "torch doctor"})),
            4 => request.shell("cp note.md .torch/outbox/human--asked.md"),
            _ => Answer::text("done"),
        })
    })
}

/// What the prompt and what follows it show, of a program whose shell is in no sandbox.
fn shows_with_a_model(name: &str, doors: &[&str]) -> Option<Value> {
    let user = User::with(&format!("doors_{name}_model"), name, obedient(), |seed| {
        seed
    })?;
    let (report, ran) = user.probe(&["--ask-model"]);
    let picture = || format!("{report:#}\n{ran}\n{}", user.model.picture());
    for name in doors {
        assert_eq!(door(&report, name).0, "works", "{name}: {}", picture());
    }
    assert!(ran.stderr.contains("one prompt on your account"), "{ran}");
    user.is_clean();
    Some(report)
}

#[test]
fn claude_without_a_model() {
    let Some(user) = User::with("doors_claude", "claude", FakeModel::start(), |seed| seed) else {
        return;
    };
    let (report, ran) = user.probe(&[]);
    assert_eq!(ran.code, 0, "{report:#}\n{ran}");
    assert_eq!(report["missing"], json!([]), "{report:#}");
    for name in ["start", "hooks", "MCP server", "status line"] {
        assert_eq!(door(&report, name).0, "works", "{name}: {report:#}");
    }
    assert_eq!(door(&report, "shell").0, "untried", "{report:#}");
    user.asked_nothing();
    user.is_clean();
}

#[test]
fn claude_with_a_model() {
    let doors = [
        "hooks",
        "delivery",
        "shell",
        "MCP tools",
        "outbox",
        "torch commit",
    ];
    let Some(report) = shows_with_a_model("claude", &doors) else {
        return;
    };
    assert_eq!(report["missing"], json!([]), "{report:#}");
    assert!(door(&report, "hooks").1.contains("prompt"), "{report:#}");
    assert!(door(&report, "delivery").1.contains("hooks"), "{report:#}");
}

#[test]
fn gemini_with_a_model() {
    let doors = ["hooks", "delivery", "shell", "MCP tools", "torch commit"];
    let Some(report) = shows_with_a_model("gemini", &doors) else {
        return;
    };
    // Its shell runs nothing unasked but torch's own commands.
    let (verdict, evidence) = door(&report, "outbox");
    assert_eq!(verdict, "untried", "{report:#}");
    assert!(evidence.contains("nothing arrived"), "{evidence}");
}

#[test]
fn opencode_with_a_model() {
    let Some(report) = shows_with_a_model("opencode", &["hooks", "delivery", "MCP server"]) else {
        return;
    };
    // Its user wants to be asked before each command, and torch answers nothing.
    let (verdict, evidence) = door(&report, "shell");
    assert_eq!(verdict, "untried", "{report:#}");
    assert!(evidence.contains("asks a person first"), "{evidence}");
}

#[test]
fn aider_with_a_model() {
    let Some(report) = shows_with_a_model("aider", &["delivery"]) else {
        return;
    };
    assert!(door(&report, "delivery").1.contains("screen"), "{report:#}");
    // It has no tools, and its shell only runs what a person confirms.
    let missing = json!(["the model was asked, and no request of its arrived"]);
    assert_eq!(report["missing"], missing, "{report:#}");
}

#[test]
fn codex_without_a_model() {
    let Some(user) = User::with("doors_codex", "codex", FakeModel::start(), |seed| seed) else {
        return;
    };
    let (report, ran) = user.probe(&[]);
    assert_eq!(ran.code, 0, "{report:#}\n{ran}");
    for name in ["start", "MCP server", "outbox", "torch commit"] {
        assert_eq!(door(&report, name).0, "works", "{name}: {report:#}");
    }
    // Its sandbox: no socket, and git's own files are read-only.
    let (verdict, evidence) = door(&report, "shell");
    assert_eq!(verdict, "fails", "{report:#}");
    assert!(evidence.contains("not permitted"), "{evidence}");
    let (verdict, evidence) = door(&report, "git commit");
    assert_eq!(verdict, "fails", "{report:#}");
    assert!(evidence.contains("Read-only"), "{evidence}");
    user.asked_nothing();
    user.is_clean();
}

#[test]
fn codex_with_a_model() {
    let Some(user) = User::with("doors_codex_model", "codex", obedient(), |seed| seed) else {
        return;
    };
    let (report, ran) = user.probe(&["--ask-model"]);
    let picture = || format!("{report:#}\n{ran}\n{}", user.model.picture());
    assert_eq!(ran.code, 0, "{}", picture());
    for name in ["hooks", "delivery", "MCP tools", "outbox", "torch commit"] {
        assert_eq!(door(&report, name).0, "works", "{name}: {}", picture());
    }
    assert_eq!(door(&report, "shell").0, "fails", "{}", picture());
    user.is_clean();
}

#[test]
fn a_dialog_that_stands_in_the_way_is_said_and_not_answered() {
    let Some(user) = User::with("doors_trust", "claude", FakeModel::start(), Seed::untrusted)
    else {
        return;
    };
    let (report, ran) = user.probe(&[]);
    assert_eq!(ran.code, 1, "{report:#}\n{ran}");
    let (verdict, evidence) = door(&report, "start");
    assert_eq!(verdict, "fails");
    assert!(
        evidence.contains("trust dialog") && evidence.contains("nothing was answered"),
        "{evidence}"
    );
    // The hint leads to a folder that is there.
    let project = user.registry.join("probe/project");
    let hint = report["hints"][0].as_str().unwrap_or_default();
    assert!(
        hint.contains(project.to_str().expect("UTF-8")),
        "{report:#}"
    );
    assert!(project.join("spec.md").is_file());
    assert!(!user.registry.join("probe/registry").exists());
    let left = torch_testing::processes_of(user.folder.path());
    assert!(left.is_empty(), "still running: {left:?}");
}

#[test]
fn in_codexs_sandbox_the_commands_say_which_doors_are_open() {
    let Some(user) = User::with("doors_hint", "codex", FakeModel::start(), |seed| seed) else {
        return;
    };
    // The top of a worktree, as an agent's.
    let top = user.folder.path().join("worktree");
    torch_testing::make_repository(&top);
    std::fs::create_dir_all(top.join(".torch/outbox")).expect("a folder");
    let boxed = |words: &[&str]| {
        let mut spec = user.world.command("codex").args([
            "sandbox",
            "-c",
            "sandbox_mode=\"workspace-write\"",
            "--",
        ]);
        spec = spec
            .arg(user.world.program(words[0]))
            .args(words[1..].iter().copied());
        spec.cwd = top.clone();
        user.world.run(&spec)
    };
    let ran = boxed(&["scm", "tester", "it's done"]);
    assert_eq!(ran.code, 75, "{ran}");
    assert!(
        ran.stderr.contains("tool `send` of torch's MCP server"),
        "{ran}"
    );
    let hint = r"echo 'it'\''s done' > .torch/outbox/tester--note.md";
    assert!(ran.stderr.contains(hint), "{ran}");
    assert!(!ran.stderr.contains("torch doctor"), "{ran}");
    let ran = boxed(&["torch", "commit", "-m", "parser done"]);
    assert_eq!(ran.code, 75, "{ran}");
    assert!(ran.stderr.contains("tool `commit`"), "{ran}");
    let hint = "echo 'parser done' > .torch/outbox/commit--work.md";
    assert!(ran.stderr.contains(hint), "{ran}");
    // The hint can be run as it stands, there.
    let mut spec = user.world.command("codex").args([
        "sandbox",
        "-c",
        "sandbox_mode=\"workspace-write\"",
        "--",
    ]);
    spec = spec.args(["sh", "-c", hint]);
    spec.cwd = top.clone();
    assert_eq!(user.world.run(&spec).code, 0);
    let file = std::fs::read_to_string(top.join(".torch/outbox/commit--work.md"));
    assert_eq!(file.ok().as_deref(), Some("parser done\n"));
}

/// What a program shows before its first prompt, as its rules say, and nothing is asked of a model.
fn shows_at_its_start(name: &str, doors: &[&str]) {
    let Some(user) = User::with(&format!("doors_{name}"), name, FakeModel::start(), |seed| {
        seed
    }) else {
        return;
    };
    let (report, ran) = user.probe(&[]);
    assert_eq!(ran.code, 0, "{report:#}\n{ran}");
    for name in doors {
        assert_eq!(door(&report, name).0, "works", "{name}: {report:#}");
    }
    user.asked_nothing();
    user.is_clean();
}

#[test]
fn gemini_without_a_model() {
    shows_at_its_start("gemini", &["start", "hooks", "MCP server"]);
}

#[test]
fn opencode_without_a_model() {
    shows_at_its_start("opencode", &["start", "MCP server"]);
}

#[test]
fn aider_without_a_model() {
    shows_at_its_start("aider", &["start"]);
}
