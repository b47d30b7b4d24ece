//! Guests in tmux sessions that a person made (`torch agent add --session`).

mod person;

use torch_testing::{DEADLINE, SCRIPTED, World};

use person::Person;

use super::{follow_hint, last_briefing, windows};

#[test]
fn a_guest_looks_at_the_session_and_gets_one_window() {
    for socket in ["default", "mine"] {
        let world = World::new().with("TORCH_TMUX_SOCKET", socket);
        let person = Person::start(&world, socket);
        let before = person.look();
        person
            .add("work")
            .ok()
            .prints("project_manager is up and briefed, on branch main-project_manager");
        assert_eq!(
            person.windows(),
            ["1 editor", "2 my tests", "3 logs", "4 project_manager"]
        );
        assert_eq!(person.look(), before);
        let briefing = last_briefing(&world, "project_manager");
        for words in [
            "tmux session `work`",
            "Window 1: editor",
            "editor line 60.",
            "editor line 20.",
            "Window 2: my tests",
            "tests line 3.",
            "Window 3: logs (in /)",
            "logs line 2.",
        ] {
            assert!(briefing.contains(words), "no `{words}` in {briefing}");
        }
        assert!(
            !briefing.contains("editor line 9."),
            "50 lines of each: {briefing}"
        );
        let team = world.status()["teams"][0].clone();
        assert_eq!(
            (&team["name"], &team["project"]),
            (
                &"sample".into(),
                &world.project().display().to_string().into()
            )
        );
        world.deliver("project_manager", "hello");
        world.torch(&["attach", "project_manager", "--print"]).ok();
        world.torch(&["agent", "end", "project_manager"]).ok();
        assert_eq!(person.windows(), ["1 editor", "2 my tests", "3 logs"]);
        assert_eq!(person.look(), before);
        // Again, and out with the whole team.
        let ended = person.add("work").code(1).says("it was ended");
        follow_hint(&world, &ended).prints("is up and briefed");
        assert_eq!(person.windows().len(), 4);
        world.torch(&["stop"]).ok();
        assert_eq!(person.look(), before);
        world.torch(&["daemon", "stop"]).ok();
        assert_eq!(person.look(), before);
    }
}

#[test]
fn a_guest_comes_back_unless_its_session_is_gone() {
    let world = World::new().with("TORCH_TMUX_SOCKET", "default");
    let person = Person::start(&world, "default");
    person.add("work").ok();
    let before = person.look();
    let first = world.agent("project_manager");
    person.tmux(&[
        "kill-window",
        "-t",
        &first.pane.clone().expect("a pane").window,
    ]);
    world.wait_agent("project_manager", DEADLINE, "up again", |agent| {
        agent.briefed && agent.pid.is_some() && agent.pid != first.pid
    });
    assert_eq!(person.look(), before);
    assert_eq!(person.windows()[3..], ["4 project_manager"]);
    let briefing = last_briefing(&world, "project_manager");
    assert!(
        briefing.contains("You were started again after this: its pane is gone."),
        "{briefing}"
    );
    // The daemon's restart changes nothing.
    world.torch(&["daemon", "stop"]).ok();
    world.torch(&["daemon", "start"]).ok();
    world.wait_idle("project_manager");
    world.deliver("project_manager", "still here?");

    // A session elsewhere is none of its business.
    person.tmux(&["new-session", "-d", "-s", "other", "exec sleep 600"]);
    person.tmux(&["kill-session", "-t", "=work"]);
    let failed = world.wait_state("project_manager", "failed");
    assert_eq!(failed.pane, None);
    let inbox = world.torch(&["inbox"]).ok().stdout;
    assert!(
        inbox.contains("the session work, which a person made, is gone"),
        "{inbox}"
    );
    assert_eq!(inbox.matches("is given up").count(), 1, "{inbox}");
    let sessions = person.tmux(&["list-sessions", "-F", "#{session_name}"]);
    assert!(
        !sessions.contains("work") && sessions.contains("other"),
        "{sessions}"
    );
    let again = world
        .torch(&["agent", "restart", "project_manager"])
        .code(1);
    assert!(
        again
            .stderr
            .contains("the session work, which a person made, is gone"),
        "{again}"
    );
    // A person makes it again.
    let project = world.project().display().to_string();
    person.tmux(&[
        "new-session",
        "-d",
        "-s",
        "work",
        "-c",
        &project,
        "exec sleep 600",
    ]);
    world.torch(&["agent", "restart", "project_manager"]).ok();
    world.deliver("project_manager", "welcome back");
}

