//! What is shown of an open question while hooks and screens tell of it again.

use serde_json::{Value, json};
use torch_core::config::Config;
use torch_core::screen::ScreenKind;
use torch_core::spool::{SpoolEvent, SpoolRecord};
use torch_core::{
    Agent, DesiredState, LaunchId, MessageId, PaneAddress, PaneId, RoleName, RouterMode, SessionId,
    SessionName, Team, TeamId, TeamPhase, Timestamp, WindowId,
};

use super::*;
use crate::event::{Effect, Event};
use crate::state::{Settings, Snapshot};
use crate::templates;

const START: Timestamp = Timestamp(1_800_000_000_000);

fn id() -> AgentId {
    AgentId::new(1, 1)
}

fn launch() -> LaunchId {
    LaunchId::new(1, 1)
}

fn team() -> Team {
    Team {
        id: TeamId::new(1, 1),
        name: SessionName::slug("app"),
        project: "/project".into(),
        common_dir: "/project/.git".into(),
        spec: "/project/spec.md".into(),
        spec_sha256: String::new(),
        base_branch: "main".to_owned(),
        base_commit: "0".repeat(40),
        desired: DesiredState::Running,
        phase: TeamPhase::Running,
        router: RouterMode::Strict,
        env: Default::default(),
        session: Some(SessionId(1)),
        created: START,
        finished: None,
        summary: None,
        paused: false,
        boot: Some("b".to_owned()),
        told_suspended: None,
        policy: Default::default(),
        matrix: None,
        limits: Default::default(),
        role_files: Default::default(),
        standup: None,
        supervision: Default::default(),
        lane: Default::default(),
    }
}

fn agent() -> Agent {
    let role = RoleName::parse("developer").expect("a role");
    Agent {
        worktree: "/w".into(),
        worktree_ready: true,
        launch: Some(launch()),
        pane: Some(PaneAddress {
            session: SessionId(1),
            window: WindowId(1),
            pane: PaneId(1),
            pid: 101,
        }),
        state: AgentState::Working,
        briefed: true,
        briefing: Some(MessageId::new(1, 1)),
        ..Agent::new(id(), team().id, role, "claude", START)
    }
}

struct Stage {
    state: State,
    offset: u64,
}

impl Stage {
    fn new() -> Self {
        let settings = Settings {
            home: "/registry".into(),
            torch: "/bin/torch".into(),
            config: Config::default(),
            tmux_socket: "torch".to_owned(),
            env: Default::default(),
            programs: templates::programs().expect("the programs"),
            templates: templates::roles().expect("the roles"),
            started: START,
            pid: 1,
            seed: 1,
            zone: jiff::tz::TimeZone::UTC,
            boot: torch_core::BootClock::new(Some("b".to_owned()), 5_000, START),
            resume_teams: false,
        };
        let snapshot = Snapshot {
            teams: vec![team()],
            agents: vec![agent()],
            ..Snapshot::default()
        };
        let (state, _) = State::new(settings, snapshot, START);
        Self { state, offset: 0 }
    }

    fn hook(&mut self, payload: Value) {
        self.offset += 1;
        let records = vec![SpoolRecord {
            at: START,
            launch: launch(),
            event: SpoolEvent::Hook { payload },
        }];
        let event = Event::Spool {
            agent: id(),
            launch: launch(),
            offset: self.offset,
            records,
        };
        self.state.handle(START, event);
    }

    fn asks_for(&mut self, command: &str) {
        self.hook(json!({
            "hook_event_name": "PermissionRequest", "tool_name": "Bash", "tool_input": {"command": command}
        }));
    }

    fn reminds(&mut self) {
        self.hook(json!({
            "hook_event_name": "Notification", "notification_type": "permission_prompt",
            "message": "Claude needs your permission to use Bash"
        }));
    }

    fn shows(&mut self, question: &str) {
        let reading = ScreenReading {
            kind: ScreenKind::Asking,
            dialog: Some(Dialog {
                kind: DialogKind::Permission,
                question: question.to_owned(),
                rows: Vec::new(),
                approve: None,
                deny: None,
                highlighted: None,
                axis: Default::default(),
                lines: Vec::new(),
            }),
            evidence: format!("dialog: {question}"),
            ..ScreenReading::default()
        };
        let mut turn = Turn {
            now: START,
            cause: String::new(),
            effects: Vec::new(),
        };
        self.state.on_dialog(&mut turn, id(), &reading);
    }

    /// What `torch status` says of it, and the open question's words.
    fn shown(&self) -> (String, String) {
        let agent = &self.state.agents[&id()].agent;
        let question = agent.question.as_ref();
        let question = question.map(|question| question.text.clone());
        (agent.evidence.detail.clone(), question.unwrap_or_default())
    }
}

