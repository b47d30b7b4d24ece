//! What was seen of an agent's program in real use: which of its hooks came, which doors it used, what proved its deliveries.
//!
//! Kept with each agent and small: a fact is noted when it is first seen in a launch, not each time.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::program::{DeliveryGrade, Signal};
use crate::{Agent, Timestamp};

/// A way from an agent to torch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// `scm` and `torch` in its shell, over the socket.
    Shell,
    /// A tool of torch's MCP server.
    Mcp,
    /// A file in its outbox.
    Outbox,
    /// A commit that torch made for it, asked for by any of the other doors.
    Commit,
}

impl Door {
    /// In the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Shell, Self::Mcp, Self::Outbox, Self::Commit];

    /// The words that people read.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shell => "shell",
            Self::Mcp => "MCP",
            Self::Outbox => "outbox",
            Self::Commit => "torch commit",
        }
    }
}

/// What was seen of one agent's program, each with its last time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Observed {
    /// When its last launch began.
    pub launched: Option<Timestamp>,
    /// When a hook that means this first came in the last launch in which it came.
    pub hooks: BTreeMap<Signal, Timestamp>,
    /// The same for what it tells a status line.
    pub status_line: Option<Timestamp>,
    /// The same for torch's MCP server: it listed the tools.
    pub mcp: Option<Timestamp>,
    /// What that MCP client calls itself.
    pub mcp_client: Option<String>,
    /// The same for requests by each door.
    pub doors: BTreeMap<Door, Timestamp>,
    /// What became of the briefing of its last launch that had one.
    pub briefing: Option<BriefingSeen>,
    /// What proved its last deliveries.
    pub delivery: Option<DeliverySeen>,
}

/// What became of a briefing: the first message of a launch shows whether the program tells what it should.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BriefingSeen {
    /// When.
    pub at: Timestamp,
    /// The best proof that came; `None`: there was doubt, and none has come since.
    pub by: Option<DeliveryGrade>,
    /// In words, where there was doubt.
    pub words: String,
}

/// What proved deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliverySeen {
    /// When first in this launch.
    pub at: Timestamp,
    /// The proof.
    pub by: DeliveryGrade,
}

impl Observed {
    /// A launch begins.
    pub fn begin(&mut self, now: Timestamp) {
        self.launched = Some(now);
    }

    /// Whether a fact that was last noted then is news in this launch.
    fn is_news(&self, last: Option<Timestamp>) -> bool {
        last.is_none_or(|last| self.launched.is_some_and(|launched| last < launched))
    }

    /// A hook came; whether that is news.
    pub fn hook(&mut self, signal: Signal, at: Timestamp) -> bool {
        let news = self.is_news(self.hooks.get(&signal).copied());
        if news {
            self.hooks.insert(signal, at);
        }
        news
    }

    /// A status line was told something; whether that is news.
    pub fn status_line(&mut self, at: Timestamp) -> bool {
        let news = self.is_news(self.status_line);
        if news {
            self.status_line = Some(at);
        }
        news
    }

    /// The MCP server listed its tools for a client of this name; whether that is news.
    pub fn mcp(&mut self, client: &str, at: Timestamp) -> bool {
        let client = Some(client.chars().take(80).collect::<String>());
        let news = self.is_news(self.mcp) || self.mcp_client != client;
        if news {
            (self.mcp, self.mcp_client) = (Some(at), client);
        }
        news
    }

    /// A door was used; whether that is news.
    pub fn door(&mut self, door: Door, at: Timestamp) -> bool {
        let news = self.is_news(self.doors.get(&door).copied());
        if news {
            self.doors.insert(door, at);
        }
        news
    }

