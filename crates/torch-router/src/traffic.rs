//! The verdict on a message: who may write to whom, and what was said lately. Each verdict names the one rule that decided.
//!
//! [`Traffic`] remembers what agents said to one another as far as the limits need it. It is kept in memory; a daemon that
//! starts anew recalls it from the journal, as far back as the limits reach ([`Limits::reach`]), so that a restart lets no loop past
//! its caps.
//!
//! The order in which rules are asked:
//!
//! 1. who the sender is, the team's border, itself ([`policy`]); people, scripts and torch pass here;
//! 2. what refuses: the rules of the project ([`crate::project`]) in their order, then `limit.repeat`, `limit.broadcast`,
//!    `limit.pair-rate`;
//! 3. acknowledgements: `ack.quiet`;
//! 4. the edge ([`policy`]), by the project's rules first;
//! 5. the limits that hand over to the hub: `limit.thread`, `limit.hops`.

mod memory;

use std::time::Duration;

use torch_core::config::RouterConfig;
use torch_core::ledger::Severity;
use torch_core::message::{Decision, Verdict};
use torch_core::project_rules::{DayMinute, ProjectRule, RuleKind};
use torch_core::{AgentId, RoleName, RouterMode, Sender, Timestamp};

pub use memory::{Counted, Traffic};

use crate::policy::{self, Destination, TeamRules, verdict};
use crate::project::{Edge, RuleSet};
use crate::speech::Speech;

/// What agents may say how often; 0 means no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Exchanges of two agents in one thread.
    pub exchanges: u64,
    /// Direct messages in a chain of agents.
    pub hops: u64,
    /// Messages on a pair within [`Self::pair_time`].
    pub pair_messages: u64,
    /// The stretch of time for them.
    pub pair_time: Duration,
    /// Within which time the same text is refused.
    pub repeat: Duration,
    /// After how long a thread or a chain is over.
    pub quiet: Duration,
    /// How many messages of a pair a further rule has to count.
    pub remembered: u64,
    /// Over which time.
    pub remembered_time: Duration,
}

impl From<&RouterConfig> for Limits {
    fn from(config: &RouterConfig) -> Self {
        Self {
            exchanges: config.exchanges,
            hops: config.hops,
            pair_messages: config.pair_messages,
            pair_time: Duration::from_secs(config.pair_seconds),
            repeat: Duration::from_secs(config.repeat_seconds),
            quiet: Duration::from_secs(config.quiet_seconds),
            remembered: 0,
            remembered_time: Duration::ZERO,
        }
    }
}

impl Limits {
    /// How far back anything counts: what is older changes no verdict.
    pub fn reach(&self) -> Duration {
        let longest = self.pair_time.max(self.repeat).max(self.quiet);
        longest.max(self.remembered_time).max(BROADCAST_TIME)
    }

    /// The longer of each stretch of time: what both have to count is kept by it.
    #[must_use]
    pub fn longest(mut self, other: &Self) -> Self {
        self.pair_time = self.pair_time.max(other.pair_time);
        self.repeat = self.repeat.max(other.repeat);
        self.quiet = self.quiet.max(other.quiet);
        self.remembered_time = self.remembered_time.max(other.remembered_time);
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::from(&RouterConfig::default())
    }
}

/// The recipients that got the same text within [`BROADCAST_TIME`] from when on it is a broadcast.
pub const BROADCAST_FROM: usize = 3;
/// See [`BROADCAST_FROM`].
pub const BROADCAST_TIME: Duration = Duration::from_secs(60);

/// A message that is to be judged.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// Who says it.
    pub sender: &'a Sender,
    /// To whom.
    pub to: Destination<'a>,
    /// The agent it is meant for, unless it is for the person.
    pub agent: Option<AgentId>,
    /// The cleaned text.
    pub text: &'a str,
    /// What the text is.
    pub speech: &'a Speech,
    /// When.
    pub now: Timestamp,
}