#[test]
fn what_holds_a_team_up_is_told_with_what_answers_it() {
    let mut stage = Stage::new();
    stage.shows("Do you trust the files in this folder?");
    let words = |stage: &Stage| stage.state.open_dialog(id()).expect("words");
    assert_eq!(
        words(&stage),
        "a permission dialog is open in its window; it is answered there: `torch attach developer --team app`. It asks: Do \
         you trust the files in this folder?"
    );
    let run = stage.state.agents.get_mut(&id()).expect("there");
    let question = run.agent.question.as_mut().expect("open");
    (question.id, question.kind) = ("q-7k3f9q".to_owned(), DialogKind::Trust);
    (question.approve, question.deny) = (Some(0), Some(1));
    assert_eq!(
        words(&stage),
        "a trust dialog is open in its window; `torch approve q-7k3f9q` or `torch deny q-7k3f9q` answers it, `torch attach \
         developer --team app` goes there. It asks: Do you trust the files in this folder?"
    );
    run_closed(&mut stage);
    assert_eq!(stage.state.open_dialog(id()), None);
}

fn run_closed(stage: &mut Stage) {
    let run = stage.state.agents.get_mut(&id()).expect("there");
    run.agent.question = None;
}

#[test]
fn a_reminder_does_not_take_the_place_of_the_question() {
    let mut stage = Stage::new();
    stage.asks_for("rm -r old");
    let asked = stage.shown();
    assert!(asked.0.contains("Bash rm -r old"), "{asked:?}");
    assert_eq!(asked.1, "Bash rm -r old");
    stage.shows("Bash command\nrm -r old\nDo you want to proceed?");
    stage.reminds();
    stage.reminds();
    stage.shows("Bash command\nrm -r old\nDo you want to proceed?");
    assert_eq!(stage.shown(), asked);
    // Another question is another one, whoever tells of it first.
    stage.shows("Bash command\nrm -r new\nDo you want to proceed?");
    let (status, question) = stage.shown();
    assert!(status.contains("rm -r new"), "{status}");
    assert!(question.contains("rm -r new"), "{question}");
    // Once it is answered, a new one is told by its own hook again.
    stage.hook(json!({"hook_event_name": "PostToolUse", "tool_name": "Bash"}));
    stage.asks_for("make");
    assert_eq!(stage.shown().1, "Bash make");
    assert!(stage.shown().0.contains("Bash make"));
    // A reminder of a question that nobody told of is all there is.
    let mut stage = Stage::new();
    stage.reminds();
    assert!(stage.shown().0.contains("needs your permission"));
}

/// What `torch pending` is answered, in a folder of no team or for the team of this name.
fn pending(stage: &Stage, caller: &Sender, name: Option<&str>, all: bool) -> Response {
    let mut turn = Turn {
        now: START,
        cause: String::new(),
        effects: Vec::new(),
    };
    let selector = TeamSelector {
        name: name.map(str::to_owned),
        cwd: "/nowhere".into(),
    };
    stage
        .state
        .reply_pending(&mut turn, ConnId(1), caller, (&selector, all));
    let response = turn.effects.into_iter().find_map(|effect| match effect {
        Effect::Reply { response, .. } => Some(response),
        _ => None,
    });
    response.expect("an answer")
}

#[test]
fn questions_of_other_teams_are_told_of_where_one_teams_are_asked_for() {
    let mut stage = Stage::new();
    stage.asks_for("rm -r old");
    let quiet = crate::state::fixture::team(2, "/p2/.git");
    stage.state.teams.insert(quiet.id, quiet);
    let check = |caller: &Sender, name: Option<&str>, expect: (usize, u64)| {
        let Response::Pending {
            questions,
            elsewhere,
            ..
        } = pending(&stage, caller, name, name.is_none())
        else {
            panic!("no list");
        };
        assert_eq!((questions.len(), elsewhere), expect, "{name:?}");
    };
    check(&Sender::Human, Some("app"), (1, 0));
    check(&Sender::Human, Some("team2"), (0, 1));
    check(&Sender::Human, None, (1, 0));
    let agent = Sender::Agent {
        agent: AgentId::new(1, 9),
        team: TeamId::new(1, 2),
        role: RoleName::parse("developer").expect("a role"),
    };
    check(&agent, Some("team2"), (0, 0));
    // Where no team is meant, the command that needs none is told; where a wrong one is, it stays the list of teams.
    let hint = |name: Option<&str>| match pending(&stage, &Sender::Human, name, false) {
        Response::Failed(failure) => failure.hint.unwrap_or_default(),
        other => panic!("{other:?}"),
    };
    assert_eq!(hint(None), "torch pending --all");
    assert_eq!(hint(Some("wrong")), "torch status");
}