    /// A message was proven to be with the program; whether that is news. Of a briefing the best proof counts.
    pub fn proven(&mut self, by: DeliveryGrade, is_briefing: bool, at: Timestamp) -> bool {
        let last = self.delivery;
        let mut news = self.is_news(last.map(|last| last.at)) || last.is_some_and(|it| by < it.by);
        if news {
            self.delivery = Some(DeliverySeen { at, by });
        }
        if is_briefing {
            let known = self
                .briefing
                .as_ref()
                .filter(|it| !self.is_news(Some(it.at)));
            if known.is_none_or(|known| known.by.is_none_or(|known| by < known)) {
                self.briefing = Some(BriefingSeen {
                    at,
                    by: Some(by),
                    words: String::new(),
                });
                news = true;
            }
        }
        news
    }

    /// A briefing is in doubt; whether that is news.
    pub fn briefing_doubted(&mut self, words: &str, at: Timestamp) -> bool {
        let known = self
            .briefing
            .as_ref()
            .filter(|it| !self.is_news(Some(it.at)));
        if known.is_some() {
            return false;
        }
        self.briefing = Some(BriefingSeen {
            at,
            by: None,
            words: words.to_owned(),
        });
        true
    }

    /// Takes over what was seen later, or only there.
    fn merge(&mut self, other: &Self) {
        let later = |one: Option<Timestamp>, two: Option<Timestamp>| one.max(two);
        for (signal, at) in &other.hooks {
            let known = self.hooks.entry(*signal).or_insert(*at);
            *known = (*known).max(*at);
        }
        for (door, at) in &other.doors {
            let known = self.doors.entry(*door).or_insert(*at);
            *known = (*known).max(*at);
        }
        if other.mcp > self.mcp {
            self.mcp_client.clone_from(&other.mcp_client);
        }
        if other.briefing.as_ref().map(|it| it.at) > self.briefing.as_ref().map(|it| it.at) {
            self.briefing.clone_from(&other.briefing);
        }
        if other.delivery.map(|it| it.at) > self.delivery.map(|it| it.at) {
            self.delivery = other.delivery;
        }
        self.mcp = later(self.mcp, other.mcp);
        self.status_line = later(self.status_line, other.status_line);
        self.launched = later(self.launched, other.launched);
    }
}

/// What was seen of a program, whoever ran it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramObserved {
    /// The program.
    pub program: String,
    /// The version that it told last, if it tells one.
    pub version: Option<String>,
    /// What was seen.
    pub observed: Observed,
}

impl ProgramObserved {
    /// What proves deliveries, by what its rules promise and what its last briefing showed: a lower grade comes with the reason.
    pub fn grade(&self, promised: DeliveryGrade) -> (DeliveryGrade, Option<String>) {
        match &self.observed.briefing {
            Some(BriefingSeen { by: Some(by), .. }) if *by > promised => {
                let missed = match promised {
                    DeliveryGrade::Hooks => "no prompt hook came with its last briefing",
                    _ => "its transcript did not show its last briefing",
                };
                (*by, Some(missed.to_owned()))
            }
            Some(BriefingSeen {
                by: None, words, ..
            }) if promised < DeliveryGrade::Screen => {
                let words = format!("nothing proved its last briefing: {words}");
                (DeliveryGrade::Screen, Some(words))
            }
            _ => (promised, None),
        }
    }
}

