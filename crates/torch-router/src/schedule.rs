//! Who may plan a note for whom, and who may take one back.

use torch_core::{Recipient, Schedule, Sender, TeamId};

/// A rule, and the rule in words.
pub type Rule = (&'static str, &'static str);

/// Judges a note that `sender` plans for `to` in `team`: the rule that lets it, or the one that refuses it.
///
/// # Errors
/// The rule that refuses it.
pub fn judge(sender: &Sender, team: TeamId, to: &Recipient) -> Result<Rule, Rule> {
    match sender {
        Sender::Torch => Ok(("schedule.torch", "torch's own notes pass")),
        Sender::Human => Ok(("schedule.person", "a person may plan a note for anybody")),
        Sender::Script => Ok((
            "schedule.person",
            "a person's script may plan a note for anybody",
        )),
        Sender::Unknown => Err(("schedule.unknown", "an unknown caller plans nothing")),
        Sender::Agent { team: own, .. } if *own != team => Err((
            "schedule.border",
            "agents plan notes within their own team only",
        )),
        Sender::Agent { agent, .. } if to.agent() == Some(*agent) => {
            Ok(("schedule.self", "an agent may plan a note for itself"))
        }
        Sender::Agent { role, .. } if role.is_hub() => Ok((
            "schedule.hub",
            "the hub may plan a note for anybody in its team",
        )),
        Sender::Agent { role, .. } if role.is_sub_hub() => Ok((
            "schedule.project-manager",
            "the project manager may plan a note for anybody in the team",
        )),
        Sender::Agent { .. } => Err((
            "schedule.own-only",
            "roles other than the orchestrator and the project manager plan notes for themselves only",
        )),
    }
}

/// Whether `sender` may take `schedule` back: who planned it, whom it is for, and who may plan for anybody.
///
/// # Errors
/// The rule that refuses it.
pub fn may_cancel(sender: &Sender, schedule: &Schedule) -> Result<(), Rule> {
    let own = *sender == schedule.sender && matches!(sender, Sender::Agent { .. });
    match judge(sender, schedule.team, &schedule.recipient) {
        Ok(_) => Ok(()),
        Err(_) if own => Ok(()),
        Err((rule @ ("schedule.unknown" | "schedule.border"), words)) => Err((rule, words)),
        Err(_) => Err((
            "schedule.cancel",
            "a note is taken back by who planned it, whom it is for, the orchestrator, the project manager or a person",
        )),
    }
}

#[cfg(test)]
mod tests {
    use torch_core::{AgentId, RoleName, ScheduleId, ScheduleState, Timestamp};

    use super::*;

    fn agent(number: u128, name: &str) -> (Sender, Recipient) {
        let role = RoleName::parse(name).expect("a role");
        let agent = AgentId::new(1, number);
        let sender = Sender::Agent {
            agent,
            team: TeamId::new(1, 1),
            role: role.clone(),
        };
        (sender, Recipient::Agent { agent, role })
    }

    fn check(sender: &Sender, to: &Recipient, expect: Result<&str, &str>) {
        let verdict = judge(sender, TeamId::new(1, 1), to);
        let rule = verdict.map(|rule| rule.0).map_err(|rule| rule.0);
        assert_eq!(rule, expect, "{sender:?} → {to:?}");
    }

    #[test]
    fn each_plans_for_those_it_may() {
        let (hub, to_hub) = agent(1, "orchestrator");
        let (pm, _) = agent(2, "project_manager");
        let (dev, to_dev) = agent(3, "developer");
        let (qa, _) = agent(4, "tester");
        check(&hub, &to_hub, Ok("schedule.self"));
        check(&hub, &to_dev, Ok("schedule.hub"));
        check(&hub, &Recipient::Human, Ok("schedule.hub"));
        check(&pm, &to_dev, Ok("schedule.project-manager"));
        check(&dev, &to_dev, Ok("schedule.self"));
        check(&qa, &to_dev, Err("schedule.own-only"));
        check(&dev, &to_hub, Err("schedule.own-only"));
        check(&dev, &Recipient::Human, Err("schedule.own-only"));
        check(&Sender::Human, &to_dev, Ok("schedule.person"));
        check(&Sender::Script, &to_dev, Ok("schedule.person"));
        check(&Sender::Unknown, &to_hub, Err("schedule.unknown"));
        let other = judge(&hub, TeamId::new(1, 2), &to_dev);
        assert_eq!(other.map_err(|rule| rule.0), Err("schedule.border"));
    }

    #[test]
    fn a_note_is_taken_back_by_those_it_concerns() {
        let (hub, _) = agent(1, "orchestrator");
        let (dev, to_dev) = agent(3, "developer");
        let (qa, _) = agent(4, "tester");
        let note = Schedule {
            id: ScheduleId::new(1, 1),
            team: TeamId::new(1, 1),
            sender: hub.clone(),
            sender_rule: String::new(),
            rule: String::new(),
            recipient: to_dev,
            target: String::new(),
            note: String::new(),
            after_millis: 1,
            due: Timestamp(1),
            anchor: None,
            check: false,
            recurs: None,
            state: ScheduleState::Pending,
        };
        for sender in [&hub, &dev, &Sender::Human] {
            assert_eq!(may_cancel(sender, &note), Ok(()), "{sender:?}");
        }
        let refused = |sender| may_cancel(sender, &note).expect_err("refused").0;
        assert_eq!(refused(&qa), "schedule.cancel");
        assert_eq!(refused(&Sender::Unknown), "schedule.unknown");
    }
}
