//! Roles that join a team: tasks that nobody has are proposed to them, and none is taken from anybody.

use torch_core::task::TaskField;
use torch_core::{RoleName, TaskPlan, TaskState};

use crate::owner::{named_absent, owner};

/// The plan with those of its tasks proposed to `added` that have no owner, are not done, are theirs by the words of the spec,
/// and about whose owner no person said anything. `roles` is everybody in the team, `added` among them.
pub fn propose(plan: &TaskPlan, added: &[RoleName], roles: &[RoleName]) -> TaskPlan {
    let mut plan = plan.clone();
    for task in &mut plan.tasks {
        let free = task.owner.is_none()
            && task.state != TaskState::Done
            && !task.pinned.contains(&TaskField::Owner);
        if !free {
            continue;
        }
        let (found, why) = owner(&task.title, named_absent(&task.owner_why), roles);
        if let Some(role) = found.filter(|role| added.contains(role)) {
            task.owner = Some(role);
            task.owner_why = why;
        }
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Spec, difference};

    fn roles(names: &[&str]) -> Vec<RoleName> {
        names
            .iter()
            .map(|name| RoleName::parse(name).expect("a role"))
            .collect()
    }

    fn of(text: &str, team: &[RoleName]) -> TaskPlan {
        let spec = Spec {
            path: "/p/spec.md".to_owned(),
            sha256: String::new(),
            text: text.to_owned(),
        };
        crate::plan(&spec, team)
    }

    const SPEC: &str = "- Write the parser\n- Document the parser\n- Harden the host (owner: securityops)\n- Think about names\n- [x] Document the lexer\n";

    fn owners(plan: &TaskPlan) -> Vec<Option<&str>> {
        let owners = plan.tasks.iter().map(|task| task.owner.as_ref());
        owners.map(|owner| owner.map(RoleName::as_str)).collect()
    }

    #[test]
    fn what_nobody_has_is_proposed_to_who_comes() {
        // Without a developer nobody stands in.
        let before = of(SPEC, &roles(&["orchestrator", "tester"]));
        assert_eq!(owners(&before), [None; 5]);
        let team = roles(&["orchestrator", "tester", "documentation_writer"]);
        let after = propose(&before, &team[2..], &team);
        let writer = Some("documentation_writer");
        assert_eq!(owners(&after), [None, writer, None, None, None]);
        let lines = difference(&before, &after).lines();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].contains("T2") && lines[0].contains("documentation_writer"));
        // Who was named and was not there is one of them.
        let team = roles(&["orchestrator", "tester", "securityops"]);
        let after = propose(&before, &team[2..], &team);
        assert_eq!(after.tasks[2].owner_why, "the spec names it");
        assert_eq!(owners(&after)[2], Some("securityops"));
    }

    #[test]
    fn nothing_is_taken_from_anybody() {
        let team = roles(&["orchestrator", "developer", "documentation_writer"]);
        let mut before = of(SPEC, &team[..2]);
        // The developer stands in for a writer, and keeps that.
        assert_eq!(owners(&before)[1], Some("developer"));
        assert_eq!(propose(&before, &team[2..], &team), before);
        // A person said that it stays open.
        before.tasks[1].owner = None;
        before.tasks[1].pinned = [TaskField::Owner].into();
        assert_eq!(propose(&before, &team[2..], &team), before);
        before.tasks[1].pinned.clear();
        let after = propose(&before, &team[2..], &team);
        assert_eq!(owners(&after)[1], Some("documentation_writer"));
    }
}