/// A rule that was broken, with what to do instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// The rule.
    pub rule: String,
    /// How much it matters.
    pub severity: Severity,
    /// What was seen.
    pub evidence: String,
    /// What to do instead.
    pub remedy: String,
}

/// A message as the rules of a project see it.
pub(crate) struct Asked<'a> {
    /// Who says it.
    pub(crate) from: &'a RoleName,
    /// To which role.
    pub(crate) to: Option<&'a RoleName>,
    /// The cleaned text.
    pub(crate) text: &'a str,
    /// What the text is.
    pub(crate) speech: &'a Speech,
    /// The time of day.
    pub(crate) time: DayMinute,
    /// How many messages its sender sent within so many seconds.
    pub(crate) sent_within: &'a dyn Fn(u64) -> u64,
    /// Whether the same text went to others a moment ago.
    pub(crate) is_broadcast: &'a dyn Fn() -> bool,
    /// Whether the recipient asked its sender something last.
    pub(crate) was_asked: &'a dyn Fn() -> bool,
}

impl Asked<'_> {
    /// Whether it is nothing but an acknowledgement.
    pub(crate) fn is_ack(&self) -> bool {
        matches!(self.speech, Speech::Ack(_))
    }
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// What becomes of the message, and by which rule.
    pub verdict: Verdict,
    /// What was broken; with [`RouterMode::Open`] a message passes all the same.
    pub breaches: Vec<Breach>,
}

impl Judgement {
    fn clean(verdict: Verdict) -> Self {
        let breaches = Vec::new();
        Self { verdict, breaches }
    }
}

impl Traffic {
    /// Judges a message. What is let pass, re-routed or recorded is to be told by [`Traffic::note`].
    pub fn judge(&self, said: &Said<'_>, team: TeamRules<'_>, limits: &Limits) -> Judgement {
        let edge = policy::judge(said.sender, &said.to, team);
        let Sender::Agent {
            agent: from, role, ..
        } = said.sender
        else {
            return Judgement::clean(edge);
        };
        if matches!(edge.rule.as_str(), "edge.self" | "team.border") {
            let mut breach = of_edge(&edge, said);
            if team
                .project
                .is_some_and(|rules| rules.hides(role, said.text))
            {
                breach.evidence =
                    format!("to {}: a text with a word that a rule forbids", to(said));
            }
            return Judgement {
                verdict: edge,
                breaches: vec![breach],
            };
        }
        let asked = Asked {
            from: role,
            to: said.to.role(),
            text: said.text,
            speech: said.speech,
            time: team.time,
            sent_within: &|seconds| self.sent_by(*from, said.now, Duration::from_secs(seconds)),
            is_broadcast: &|| self.is_broadcast(*from, said),
            was_asked: &|| self.is_answer(*from, said, limits),
        };
        let project = team.project.filter(|_| said.agent.is_some());
        let limit = match project.and_then(|rules| rules.refusal(&asked)) {
            Some((rule, reason)) => Some(of_project(rule, reason, said)),
            None => self.refusal(*from, role, said, limits),
        };
        let open = team.mode == RouterMode::Open;
        if let Some((rule, reason, breach)) = limit.as_ref().filter(|_| !open) {
            return Judgement {
                verdict: verdict(Decision::Refuse, rule, reason),
                breaches: vec![breach.clone()],
            };
        }
        // In a person's inbox it wakes nobody anyway.
        let quiet = said.agent.is_some() && matches!(said.speech, Speech::Ack(_));
        if quiet && !self.is_answer(*from, said, limits) {
            let reason = "nothing but an acknowledgement: it is kept and wakes nobody";
            return Judgement::clean(verdict(Decision::Record, "ack.quiet", reason));
        }
        let noted = project.map(|rules| rules.noted(&asked));
        let mut breaches: Vec<Breach> = limit.into_iter().map(|(.., breach)| breach).collect();
        if let Speech::BadForm(bad) = said.speech {
            breaches.push(of_form(bad));
        }
        breaches.extend(noted.into_iter().flatten());
        breaches.extend(denied_in_open(role, said, team));
        if edge.decision != Decision::Deliver {
            breaches.push(of_edge(&edge, said));
            return Judgement {
                verdict: edge,
                breaches,
            };
        }
        let verdict = match self.escalation(*from, role, said, (team, limits)) {
            Some((rule, reason, breach)) => {
                breaches.push(breach);
                escalated(edge, team, &rule, &reason)
            }
            None => edge,
        };
        Judgement { verdict, breaches }
    }