/// What was seen of each program that was ever launched, by its name.
pub fn by_program<'a>(agents: impl IntoIterator<Item = &'a Agent>) -> Vec<ProgramObserved> {
    let mut programs: BTreeMap<&str, ProgramObserved> = BTreeMap::new();
    for agent in agents {
        let Some(launched) = agent.observed.launched else {
            continue;
        };
        let known = programs
            .entry(&agent.program)
            .or_insert_with(|| ProgramObserved {
                program: agent.program.clone(),
                version: None,
                observed: Observed::default(),
            });
        let newest = known
            .observed
            .launched
            .is_none_or(|known| known <= launched);
        if agent.figures.version.is_some() && (newest || known.version.is_none()) {
            known.version.clone_from(&agent.figures.version);
        }
        known.observed.merge(&agent.observed);
    }
    programs.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AgentId, RoleName, TeamId};

    fn at(seconds: u64) -> Timestamp {
        Timestamp(seconds * 1_000)
    }

    #[test]
    fn a_fact_is_news_once_in_a_launch() {
        let mut seen = Observed::default();
        seen.begin(at(10));
        assert!(seen.hook(Signal::Ready, at(11)));
        assert!(!seen.hook(Signal::Ready, at(12)));
        assert!(seen.hook(Signal::Prompt, at(12)));
        assert!(seen.door(Door::Mcp, at(13)) && !seen.door(Door::Mcp, at(14)));
        assert!(seen.mcp("codex", at(13)) && !seen.mcp("codex", at(14)));
        assert!(seen.status_line(at(13)) && !seen.status_line(at(14)));
        seen.begin(at(20));
        assert!(seen.hook(Signal::Ready, at(21)));
        assert_eq!(seen.hooks[&Signal::Prompt], at(12));
    }

    #[test]
    fn the_briefing_is_the_canary() {
        let mut program = ProgramObserved {
            program: "p".to_owned(),
            version: None,
            observed: Observed::default(),
        };
        use DeliveryGrade::{Hooks, Screen, Transcript};
        program.observed.begin(at(1));
        assert_eq!(program.grade(Hooks), (Hooks, None));
        assert!(
            program
                .observed
                .briefing_doubted("no evidence in time", at(2))
        );
        let (grade, why) = program.grade(Hooks);
        assert_eq!(grade, Screen);
        assert!(why.is_some_and(|why| why.contains("no evidence in time")));
        // A program of which nothing better is expected has not fallen.
        assert_eq!(program.grade(Screen), (Screen, None));
        assert!(program.observed.proven(Transcript, true, at(3)));
        let (grade, why) = program.grade(Hooks);
        assert_eq!(grade, Transcript);
        assert!(why.is_some_and(|why| why.contains("hook")));
        assert_eq!(program.grade(Transcript), (Transcript, None));
        // A hook that comes after all, and then the transcript, which shows no less.
        assert!(program.observed.proven(Hooks, true, at(4)));
        assert!(!program.observed.proven(Transcript, true, at(5)));
        assert_eq!(program.grade(Hooks), (Hooks, None));
        // Other messages don't change what the briefing showed; the next launch's does.
        program.observed.proven(Screen, false, at(6));
        assert_eq!(program.grade(Hooks), (Hooks, None));
        program.observed.begin(at(7));
        assert!(program.observed.proven(Transcript, true, at(8)));
        assert_eq!(program.grade(Hooks).0, Transcript);
    }

    #[test]
    fn what_several_agents_showed_is_put_together() {
        let agent = |n: u128, launched: u64, version: &str| {
            let role = RoleName::parse("developer").expect("a role");
            let mut agent = Agent::new(AgentId::new(1, n), TeamId::new(1, 1), role, "p", at(0));
            agent.observed.begin(at(launched));
            agent.figures.version = Some(version.to_owned());
            agent
        };
        let (mut one, mut two) = (agent(1, 10, "1"), agent(2, 20, "2"));
        one.observed.hook(Signal::Ready, at(30));
        one.observed.door(Door::Shell, at(31));
        two.observed.hook(Signal::Ready, at(21));
        two.observed.door(Door::Outbox, at(22));
        let never = Agent::new(AgentId::new(1, 3), one.team, one.role.clone(), "q", at(0));
        for agents in [[&one, &two, &never], [&never, &two, &one]] {
            let seen = by_program(agents);
            assert_eq!(seen.len(), 1, "never launched is never seen");
            assert_eq!(seen[0].version.as_deref(), Some("2"));
            assert_eq!(seen[0].observed.hooks[&Signal::Ready], at(30));
            assert_eq!(seen[0].observed.doors.len(), 2);
            assert_eq!(seen[0].observed.launched, Some(at(20)));
        }
    }
}
