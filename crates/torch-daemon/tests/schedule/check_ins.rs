//! Check-ins: a week of a team whose agents work, report, fall silent and hit limits, with sleep, restarts, reboots and clocks
//! that are set. Nobody is told twice, while busy or limited, or without news.

use serde_json::json;
use torch_api::Request;
use torch_api::wire::{Body, SendRequest};
use torch_core::check_in::SkipReason;
use torch_core::{Envelope, MessageKind};
use torch_daemon::event::WorkFacts;

use crate::machine::{Machine, ROLES};
use crate::{DAY, HOUR, MINUTE, SECOND};

/// How far apart two looks are: the default for the default plan.
const EVERY: u64 = HOUR;

fn send(target: &str, text: String) -> Request {
    Request::Send(Box::new(SendRequest {
        target: target.to_owned(),
        body: Body::Text(text),
        key: None,
        inline: false,
        urgent: false,
        ttl_seconds: None,
        wait: None,
        wait_millis: 0,
        cwd: "/project".into(),
        pane_hint: None,
    }))
}

fn begins(machine: &mut Machine, role: &str) {
    let prompt = json!({"hook_event_name": "UserPromptSubmit", "prompt": "go on"});
    machine.hook(role, prompt);
}

fn ends(machine: &mut Machine, role: &str) {
    machine.hook(role, json!({"hook_event_name": "Stop"}));
}

fn turn(machine: &mut Machine, role: &str) {
    begins(machine, role);
    machine.run(MINUTE);
    ends(machine, role);
}

/// A team in which nothing has happened yet.
fn a_team() -> Machine {
    let mut machine = Machine::alive(1);
    machine.run(SECOND);
    machine
}

fn completes(machine: &mut Machine, role: &str, n: u64) {
    let text = format!("part {n}");
    machine.asks_as(role, Request::Complete { text });
    machine.clear_queues();
}

fn check_ins(machine: &Machine) -> Vec<&(u64, Envelope)> {
    let all = machine.said.iter();
    all.filter(|(_, envelope)| envelope.kind == MessageKind::CheckIn)
        .collect()
}

fn to_hub(machine: &Machine) -> usize {
    let hub = |said: &&&(u64, Envelope)| said.1.recipient.label() == "orchestrator";
    check_ins(machine).iter().filter(hub).count()
}

/// What the last look at a role came to.
fn skipped(machine: &Machine, role: &str) -> Option<SkipReason> {
    let row = machine.check_ins(role);
    row.skipped.as_ref().map(|skipped| skipped.why)
}

#[test]
fn without_news_nobody_is_told() {
    let mut machine = a_team();
    machine.run(7 * DAY);
    assert_eq!(machine.said.len(), 0);
    for role in ROLES {
        assert_eq!(skipped(&machine, role), Some(SkipReason::NoNews), "{role}");
    }
}

#[test]
fn the_hub_hears_once_of_what_it_did_not_see_to() {
    let mut machine = a_team();
    completes(&mut machine, "developer", 1);
    machine.run(EVERY + SECOND);
    assert_eq!(to_hub(&machine), 1);
    let body = check_ins(&machine)[0].1.body.clone();
    assert!(body.contains("developer reported complete"), "{body}");
    assert!(body.contains("part 1"), "{body}");
    machine.clear_queues();
    machine.run(DAY);
    assert_eq!(to_hub(&machine), 1, "it is no news any more");
}

#[test]
fn a_hub_that_is_at_it_is_left_alone() {
    let mut machine = a_team();
    completes(&mut machine, "developer", 1);
    machine.run(EVERY / 2);
    let text = "take the next item".to_owned();
    machine.asks_as("orchestrator", send("developer", text));
    machine.clear_queues();
    machine.run(DAY);
    assert_eq!(to_hub(&machine), 0);
    // And one in a turn, however long it takes.
    begins(&mut machine, "orchestrator");
    completes(&mut machine, "developer", 2);
    machine.run(5 * HOUR);
    assert_eq!(to_hub(&machine), 0);
    assert_eq!(skipped(&machine, "orchestrator"), Some(SkipReason::InTurn));
    // What happened meanwhile is kept for when it is free.
    ends(&mut machine, "orchestrator");
    machine.run(EVERY + SECOND);
    assert_eq!(to_hub(&machine), 1);
}

