//! A limit's menu that is open still when the limit is reset, and what is said of a wake-up.

use super::*;
use torch_core::{DeferReason, DeliveryState};

fn developer() -> AgentId {
    AgentId::new(1, 1)
}

/// What Codex writes down at a limit of five hours; `START` is 8:00 in London.
const WORDS: &str = "You’ve hit your usage limit. Upgrade to Pro or try again at 9:00 AM.";

/// Codex hit its limit and shows its menu; three messages came, and the time of the reset has passed.
fn codex_at_its_menu() -> (Stage, Vec<MessageId>) {
    let mut stage = Stage::new("codex");
    stage.hook(
        1,
        json!({"hook_event_name": "UserPromptSubmit", "prompt": "x"}),
    );
    stage.screen = recorded("codex", "limit-session");
    stage.tell(
        1,
        &json!({"type": "event_msg", "payload": {"type": "task_complete",
            "error": {"codex_error_info": "usage_limit", "message": WORDS}}}),
    );
    stage.pass(1_000);
    stage.handle(Event::Timer(TimerKey::Look(developer())));
    stage.look();
    assert_eq!(state(&stage), AgentState::Limited);
    let ids = (0..3)
        .map(|n| stage.post(1, &format!("held {n}")))
        .collect();
    assert_eq!(reason(&stage, 0), Some(DeferReason::Limited));
    stage.pass(62 * MINUTE);
    (stage, ids)
}

fn state(stage: &Stage) -> AgentState {
    stage.state.agents[&developer()].agent.state
}

/// Why the nth waiting message waits.
fn reason(stage: &Stage, nth: usize) -> Option<DeferReason> {
    let message = stage.state.agents[&developer()].queue[nth];
    stage.state.flights[&message].delivery.reason
}

/// Two looks, some time apart.
fn look_twice(stage: &mut Stage) {
    for _ in 0..2 {
        stage.pass(1_000);
        stage.handle(Event::Timer(TimerKey::Look(developer())));
        stage.look();
    }
}

impl Stage {
    fn post(&mut self, n: u128, body: &str) -> MessageId {
        let id = AgentId::new(1, n);
        let mut turn = self.turn();
        let role = self.state.agents[&id].agent.role.clone();
        let recipient = torch_core::Recipient::Agent { agent: id, role };
        let draft = crate::state::send::Draft::from_torch(
            team().id,
            MessageKind::Notice,
            recipient,
            body.to_owned(),
        );
        let message = self.state.post(&mut turn, draft);
        self.state.pump(&mut turn, id);
        self.take(turn.effects);
        message
    }

    fn turn(&self) -> Turn {
        Turn {
            now: self.now,
            cause: "test".to_owned(),
            effects: Vec::new(),
        }
    }

    fn asked(&self) -> usize {
        let asks = |said: &&Envelope| said.body.contains(" asks: ");
        self.said.iter().filter(asks).count()
    }
}

#[test]
fn a_menu_that_is_open_after_the_reset_is_a_question() {
    let (mut stage, _) = codex_at_its_menu();
    stage.fire(1);
    assert_eq!(state(&stage), AgentState::Asking);
    let [question] = &stage.state.pending(None)[..] else {
        panic!("{:?}", stage.state.pending(None));
    };
    assert!(question.deny.is_some(), "{question:?}");
    assert_eq!(reason(&stage, 0), Some(DeferReason::Asking));
    assert_eq!(stage.asked(), 2, "the hub and the person");
    // However often it is looked at: it stays so, and is told once.
    for _ in 0..3 {
        look_twice(&mut stage);
        stage.fire(1);
    }
    assert_eq!(state(&stage), AgentState::Asking);
    assert_eq!(stage.asked(), 2);
    assert!(stage.said_of(MessageKind::Continue).is_empty());
    assert!(stage.pasted.is_empty());
    assert!(!stage.journal.contains(&"credit.waking".to_owned()));
    let why = stage.state.limit_chain(developer(), stage.now).join("\n");
    assert!(why.contains("once its question is answered"), "{why}");
    assert!(!why.contains("was sent"), "{why}");
}

#[test]
fn once_the_menu_is_closed_the_agent_is_woken() {
    let (mut stage, _) = codex_at_its_menu();
    stage.fire(1);
    assert_eq!(state(&stage), AgentState::Asking);
    // A person closes it in its window.
    stage.screen = recorded("codex", "limit-session-left");
    look_twice(&mut stage);
    assert!(stage.state.pending(None).is_empty());
    stage.fire(1);
    assert_eq!(stage.said_of(MessageKind::Continue).len(), 1);
    let word = stage.said_of(MessageKind::Continue)[0].id;
    // Not typed yet: nobody says that it was.
    let why = stage.state.limit_chain(developer(), stage.now).join("\n");
    assert!(!why.contains("was sent"), "{why}");
    assert!(!stage.journal.contains(&"credit.woken".to_owned()));
    for _ in 0..4 {
        stage.look();
        let due = TimerKey::Delivery(word);
        stage.pass(1_000);
        stage.handle(Event::Timer(due));
    }
    let own = |id: &&MessageId| stage.state.agent_of(**id) == Some(developer());
    let pasted: Vec<MessageId> = stage.pasted.iter().filter(own).copied().collect();
    let [first] = pasted[..] else {
        panic!("{pasted:?}");
    };
    let why = stage.state.limit_chain(developer(), stage.now).join("\n");
    assert!(!why.contains("was sent"), "{why}");
    let text = stage.state.flights[&first].text.clone();
    stage.hook(
        1,
        json!({"hook_event_name": "UserPromptSubmit", "prompt": text}),
    );
    let proven = stage.state.flights.get(&first);
    assert!(proven.is_none_or(|flight| flight.delivery.state >= DeliveryState::Accepted));
    let why = stage.state.limit_chain(developer(), stage.now).join("\n");
    assert!(why.contains("was sent to it after the reset"), "{why}");
    let woken = stage.journal.iter().filter(|kind| *kind == "credit.woken");
    assert_eq!(woken.count(), 1);
}

#[test]
fn what_a_program_says_to_itself_after_a_reset_is_no_alarm() {
    let mut stage = Stage::new("claude");
    let words = "You've hit your 5-hour limit · resets 9am (Europe/London)";
    let own = json!({"hook_event_name": "UserPromptSubmit",
        "prompt": "Your claude.ai usage limit has reset. Continue the task you were working on."});
    let alarms = |stage: &Stage| {
        let alarm = |said: &&Envelope| said.body.contains("no message accounts for");
        stage.said.iter().filter(alarm).count()
    };
    stage.hook(1, own.clone());
    assert_eq!(alarms(&stage), 1, "nothing announced it");
    stage.said.clear();
    stage.hook(
        1,
        json!({"hook_event_name": "StopFailure", "error": "rate_limit", "last_assistant_message": words}),
    );
    stage.tell(
        1,
        &informational("Usage limit reached · continuing automatically at 9am · esc to cancel"),
    );
    stage.pass(61 * MINUTE);
    // Its transcript is read before its hook, and its first try is repeated.
    stage.tell(
        1,
        &informational("Usage limit reset · Continuing automatically"),
    );
    assert!(stage.hold(1).is_none());
    for _ in 0..2 {
        stage.pass(20_000);
        stage.hook(1, own.clone());
        stage.hook(1, json!({"hook_event_name": "Stop"}));
    }
    assert_eq!(alarms(&stage), 0);
    stage.pass(5 * MINUTE);
    stage.hook(1, own);
    assert_eq!(alarms(&stage), 1, "long after");
}
