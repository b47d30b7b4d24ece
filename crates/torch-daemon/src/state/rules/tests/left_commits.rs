//! Commits that a policy leaves to a person.

use super::*;
use crate::event::WorkFacts;

/// A team under the policy that leaves commits to a person, and its developer in a turn since the beginning.
fn leaving() -> Stage {
    let mut team = team();
    team.policy.profile = torch_core::policy::Profile::ReviewOnly;
    team.policy.git.agent_commits = torch_core::policy::AgentCommits::Forbidden;
    let mut stage = Stage::of(team, Vec::new(), None, BEGIN);
    stage.turn_begins();
    stage
}

impl Stage {
    fn turn_begins(&mut self) {
        self.set("developer", AgentState::Working);
        let run = self
            .state
            .agents
            .get_mut(&id("developer"))
            .expect("an agent");
        run.agent.check_ins.turn = Some(self.now);
        run.agent.since = self.now;
    }

    fn turn_ends(&mut self) {
        self.set("developer", AgentState::Idle);
        let run = self
            .state
            .agents
            .get_mut(&id("developer"))
            .expect("an agent");
        run.agent.since = self.now;
    }

    /// The worktree is seen on a commit that was made at this time.
    fn on_commit(&mut self, head: &str, made: Timestamp, ahead: usize) {
        let work = WorkFacts {
            head: head.to_owned(),
            head_at: Some(made),
            branch: Some("main-developer".to_owned()),
            ahead,
            commits: vec![format!("{head} what was done")],
            dirty: false,
            changed: 0,
            checkpoints: Vec::new(),
        };
        let (agent, work) = (id("developer"), Some(Box::new(work)));
        self.happen(Event::TreeSeen { agent, work });
    }
}

#[test]
fn a_commit_that_the_policy_leaves_to_a_person_is_noted_once() {
    let mut stage = leaving();
    assert!(stage.second(), "it works, so it is looked at");
    stage.on_commit("base0000", BEGIN, 0);
    assert!(stage.violations().is_empty());
    // A turn that is over before the next look: it is looked at once more.
    stage.turn_ends();
    assert!(stage.second());
    stage.on_commit("aaaa1111", stage.now, 1);
    assert!(!stage.second(), "nothing has happened since");
    stage.on_commit("aaaa1111", stage.now, 1);
    let found = stage.violations();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].rule, "commit.forbidden");
    assert!(
        found[0].evidence.contains("aaaa1111 what was done"),
        "{found:?}"
    );
    assert_eq!(stage.said_to("orchestrator").len(), 1);
    let view = stage.state.team_view(team().id, stage.now);
    assert_eq!(view.against_policy.len(), 1, "{view:?}");
    assert!(view.against_policy[0].starts_with("developer: a commit in its turn"));
    // Another commit is another one.
    stage.turn_begins();
    stage.on_commit("bbbb2222", stage.now, 2);
    assert_eq!(stage.violations().len(), 2);
}

#[test]
fn what_a_person_commits_between_turns_is_the_persons() {
    let mut stage = leaving();
    stage.on_commit("base0000", BEGIN, 0);
    stage.turn_ends();
    let made = stage.now.after(Duration::from_secs(60));
    stage.now = made.after(Duration::from_secs(60));
    stage.turn_begins();
    stage.on_commit("aaaa1111", made, 1);
    assert!(stage.violations().is_empty(), "{:?}", stage.violations());
    // A commit that claims to be old, between two looks in one turn, is not believed.
    stage.now = stage.now.after(Duration::from_secs(5));
    stage.on_commit("bbbb2222", made, 2);
    assert_eq!(stage.violations().len(), 1);
    // Where the agents commit, nothing is noted.
    let mut stage = Stage::new(Vec::new(), BEGIN);
    stage.turn_begins();
    assert!(!stage.second());
    stage.on_commit("aaaa1111", stage.now, 1);
    assert!(stage.violations().is_empty());
}