    /// The limit that refuses a message.
    fn refusal(
        &self,
        from: AgentId,
        role: &RoleName,
        said: &Said<'_>,
        limits: &Limits,
    ) -> Option<Limited> {
        // A person's inbox wakes nobody, and the person alone knows what is too much there.
        said.agent?;
        let ack = matches!(said.speech, Speech::Ack(_));
        if !ack && self.is_repeat(from, said, limits) {
            let within = limits.repeat.as_secs();
            let reason = format!("the same text went to {} within {within} s", to(said));
            let remedy = "say what is new, or wait for the answer";
            return Some(limited("limit.repeat", reason, Severity::Low, said, remedy));
        }
        // The hub and its deputy speak to all by their office, one by one.
        let central = role.is_hub() || role.is_sub_hub();
        if !ack && !central && self.is_broadcast(from, said) {
            let reason = format!(
                "the same text went to {} others within {} s; agents don't broadcast",
                BROADCAST_FROM - 1,
                BROADCAST_TIME.as_secs()
            );
            let remedy = "tell the orchestrator, who tells those it concerns";
            let severity = Severity::Medium;
            return Some(limited("limit.broadcast", reason, severity, said, remedy));
        }
        let sent = self.recent(from, said, limits);
        if limits.pair_messages > 0 && sent >= limits.pair_messages {
            let reason = format!(
                "{sent} messages went from {role} to {} within {} s",
                to(said),
                limits.pair_time.as_secs()
            );
            let remedy = "put what you have to say into one message";
            let severity = Severity::Medium;
            return Some(limited("limit.pair-rate", reason, severity, said, remedy));
        }
        None
    }

