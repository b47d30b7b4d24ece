//! Plans: made of a spec, moved on by reports, changed by a spec that changes while the team runs, and by a program that is asked.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use serde_json::Value;
use torch_testing::{SCRIPTED, World};

const SPEC: &str = "# Calculator\n\n## Phase 1: Core\n- Write the parser; done when `1+1` gives 2\n- Write the printer (depends on T1)\n\
                    ## Phase 2: Proof\n- Test the parser (after phase 1)\n";

fn write_spec(world: &World, text: &str) {
    fs::write(world.project().join("spec.md"), text).expect("a spec");
}

fn team() -> World {
    let world = World::new();
    write_spec(&world, SPEC);
    world.team("orchestrator,developer,tester", SCRIPTED);
    world
}

/// Ids with states: `T1 done`.
fn states(world: &World) -> Vec<String> {
    let view = world.torch(&["plan", "--json"]).ok().json();
    let tasks = view["plan"]["tasks"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    tasks
        .iter()
        .map(|task| format!("{} {}", text(&task["id"]), text(&task["state"])))
        .collect()
}

/// The newest briefing of a role, whole.
fn briefing(world: &World, role: &str) -> String {
    let list = world.torch(&["msg", "list", "--json"]).ok();
    let lines = list
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let mut found = lines.filter(|row| row["kind"] == "briefing" && row["to"] == role);
    found
        .next()
        .map(|row| row["body"].as_str().unwrap_or_default().to_owned())
        .unwrap_or_default()
}

#[test]
fn a_spec_is_planned_without_a_team_or_a_daemon() {
    let world = World::new();
    write_spec(&world, SPEC);
    let shown = world.torch(&["plan", "show", "--spec", "spec.md"]).ok();
    for words in [
        "Phase 1: Core",
        "T1",
        "developer",
        "tester",
        "Write the printer",
        "0 of 3 tasks done",
        "`1+1` gives 2",
    ] {
        assert!(shown.stdout.contains(words), "no `{words}` in {shown}");
    }
    assert!(!world.home().join("torch.db").exists());
    let json = world
        .torch(&[
            "plan",
            "--spec",
            "spec.md",
            "--roles",
            "orchestrator",
            "--json",
        ])
        .ok()
        .json();
    assert_eq!(
        json["plan"]["tasks"][2]["depends_on"],
        serde_json::json!(["T1", "T2"])
    );
    // Nonsense is one task and says so; what is no text is refused.
    write_spec(&world, "?!\n");
    world
        .torch(&["plan", "--spec", "spec.md"])
        .ok()
        .prints("it is one task");
    fs::write(world.project().join("spec.md"), b"a\0b").expect("written");
    world
        .torch(&["plan", "--spec", "spec.md"])
        .code(2)
        .says("NUL byte in line 1");
    fs::write(
        world.project().join("bad.toml"),
        "version = 1\n\n[[task]]\ntitle = \"a\"\nphase = \"P9\"\n",
    )
    .expect("written");
    world
        .torch(&["plan", "check", "bad.toml"])
        .code(2)
        .says("line 3")
        .says("there is no phase P9")
        .says("+3");
}

#[test]
fn reports_move_tasks() {
    let world = team();
    assert_eq!(states(&world), ["T1 todo", "T2 todo", "T3 todo"]);
    world.torch(&["status"]).ok().prints("0 of 3 tasks done");
    let file = world.home().join("projects/sample/plan.toml");
    world
        .torch(&["plan", "check", &file.display().to_string()])
        .ok();
    let brief = briefing(&world, "developer");
    assert!(
        brief.contains("## The plan")
            && brief.contains("- T1 Write the parser; done when `1+1` gives 2"),
        "{brief}"
    );
    assert!(!brief.contains("T3 Test"), "{brief}");
    assert!(briefing(&world, "orchestrator").contains("Phase 1: Core (P1): 0 of 2 done"));

    world
        .run_as(
            "developer",
            "torch complete 'T1 done: in 3f2c1aa, 42 tests pass'",
        )
        .ok();
    world
        .torch(&["plan", "set", "T2", "doing"])
        .ok()
        .prints("T2 is doing");
    assert_eq!(states(&world), ["T1 done", "T2 doing", "T3 todo"]);
    // The hub says how far a task is, others don't.
    world
        .run_as(
            "orchestrator",
            "torch plan set T3 blocked --why 'no machine'",
        )
        .ok();
    world
        .run_as("tester", "torch plan set T3 done")
        .code(4)
        .says("plan.hub");
    world
        .torch(&["plan", "set", "T9", "done"])
        .code(2)
        .says("no task of the plan is called");
    world
        .torch(&["plan"])
        .ok()
        .prints("T3 orchestrator: no machine");
    world
        .torch(&["status"])
        .ok()
        .prints("1 of 3 tasks done, 1 under way, 1 blocked");
    // The hub's report on a task ends that task, not the spec.
    world
        .run_as("orchestrator", "torch complete --task T3 'tests pass'")
        .ok();
    assert_eq!(world.status()["teams"][0]["phase"], "running");
    assert_eq!(states(&world), ["T1 done", "T2 doing", "T3 done"]);
}

#[test]
fn a_changed_spec_is_taken_in_while_the_team_runs() {
    let world = team();
    world.torch(&["plan", "set", "T1", "done"]).ok();
    world.torch(&["plan", "set", "T2", "doing"]).ok();
    world.torch(&["plan", "set", "T3", "done"]).ok();
    let changed =
        SPEC.replace("Write the printer", "Write the pretty printer") + "- Document the parser\n";
    write_spec(&world, &changed);
    world.torch(&["spec", "show"]).ok().prints("changed since");
    let dry = world.torch(&["spec", "update", "--dry-run"]).ok();
    assert!(
        dry.stdout
            .contains("1 added, 1 changed, 1 to do again; nothing was changed"),
        "{dry}"
    );
    assert_eq!(states(&world).len(), 3);
    world
        .torch(&["spec", "update"])
        .ok()
        .prints("the orchestrator is told");
    assert_eq!(states(&world), ["T1 done", "T2 todo", "T3 done", "T4 todo"]);
    world
        .torch(&["spec", "update"])
        .ok()
        .prints("no task differs");
    world.wait("the hub to be told once", || {
        let told = world.ledger("orchestrator");
        let told = told
            .iter()
            .filter(|entry| entry.kind == "prompt" && entry.text.contains("1 added, 1 changed"));
        told.count() == 1
    });

    fs::write(world.project().join("more.md"), "- Release it\n").expect("written");
    world.torch(&["spec", "add", "more.md"]).ok().prints("+ T5");
    world
        .torch(&["spec", "drop", "more.md"])
        .ok()
        .prints("- T5");
    // All of it outlives the daemon, and can be read without one.
    world.torch(&["daemon", "stop"]).ok();
    assert_eq!(states(&world), ["T1 done", "T2 todo", "T3 done", "T4 todo"]);
    world.torch(&["daemon", "start"]).ok();
    assert_eq!(states(&world), ["T1 done", "T2 todo", "T3 done", "T4 todo"]);
    world.torch(&["audit", "verify"]).ok();
}

#[test]
fn what_is_other_work_is_to_do_again_and_new_constraints_are_told_to_all() {
    let world = World::new();
    write_spec(&world, "- [ ] Encrypt the backups\n- [ ] Test the parser\n");
    world.team("orchestrator,developer,tester", SCRIPTED);
    world.torch(&["plan", "set", "T1", "done"]).ok();
    write_spec(
        &world,
        "- [ ] Decrypt the backups\n- [ ] Test the parser\n\n## Constraints\n- Never log personal data\n\n\
         ## Acceptance criteria\n- Pages load in 1 s\n",
    );
    let dry = world.torch(&["spec", "update", "--dry-run"]).ok();
    assert!(dry.stdout.contains("nobody was told"), "{dry}");
    assert_eq!(states(&world), ["T1 done", "T2 todo"]);
    let done = world.torch(&["spec", "update"]).ok();
    for words in [
        "~ T1 \"Encrypt the backups\" is now \"Decrypt the backups\"; was done; is to do again",
        "+ to be kept to: Never log personal data",
        "+ the whole is done when: Pages load in 1 s",
        "all others what they are to keep to",
    ] {
        assert!(done.stdout.contains(words), "{words}: {done}");
    }
    assert_eq!(states(&world), ["T1 todo", "T2 todo"]);
    let status = world.torch(&["status"]).ok();
    assert!(
        status.stdout.contains("to do again, as the spec asks"),
        "{status}"
    );
    world
        .torch(&["plan"])
        .ok()
        .prints("T1 it was done: Encrypt the backups");
    let told = |role: &str, words: &str| {
        world.wait(&format!("{role} to be told once"), || {
            let all = world.torch(&["msg", "list", "--json"]).ok().stdout;
            let rows = all.lines();
            let rows = rows.map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
            let told = rows.filter(|row| {
                let says = row["body"]
                    .as_str()
                    .is_some_and(|body| body.contains(words));
                row["to"] == role && row["kind"] == "notice" && says && row["state"] == "consumed"
            });
            told.count() == 1
        });
    };
    told("orchestrator", "was done; is to do again");
    told("developer", "+ to be kept to: Never log personal data");
    told("tester", "+ to be kept to: Never log personal data");
    // Once somebody begins, status says no more of it.
    world.torch(&["plan", "set", "T1", "doing"]).ok();
    let status = world.torch(&["status"]).ok();
    assert!(!status.stdout.contains("to do again"), "{status}");
}

#[test]
fn a_plan_is_edited_and_a_bad_edit_is_kept() {
    let world = team();
    let editor = world.folder().join("editor");
    let write = |script: &str| {
        fs::write(&editor, format!("#!/bin/sh\n{script}\n")).expect("written");
        fs::set_permissions(&editor, fs::Permissions::from_mode(0o755)).expect("executable");
    };
    let edit = |args: &[&str]| {
        let mut command = world
            .command("torch")
            .args(["plan", "edit"])
            .args(args.iter().copied());
        command = command
            .env("EDITOR", editor.display().to_string())
            .env("TMPDIR", world.folder().display().to_string());
        world.run(&command)
    };
    // Without an editor there is no edit to keep.
    let kept = || {
        let edits = fs::read_dir(world.home().join("edits")).expect("a folder");
        let edits = edits.map(|edit| edit.expect("an entry").path().join("plan.toml"));
        edits.collect::<Vec<_>>()
    };
    for script in [None, Some("exit 3")] {
        script.into_iter().for_each(write);
        let ran = edit(&[]).code(2).says("nothing was changed");
        assert!(!ran.stderr.contains("kept"), "{ran}");
        assert_eq!(kept(), Vec::<PathBuf>::new());
    }
    write("sed -i 's/owner = \"tester\"/owner = \"king\"/' \"$1\"");
    edit(&[])
        .code(2)
        .says("its owner king is not in the team")
        .says("your edit is kept");
    assert_eq!(states(&world).len(), 3);
    let [file] = kept().try_into().expect("one edit");
    // Somebody else's editor sees nothing of it, and takes nothing in.
    write("grep -q king \"$1\" && exit 1; exit 0");
    edit(&[]).ok().says("nothing was changed");
    assert_eq!(kept(), std::slice::from_ref(&file));
    // Meanwhile a task is done; going on with the edit keeps that.
    world.torch(&["plan", "set", "T1", "done"]).ok();
    let text = fs::read_to_string(&file).expect("read");
    let better = text.replace("owner = \"king\"", "owner = \"developer\"")
        + "\n[[task]]\ntitle = \"Sing\"\n";
    fs::write(&file, better).expect("written");
    let taken = edit(&["--from", &file.display().to_string()]).ok();
    assert!(
        taken.stdout.contains("owner tester → developer") && taken.stdout.contains("+ T4"),
        "{taken}"
    );
    assert_eq!(states(&world), ["T1 done", "T2 todo", "T3 todo", "T4 todo"]);
    assert_eq!(kept(), Vec::<PathBuf>::new());
    // Two edits of one task: the first one counts, the second one is kept and says so.
    write(&format!(
        "EDITOR='sed -i s/Sing/Hum/' '{}' plan edit >&2 || exit 9\nsed -i s/Sing/Dance/ \"$1\"",
        PathBuf::from(world.program("torch")).display()
    ));
    edit(&[])
        .code(2)
        .says("somebody else changed what it changes as well: T4")
        .says("torch plan edit --from ");
    let [file] = kept().try_into().expect("one edit");
    let title = || world.torch(&["plan"]).ok().stdout.contains("Dance");
    assert!(!title());
    edit(&["--from", &file.display().to_string()]).ok();
    assert!(title());
    write("true");
    edit(&[]).ok().says("nothing was changed");
    // What a person set outlives the spec's next reading.
    world
        .torch(&["spec", "update"])
        .ok()
        .prints("no task differs");
}

/// A program that answers with the file `answer` and writes down what it was asked, and with what.
fn asked(world: &World, answer: &str) {
    let demo = include_str!("../../../templates/agents/demo.toml").replacen(
        "name = \"demo\"",
        "name = \"oracle\"",
        1,
    );
    let (head, tail) = demo.split_once("[launch]").expect("a launch");
    let program = world.folder().join("home/bin/oracle");
    fs::create_dir_all(program.parent().expect("a folder")).expect("made");
    let file = world.folder().join("answer");
    fs::write(&file, answer).expect("written");
    let script = format!(
        "#!/bin/sh\ncat > '{0}/question'\nls -A > '{0}/there'\nenv > '{0}/env'\ncat '{1}'\n",
        world.folder().display(),
        file.display()
    );
    fs::write(&program, script).expect("written");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("executable");
    let text = format!(
        "{head}[install]\ncommand = \"oracle\"\nhow = \"none\"\nrank = 0\n\n[headless]\nargv = [\"{{program}}\", \"-p\"]\n\
         answer = \"/result\"\nseconds = 20\n\n[launch]{tail}"
    );
    let folder = world.folder().join("home/.config/torch/agents");
    fs::create_dir_all(&folder).expect("made");
    fs::write(folder.join("oracle.toml"), text).expect("written");
}

#[test]
fn a_team_begins_with_a_bettered_plan() {
    let world = World::new();
    write_spec(&world, "# App\n- Write the parser\n");
    let task =
        serde_json::json!({"id": "T1", "title": "Write the parser", "owner": "orchestrator"});
    let answer = serde_json::json!({"version": 1, "task": [task]}).to_string();
    asked(&world, &serde_json::json!({"result": answer}).to_string());
    let line =
        "auto --spec spec.md --agent demo --yes --roles orchestrator,developer --analyse=oracle";
    let raised = run_with_oracle(&world, &line.split(' ').collect::<Vec<_>>());
    raised.ok().says("oracle is asked");
    let view = world.torch(&["plan", "--json"]).ok().json();
    assert_eq!(view["plan"]["tasks"][0]["owner"], "orchestrator");
}

fn analyse(world: &World, args: &[&str]) -> torch_testing::Ran {
    let line = ["plan", "--analyse", "--agent", "oracle"];
    run_with_oracle(world, &[&line, args].concat())
}

fn run_with_oracle(world: &World, args: &[&str]) -> torch_testing::Ran {
    let bin = world.folder().join("home/bin").display().to_string();
    let path = world
        .command("torch")
        .env
        .get(std::ffi::OsStr::new("PATH"))
        .cloned()
        .unwrap_or_default();
    let command = world.command("torch").args(args.iter().copied());
    world.run(
        &command
            .env("PATH", format!("{bin}:{}", path.to_string_lossy()))
            .env("SECRET_OF_MINE", "x"),
    )
}

#[test]
fn a_program_betters_the_plan_or_is_not_believed() {
    let world = team();
    let good = serde_json::json!({"version": 1, "phase": [], "task": [
        {"id": "T1", "title": "Write the parser", "owner": "developer", "done_when": ["all samples parse"]},
        {"id": "T2", "title": "Write the printer", "owner": "tester", "depends_on": ["T1"]},
        {"id": "T3", "title": "Test the parser", "owner": "tester", "depends_on": ["T2"]},
    ]});
    let printed =
        |answer: &Value| serde_json::json!({"result": format!("Sure:\n{answer}")}).to_string();
    asked(&world, &printed(&good));
    analyse(&world, &["--dry-run"])
        .ok()
        .prints("owner developer → tester");
    let taken = analyse(&world, &[]).ok();
    assert!(taken.stdout.contains("changed"), "{taken}");
    let question = fs::read_to_string(world.folder().join("question")).expect("a question");
    assert!(
        question.contains("Use no tools") && question.contains("done when `1+1` gives 2"),
        "{question}"
    );
    let there = fs::read_to_string(world.folder().join("there")).expect("a listing");
    assert_eq!(there, "", "its directory is empty");
    let env = fs::read_to_string(world.folder().join("env")).expect("variables");
    assert!(!env.contains("SECRET_OF_MINE"), "{env}");
    let view = world.torch(&["plan", "--json"]).ok().json();
    assert_eq!(view["plan"]["tasks"][1]["owner"], "tester");

    // What loses a task of the spec changes nothing.
    let mut bad = good.clone();
    bad["task"].as_array_mut().expect("tasks").remove(1);
    asked(&world, &printed(&bad));
    analyse(&world, &[])
        .code(2)
        .says("loses 1 of the spec's tasks: T2");
    asked(&world, "no JSON");
    analyse(&world, &[]).code(1).says("nothing at /result");
    let after = world.torch(&["plan", "--json"]).ok().json();
    assert_eq!(after["plan"], view["plan"]);
    world
        .torch(&["plan", "--analyse", "--agent", "demo"])
        .code(2)
        .says("can't be asked");
}

#[test]
fn a_changed_spec_of_a_running_team_is_said_and_not_taken_in() {
    let world = team();
    let before = states(&world);
    write_spec(&world, &format!("{SPEC}- Write the manual\n"));
    let mut args = vec!["auto", "--spec", "spec.md", "--yes", "--agent", "demo"];
    let ran = world.torch(&args).code(2);
    for words in [
        "its spec has changed since it was read",
        "nothing was changed",
        "1 added",
    ] {
        assert!(ran.stderr.contains(words), "{words}: {ran}");
    }
    assert_eq!(states(&world), before);
    // The hint can be run as it stands, and then there is nothing to say any more.
    let hint = ran
        .stderr
        .lines()
        .find_map(|line| line.strip_prefix("Hint: "));
    let hint = hint.expect("a hint");
    assert!(hint.starts_with("torch spec update "), "{hint}");
    world.run(&world.command("sh").args(["-c", hint])).ok();
    assert_eq!(states(&world).len(), before.len() + 1);
    args.retain(|arg| *arg != "--yes");
    args.push("--yes");
    world.torch(&args).ok().prints("is there already");
}

#[test]
fn tasks_that_nobody_has_are_proposed_to_a_role_that_joins() {
    let world = World::new();
    write_spec(
        &world,
        "- Test the parser\n- Document the parser\n- Deploy the site\n",
    );
    world.team("orchestrator,tester", SCRIPTED);
    let owners = |world: &World| {
        let view = world.torch(&["plan", "--json"]).ok().json();
        let tasks = view["plan"]["tasks"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let owner = |task: &Value| task["owner"].as_str().unwrap_or("nobody").to_owned();
        tasks.iter().map(owner).collect::<Vec<_>>()
    };
    assert_eq!(owners(&world), ["tester", "nobody", "nobody"]);
    let added = world
        .torch(&["agent", "add", "documentation_writer", "--agent", "demo"])
        .ok();
    assert!(added.stderr.contains("proposed: ~ T2"), "{added}");
    assert_eq!(owners(&world), ["tester", "documentation_writer", "nobody"]);
    let told = |world: &World, role: &str| {
        let all = world.torch(&["msg", "list", "--json"]).ok().stdout;
        let mut lines = all.lines();
        lines.any(|line| {
            line.contains("\"to\":\"orchestrator\"")
                && line.contains(&format!("New in the team: {role}"))
        })
    };
    assert!(told(&world, "documentation_writer"));
    let resumed = world.torch(&["resume", "--add-roles", "devops"]).ok();
    assert!(resumed.stderr.contains("proposed: ~ T3"), "{resumed}");
    assert_eq!(owners(&world), ["tester", "documentation_writer", "devops"]);
    assert!(told(&world, "devops"));
    // Who comes later takes nothing away.
    world
        .torch(&["resume", "--add-roles", "testrunner,developer"])
        .ok();
    assert_eq!(owners(&world), ["tester", "documentation_writer", "devops"]);
}
