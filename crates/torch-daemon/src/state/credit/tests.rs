//! Limits with a plain state: what tells of them, how well, and what does not.

mod account;
mod menu;
mod over;

use serde_json::{Value, json};
use torch_core::config::Config;
use torch_core::credit::ResetSource;
use torch_core::screen::ScreenKind;
use torch_core::spool::{SpoolEvent, SpoolRecord};
use torch_core::{
    Agent, DesiredState, Envelope, LaunchId, MessageId, MessageKind, PaneAddress, PaneId, RoleName,
    RouterMode, SessionId, SessionName, Team, TeamId, TeamPhase, WindowId,
};
use torch_monitor::Screen;

use super::*;
use crate::event::{Event, PaneFact, ProbeFact, ProbeFor};
use crate::state::{Settings, Snapshot};
use crate::{templates, view};

/// 15 January 2027, 08:00 UTC.
const START: Timestamp = Timestamp(1_800_000_000_000);
const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const ROLES: [&str; 3] = ["orchestrator", "developer", "tester"];

fn launch(n: u128) -> LaunchId {
    LaunchId::new(1, n)
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
        env: std::collections::BTreeMap::from([("HOME".to_owned(), "/home/u".to_owned())]),
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

fn agent(n: u128, program: &str) -> Agent {
    let role = RoleName::parse(ROLES[n as usize]).expect("a role");
    let number = n as u32;
    Agent {
        position: number,
        worktree: "/w".into(),
        worktree_ready: true,
        launch: Some(launch(n)),
        pane: Some(PaneAddress {
            session: SessionId(1),
            window: WindowId(number),
            pane: PaneId(number),
            pid: 100 + number,
        }),
        state: AgentState::Idle,
        briefed: true,
        briefing: Some(MessageId::new(1, n)),
        ..Agent::new(AgentId::new(1, n), team().id, role, program, START)
    }
}

/// A state, and what came of what it was told.
struct Stage {
    state: State,
    now: Timestamp,
    said: Vec<Envelope>,
    timers: std::collections::BTreeMap<TimerKey, Timestamp>,
    offset: u64,
    /// Looks that were asked for, each with its purpose.
    looks: Vec<(AgentId, ProbeFor)>,
    /// What the messages' texts were pasted as.
    pasted: Vec<MessageId>,
    journal: Vec<String>,
    /// What every screen shows.
    screen: Vec<u8>,
}

impl Stage {
    fn new(program: &str) -> Self {
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
            zone: TimeZone::get("Europe/London").expect("a zone"),
            boot: torch_core::BootClock::new(Some("b".to_owned()), 5_000, START),
            resume_teams: false,
        };
        let snapshot = Snapshot {
            teams: vec![team()],
            agents: (0..3).map(|n| agent(n, program)).collect(),
            ..Snapshot::default()
        };
        let (state, effects) = State::new(settings, snapshot, START);
        let mut stage = Self {
            state,
            now: START,
            said: Vec::new(),
            timers: Default::default(),
            offset: 0,
            looks: Vec::new(),
            pasted: Vec::new(),
            journal: Vec::new(),
            screen: recorded(program, "idle"),
        };
        stage.take(effects);
        for run in stage.state.agents.values_mut() {
            run.window = torch_core::plan::WindowObserved::Live;
        }
        stage
    }

    fn take(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Write(Write::PutMessage(envelope)) => self.said.push(*envelope),
                Effect::Timer { key, at } => drop(self.timers.insert(key, at)),
                Effect::CancelTimer(key) => drop(self.timers.remove(&key)),
                Effect::Probe { agent, purpose, .. } => self.looks.push((agent, purpose)),
                Effect::Paste { message, .. } => self.pasted.push(message),
                Effect::Write(Write::Journal(entry)) => self.journal.push(entry.kind),
                _ => {}
            }
        }
    }

    fn handle(&mut self, event: Event) {
        let effects = self.state.handle(self.now, event);
        self.take(effects);
    }

    fn record(&mut self, n: u128, event: SpoolEvent) {
        self.offset += 1;
        let records = vec![SpoolRecord {
            at: self.now,
            launch: launch(n),
            event,
        }];
        self.handle(Event::Spool {
            agent: AgentId::new(1, n),
            launch: launch(n),
            offset: self.offset,
            records,
        });
    }

    fn hook(&mut self, n: u128, mut payload: Value) {
        payload["transcript_path"] = json!(format!("/t/{n}.jsonl"));
        self.record(n, SpoolEvent::Hook { payload });
    }

    fn prompt(&mut self, n: u128) {
        self.hook(
            n,
            json!({"hook_event_name": "UserPromptSubmit", "prompt": "go on"}),
        );
    }

    fn limit(&mut self, n: u128, words: &str) {
        self.prompt(n);
        self.hook(
            n,
            json!({"hook_event_name": "StopFailure", "error": "rate_limit", "last_assistant_message": words}),
        );
    }

    /// A record of an agent's transcript.
    fn tell(&mut self, n: u128, record: &Value) {
        let program = self.state.agents[&AgentId::new(1, n)].agent.program.clone();
        let program = self.state.programs.get(&program).expect("a program");
        let reading = program.transcript.read(record);
        self.offset += 1;
        self.handle(Event::Told {
            agent: AgentId::new(1, n),
            launch: launch(n),
            path: format!("/t/{n}.jsonl").into(),
            offset: self.offset,
            readings: vec![reading],
        });
    }

    fn status_line(&mut self, n: u128, payload: Value) {
        self.record(n, SpoolEvent::StatusLine { payload });
    }

    fn pass(&mut self, millis: u64) {
        self.now = Timestamp(self.now.0 + millis);
    }

    fn fire(&mut self, n: u128) {
        let key = TimerKey::Wake(AgentId::new(1, n));
        self.timers.remove(&key);
        self.handle(Event::Timer(key));
        self.look();
    }

    /// The looks that were asked for are taken.
    fn look(&mut self) {
        for (agent, purpose) in std::mem::take(&mut self.looks) {
            let run = &self.state.agents[&agent];
            let address = run.agent.pane.expect("a pane");
            let pane = PaneFact {
                address,
                session_name: "app".to_owned(),
                window_index: 0,
                pane_index: 0,
                dead: false,
                in_mode: false,
                no_input: false,
                attached: 0,
                live: run.agent.launch,
                agent: Some(agent),
                wrapper: true,
                is_shell: false,
                is_opened: false,
                window_name: run.agent.role.to_string(),
                input: Timestamp::default(),
            };
            let fact = ProbeFact {
                pane: Some(pane),
                title: String::new(),
                screen: self.screen.clone(),
                process_alive: true,
            };
            self.handle(Event::Probed {
                agent,
                purpose,
                result: Ok(Box::new(fact)),
            });
        }
    }

    fn hold(&self, n: u128) -> Option<&LimitHold> {
        self.state.agents[&AgentId::new(1, n)]
            .agent
            .credit
            .hold
            .as_ref()
    }

    /// How long until an agent is woken, in minutes.
    fn wakes_in(&self, n: u128) -> Option<u64> {
        let at = self.timers.get(&TimerKey::Wake(AgentId::new(1, n)))?;
        Some(at.since(self.now).as_secs() / 60)
    }

    fn said_of(&self, kind: MessageKind) -> Vec<&Envelope> {
        self.said.iter().filter(|said| said.kind == kind).collect()
    }
}

