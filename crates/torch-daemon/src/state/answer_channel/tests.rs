//! Which way an answer goes, and what becomes of it where the plugin, the program or the daemon is gone.

use torch_api::Response;
use torch_core::config::Config;
use torch_core::screen::{Composer, Dialog, ScreenKind, ScreenReading};
use torch_core::spool::{SpoolEvent, SpoolRecord};
use torch_core::{
    Agent, AgentState, LaunchId, PaneAddress, PaneId, RoleName, SessionId, TeamId, Timestamp,
    WindowId,
};
use torch_router::delivery::{PaneFitness, Sight};

use super::*;
use crate::event::{ConnId, Event, OfferError};
use crate::state::fixture::settings;
use crate::state::{Snapshot, State};

const NOW: Timestamp = Timestamp(1_800_000_000_000);
const CONN: ConnId = ConnId(7);
const ASKED: &str = "per_1";

fn id() -> AgentId {
    AgentId::new(1, 1)
}

fn launch() -> LaunchId {
    LaunchId::new(1, 1)
}

struct Stage {
    state: State,
    now: Timestamp,
    offset: u64,
}

impl Stage {
    fn new() -> Self {
        let role = RoleName::parse("developer").expect("a role");
        let agent = Agent {
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
            briefing: Some(torch_core::MessageId::new(1, 1)),
            ..Agent::new(id(), TeamId::new(1, 1), role, "opencode", NOW)
        };
        let mut settings = settings(NOW);
        settings.config = Config::default();
        let snapshot = Snapshot {
            agents: vec![agent],
            ..Snapshot::default()
        };
        let (state, _) = State::new(settings, snapshot, NOW);
        Self {
            state,
            now: NOW,
            offset: 0,
        }
    }

    fn handle(&mut self, event: Event) -> Vec<Effect> {
        self.state.handle(self.now, event)
    }

    fn hook(&mut self, payload: Value) -> Vec<Effect> {
        self.offset += 1;
        let records = vec![SpoolRecord {
            at: self.now,
            launch: launch(),
            event: SpoolEvent::Hook { payload },
        }];
        self.handle(Event::Spool {
            agent: id(),
            launch: launch(),
            offset: self.offset,
            records,
        })
    }

    fn asks(&mut self, asked: &str, command: &str) -> Vec<Effect> {
        self.hook(json!({"event": "permission.asked", "properties":
            {"id": asked, "permission": "bash", "patterns": [command]}}))
    }

    fn tells(&mut self, question: &str, outcome: &str) -> Vec<Effect> {
        self.hook(
            json!({"event": "torch.answer", "answer": question, "permission": ASKED,
            "outcome": outcome, "detail": "because"}),
        )
    }

    fn question(&self) -> String {
        let question = self.state.agents[&id()].agent.question.as_ref();
        question.expect("an open question").id.clone()
    }

    /// A person answers; what was laid ready.
    fn answers(&mut self, approve: bool) -> Vec<Effect> {
        let question = self.question();
        self.within(|state, t| state.answer_question(t, CONN, (&question, approve)))
    }

    fn within(&mut self, act: impl FnOnce(&mut State, &mut Turn)) -> Vec<Effect> {
        let mut turn = Turn {
            now: self.now,
            cause: String::new(),
            effects: Vec::new(),
        };
        act(&mut self.state, &mut turn);
        turn.effects
    }

    fn file(&mut self, outcome: AnswerFileOutcome) -> Vec<Effect> {
        let question = self.state.answering[0].question.clone();
        self.handle(Event::AnswerFile(AnswerFileDone {
            agent: id(),
            question,
            outcome,
        }))
    }

    fn time(&mut self) -> Vec<Effect> {
        self.now = self.now.after(TAKEN_WITHIN);
        self.handle(Event::Timer(TimerKey::Answer(id())))
    }

    /// A look at the pane: with the dialog, or at the bare prompt.
    fn looks(&mut self, dialog: Option<&str>) -> Vec<Effect> {
        let dialog = dialog.map(dialog_of);
        let reading = ScreenReading {
            kind: match dialog {
                Some(_) => ScreenKind::Asking,
                None => ScreenKind::Prompt,
            },
            composer: dialog.is_none().then(Composer::default),
            dialog,
            ..ScreenReading::default()
        };
        let sight = Sight {
            fitness: PaneFitness::Fit,
            reading,
            fingerprint: 1,
        };
        self.within(|state, t| state.on_answer_look(t, id(), Ok(sight)))
    }
}

fn dialog_of(question: &str) -> Dialog {
    let row = |text: &str, key: &str| torch_core::screen::DialogRow {
        text: text.to_owned(),
        keys: vec![key.to_owned()],
    };
    Dialog {
        kind: DialogKind::Permission,
        question: question.to_owned(),
        rows: vec![row("Allow once", "a"), row("Reject", "r")],
        approve: Some(0),
        deny: Some(1),
        highlighted: None,
        axis: Default::default(),
        lines: vec![question.to_owned()],
    }
}

