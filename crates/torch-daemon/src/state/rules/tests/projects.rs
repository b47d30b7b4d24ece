//! The rules of a project: exchanged whole, kept over broken files and restarts, and what is seen of work.

use torch_router::project::{RuleFile, read};

use super::*;
use crate::event::WorkFacts;
use crate::project_files::ProjectRulesError;

fn rules(text: &str) -> Box<torch_core::project_rules::ProjectRules> {
    let text = format!("# Team rules\n{text}\n");
    let file = RuleFile {
        name: "CLAUDE.md",
        text: &text,
    };
    Box::new(read(&[file]).expect("Markdown always reads"))
}

/// What is said of a `rules.toml` whose third line is none.
fn nonsense() -> ProjectRulesError {
    let file = RuleFile {
        name: "rules.toml",
        text: "# rules\n\n[[nonsense",
    };
    read(&[file]).expect_err("no TOML").into()
}

impl Stage {
    pub(super) fn read(&mut self, result: Result<&str, ProjectRulesError>) {
        let result = result.map(rules);
        let team = team().id;
        self.happen(Event::RulesRead { team, result });
    }

    pub(super) fn happen(&mut self, event: Event) -> Vec<Effect> {
        let effects = self.state.handle(self.now, event);
        self.take(effects.clone());
        effects
    }

    pub(super) fn last_rule(&self) -> &str {
        let mut said = self.messages.iter().rev();
        let last = said.find(|row| matches!(row.sender, Sender::Agent { .. }));
        &last.expect("a message").verdict.rule
    }

    pub(super) fn set(&mut self, name: &str, state: AgentState) {
        let run = self.state.agents.get_mut(&id(name)).expect("an agent");
        run.agent.state = state;
        run.agent.worktree_ready = true;
    }

    /// A second goes by; whether the developer's worktree is looked at.
    pub(super) fn second(&mut self) -> bool {
        self.now = self.now.after(Duration::from_secs(1));
        let mut turn = Turn {
            now: self.now,
            cause: "test".to_owned(),
            effects: Vec::new(),
        };
        self.state.watch_rules(&mut turn);
        let looks = |effect: &Effect| matches!(effect, Effect::LookAtTree { agent, .. } if *agent == id("developer"));
        let looked = turn.effects.iter().any(looks);
        self.take(turn.effects);
        looked
    }

    fn seen(&mut self, head: &str, dirty: bool) {
        let work = WorkFacts {
            head: head.to_owned(),
            head_at: None,
            branch: None,
            ahead: 1,
            commits: Vec::new(),
            dirty,
            changed: usize::from(dirty),
            checkpoints: Vec::new(),
        };
        let (agent, work) = (id("developer"), Some(Box::new(work)));
        self.happen(Event::TreeSeen { agent, work });
    }
}

#[test]
fn sets_are_exchanged_whole_while_agents_write() {
    let one = "- The tester must not write to the developer\n- Developer may write to the tester\n- Messages must never contain \"red\"";
    let two = "- The developer must not write to the tester\n- Tester may write to the developer\n- Messages must never contain \"blue\"";
    let sets = [rules(one), rules(two)];
    let mut stage = Stage::new(Vec::new(), BEGIN);
    let mut random = fastrand::Rng::with_seed(3);
    let mut decided = [0_u32; 2];
    let mut at = 0;
    stage.read(Ok(one));
    for n in 0..600 {
        if random.bool() {
            at = 1 - at;
            // A person starts the team anew each time, so that each set takes the whole place of the other.
            stage.state.rules.ordered.insert(team().id);
            stage.read(Ok([one, two][at]));
        }
        let (from, to) = [("developer", "tester"), ("tester", "developer")][random.usize(..2)];
        let word = ["red", "blue", "green"][random.usize(..3)];
        stage.say(from, to, &format!("{word} {n}"));
        let rule = stage.last_rule().to_owned();
        if rule.starts_with("project.") {
            let own = sets[at].rules.iter().any(|known| known.name == rule);
            assert!(own, "{rule} is none of set {at}");
            decided[at] += 1;
        }
        stage.now = stage.now.after(Duration::from_secs(60));
    }
    assert!(decided.iter().all(|count| *count > 100), "{decided:?}");
}