/// A recorded screen of a program; of one without any, a blank one.
fn recorded(program: &str, name: &str) -> Vec<u8> {
    let version = match program {
        "claude" => "2.1.329",
        "codex" => "0.169.0",
        _ => return Vec::new(),
    };
    let screens = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../torch-monitor/tests/screens"
    );
    let path = format!("{screens}/{program}/{version}/80/{name}.ansi");
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn informational(content: &str) -> Value {
    json!({"type": "system", "subtype": "informational", "content": content})
}

#[test]
fn the_better_source_tells_the_reset() {
    let mut stage = Stage::new("claude");
    stage.limit(
        1,
        "You've hit your 5-hour limit · resets 9am (Europe/London)",
    );
    let reset = stage
        .hold(1)
        .and_then(|hold| hold.reset.clone())
        .expect("a reset");
    assert_eq!(
        (reset.from, reset.at),
        (ResetSource::Text, START.after(Duration::from_secs(3_600)))
    );
    assert_eq!(stage.wakes_in(1), Some(62));
    let resets_at = START.0 / 1_000 + 3_641;
    stage.tell(
        1,
        &json!({"type": "assistant", "isApiErrorMessage": true, "error": "rate_limit",
            "timestamp": "2027-01-15T08:00:00.000Z", "message": {"content": [{"type": "text", "text": "limit"}]},
            "quotaLimits": {"resetsAt": resets_at, "rateLimitType": "seven_day"}}),
    );
    let hold = stage.hold(1).expect("a hold");
    let reset = hold.reset.as_ref().expect("a reset");
    assert_eq!(
        (reset.from, reset.at.0),
        (ResetSource::Record, resets_at * 1_000)
    );
    assert_eq!((hold.kind.as_str(), hold.hits), ("weekly", 1));
    // Figures of the status line outweigh words, and are those of the limit that was hit.
    let figures = json!({"rate_limits": {
        "five_hour": {"used_percentage": 100, "resets_at": START.0 / 1_000 + 1_805},
        "seven_day": {"used_percentage": 30, "resets_at": START.0 / 1_000 + 99_999}}});
    stage.status_line(2, figures);
    stage.limit(
        2,
        "You've hit your 5-hour limit · resets 8:30am (Europe/London)",
    );
    let reset = stage
        .hold(2)
        .and_then(|hold| hold.reset.clone())
        .expect("a reset");
    assert_eq!(
        (reset.from, reset.at.0),
        (ResetSource::Figure, START.0 + 1_805_000)
    );
}