    /// The limit that hands a message between two roles over to the hub.
    fn escalation(
        &self,
        from: AgentId,
        role: &RoleName,
        said: &Said<'_>,
        (team, limits): (TeamRules<'_>, &Limits),
    ) -> Option<Limited> {
        let Destination::Role(other) = said.to else {
            return None;
        };
        let central = [role, other]
            .iter()
            .any(|role| role.is_hub() || role.is_sub_hub());
        if central {
            return None;
        }
        if self.thread_is_full(from, said, limits) {
            let reason = format!(
                "{role} and {other} have had {} exchanges; the next goes to the orchestrator",
                limits.exchanges
            );
            let remedy = "the orchestrator decides between the two";
            let severity = Severity::Medium;
            let own = team.project.and_then(RuleSet::exchanges);
            let own = own.filter(|(_, count)| *count == limits.exchanges);
            let rule = own.map_or("limit.thread", |(rule, _)| rule.name.as_str());
            return Some(limited(rule, reason, severity, said, remedy));
        }
        let hops = self.hops_with(from, said.now, limits);
        if said.speech.counts() && limits.hops > 0 && hops > limits.hops {
            let reason = format!(
                "{} direct messages followed from one another; the next goes to the orchestrator",
                limits.hops
            );
            let remedy = "the orchestrator decides how this goes on";
            let severity = Severity::Medium;
            return Some(limited("limit.hops", reason, severity, said, remedy));
        }
        None
    }
}

/// A limit: its rule, the rule in words, and the breach.
type Limited = (String, String, Breach);

fn limited(
    rule: &str,
    reason: String,
    severity: Severity,
    said: &Said<'_>,
    remedy: &str,
) -> Limited {
    let breach = Breach {
        rule: rule.to_owned(),
        severity,
        evidence: format!("{reason}: {}", beginning(said.text)),
        remedy: remedy.to_owned(),
    };
    (rule.to_owned(), reason, breach)
}

/// A rule of the project that refuses. What says a forbidden word is not quoted.
fn of_project(rule: &ProjectRule, reason: String, said: &Said<'_>) -> Limited {
    let hidden = matches!(rule.ask, RuleKind::ForbiddenWords { .. }).then(|| reason.clone());
    let remedy = remedy(rule);
    let mut limit = limited(&rule.name, reason, Severity::Medium, said, &remedy);
    if let Some(evidence) = hidden {
        limit.2.evidence = evidence;
    }
    limit
}

/// The verdict on a message that a limit hands over to the hub: in an open team, and in one without a hub, it differs.
fn escalated(edge: Verdict, team: TeamRules<'_>, rule: &str, reason: &str) -> Verdict {
    match (team.mode, team.has_hub) {
        (RouterMode::Open, _) => edge,
        (_, true) => verdict(Decision::Reroute, rule, reason),
        (_, false) => verdict(Decision::Refuse, rule, reason),
    }
}

/// In an open team nothing is held back; what the project's rules deny is noted.
fn denied_in_open(role: &RoleName, said: &Said<'_>, team: TeamRules<'_>) -> Option<Breach> {
    let Destination::Role(other) = said.to else {
        return None;
    };
    let rules = team.project.filter(|_| team.mode == RouterMode::Open)?;
    let Some(Edge::Denied(rule)) = rules.edge(role, other) else {
        return None;
    };
    Some(Breach {
        rule: rule.name.clone(),
        severity: Severity::Medium,
        evidence: format!("{}; to {other}: {}", rule.ask, beginning(said.text)),
        remedy: remedy(rule),
    })
}

/// What to do where a rule of the project was broken.
fn remedy(rule: &ProjectRule) -> String {
    let instead = match &rule.ask {
        RuleKind::ForbiddenWords { .. } => "say it in other words",
        RuleKind::RequiredWords { .. } => "say it with one of the words",
        RuleKind::MaxLength { .. } => "say less, or write it to a file and send its path",
        RuleKind::QuietHours { .. } => "torch schedule plans it for later",
        RuleKind::NoBroadcast { .. } => "tell the orchestrator, who tells those it concerns",
        RuleKind::MaxMessages { .. } => "put what you have to say into one message",
        _ => "write to the orchestrator",
    };
    format!("{instead} ({}:{})", rule.file, rule.line)
}

fn of_edge(edge: &Verdict, said: &Said<'_>) -> Breach {
    let (severity, remedy) = match edge.rule.as_str() {
        "edge.self" => (Severity::Low, "torch schedule plans a note to oneself"),
        "team.border" => (Severity::High, "write to the orchestrator of your own team"),
        _ => (
            Severity::Medium,
            "write to the orchestrator or the project manager",
        ),
    };
    Breach {
        rule: edge.rule.clone(),
        severity,
        evidence: format!("to {}: {}", to(said), beginning(said.text)),
        remedy: remedy.to_owned(),
    }
}

fn of_form(bad: &torch_core::form::BadForm) -> Breach {
    let command = match bad.kind {
        "TASK" => "torch task assign --help",
        _ => "torch report status --help",
    };
    Breach {
        rule: "form.wrong".to_owned(),
        severity: Severity::Low,
        evidence: bad.to_string(),
        remedy: format!("write it by command: {command}"),
    }
}

fn to<'a>(said: &Said<'a>) -> &'a str {
    match said.to {
        Destination::Role(role) | Destination::OtherTeam(role) => role.as_str(),
        Destination::Human => "human",
    }
}

/// The first words of a text, on one line.
pub fn beginning(text: &str) -> String {
    const LENGTH: usize = 80;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LENGTH) {
        Some((at, _)) => format!("\"{}…\"", &line[..at]),
        None => format!("\"{line}\""),
    }
}

#[cfg(test)]
mod tests;