#[test]
fn a_broken_file_changes_nothing_and_is_told_once() {
    let mut stage = Stage::new(Vec::new(), BEGIN);
    stage.read(Ok("- Messages must never contain \"red\""));
    for _ in 0..3 {
        stage.read(Err(nonsense()));
    }
    stage.say("developer", "tester", "red");
    assert!(stage.last_rule().starts_with("project.forbidden-words-"));
    assert_eq!(stage.said_to("human").len(), 0, "it is gathered");
    stage.fire(TimerKey::RulesTold(team().id));
    for _ in 0..3 {
        stage.read(Err(nonsense()));
    }
    assert!(!stage.timers.contains_key(&TimerKey::RulesTold(team().id)));
    let told = stage.said_to("human");
    assert_eq!(told.len(), 1, "{told:?}");
    let error = nonsense().to_string();
    assert!(error.starts_with("rules.toml:3: "), "{error}");
    assert!(told[0].contains(&error), "{told:?}");
    // The next daemon goes on with what was in force.
    let ledger: Vec<LedgerRecord> = stage
        .ledger
        .values()
        .filter(|row| row.is_open())
        .cloned()
        .collect();
    let mut next = Stage::new(ledger, stage.now);
    next.say("developer", "tester", "red");
    assert!(next.last_rule().starts_with("project.forbidden-words-"));
    // Nor do files that are gone take their rules with them.
    next.read(Ok(""));
    next.say("developer", "tester", "red again");
    assert!(next.last_rule().starts_with("project.forbidden-words-"));
}

#[test]
fn broken_files_from_the_beginning_leave_no_rules() {
    let mut stage = Stage::new(Vec::new(), BEGIN);
    stage.read(Err(ProjectRulesError::Binary("CLAUDE.md")));
    stage.say("developer", "tester", "red");
    assert_eq!(stage.last_rule(), "edge.matrix");
    stage.read(Ok("- Messages must never contain \"red\""));
    stage.say("developer", "tester", "red again");
    assert!(stage.last_rule().starts_with("project.forbidden-words-"));
}

#[test]
fn work_is_late_only_where_somebody_works_and_has_something_to_commit() {
    let mut stage = Stage::new(Vec::new(), BEGIN);
    stage.read(Ok("- Developers must commit every 30 seconds"));
    stage.set("developer", AgentState::Idle);
    assert!(!stage.second(), "an idle agent is not looked at");
    stage.set("developer", AgentState::Working);
    assert!(stage.second());
    stage.seen("a", false);
    for _ in 0..60 {
        if stage.second() {
            stage.seen("a", false);
        }
    }
    assert!(
        stage.violations().is_empty(),
        "a clean worktree is never late"
    );
    // Twenty seconds of work, an hour of nothing, and ten more.
    let work = |stage: &mut Stage, seconds: u32| {
        for _ in 0..seconds {
            if stage.second() {
                stage.seen("a", true);
            }
        }
    };
    work(&mut stage, 20);
    stage.set("developer", AgentState::Limited);
    stage.now = stage.now.after(Duration::from_secs(3_600));
    assert!(!stage.second());
    stage.set("developer", AgentState::Working);
    work(&mut stage, 4);
    assert!(stage.violations().is_empty(), "{:?}", stage.violations());
    work(&mut stage, 30);
    let found = stage.violations();
    assert_eq!(found.len(), 1);
    assert!(found[0].rule.starts_with("project.commit-every-"));
    assert_eq!((found[0].count, found[0].status.as_str()), (1, "open"));
    assert!(stage.said_to("orchestrator")[0].contains("torch commit"));
    // It is settled by a commit, also of an agent that is idle by then.
    stage.set("developer", AgentState::Idle);
    for _ in 0..5 {
        if stage.second() {
            stage.seen("b", true);
        }
    }
    assert_eq!(stage.violations()[0].status.as_str(), "resolved");
}

#[test]
fn the_projects_time_until_a_block_is_escalated_holds_at_once() {
    let mut stage = Stage::new(Vec::new(), BEGIN);
    stage.say("developer", "orchestrator", BLOCKED);
    let key = TimerKey::Blocked(id("developer"));
    assert!(stage.timers[&key] >= BEGIN.after(Duration::from_secs(600)));
    stage.read(Ok(
        "- Blocked for more than 2 minutes: tell the orchestrator",
    ));
    assert!(stage.timers[&key] < BEGIN.after(Duration::from_secs(121)));
    stage.fire(key);
    let found = stage.violations();
    assert!(
        found[0].rule.starts_with("project.blocked-after-"),
        "{found:?}"
    );
    stage.say(
        "developer",
        "orchestrator",
        &BLOCKED.replace("no password", "none"),
    );
    assert_eq!(stage.violations()[0].status.as_str(), "resolved");
}