#[test]
fn a_limited_hub_is_told_after_its_limit() {
    let mut machine = a_team();
    begins(&mut machine, "orchestrator");
    limited(&mut machine, "orchestrator");
    completes(&mut machine, "developer", 1);
    machine.run(3 * HOUR);
    assert_eq!(to_hub(&machine), 0);
    assert_eq!(skipped(&machine, "orchestrator"), Some(SkipReason::Limited));
    free(&mut machine, "orchestrator");
    machine.run(EVERY + MINUTE);
    assert_eq!(to_hub(&machine), 1);
}

#[test]
fn what_was_missed_is_one_look() {
    for n in 0..4 {
        let mut machine = a_team();
        for part in 0..9 {
            completes(&mut machine, "developer", part);
        }
        match n {
            0 => machine.sleep(30 * HOUR),
            1 => {
                machine.kill();
                machine.run(30 * HOUR);
                machine.start();
            }
            2 => machine.reboot(30 * HOUR),
            _ => {
                machine.kill();
                machine.set += (400 * DAY).cast_signed();
                machine.run(30 * HOUR);
                machine.start();
            }
        }
        machine.run(MINUTE);
        assert_eq!(to_hub(&machine), 1, "way {n}");
        machine.clear_queues();
        machine.run(10 * HOUR);
        assert_eq!(to_hub(&machine), 1, "way {n}, later");
    }
}

#[test]
fn a_clock_that_is_set_hurries_and_delays_nothing() {
    for set in [
        HOUR.cast_signed(),
        -HOUR.cast_signed(),
        (400 * DAY).cast_signed(),
    ] {
        let mut machine = a_team();
        completes(&mut machine, "developer", 1);
        machine.run(EVERY / 2);
        machine.set_clock(set, 0);
        machine.run(EVERY / 2 - 2 * MINUTE);
        assert_eq!(to_hub(&machine), 0, "{set}: early");
        machine.run(3 * MINUTE);
        assert_eq!(to_hub(&machine), 1, "{set}: late");
    }
}

#[test]
fn a_role_is_asked_once_what_came_of_what_it_was_given() {
    let mut machine = a_team();
    machine.asks_as(
        "orchestrator",
        send("developer", "look at the parser".into()),
    );
    machine.clear_queues();
    machine.run(3 * HOUR);
    assert_eq!(check_ins(&machine).len(), 0, "it had no turn");
    turn(&mut machine, "developer");
    machine.run(EVERY + SECOND);
    let asked = check_ins(&machine);
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].1.recipient.label(), "developer");
    machine.clear_queues();
    turn(&mut machine, "developer");
    machine.asks_as("developer", send("orchestrator", "nothing to do".into()));
    machine.clear_queues();
    machine.run(DAY);
    let to_developer = check_ins(&machine);
    let to_developer = to_developer
        .iter()
        .filter(|said| said.1.recipient.label() == "developer");
    assert_eq!(to_developer.count(), 1);
}

/// What git tells of a role's worktree from now on.
fn works(machine: &mut Machine, role: &str, commits: usize, changed: usize) {
    let head = format!("{commits:040}");
    let facts = WorkFacts {
        head,
        head_at: None,
        branch: Some(format!("main-{role}")),
        ahead: commits,
        commits: (0..commits).map(|n| format!("{n:08} part {n}")).collect(),
        dirty: changed > 0,
        changed,
        checkpoints: Vec::new(),
    };
    let agent = machine.agent(role).id;
    machine.work.insert(agent, facts);
}

/// The check-ins to a role.
fn asked(machine: &Machine, role: &str) -> Vec<String> {
    let all = check_ins(machine).into_iter();
    all.filter(|said| said.1.recipient.label() == role)
        .map(|said| said.1.body.clone())
        .collect()
}

/// How often the hub was told that somebody went silent.
fn told_of_silence(machine: &Machine) -> usize {
    let all = machine.said.iter();
    all.filter(|(_, it)| it.kind == MessageKind::Notice && it.body.contains("went silent"))
        .count()
}

#[test]
fn a_silent_completion_is_asked_about_once_and_then_told_once() {
    let mut machine = a_team();
    turn(&mut machine, "developer");
    works(&mut machine, "developer", 2, 1);
    machine.run(9 * MINUTE);
    assert_eq!(asked(&machine, "developer").len(), 0, "not yet");
    machine.run(2 * MINUTE);
    let words = asked(&machine, "developer");
    assert_eq!(words.len(), 1);
    assert!(
        words[0].contains("commits (the newest: 00000000 part 0) and 1 file"),
        "{}",
        words[0]
    );
    // Killed and started again meanwhile: it stays at once.
    machine.kill();
    machine.start();
    machine.clear_queues();
    machine.run(HOUR);
    assert_eq!(asked(&machine, "developer").len(), 1);
    assert_eq!(told_of_silence(&machine), 0, "it has not begun on it");
    turn(&mut machine, "developer");
    machine.run(11 * MINUTE);
    assert_eq!(told_of_silence(&machine), 1);
    machine.clear_queues();
    turn(&mut machine, "developer");
    works(&mut machine, "developer", 9, 0);
    machine.run(DAY);
    assert_eq!(asked(&machine, "developer").len(), 1);
    assert_eq!(told_of_silence(&machine), 1, "never twice");
}

