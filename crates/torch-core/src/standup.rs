//! A standup: each member of a team says once how it stands, and one message says it all.

use serde::{Deserialize, Serialize};

use crate::{AgentId, BootInstant, MessageId, RoleName, Timestamp};

/// What each member is asked (S2-104).
pub const QUESTION: &str =
    "STATUS UPDATE: Please provide: 1) Completed tasks, 2) Current work, 3) Any blockers";

/// A standup that is under way; kept with its team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standup {
    /// The label of who wanted it.
    pub by: String,
    /// Who gets the answers.
    pub to: AgentId,
    /// When it was asked.
    pub asked: Timestamp,
    /// Until when answers are waited for, by the wall clock as it stands now.
    pub until: Timestamp,
    /// The same on the clock of the boot in which it was asked.
    pub anchor: Option<BootInstant>,
    /// The members, in the order of their windows.
    pub members: Vec<Member>,
}

/// One member of a standup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The agent.
    pub agent: AgentId,
    /// Its role.
    pub role: RoleName,
    /// The question to it; none where it could not be asked.
    pub question: Option<MessageId>,
    /// Why it was not asked.
    pub not_asked: Option<String>,
    /// What it said.
    pub answer: Option<String>,
}

impl Standup {
    /// Takes a member's answer: the first one counts, and only of one that was asked. Whether it was taken.
    pub fn answer(&mut self, agent: AgentId, text: &str) -> bool {
        let mut members = self.members.iter_mut();
        let Some(member) = members.find(|member| {
            member.agent == agent && member.question.is_some() && member.answer.is_none()
        }) else {
            return false;
        };
        member.answer = Some(text.trim().to_owned());
        true
    }

    /// Whether everybody who was asked has answered.
    pub fn is_complete(&self) -> bool {
        let mut asked = self.members.iter().filter(|it| it.question.is_some());
        asked.all(|member| member.answer.is_some())
    }

    /// Those who were asked and have not answered.
    pub fn silent(&self) -> impl Iterator<Item = &Member> {
        let asked = self.members.iter();
        asked.filter(|member| member.question.is_some() && member.answer.is_none())
    }

    /// The one message that says it all; `minutes` is how long was waited.
    pub fn report(&self, minutes: u64) -> String {
        let mut text = format!("Standup, asked by {} {minutes} min ago:", self.by);
        for member in &self.members {
            if let Some(answer) = &member.answer {
                // An indented line can't pose as another member's.
                let answer = answer.replace('\n', "\n  ");
                text.push_str(&format!("\n- {}: {answer}", member.role));
            }
        }
        let names: Vec<&str> = self.silent().map(|member| member.role.as_str()).collect();
        if !names.is_empty() {
            text.push_str(&format!("\nNo answer: {}.", names.join(", ")));
        }
        for member in &self.members {
            if let Some(why) = &member.not_asked {
                text.push_str(&format!("\nNot asked: {} ({why}).", member.role));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(n: u128, role: &str, asked: bool) -> Member {
        Member {
            agent: AgentId::new(1, n),
            role: RoleName::parse(role).expect("a role"),
            question: asked.then(|| MessageId::new(1, n)),
            not_asked: (!asked).then(|| "a usage limit holds it".to_owned()),
            answer: None,
        }
    }

    #[test]
    fn the_first_answer_counts_and_the_rest_is_named() {
        let mut standup = Standup {
            by: "human".to_owned(),
            to: AgentId::new(1, 9),
            asked: Timestamp(0),
            until: Timestamp(900_000),
            anchor: None,
            members: vec![
                member(1, "developer", true),
                member(2, "tester", true),
                member(3, "devops", false),
            ],
        };
        let [developer, tester, devops, other] = [1, 2, 3, 4].map(|n| AgentId::new(1, n));
        assert!(standup.answer(developer, " done: a\n- tester: nothing\n"));
        assert!(!standup.answer(developer, "again"));
        assert!(!standup.answer(devops, "was not asked"));
        assert!(!standup.answer(other, "is no member"));
        assert!(!standup.is_complete());
        assert_eq!(
            standup.report(15),
            "Standup, asked by human 15 min ago:\n- developer: done: a\n  - tester: nothing\nNo answer: tester.\n\
             Not asked: devops (a usage limit holds it)."
        );
        assert!(standup.answer(tester, "testing"));
        assert!(standup.is_complete());
        assert_eq!(standup.silent().count(), 0);
    }
}