#[test]
fn without_a_time_it_is_an_estimate_from_where_the_window_began() {
    let mut stage = Stage::new("claude");
    stage.prompt(2);
    stage.pass(HOUR);
    stage.limit(1, "Claude usage limit reached");
    let reset = stage
        .hold(1)
        .and_then(|hold| hold.reset.clone())
        .expect("a reset");
    // The other agent of the account began it.
    assert_eq!(
        (reset.from, reset.at.0),
        (ResetSource::Estimate, START.0 + 5 * HOUR)
    );
    let words = view::credit::words(stage.hold(1).expect("a hold"));
    assert!(words.contains("estimate"), "{words}");
    // Too many requests at once are no window.
    stage.limit(0, "API Error: Request rejected (429)");
    assert_eq!(stage.wakes_in(0), Some(7));
}

#[test]
fn credits_need_a_person_and_end_with_a_turn() {
    let mut stage = Stage::new("claude");
    stage.limit(1, "You're out of usage credits");
    assert!(stage.hold(1).is_some_and(LimitHold::needs_person));
    assert_eq!(stage.wakes_in(1), None);
    let told = stage.said_of(MessageKind::Notice).into_iter();
    let told = told.filter(|said| said.body.contains("no usage credits left"));
    let told: Vec<_> = told.map(|said| said.recipient.label()).collect();
    assert_eq!(told, ["orchestrator", "human"]);
    stage.pass(200 * HOUR);
    stage.prompt(1);
    assert!(stage.hold(1).is_some(), "a prompt alone shows nothing");
    stage.hook(1, json!({"hook_event_name": "Stop"}));
    assert!(stage.hold(1).is_none());
}