#[test]
fn who_reports_or_had_nothing_to_do_is_not_asked() {
    // No work.
    let mut machine = a_team();
    works(&mut machine, "developer", 0, 0);
    turn(&mut machine, "developer");
    machine.run(HOUR / 2);
    assert_eq!(asked(&machine, "developer").len(), 0);
    // It reports within the turn, and the turn after that does nothing.
    begins(&mut machine, "developer");
    works(&mut machine, "developer", 3, 0);
    completes(&mut machine, "developer", 1);
    ends(&mut machine, "developer");
    machine.run(HOUR / 2);
    turn(&mut machine, "developer");
    machine.run(HOUR / 2);
    assert_eq!(asked(&machine, "developer").len(), 0);
    // git can't tell.
    let mut machine = a_team();
    turn(&mut machine, "developer");
    machine.run(HOUR / 2);
    assert_eq!(asked(&machine, "developer").len(), 0);
    // The hub reports to nobody.
    works(&mut machine, "orchestrator", 3, 0);
    turn(&mut machine, "orchestrator");
    machine.run(HOUR / 2);
    assert_eq!(asked(&machine, "orchestrator").len(), 0);
}

#[test]
fn a_paused_or_limited_agent_is_asked_when_that_is_over() {
    let mut machine = a_team();
    works(&mut machine, "developer", 1, 0);
    turn(&mut machine, "developer");
    let pause = |machine: &mut Machine, paused| {
        machine.ask(Request::Pause {
            team: torch_api::wire::TeamSelector {
                name: None,
                cwd: "/project".into(),
            },
            role: Some("developer".to_owned()),
            paused,
        });
    };
    pause(&mut machine, true);
    machine.run(3 * HOUR);
    assert_eq!(asked(&machine, "developer").len(), 0);
    pause(&mut machine, false);
    machine.run(HOUR / 2);
    assert_eq!(asked(&machine, "developer").len(), 1);
    let mut machine = a_team();
    works(&mut machine, "developer", 1, 0);
    begins(&mut machine, "developer");
    limited(&mut machine, "developer");
    machine.run(3 * HOUR);
    assert_eq!(asked(&machine, "developer").len(), 0);
}

#[test]
fn a_dialog_or_another_turn_is_no_silence() {
    let mut machine = a_team();
    works(&mut machine, "developer", 1, 0);
    turn(&mut machine, "developer");
    machine.run(5 * MINUTE);
    machine.hook(
        "developer",
        json!({"hook_event_name": "PermissionRequest", "tool_name": "Bash"}),
    );
    machine.run(HOUR / 2);
    assert_eq!(asked(&machine, "developer").len(), 0);
    let mut machine = a_team();
    works(&mut machine, "developer", 1, 0);
    turn(&mut machine, "developer");
    machine.run(5 * MINUTE);
    begins(&mut machine, "developer");
    machine.run(HOUR / 2);
    assert_eq!(asked(&machine, "developer").len(), 0);
}

/// Hits its limit in the turn that is under way, until tomorrow.
fn limited(machine: &mut Machine, role: &str) {
    let reset = machine.reading().wall.0 / 1_000 + 86_400;
    machine.hook(
        role,
        json!({"hook_event_name": "StopFailure", "error": "rate_limit",
               "last_assistant_message": format!("usage limit reached|{reset}")}),
    );
}

/// Its program goes on, and its turn ends.
fn free(machine: &mut Machine, role: &str) {
    machine.hook(role, json!({"hook_event_name": "PostToolUse"}));
    ends(machine, role);
}

/// What the test knows of one role.
#[derive(Debug, Default, Clone, Copy)]
struct Known {
    busy: bool,
    limited: bool,
    /// The steps in which it was written to, began a turn, wrote, and was asked last.
    given: u64,
    turned: u64,
    spoke: u64,
    asked: u64,
}

struct Week {
    machine: Machine,
    known: [Known; 3],
    step: u64,
    /// How many check-ins were looked at.
    seen: usize,
    last_news: u64,
    told_hub: Option<(u64, u64)>,
}