fn laid(effects: &[Effect]) -> Option<&str> {
    effects.iter().find_map(|effect| match effect {
        Effect::AnswerFile(AnswerFile {
            order: AnswerFileOrder::Lay(text),
            ..
        }) => Some(text.as_str()),
        _ => None,
    })
}

fn withdraws(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| {
        matches!(effect, Effect::AnswerFile(file) if file.order == AnswerFileOrder::Withdraw)
    })
}

/// Whether the way of the keys was begun or gone on with.
fn keys(effects: &[Effect]) -> bool {
    effects
        .iter()
        .any(|effect| matches!(effect, Effect::Probe { .. } | Effect::PressKey { .. }))
}

fn said(effects: &[Effect]) -> Option<String> {
    effects.iter().find_map(|effect| match effect {
        Effect::Reply { conn, response } if *conn == CONN => Some(match response {
            Response::Failed(failure) => format!("failed: {failure:?}"),
            other => format!("{other:?}"),
        }),
        _ => None,
    })
}

#[test]
fn an_answer_is_laid_ready_taken_and_told_of() {
    for (approve, reply) in [(true, "once"), (false, "reject")] {
        let mut stage = Stage::new();
        stage.asks(ASKED, "touch a");
        assert_eq!(stage.state.answer_channel(id()), AnswerChannel::Program);
        assert!(stage.state.answerer(id()).contains("own interface"));
        let question = stage.question();
        let effects = stage.answers(approve);
        let text = laid(&effects).expect("it is laid");
        let text: Value = serde_json::from_str(text).expect("JSON");
        assert_eq!(
            text,
            json!({"answer": question, "permission": ASKED, "reply": reply})
        );
        assert!(!keys(&effects) && said(&effects).is_none());
        assert!(!keys(&stage.file(AnswerFileOutcome::Laid)));
        // Both words come, in any order: the question is closed, and the answer was given.
        stage.hook(json!({"event": "permission.replied", "properties": {"requestID": ASKED}}));
        assert!(stage.state.agents[&id()].agent.question.is_none());
        let effects = stage.tells(&question, "given");
        let word = said(&effects).expect("the person is told");
        assert!(
            word.contains("through its program's own interface"),
            "{word}"
        );
        assert!(stage.state.answering.is_empty());
        assert!(stage.state.agents[&id()].asked.is_empty());
    }
}

#[test]
fn one_that_is_not_taken_is_taken_back_and_goes_by_keys() {
    let mut stage = Stage::new();
    stage.asks(ASKED, "touch a");
    stage.answers(true);
    stage.file(AnswerFileOutcome::Laid);
    let effects = stage.time();
    assert!(withdraws(&effects) && !keys(&effects), "taken back first");
    assert!(keys(&stage.file(AnswerFileOutcome::Withdrawn)));
    let effects = stage.looks(Some("Permission required"));
    assert!(
        effects
            .iter()
            .any(|it| matches!(it, Effect::PressKey { key, .. } if key == "a")),
        "{effects:?}"
    );
    let effects = stage.looks(None);
    let word = said(&effects).expect("told");
    assert!(
        word.contains("approved") && !word.contains("interface"),
        "{word}"
    );
}

/// Its program ended, and runs again: the answer is taken back from where it lies, and nothing goes to the new one.
#[test]
fn one_of_an_earlier_launch_is_taken_back_from_there() {
    let mut stage = Stage::new();
    stage.asks(ASKED, "touch a");
    stage.answers(true);
    stage.file(AnswerFileOutcome::Laid);
    let run = stage.state.agents.get_mut(&id()).expect("there");
    run.agent.launch = Some(LaunchId::new(1, 2));
    run.agent.question = None;
    let effects = stage.time();
    let from = effects.iter().find_map(|effect| match effect {
        Effect::AnswerFile(file) => Some(file.launch),
        _ => None,
    });
    assert_eq!(from, Some(launch()));
    stage.file(AnswerFileOutcome::Withdrawn);
    let effects = stage.looks(Some("Permission required"));
    assert!(
        !effects
            .iter()
            .any(|it| matches!(it, Effect::PressKey { .. })),
        "{effects:?}"
    );
    let word = said(&effects).expect("told");
    assert!(word.starts_with("failed"), "{word}");
}

#[test]
fn one_that_can_not_be_laid_goes_by_keys() {
    let mut stage = Stage::new();
    stage.asks(ASKED, "touch a");
    stage.answers(true);
    let error = OfferError::File {
        file: "/run/x".into(),
        cause: "no space left".to_owned(),
    };
    assert!(keys(&stage.file(AnswerFileOutcome::NotLaid(error))));
}