#[test]
fn sessions_that_are_no_place_for_a_guest() {
    let world = World::new().with("TORCH_TMUX_SOCKET", "default");
    let person = Person::start(&world, "default");
    let odd = "a b#{pid} 'q\"ü$(id);x";
    let project = world.project().display().to_string();
    person.tmux(&[
        "new-session",
        "-d",
        "-s",
        "nowhere",
        "-c",
        "/",
        "exec sleep 600",
    ]);
    person.tmux(&[
        "new-session",
        "-d",
        "-s",
        odd,
        "-c",
        &project,
        "exec sleep 600",
    ]);
    let before = person.look();
    for name in ["gone", "wor", "work:", "=work", "", "$0", "*", "_torch"] {
        let ran = person.add(name).code(2);
        assert!(ran.stderr.contains("Error: "), "{ran}");
    }
    let unknown = person
        .add("wor")
        .code(2)
        .says("there is no session \"wor\"")
        .says("work");
    assert!(
        !unknown.stderr.contains("_torch"),
        "torch's own is no place for anybody: {unknown}"
    );
    follow_hint(&world, &unknown);
    person
        .add("nowhere")
        .code(2)
        .says("session nowhere shows no project")
        .says("\"/\" is in no git repository");
    assert!(world.agents().is_empty());
    assert_eq!(person.look(), before);
    let names = person.tmux(&["list-sessions", "-F", "#{session_name}"]);
    let odd = names
        .lines()
        .find(|name| name.starts_with("a b"))
        .expect("the odd one")
        .to_owned();
    person.add(&odd).ok().prints("is up and briefed");
    assert_eq!(person.look(), before);
    person
        .add(&odd)
        .code(1)
        .says("has a project_manager already");
}

#[test]
fn a_guest_belongs_to_the_projects_team() {
    let world = World::new().with("TORCH_TMUX_SOCKET", "default");
    let person = Person::start(&world, "default");
    let before = person.look();
    world.team("orchestrator,developer", SCRIPTED);
    // A session of torch's own, and a program that is none.
    let own = world.agent("developer").pane.expect("a pane").session;
    let name = world.format(&own, "#{session_name}");
    let ran = world
        .torch(&["agent", "add", "devops", "--session", &name])
        .code(2)
        .says("is torch's own");
    assert_eq!(windows(&world, &own).len(), 2);
    follow_hint(&world, &ran).prints("devops is up and briefed");
    world
        .torch(&[
            "agent",
            "add",
            "tester",
            "--session",
            "work",
            "--agent",
            "nobody",
        ])
        .code(2)
        .says("known programs: ");
    world
        .torch(&["agent", "add", "plumber", "--session", "work"])
        .code(2)
        .says("known roles: ");
    assert_eq!(person.look(), before);
    world
        .torch(&["agent", "add", "tester", "--session", "work"])
        .ok();
    world.run_as("tester", "scm orchestrator 'found you'").ok();
    assert_eq!(
        world.agent("tester").pane.expect("a pane").session,
        person
            .tmux(&["display-message", "-p", "-t", "=work:", "#{session_id}"])
            .trim()
    );
    assert_eq!(
        person.windows().last().map(String::as_str),
        Some("4 tester")
    );
    world.torch(&["stop"]).ok();
    assert_eq!(person.look(), before);
    world
        .torch(&["agent", "add", "researcher", "--session", "work"])
        .code(1)
        .says("torch resume");
}