#[test]
fn a_program_that_goes_on_by_itself_has_its_time() {
    let mut stage = Stage::new("claude");
    stage.limit(
        1,
        "You've hit your 5-hour limit · resets 9am (Europe/London)",
    );
    stage.tell(
        1,
        &informational("Usage limit reached · continuing automatically at 9am · esc to cancel"),
    );
    assert_eq!(stage.wakes_in(1), Some(65));
    stage.tell(
        1,
        &informational("Automatic continue cancelled · /rate-limit-options to re-arm"),
    );
    assert_eq!(stage.wakes_in(1), Some(62));
    stage.tell(
        1,
        &informational("Usage limit reached · continuing automatically at 9am · esc to cancel"),
    );
    stage.pass(61 * MINUTE);
    stage.tell(
        1,
        &informational("Usage limit reset · Continuing automatically"),
    );
    assert!(stage.hold(1).is_none());
    assert!(stage.said_of(MessageKind::Continue).is_empty());
}

#[test]
fn a_limit_that_ended_no_turn_ends_without_a_word() {
    let mut stage = Stage::new("claude");
    stage.limit(
        1,
        "You've hit your 5-hour limit · resets 9am (Europe/London)",
    );
    // A person began a new conversation: there is nothing to go on with.
    stage.hook(
        1,
        json!({"hook_event_name": "SessionStart", "source": "clear"}),
    );
    assert!(stage.hold(1).is_some(), "the limit is still there");
    stage.pass(62 * MINUTE);
    stage.fire(1);
    assert!(stage.hold(1).is_none());
    assert!(stage.said_of(MessageKind::Continue).is_empty());
}

#[test]
fn one_word_wakes_and_the_agents_of_an_account_take_turns() {
    let mut stage = Stage::new("claude");
    for n in [1, 2] {
        stage.limit(
            n,
            "You've hit your 5-hour limit · resets 9am (Europe/London)",
        );
    }
    stage.fire(1);
    assert!(
        stage.said_of(MessageKind::Continue).is_empty(),
        "not before its time"
    );
    stage.pass(62 * MINUTE);
    stage.fire(1);
    stage.fire(1);
    stage.fire(2);
    assert_eq!(stage.said_of(MessageKind::Continue).len(), 1);
    let later = stage.timers[&TimerKey::Wake(AgentId::new(1, 2))];
    assert_eq!(later.since(stage.now), Duration::from_secs(20));
    // The first one hits it again, until later: the second needs no wake-up to learn that.
    stage.pass(5_000);
    let words = format!("usage limit reached|{}", START.0 / 1_000 + 4 * 3_600);
    stage.hook(
        1,
        json!({"hook_event_name": "UserPromptSubmit", "prompt": "x"}),
    );
    stage.hook(1, json!({"hook_event_name": "StopFailure", "error": "rate_limit", "last_assistant_message": words}));
    let again = stage.hold(1).expect("a hold");
    assert_eq!((again.hits, again.phase), (2, HoldPhase::Waiting));
    // Another kind of limit for all that is known: nothing is taken over.
    assert_eq!(
        stage
            .hold(2)
            .and_then(|hold| hold.reset.as_ref())
            .map(|reset| reset.from),
        Some(ResetSource::Text)
    );
    let words = "You've hit your 5-hour limit · resets 12pm (Europe/London)";
    stage.limit(1, words);
    let other = stage
        .hold(2)
        .and_then(|hold| hold.reset.clone())
        .expect("a reset");
    assert_eq!(
        other.from,
        ResetSource::Text,
        "words alone are not passed on below their rank"
    );
}

#[test]
fn a_limit_that_is_nearly_used_up_is_told_once_in_its_window() {
    let mut stage = Stage::new("claude");
    let share = |used: f64, resets: u64| json!({"rate_limits": {"five_hour": {"used_percentage": used, "resets_at": resets}}});
    let resets = (START.0 + 4 * HOUR) / 1_000;
    for used in [70.0, 75.0, 80.0, 85.0] {
        stage.status_line(1, share(used, resets));
        stage.pass(5 * MINUTE);
    }
    assert!(stage.said.is_empty(), "fifteen minutes are left");
    for used in [92.0, 95.0, 97.0] {
        stage.status_line(1, share(used, resets));
        stage.pass(5 * MINUTE);
    }
    let told = stage.said_of(MessageKind::Notice);
    assert_eq!(told.len(), 2, "the hub and the person, once");
    assert!(told[0].body.contains("five_hour"), "{}", told[0].body);
    // It is reset before it is used up at this pace.
    stage.said.clear();
    let soon = stage.now.0 / 1_000 + 1_200;
    for used in [50.0, 70.0, 90.0] {
        stage.status_line(1, share(used, soon));
        stage.pass(9 * MINUTE);
    }
    assert!(stage.said.is_empty());
}