impl Week {
    /// Looks at what was said since the last call: by the state of things as it is now, which was the same then.
    fn check(&mut self, seed: u64) {
        let new: Vec<(u64, Envelope)> = check_ins(&self.machine)[self.seen..]
            .iter()
            .map(|said| (*said).clone())
            .collect();
        self.seen += new.len();
        for (at, envelope) in new {
            let label = envelope.recipient.label().to_owned();
            let n = ROLES
                .iter()
                .position(|role| *role == label)
                .expect("a role");
            let known = self.known[n];
            let text = format!(
                "seed {seed}, step {}: {label} {known:?}: {}",
                self.step, envelope.body
            );
            assert!(!known.busy && !known.limited, "busy or limited: {text}");
            if n == 0 {
                // What happens by nothing happening.
                let stuck = text.contains("without a sign of life");
                let stuck = stuck && self.known.iter().any(|known| known.busy);
                let stuck = stuck || text.contains("went silent");
                let (last, step) = self.told_hub.unwrap_or_default();
                assert!(
                    self.told_hub.is_none() || at + 3 * SECOND >= last + EVERY,
                    "too soon: {text}"
                );
                assert!(stuck || self.last_news > step, "no news: {text}");
                self.told_hub = Some((at, self.step));
            } else {
                assert!(known.turned > known.spoke, "it spoke: {text}");
                assert!(known.asked <= known.spoke.max(known.given), "twice: {text}");
                self.known[n].asked = self.step;
            }
        }
        self.machine.clear_queues();
    }

    fn act(&mut self, random: &mut fastrand::Rng) {
        let n = random.usize(..3);
        let role = ROLES[n];
        let known = self.known[n];
        match random.u32(..100) {
            0..22 if !known.busy && !known.limited => {
                begins(&mut self.machine, role);
                self.known[n].busy = true;
                self.known[n].turned = self.step;
            }
            0..40 if known.busy && !known.limited => {
                works(
                    &mut self.machine,
                    role,
                    random.usize(..4),
                    random.usize(..3),
                );
                ends(&mut self.machine, role);
                self.known[n].busy = false;
            }
            40..45 if known.busy && !known.limited => {
                limited(&mut self.machine, role);
                (self.known[n].limited, self.known[n].busy) = (true, false);
                // The others of the account are held with it.
                self.last_news = self.step;
            }
            45..60 if known.limited => {
                self.machine
                    .hook(role, json!({"hook_event_name": "PostToolUse"}));
                (self.known[n].limited, self.known[n].busy) = (false, true);
            }
            60..70 if !known.limited && n > 0 => {
                completes(&mut self.machine, role, self.step);
                (self.known[n].spoke, self.last_news) = (self.step, self.step);
                self.known[0].given = self.step;
            }
            70..80 if !known.limited => {
                let to = (n + 1) % 3;
                self.machine
                    .asks_as(role, send(ROLES[to], format!("words {}", self.step)));
                self.known[n].spoke = self.step;
                // What may not go there directly goes to the hub.
                self.known[to].given = self.step;
                self.known[0].given = self.step;
            }
            _ => self.upset(random),
        }
    }

    fn upset(&mut self, random: &mut fastrand::Rng) {
        let machine = &mut self.machine;
        match random.u32(..12) {
            0 => machine.sleep(random.u64(..6 * HOUR)),
            1 => {
                machine.kill();
                machine.run(random.u64(..2 * HOUR));
                machine.start();
            }
            2 => machine.reboot(random.u64(SECOND..HOUR)),
            3 => machine.set_clock(random.i64(-40_000_000..40_000_000), random.u64(..2_000)),
            _ => machine.run(random.u64(..90 * MINUTE)),
        }
    }
}

#[test]
fn a_week_of_any_team() {
    let (mut hub, mut roles) = (0, 0);
    for seed in 0..12 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut week = Week {
            machine: Machine::alive(seed),
            known: [Known::default(); 3],
            step: 0,
            seen: 0,
            last_news: 0,
            told_hub: None,
        };
        let end = week.machine.real + 7 * DAY;
        while week.machine.real < end {
            week.step += 1;
            week.act(&mut random);
            week.check(seed);
            week.machine.run(random.u64(..4 * MINUTE));
            week.check(seed);
        }
        hub += to_hub(&week.machine);
        roles += week.seen - to_hub(&week.machine);
    }
    assert!(hub > 20 && roles > 20, "{hub} to the hub, {roles} to roles");
}
