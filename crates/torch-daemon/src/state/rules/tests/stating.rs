//! Agents hear what has changed of what they were told: what concerns them, once, at the end of a turn.

use super::*;

const HEAD: &str =
    "The rules of this team have changed for you; the rest of your briefing holds:\n";
const END: &str = "\nAll of them: torch rules list";

impl Stage {
    /// All were briefed, and know the rules of this text.
    fn briefed(text: &str) -> Self {
        let mut stage = Self::new(Vec::new(), BEGIN);
        stage.read(Ok(text));
        stage.brief_all();
        stage
    }

    fn brief_all(&mut self) {
        for name in ROLES {
            let mut turn = Turn {
                now: self.now,
                cause: "test".to_owned(),
                effects: Vec::new(),
            };
            self.state.send_briefing(&mut turn, id(name), None);
            self.take(turn.effects);
            // It arrived.
            let run = self.state.agents.get_mut(&id(name)).expect("an agent");
            run.agent.briefed = true;
            run.queue.clear();
        }
        self.state.flights.clear();
        self.settle();
        self.messages.clear();
    }

    /// The changes are gathered.
    fn settle(&mut self) {
        let key = TimerKey::Stated(team().id);
        if self.timers.contains_key(&key) {
            self.fire(key);
        }
    }

    /// What an agent heard of changes, line by line.
    fn heard(&self, name: &str) -> Vec<Vec<&str>> {
        let said = self.said_to(name).into_iter();
        let heard = said.filter_map(|text| text.strip_prefix(HEAD)?.strip_suffix(END));
        heard.map(|text| text.lines().collect()).collect()
    }
}

#[test]
fn only_who_is_concerned_hears_and_hears_once() {
    let mut stage = Stage::briefed("- The developer keeps messages under 400 characters");
    stage.read(Ok(
        "- The developer keeps messages under 300 characters\n- The tester must not write to the developer",
    ));
    assert!(stage.heard("developer").is_empty(), "it is gathered first");
    stage.settle();
    assert_eq!(
        stage.heard("developer"),
        [[
            "- changed: messages of developer have at most 300 characters (CLAUDE.md:2); until now: messages of developer have at most 400 characters",
            "- new: tester may not write to developer (CLAUDE.md:3)",
        ]]
    );
    assert_eq!(
        stage.heard("tester"),
        [[
            "- new: tester may not write to developer (CLAUDE.md:3)",
            "- you don't write directly to developer any more, but through the orchestrator",
        ]]
    );
    assert!(stage.said_to("researcher").is_empty());
    assert!(stage.said_to("orchestrator").is_empty());
    // Another line for the same rules is no change.
    stage.read(Ok(
        "\n- The developer keeps messages under 300 characters\n\n- The tester must not write to the developer",
    ));
    stage.settle();
    assert_eq!(stage.heard("developer").len(), 1);
}

#[test]
fn what_came_and_went_is_not_told() {
    let mut stage = Stage::briefed("");
    stage.read(Ok("- At most 2 exchanges per thread"));
    stage.read(Ok("- At most 2 exchanges per thread\n- No broadcasts"));
    // A person starts the team anew with other files.
    stage.state.rules.ordered.insert(team().id);
    stage.read(Ok(""));
    stage.settle();
    for name in ROLES {
        assert!(stage.said_to(name).is_empty(), "{name}");
    }
}

#[test]
fn an_agent_in_a_turn_hears_of_all_changes_at_its_end() {
    let mut stage = Stage::briefed("");
    stage.set("developer", AgentState::Working);
    stage.read(Ok("- At most 2 exchanges per thread"));
    stage.settle();
    let exchanges = "- at most 2 exchanges in a thread of two now; until now: at most 3 exchanges";
    assert_eq!(stage.heard("tester"), [[exchanges]]);
    stage.read(Ok("- At most 2 exchanges per thread\n- No broadcasts"));
    stage.settle();
    assert!(stage.said_to("developer").is_empty());
    let mut turn = Turn {
        now: stage.now,
        cause: "test".to_owned(),
        effects: Vec::new(),
    };
    let evidence = stage.state.agents[&id("developer")].agent.evidence.clone();
    stage
        .state
        .set_state(&mut turn, id("developer"), AgentState::Idle, evidence);
    stage.take(turn.effects);
    assert_eq!(
        stage.heard("developer"),
        [["- new: everyone may not broadcast (CLAUDE.md:3)", exchanges]]
    );
}

#[test]
fn a_word_that_was_not_typed_is_replaced_by_the_next() {
    let mut stage = Stage::briefed("- No broadcasts");
    let own = stage.state.teams.get_mut(&team().id).expect("the team");
    own.paused = true;
    stage.read(Ok("- No broadcasts\n- At most 2 exchanges per thread"));
    stage.settle();
    stage.state.rules.ordered.insert(team().id);
    stage.read(Ok("- At most 2 exchanges per thread"));
    stage.settle();
    let queue = &stage.state.agents[&id("tester")].queue;
    assert_eq!(queue.len(), 1);
    let heard = stage.heard("tester");
    assert_eq!(
        heard[1],
        [
            "- no longer: everyone may not broadcast",
            "- at most 2 exchanges in a thread of two now; until now: at most 3 exchanges",
        ]
    );
    let first = stage
        .messages
        .iter()
        .find(|row| row.recipient.label() == "tester");
    let first = first.expect("the first word").id;
    let ended = stage
        .deliveries
        .iter()
        .rev()
        .find(|row| row.message == first);
    assert_eq!(ended.expect("its delivery").state, DeliveryState::Expired);
}

#[test]
fn the_next_daemon_goes_on_and_sees_another_matrix() {
    let mut stage = Stage::briefed("");
    stage.read(Ok("- Messages must never contain \"hunter2\""));
    let mut next = stage.next_daemon();
    // A person chose another matrix for the new daemon meanwhile.
    let own: torch_router::matrix::Matrix = serde_json::from_value(
        serde_json::json!({"name": "own", "edges": {"developer": ["researcher"]}}),
    )
    .expect("a matrix");
    let templates = &mut next.state.settings.templates;
    std::sync::Arc::make_mut(templates).matrices.push(own);
    next.state.settings.config.router.matrix = "own".to_owned();
    next.settle();
    let heard = next.heard("developer");
    assert_eq!(heard.len(), 1, "{heard:?}");
    let told = heard[0].join("\n");
    assert!(
        told.contains("- new: messages of everyone don't say what CLAUDE.md forbids: h…2, 7 characters (CLAUDE.md:2)"),
        "{told}"
    );
    assert!(
        told.contains("- you may write directly to researcher now"),
        "{told}"
    );
    assert!(
        told.contains("- you don't write directly to tester any more"),
        "{told}"
    );
    assert!(!told.contains("hunter2"), "{told}");
    let mut ledger = stage.ledger;
    ledger.extend(next.ledger);
    let open = ledger.into_values().filter(LedgerRecord::is_open);
    let mut third = Stage::new(open.collect(), next.now);
    third.state.settings = next.state.settings;
    third.settle();
    assert!(third.said_to("developer").is_empty());
}
