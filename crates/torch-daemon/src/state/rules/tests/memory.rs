//! What was said before a daemon began: recalled from its journal, so that no loop gets past its caps by a restart.

use torch_router::replay::Replay;

use super::*;

impl Stage {
    /// What the journal has of what was said, and of the clock.
    fn past(&self) -> Vec<Past> {
        let rows = self.journal.iter().filter_map(|row| {
            if row.kind == "clock.moved" {
                return row.data["stepped_ms"].as_i64().map(Past::Stepped);
            }
            let judged = crate::past::judged(&row.kind, &row.data)?;
            let mut messages = self.messages.iter();
            let message = messages.find(|message| message.id.to_string() == row.subject)?;
            crate::past::said(judged, &message.body)
        });
        rows.collect()
    }

    /// The daemon ends at once, and the next one begins with what was committed.
    fn next(self) -> Self {
        let team = self.state.teams[&team().id].clone();
        let ledger = self.ledger.values().filter(|row| row.is_open()).cloned();
        let mut next = Self::of(team, ledger.collect(), Some(self.past()), self.now);
        next.journal = self.journal;
        next.messages = self.messages;
        next
    }

    /// By which rule the last word of an agent was decided.
    fn decided(&self) -> &str {
        let mut rows = self.messages.iter().rev();
        let last = rows.find(|row| matches!(row.sender, Sender::Agent { .. }));
        last.map_or("", |row| &row.verdict.rule)
    }
}

#[test]
fn no_loop_gets_past_its_caps_by_restarts() {
    for (every, wait) in [(1, 1_700), (2, 600), (5, 10)] {
        let mut stage = Stage::new(Vec::new(), BEGIN);
        for n in 0..12 {
            let (from, to) = [("developer", "tester"), ("tester", "developer")][n % 2];
            stage.say(from, to, &format!("word {n}"));
            let expect = if n < 6 { "edge.matrix" } else { "limit.thread" };
            assert_eq!(stage.decided(), expect, "word {n}, a restart every {every}");
            stage.now = stage.now.after(Duration::from_secs(wait));
            if n % every == 0 {
                stage = stage.next();
            }
            // The first that was handed over has ended the exchange; after that quiet begins.
            if expect == "limit.thread" {
                break;
            }
        }
    }
}

/// Whoever was started anew together with the daemon knows nothing of the first time.
#[test]
fn the_same_text_may_be_said_once_more_after_a_restart() {
    let mut stage = Stage::new(Vec::new(), BEGIN);
    stage.say("developer", "tester", "the schema is ready");
    let mut stage = stage.next();
    stage.say("developer", "tester", "the schema is ready");
    assert_eq!(stage.decided(), "edge.matrix");
    stage.say("developer", "tester", "the schema is ready");
    assert_eq!(stage.decided(), "limit.repeat");
    // The clock is no way out.
    let drift = Drift {
        slept: Duration::ZERO,
        stepped: 3_600_000,
    };
    let effects = stage
        .state
        .handle(stage.now.moved(3_600_000), Event::ClockMoved(drift));
    stage.take(effects);
    stage.now = stage.now.moved(3_600_000);
    stage.say("developer", "tester", "the schema is ready");
    assert_eq!(stage.decided(), "limit.repeat");
    stage.now = stage.now.after(Duration::from_secs(301));
    stage.say("developer", "tester", "the schema is ready");
    assert_eq!(stage.decided(), "edge.matrix");
}

/// Judged again from the journal alone, across restarts, all is the same.
#[test]
fn a_replay_follows_the_memory_over_restarts() {
    let mut random = fastrand::Rng::with_seed(11);
    let mut stage = Stage::new(Vec::new(), BEGIN);
    for n in 0..300 {
        let (from, to) = (ROLES[random.usize(..4)], ROLES[random.usize(..4)]);
        let text = ["word N", "the same", "ok", "May I? N"][random.usize(..4)];
        stage.say(from, to, &text.replace('N', &n.to_string()));
        match random.u8(..40) {
            0..2 => stage = stage.next(),
            2..4 => stage.now = stage.now.after(Duration::from_secs(random.u64(..2_500))),
            _ => {}
        }
    }
    let mut replay = Replay::new([], Vec::new());
    let (mut judged, mut limited) = (0, 0);
    for row in &stage.journal {
        if row.kind == "router.began" {
            let recalls = row.data["recalls"] == true;
            let config = serde_json::from_value(row.data["router"].clone()).expect("settings");
            replay.begin(&config, recalls);
        }
        let Some(data) = row.data.get("judged") else {
            continue;
        };
        let data: torch_router::replay::Judged =
            serde_json::from_value(data.clone()).expect("a judgement");
        let mut messages = stage.messages.iter();
        let message = messages
            .find(|message| message.id.to_string() == row.subject)
            .expect("it is kept");
        let text = crate::past::text_of(&data, &message.body).expect("its text is kept");
        let again = replay.judge(&data, text).expect("a verdict");
        assert_eq!(again, message.verdict, "{}: {text}", row.subject);
        judged += 1;
        limited += u32::from(again.rule.starts_with("limit."));
    }
    assert!(judged > 250 && limited > 5, "{judged}, {limited} limited");
}

#[test]
fn an_open_violation_is_in_one_check_in_of_the_hub() {
    let mut stage = Stage::new(Vec::new(), BEGIN);
    stage.say("developer", "researcher", "psst");
    let check = |stage: &mut Stage| {
        stage.now = stage.now.after(Duration::from_secs(3_600));
        // The hub has had its turn with all that was written to it.
        stage.state.flights.clear();
        let hub = stage.state.agents.get_mut(&id("orchestrator"));
        hub.expect("the hub").queue.clear();
        let told = stage.said_to("orchestrator").len();
        let mut turn = Turn {
            now: stage.now,
            cause: "test".to_owned(),
            effects: Vec::new(),
        };
        stage.state.on_check_in_due(&mut turn, id("orchestrator"));
        stage.take(turn.effects);
        stage.now = stage.now.after(Duration::from_secs(1));
        let skipped = stage.state.agents[&id("orchestrator")]
            .agent
            .check_ins
            .skipped
            .clone();
        match stage.said_to("orchestrator")[told..].join("\n") {
            said if said.is_empty() => format!("{:?}", skipped.map(|skipped| skipped.why)),
            said => said,
        }
    };
    let tag = stage.violations()[0].id.tag();
    let said = check(&mut stage);
    let expect = format!(
        "- developer broke mode.matrix towards researcher 1 h ago, which is open (torch violations resolve {tag})"
    );
    assert!(said.contains(&expect), "{said}");
    assert_eq!(check(&mut stage), "Some(NoNews)", "it is told once");
    // Another one is news, the first is not; one that is settled is none.
    stage.say("tester", "researcher", "psst");
    let said = check(&mut stage);
    assert!(said.contains("tester broke mode.matrix"), "{said}");
    assert!(!said.contains("developer"), "{said}");
    stage.say("researcher", "tester", "psst");
    let rows = stage.violations().into_iter();
    let open = rows.filter(|row| row.role.as_str() == "researcher");
    let last = open.map(|row| row.id.tag()).collect::<String>();
    let resolve = RulesRequest::Resolve { id: last };
    stage.ask("orchestrator", Request::Rules(Box::new(resolve)));
    assert_eq!(check(&mut stage), "Some(NoNews)");
}