/// What a program prints at a limit.
const WORDS: &[&str] = &[
    "You've hit your 5-hour limit · resets 10:10pm (Europe/London)",
    "You've hit your weekly limit · resets Nov 23, 4:43am (Europe/London)",
    "You've hit your Opus limit · resets Nov 23, 4:44am (Europe/London)",
    "Claude AI usage limit reached|1749924000",
    "Claude usage limit reached. Your limit will reset at 9am (America/Chicago).",
    "5-hour limit reached ∙ resets 2pm",
    "⚠ Usage limit reached · limit resets 10:10pm",
    "Continuing automatically at 10:10pm · Esc to cancel",
    "Usage limit reached · continuing automatically at 10:10pm · esc to cancel",
    "You're out of usage credits",
    "Your org is out of usage · add funds to continue",
    "API Error: Request rejected (429)",
    "■ You've hit your usage limit. Try again in 5 days 22 hours 11 minutes.",
    "What do you want to do?\n❯ 1. Stop and wait for limit to reset\n  2. Upgrade your plan\nEnter to confirm · Esc to cancel",
];

/// Where it may stand without being one.
fn contexts(words: &str) -> Vec<String> {
    vec![
        words.to_owned(),
        format!("The banner says \"{words}\", so torch holds the agent until then."),
        format!("```text\n{words}\n```"),
        format!("    let text = {words:?};\n    assert!(read(text).is_some());"),
        format!("2026-11-21T10:10:00Z WARN agent: {words}"),
        format!("| 27 | `{words}` | 2.1.329 | captured |"),
        format!("  {words}"),
        json!({"hook_event_name": "StopFailure", "error": "rate_limit", "last_assistant_message": words}).to_string(),
    ]
}

#[test]
fn texts_that_talk_about_limits_are_none() {
    let texts: Vec<String> = WORDS.iter().flat_map(|words| contexts(words)).collect();
    assert!(texts.len() >= 100, "{}", texts.len());
    for program in ["claude", "demo"] {
        let mut stage = Stage::new(program);
        for text in &texts {
            stage.pass(1_000);
            stage.hook(
                1,
                json!({"hook_event_name": "UserPromptSubmit", "prompt": text}),
            );
            stage.hook(1, json!({"hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": {"command": text}}));
            stage.hook(1, json!({"hook_event_name": "PostToolUse", "tool_name": "Read", "tool_response": text}));
            stage.tell(1, &json!({"type": "user", "message": {"content": text}}));
            stage.tell(1, &json!({"type": "user", "message": {"content": [{"type": "tool_result", "content": text}]}}));
            stage.tell(1, &json!({"type": "assistant", "message": {"content": [{"type": "text", "text": text}]}}));
            stage.hook(
                1,
                json!({"hook_event_name": "Stop", "last_assistant_message": text}),
            );
            assert!(stage.hold(1).is_none(), "{program}: {text}");
            let state = stage.state.agents[&AgentId::new(1, 1)].agent.state;
            assert_eq!(state, AgentState::Idle, "{program}: {text}");
            let rule = "─".repeat(80);
            let rules = &stage.state.programs.get(program).expect("a program").rules;
            let screen =
                format!("● Here it is:\n{text}\n\n{rule}\n❯\u{a0}\n{rule}\n  ? for shortcuts\n");
            let read = rules.read(&Screen::parse(screen.as_bytes()));
            assert_eq!(read.kind, ScreenKind::Prompt, "{program}: {screen}");
        }
        assert!(stage.said_of(MessageKind::Continue).is_empty());
    }
}