#[test]
fn one_that_is_taken_is_waited_for_and_then_looked_for() {
    let mut stage = Stage::new();
    stage.asks(ASKED, "touch a");
    stage.answers(true);
    stage.file(AnswerFileOutcome::Laid);
    assert!(withdraws(&stage.time()));
    assert!(!keys(&stage.file(AnswerFileOutcome::Taken)));
    // Nobody tells of it: its dialog is looked for before any key.
    let effects = stage.time();
    assert!(keys(&effects) && !withdraws(&effects));
    let question = stage.state.answering[0].question.clone();
    // A late word is one.
    let word = said(&stage.tells(&question, "given")).expect("told");
    assert!(word.contains("interface"), "{word}");
}

#[test]
fn one_that_comes_too_late_is_refused_by_its_program() {
    let mut stage = Stage::new();
    stage.asks(ASKED, "touch a");
    let question = stage.question();
    stage.answers(true);
    stage.file(AnswerFileOutcome::Laid);
    let effects = stage.tells(&question, "gone");
    let word = said(&effects).expect("told");
    assert!(
        word.starts_with("failed") && word.contains("because"),
        "{word}"
    );
    assert!(!keys(&effects) && stage.state.answering.is_empty());
}

#[test]
fn one_that_the_program_failed_on_is_looked_for_first() {
    let mut stage = Stage::new();
    stage.asks(ASKED, "touch a");
    let question = stage.question();
    stage.answers(true);
    stage.file(AnswerFileOutcome::Laid);
    assert!(keys(&stage.tells(&question, "failed")));
    // The word of the plugin says nothing any more; the screen does.
    assert_eq!(said(&stage.tells(&question, "gone")), None);
    let word = said(&stage.looks(None)).expect("told");
    assert!(
        word.starts_with("failed") && word.contains("not on the screen any more"),
        "{word}"
    );
}

#[test]
fn what_another_daemon_laid_is_only_noted() {
    let mut stage = Stage::new();
    stage.asks(ASKED, "touch a");
    let question = stage.question();
    let effects = stage.tells(&question, "given");
    let noted = effects.iter().any(|effect| {
        matches!(effect, Effect::Write(Write::Journal(entry)) if entry.kind == "question.told")
    });
    assert!(noted, "{effects:?}");
    assert!(!keys(&effects) && said(&effects).is_none());
}

/// Two are open at once: the first is answered by its id; the next, once it is the only one, too. A dialog of which it is not
/// known which of them it is goes by keys.
#[test]
fn a_question_has_its_own_id_only_where_that_is_known() {
    let mut stage = Stage::new();
    stage.asks("per_1", "touch a");
    stage.asks("per_2", "touch b");
    let asked = |stage: &Stage| {
        let question = stage.state.agents[&id()].agent.question.clone();
        question.and_then(|question| question.asked)
    };
    assert_eq!(asked(&stage).as_deref(), Some("per_1"));
    let reading = |question: &str| ScreenReading {
        kind: ScreenKind::Asking,
        dialog: Some(dialog_of(question)),
        ..ScreenReading::default()
    };
    stage.within(|state, t| state.on_dialog(t, id(), &reading("touch a")));
    assert_eq!(asked(&stage).as_deref(), Some("per_1"));
    stage.within(|state, t| state.on_dialog(t, id(), &reading("touch b")));
    assert_eq!(asked(&stage), None, "either of them");
    assert_eq!(stage.state.answer_channel(id()), AnswerChannel::Keys);
    assert!(keys(&stage.answers(true)));
    stage.state.answering.clear();
    stage.hook(json!({"event": "permission.replied", "properties": {"requestID": "per_1"}}));
    stage.within(|state, t| state.on_dialog(t, id(), &reading("touch b")));
    assert_eq!(asked(&stage).as_deref(), Some("per_2"));
    // The turn is over: whatever is shown then was not asked in it.
    stage.hook(json!({"event": "session.idle", "properties": {}}));
    assert!(stage.state.agents[&id()].asked.is_empty());
}

/// The only question that is open is the one on the screen, however much of it is drawn: its id in torch stays.
#[test]
fn a_dialog_that_is_being_drawn_is_the_same_question() {
    let mut stage = Stage::new();
    stage.asks(ASKED, "touch a");
    let question = stage.question();
    for drawn in [
        "Permission",
        "Permission required",
        "Permission required\ntouch a",
    ] {
        let reading = ScreenReading {
            kind: ScreenKind::Asking,
            dialog: Some(dialog_of(drawn)),
            ..ScreenReading::default()
        };
        stage.within(|state, t| state.on_dialog(t, id(), &reading));
        assert_eq!(stage.question(), question, "{drawn}");
    }
    let seen = stage.state.agents[&id()].agent.question.clone();
    let seen = seen.and_then(|question| question.dialog);
    assert_eq!(seen.as_deref(), Some("Permission required\ntouch a"));
}

#[test]
fn a_program_without_the_rules_is_answered_by_keys() {
    let mut stage = Stage::new();
    stage.asks(ASKED, "touch a");
    let run = stage.state.agents.get_mut(&id()).expect("there");
    run.agent.program = "claude".to_owned();
    assert_eq!(stage.state.answer_channel(id()), AnswerChannel::Keys);
    assert!(keys(&stage.answers(true)));
}