/// What an agent writes to get past its limits.
const LOOSE: &str = "[[rule]]\nkind = \"may-write\"\nfrom = [\"developer\"]\nto = [\"researcher\"]\n[[rule]]\nkind = \"max-exchanges\"\ncount = 1000000\n[[rule]]\nkind = \"blocked-after\"\nseconds = 2592000\n";

impl Stage {
    fn read_toml(&mut self, text: &str) {
        let file = RuleFile {
            name: "rules.toml",
            text,
        };
        let result = Ok(Box::new(read(&[file]).expect("rules")));
        let team = team().id;
        self.happen(Event::RulesRead { team, result });
    }

    pub(super) fn next_daemon(&self) -> Self {
        let ledger = self.ledger.values().filter(|row| row.is_open());
        Self::new(ledger.cloned().collect(), self.now)
    }
}

#[test]
fn rules_written_while_a_team_runs_open_nothing_and_are_told_once() {
    let mut stage = Stage::new(Vec::new(), BEGIN);
    stage.read_toml("");
    assert_eq!(
        stage.said_to("human").len(),
        0,
        "the first look is no change"
    );
    // Another daemon knows as well that the team began without rules.
    let mut stage = stage.next_daemon();
    stage.read_toml(LOOSE);
    stage.read_toml(LOOSE);
    stage.fire(TimerKey::RulesTold(team().id));
    let told = stage.said_to("human");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains(
            "stated and not in force yet: developer may write to researcher (rules.toml:1)"
        ),
        "{told:?}"
    );
    assert!(
        told[0].contains("new: at most 1000000 exchanges"),
        "{told:?}"
    );
    stage.say("developer", "researcher", "a word past the matrix");
    assert_eq!(stage.last_rule(), "mode.matrix");
    stage.say("developer", "orchestrator", BLOCKED);
    let key = TimerKey::Blocked(id("developer"));
    assert!(stage.timers[&key] < stage.now.after(Duration::from_secs(601)));
    stage.fire(key);
    let late = stage
        .violations()
        .iter()
        .any(|row| row.rule.contains("blocked-after"));
    assert!(!late, "the person's time is over, not the project's");
    for n in 0..3 {
        stage.say("developer", "tester", &format!("question {n}"));
        stage.say("tester", "developer", &format!("answer {n}"));
    }
    stage.say("developer", "tester", "a fourth question");
    assert_eq!(stage.last_rule(), "limit.thread");
    // Nor after a restart of the daemon, which reads the files anew.
    let mut next = stage.next_daemon();
    next.read_toml(LOOSE);
    next.say("developer", "researcher", "again");
    assert_eq!(next.last_rule(), "mode.matrix");
    assert_eq!(next.said_to("human").len(), 0);
    // A person starts the team with these files.
    next.state.rules.ordered.insert(team().id);
    assert!(next.state.awaits_rules(team().id));
    next.read_toml(LOOSE);
    assert!(!next.state.awaits_rules(team().id));
    next.say("developer", "researcher", "and now");
    assert!(next.last_rule().starts_with("project.may-write-"));
}

#[test]
fn a_strict_team_is_opened_by_no_rule_of_its_project() {
    let strict = Team {
        router: RouterMode::Strict,
        ..team()
    };
    let mut stage = Stage::of(strict, Vec::new(), None, BEGIN);
    stage.read_toml(LOOSE);
    stage.say("developer", "researcher", "a word past the hub");
    assert_eq!(stage.last_rule(), "mode.strict");
    let request = torch_api::rules::RulesRequest::InForce {
        team: torch_api::wire::TeamSelector {
            name: Some("app".to_owned()),
            ..Default::default()
        },
    };
    stage.ask("developer", Request::Rules(Box::new(request)));
    let Some(Response::Rules(response)) = &stage.answer else {
        panic!("{:?}", stage.answer);
    };
    let torch_api::rules::RulesResponse::InForce(view) = &**response else {
        panic!("{response:?}");
    };
    let notes: Vec<&str> = view.limited.values().map(String::as_str).collect();
    assert_eq!(notes.len(), 3, "{notes:?}");
    assert!(
        notes.contains(&"clipped to 3 by your settings"),
        "{notes:?}"
    );
    assert!(
        notes.contains(&"clipped to 600 s by your settings"),
        "{notes:?}"
    );
}
