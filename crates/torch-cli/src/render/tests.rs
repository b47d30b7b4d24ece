//! Snapshots of what people read, without the colours, which are tested apart.

mod broken;
mod plan;
mod status;

use std::path::PathBuf;

use anstream::adapter::strip_str;
use insta::assert_snapshot;
use jiff::tz::TimeZone;
use serde_json::json;
use torch_api::view::{AgentView, DaemonView, JournalView, MessageView, TeamView};
use torch_api::wire::Stage;
use torch_core::analysis::{Bottleneck, HubView, Pair, RuleCount, TeamAnalysis};
use torch_core::config::{Config, Layers, layer};
use torch_core::message::Decision;
use torch_core::{
    AgentState, DeferReason, DeliveryState, Evidence, PaneAddress, PaneId, SessionId, Timestamp,
    WindowId,
};

use super::doctor::{Check, Verdict};
use super::team::Before;
use super::time::Clock;
use crate::error::{CommandError, ErrorKind};

/// 2026-11-21 02:00:00 UTC.
const NOW: u64 = 1_795_226_400_000;

fn clock() -> Clock {
    Clock {
        now: Timestamp(NOW),
        zone: TimeZone::UTC,
    }
}

fn ago(seconds: u64) -> Timestamp {
    Timestamp(NOW - seconds * 1000)
}

fn text(styled: &str) -> String {
    strip_str(styled).to_string()
}

/// A message that waits in its queue.
pub(crate) fn a_message() -> MessageView {
    MessageView {
        id: "m-7k3f9q2a".to_owned(),
        ulid: "01KAHVX0000000000G7K3F9Q2A".to_owned(),
        team: "hello".to_owned(),
        at: ago(90),
        kind: "message".to_owned(),
        from: "tester".to_owned(),
        from_rule: "pane".to_owned(),
        to: "developer".to_owned(),
        target: "dev".to_owned(),
        pair_seq: 17,
        decision: "deliver".to_owned(),
        rule: "edge.hub".to_owned(),
        reason: "the hub may write to everyone".to_owned(),
        urgent: false,
        critical: Vec::new(),
        cleaned: Vec::new(),
        state: DeliveryState::Queued,
        waits: None,
        attempt: 1,
        possible_duplicate: false,
        since: ago(89),
        evidence: String::new(),
        body: "Run the tests, please.\nAll of them.".to_owned(),
        body_file: None,
        read: false,
    }
}

fn an_agent(role: &str, window: u32, state: AgentState) -> AgentView {
    AgentView {
        worktree_gone: false,
        role: role.to_owned(),
        window,
        session: None,
        program: "claude".to_owned(),
        state,
        since: ago(200),
        evidence: Evidence::new(
            "screen",
            "the last line says `Do you want to proceed?`",
            ago(3),
        ),
        pane: Some(PaneAddress {
            session: SessionId(1),
            window: WindowId(2),
            pane: PaneId(3),
            pid: 4000,
        }),
        pid: Some(4001),
        worktree: PathBuf::from("/r/worktrees/hello").join(role),
        branch: Some(format!("main-{role}")),
        enforcement: torch_core::Enforcement::default(),
        briefed: true,
        completed: None,
        completed_at: None,
        waiting: 0,
        paused: false,
        figures: Default::default(),
        conversation: None,
        left: None,
        restarts: 0,
        held: None,
        limited: None,
        capped: None,
        no_login: None,
        last_lines: vec![
            "> do it\u{1b}[2J".to_owned(),
            "Do you want to proceed?".to_owned(),
        ],
    }
}

fn a_team() -> TeamView {
    let mut developer = an_agent("developer", 2, AgentState::Asking);
    developer.waiting = 2;
    let mut tester = an_agent("tester", 3, AgentState::Starting);
    tester.briefed = false;
    tester.branch = None;
    TeamView {
        id: "01KAHVX0000000000000000000".to_owned(),
        name: "hello".to_owned(),
        project: PathBuf::from("/p/hello"),
        spec: PathBuf::from("/p/hello/spec.md"),
        base_branch: "main".to_owned(),
        phase: "raising".to_owned(),
        paused: false,
        caps: None,
        router: "strict".to_owned(),
        enforcement: "advice".to_owned(),
        pushes: None,
        created: ago(300),
        finished: None,
        summary: None,
        attach: "tmux -L torch attach -t '=hello'".to_owned(),
        waiting: 2,
        scheduled: 0,
        tasks: None,
        to_do_again: Vec::new(),
        next_scheduled: None,
        rules_trouble: None,
        rules_held: None,
        rules_silence: None,
        against_policy: Vec::new(),
        open_violations: 0,
        blocked: Vec::new(),
        integration: None,
        unread: None,
        supervision: Default::default(),
        agents: vec![
            an_agent("orchestrator", 0, AgentState::Idle),
            developer,
            tester,
        ],
    }
}

