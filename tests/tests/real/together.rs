//! Agents of one program whose processes run in one directory: each keeps its own conversation, and so does a person there.

use std::path::Path;

use torch_testing::RealWorld;

use crate::team::{kill, remembers, world};

/// The agents that share a directory, with a word for each to remember.
const AGENTS: [(&str, &str); 2] = [("developer", "word-alpha"), ("tester", "word-beta")];

/// What the person says to their own program.
const PERSON: &str = "word-gamma";

/// The user's own file for a program, in which it is started in the project's folder.
fn start_in_the_project(world: &RealWorld, name: &str) {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../templates/agents");
    let shipped = std::fs::read_to_string(shipped.join(format!("{name}.toml")));
    let project = world.project().display().to_string();
    let start = format!(r#""env", "-C", "{project}", "{{program}}""#);
    let own = shipped.expect("a file").replace(r#""{program}""#, &start);
    let folder = world.folder().join("home/.config/torch/agents");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join(format!("{name}.toml")), own).expect("a file");
}

/// Says something to both agents at once, and waits for their answers.
fn say(world: &RealWorld, body: impl Fn(&str, &str) -> String) {
    let ids = AGENTS.map(|(role, word)| world.post(role, &body(role, word)));
    for ((role, _), id) in AGENTS.iter().zip(&ids) {
        world.wait_consumed(id);
        world.wait_quiet(role);
    }
}

/// Asks both what they remember: each has its own conversation, and nothing of the others'.
fn ask(world: &RealWorld, question: &str, conversations: &[Option<String>]) {
    say(world, |role, _| format!("{question}, {role}"));
    for (n, (role, word)) in AGENTS.iter().enumerate() {
        let others = [AGENTS[1 - n].1, PERSON];
        remembers(world, &format!("{question}, {role}"), &[word], &others);
    }
    assert_eq!(ids(world), conversations, "{}", world.whole_picture());
}

fn ids(world: &RealWorld) -> Vec<Option<String>> {
    let agents = AGENTS.iter();
    agents
        .map(|(role, _)| world.agent(role).conversation)
        .collect()
}

fn pids(world: &RealWorld) -> Vec<u32> {
    let agents = AGENTS.iter();
    agents
        .map(|(role, _)| world.agent(role).pid.expect("it runs"))
        .collect()
}

/// Two agents in the project's folder; `person` starts the program there as a person does.
fn keep_their_conversations(name: &str, person: &str) {
    let Some(world) = world(&format!("{name}_together"), name, |setup| setup) else {
        return;
    };
    start_in_the_project(&world, name);
    let agents = AGENTS.map(|(role, _)| format!("{role}={name}")).join(",");
    world.raise("orchestrator,developer,tester", &format!("demo,{agents}"));
    for pid in pids(&world) {
        let cwd = std::fs::read_link(format!("/proc/{pid}/cwd")).expect("a process");
        assert_eq!(cwd, world.project().canonicalize().expect("a folder"));
    }
    say(&world, |_, word| format!("remember {word}"));
    let conversations = ids(&world);
    assert!(
        conversations.iter().all(Option::is_some),
        "{conversations:?}"
    );
    assert_ne!(conversations[0], conversations[1]);

    // A person's own, in the same folder, is the newest conversation there.
    let terminal = world.terminal(person);
    terminal.shows("FAKE-REPLY");
    remembers(&world, PERSON, &[], &AGENTS.map(|(_, word)| word));

    let before = pids(&world);
    kill(&world, &before);
    ask(&world, "what was it", &conversations);
    assert!(pids(&world).iter().all(|pid| !before.contains(pid)));
    world.torch(&["stop"]).ok();
    world.torch(&["resume"]).ok();
    ask(&world, "and again", &conversations);

    // The person's program was left alone, and has heard nothing of all that.
    terminal.type_text("and now");
    torch_testing::until(|| terminal.screen().contains("and now"));
    terminal.keys(&["Enter"]);
    world.model_sees("the person's second message", |requests| {
        let mut main = requests.iter().filter(|it| it.is_main());
        main.any(|it| it.all_user.iter().any(|text| text.trim() == "and now"))
            .then_some(())
    });
    remembers(&world, "and now", &[PERSON], &AGENTS.map(|(_, word)| word));
    for (role, word) in AGENTS {
        let expected = [
            format!("remember {word}"),
            format!("what was it, {role}"),
            format!("and again, {role}"),
        ];
        assert_eq!(world.bodies(role), expected, "{}", world.whole_picture());
    }
}

#[test]
fn two_claude_agents_in_one_directory() {
    keep_their_conversations("claude", &format!("exec claude {PERSON}"));
}

#[test]
fn two_codex_agents_in_one_directory() {
    keep_their_conversations("codex", &format!("exec codex --no-daemon {PERSON}"));
}