fn a_daemon() -> DaemonView {
    DaemonView {
        version: "0.1.0".to_owned(),
        pid: 812,
        started: ago(7_500),
        home: PathBuf::from("/r"),
        tmux_socket: "torch".to_owned(),
        tmux_version: Some("3.3a".to_owned()),
        tmux_silent: None,
    }
}

fn an_event(at: Timestamp, kind: &str, cause: &str, data: serde_json::Value) -> JournalView {
    JournalView {
        seq: 1,
        at,
        kind: kind.to_owned(),
        cause: cause.to_owned(),
        data,
    }
}

#[test]
fn status() {
    assert_snapshot!(text(&super::status::status(
        Some(&a_daemon()),
        &[a_team()],
        &clock(),
        None
    )));
    let mut team = a_team();
    team.agents[0].role = "documentation_writer-of-the-day".to_owned();
    team.agents[0].branch = Some("feature/of-the-day-documentation_writer".to_owned());
    team.project = PathBuf::from("/home/me/src/a-folder-with-a-long-name/hello");
    assert_snapshot!(
        "status_narrow",
        narrow(&super::status::status(
            Some(&a_daemon()),
            &[team],
            &clock(),
            Some(NARROW)
        ))
    );
    assert_snapshot!(
        "status_empty",
        text(&super::status::status(None, &[], &clock(), None))
    );
}

#[test]
fn an_agent_whose_folder_is_gone_is_told_as_that() {
    let mut team = a_team();
    let shown = |team: &TeamView| {
        text(&super::status::status(
            None,
            std::slice::from_ref(team),
            &clock(),
            None,
        ))
    };
    assert!(!shown(&team).contains("folder is gone"));
    team.agents[0].worktree_gone = true;
    let line = format!(
        "{}'s folder is gone while its program runs",
        team.agents[0].role
    );
    assert!(shown(&team).contains(&line), "{}", shown(&team));
}

/// The columns of a usual terminal.
const NARROW: usize = 80;

/// A text that must fit.
#[track_caller]
fn narrow(styled: &str) -> String {
    let text = text(styled);
    assert!(super::fit::fits(&text, Some(NARROW)), "too wide:\n{text}");
    text
}

#[test]
fn sent() {
    let mut message = a_message();
    let mut lines = super::message::sent(&message);
    message.critical = vec!["production".to_owned()];
    lines.push_str(&super::message::sent(&message));
    message.decision = "reroute".to_owned();
    message.to = "orchestrator".to_owned();
    message.rule = "edge.none".to_owned();
    message.reason = "tester may not write to developer".to_owned();
    lines.push_str(&super::message::sent(&message));
    message.state = DeliveryState::Deferred;
    message.waits = Some(DeferReason::Asking);
    message.possible_duplicate = true;
    lines.push_str(&super::message::sent(&message));
    lines.push_str(&super::message::stored(&message));
    lines.push_str(&super::message::stored(&a_message()));
    assert_snapshot!(text(&lines));
}

#[test]
fn messages() {
    let mut other = a_message();
    other.state = DeliveryState::Deferred;
    other.waits = Some(DeferReason::Draft);
    other.body = format!("\u{1b}]0;owned\u{7}{}", "long ".repeat(40));
    assert_snapshot!(text(&super::message::list(
        &[a_message(), other.clone()],
        &clock(),
        None
    )));
    assert_snapshot!(
        "messages_narrow",
        narrow(&super::message::list(
            &[a_message(), other],
            &clock(),
            Some(NARROW)
        ))
    );
    assert_eq!(super::message::list(&[], &clock(), None), "no messages\n");
    let mut elsewhere = a_message();
    elsewhere.team = "another-project-of-mine".to_owned();
    assert_snapshot!(
        "messages_of_two_teams",
        narrow(&super::message::list(
            &[a_message(), elsewhere],
            &clock(),
            Some(NARROW)
        ))
    );
}

#[test]
fn show() {
    let mut message = a_message();
    message.cleaned = vec!["2 control characters".to_owned()];
    message.evidence = "the composer shows both tags".to_owned();
    message.body_file = Some(PathBuf::from("/w/.torch/inbox/m-7k3f9q2a.md"));
    assert_snapshot!(text(&super::message::show(&message, &clock())));
}

#[test]
fn trace() {
    let mut message = a_message();
    message.state = DeliveryState::Deferred;
    message.waits = Some(DeferReason::Busy);
    let events = [
        an_event(
            ago(90),
            "message.accepted",
            "request human",
            json!({ "rule": "edge.hub" }),
        ),
        an_event(
            ago(89),
            "delivery.pasting",
            "agent idle",
            serde_json::Value::Null,
        ),
        an_event(
            ago(88),
            "delivery.deferred",
            "capture",
            json!({ "reason": "busy", "lines": 3, "none": null }),
        ),
        an_event(
            ago(87),
            "delivery.entered",
            "enter ended",
            json!({ "attempt": 2, "evidence": "tmux took the Enter" }),
        ),
    ];
    let trace = |width| super::message::trace(&message, &events, &clock(), width);
    assert_snapshot!(text(&trace(None)));
    assert_eq!(trace(Some(100)), trace(None), "where there is room");
    assert_snapshot!("trace_narrow", narrow(&trace(Some(NARROW))));
}

#[test]
fn stats() {
    let slow = Pair {
        from: "documentation_writer".to_owned(),
        to: "orchestrator".to_owned(),
        messages: 12,
        waiting: 2,
        refused: 1,
        p50_ms: Some(1_234),
        p90_ms: Some(9_876),
        max_ms: Some(123_000),
        ..Default::default()
    };
    let quick = Pair {
        from: "human".to_owned(),
        to: "日本".to_owned(),
        messages: 3,
        ..Default::default()
    };
    let mut team = TeamAnalysis {
        team: "my-project".to_owned(),
        messages: 15,
        pairs: vec![slow, quick],
        bottlenecks: vec![
            Bottleneck {
                to: "orchestrator".to_owned(),
                waiting: 2,
                longest_ms: 123_000,
            },
            Bottleneck {
                to: "tester".to_owned(),
                waiting: 0,
                longest_ms: 80,
            },
        ],
        rules: vec![RuleCount {
            decision: Decision::Refuse,
            rule: "edge.self".to_owned(),
            count: 1,
        }],
        hub: HubView {
            messages: 14,
            sent: 0,
            received: 11,
            copied: 1,
            percent: Some(85),
        },
    };
    let stats = |team: &TeamAnalysis, width| super::stats::stats(std::slice::from_ref(team), width);
    assert_snapshot!(text(&stats(&team, None)));
    assert_snapshot!("stats_narrow", narrow(&stats(&team, Some(NARROW))));
    for pair in &mut team.pairs {
        (pair.rerouted, pair.lost, pair.repeated) = (100, 20, 3);
    }
    assert_snapshot!("stats_narrow_all", narrow(&stats(&team, Some(NARROW))));
    assert_eq!(super::stats::stats(&[], None), "no messages\n");
}

#[test]
fn inbox() {
    let mut read = a_message();
    read.read = true;
    assert_snapshot!(text(&super::message::inbox(
        &[a_message(), read],
        true,
        (&clock(), None)
    )));
    assert_eq!(
        super::message::inbox(&[], false, (&clock(), None)),
        "nothing new (torch inbox --all)\n"
    );
}

#[test]
fn why() {
    let agent = an_agent("developer", 2, AgentState::Asking);
    let event = |seconds, state| {
        an_event(
            ago(seconds),
            "agent.state",
            "screen",
            json!({ "to": state }),
        )
    };
    let history = [event(200, "asking"), event(230, "working")];
    let waits = ["a person's answer to the open dialog".to_owned()];
    assert_snapshot!(text(&super::why::why(
        &agent,
        (&waits, &[]),
        &history,
        1,
        &clock()
    )));
}

#[test]
fn error() {
    let error = CommandError::new(ErrorKind::Unreachable, "failed to start the daemon")
        .cause("`/bin/torch` ended before it was ready")
        .cause("two\nlines\u{1b}[31m")
        .hint("torch doctor");
    assert_snapshot!(text(&super::error::error(&error)));
}

#[test]
fn what_holds_a_briefing_is_said_when_a_team_is_up() {
    let mut team = a_team();
    let why = "2 turns within the hour (limits.turns_per_hour)";
    team.agents[0].held = Some(why.to_owned());
    let said = text(&super::team::raised(&team, Before::None, &clock(), None));
    assert!(said.contains(&format!("briefings wait: {why}")), "{said}");
    // A person's word comes first: it can be taken back.
    team.paused = true;
    let said = text(&super::team::raised(&team, Before::None, &clock(), None));
    assert!(said.contains("(torch unpause --team hello)"), "{said}");
}

#[test]
fn team() {
    let mut team = a_team();
    assert_snapshot!(
        "team_raised",
        text(&super::team::raised(&team, Before::None, &clock(), None))
    );
    assert_snapshot!(
        "team_existed",
        text(&super::team::raised(&team, Before::AsItIs, &clock(), None))
    );
    team.phase = "finished".to_owned();
    team.finished = Some(ago(1));
    team.summary = Some("All six items are met.".to_owned());
    team.agents[1].completed = Some("parser done in 3f2c1aa, 42 tests pass".to_owned());
    assert_snapshot!("team_finished", text(&super::team::finished(&team, true)));
    assert_snapshot!(
        "team_unfinished",
        text(&super::team::finished(&team, false))
    );
}

#[test]
fn progress() {
    let steps = [
        ("developer", Stage::Worktree, "/r/worktrees/hello/developer"),
        ("developer", Stage::Ready, ""),
        (
            "tester",
            Stage::Failed,
            "not ready within 30 s\nlast screen",
        ),
    ];
    let lines = steps.map(|(role, stage, detail)| super::progress::line(role, stage, detail));
    assert_snapshot!(lines.join("\n"));
}

#[test]
fn doctor() {
    let check = |name, verdict, found: &str, hint: Option<&str>| Check {
        name,
        verdict,
        found: found.to_owned(),
        hint: hint.map(str::to_owned),
    };
    let checks = [
        check("tmux", Verdict::Ok, "tmux 3.3a", None),
        check(
            "agents",
            Verdict::Warn,
            "none is on PATH",
            Some("torch auto --spec spec.md --agent demo"),
        ),
        check(
            "git",
            Verdict::Fail,
            "failed to start `git`",
            Some("sudo apt-get install git"),
        ),
    ];
    assert_snapshot!(text(&super::doctor::doctor(&checks, None)));
    let long = "claude 2.1.329 · deliveries proven by hook · ~/.local/bin/claude · login: ~/.claude/.credentials.json";
    let checks = [check("agent program", Verdict::Ok, long, None)];
    assert_snapshot!(
        "doctor_narrow",
        narrow(&super::doctor::doctor(&checks, Some(NARROW)))
    );
}

#[test]
fn config() {
    let layers = Layers {
        user: Some((
            "/home/me/.config/torch/config.toml",
            "[router]\nmode = \"open\"",
        )),
        project: None,
    };
    let var = |name: &str| (name == "TORCH_TEAM_SESSION_SUFFIX").then(|| "impl".to_owned());
    let (_, origins) = layer(&Config::default(), layers, var).expect("valid");
    assert_snapshot!(text(&super::config::config(&origins)));
}

#[test]
fn audit() {
    let good = super::audit::audit(1, "ab12", None);
    let bad = super::audit::audit(
        41,
        "cd34",
        Some("entry 17: its hash does not follow from entry 16"),
    );
    assert_snapshot!(text(&format!("{good}{bad}")));
}

#[test]
fn nothing_that_harms_a_terminal_gets_through() {
    assert_eq!(
        super::plain("a\u{1b}[2Jb\u{202e}c\td\ne\u{9b}"),
        "a·[2Jb·c\td\ne·"
    );
    assert_eq!(super::first_line("  one\ttwo\nthree", 100), "one two");
    assert_eq!(super::first_line("äöü", 2), "äö…");
}

#[test]
fn sizes_and_times_are_short() {
    for (count, words) in [
        (0, "0 B"),
        (999, "999 B"),
        (1_500, "1.5 kB"),
        (59_000_000, "59 MB"),
        (3_200_000_000, "3.2 GB"),
    ] {
        assert_eq!(super::bytes(count), words);
    }
    for (seconds, words) in [
        (0, "now"),
        (45, "45 s ago"),
        (180, "3 m ago"),
        (7_300, "2 h ago"),
        (500_000, "5 d ago"),
    ] {
        assert_eq!(clock().ago(ago(seconds)), words);
    }
    assert_eq!(clock().ago(Timestamp(NOW + 60_000)), "in 1 m");
    assert_eq!(clock().date(Timestamp(u64::MAX)), "an impossible time");
}

#[test]
fn states_have_colours() {
    let line = super::message::sent(&a_message());
    assert!(line.contains("\u{1b}[36mqueued\u{1b}[0m"), "{line:?}");
}
