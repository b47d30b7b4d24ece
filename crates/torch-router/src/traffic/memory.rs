//! What agents said to one another lately, as far as the limits need it.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use torch_core::{AgentId, Sender, Timestamp};

use super::{BROADCAST_FROM, BROADCAST_TIME, Limits, Said};
use crate::policy::Destination;
use crate::speech::{Speech, asks};

/// How many messages of a pair are remembered at most, whatever the limit.
const REMEMBERED: usize = 4_096;

/// How many messages of the two an exchange may have: a question and an answer, and something added to each. As many reports and
/// push notes may go besides.
const MESSAGES_OF_EXCHANGE: u64 = 4;

/// What agents said to one another lately.
#[derive(Debug, Clone, Default)]
pub struct Traffic {
    /// Per sender and recipient; `None` is the person.
    pairs: BTreeMap<(AgentId, Option<AgentId>), Pair>,
    /// Per two agents, the smaller id first.
    threads: BTreeMap<(AgentId, AgentId), Thread>,
    /// Per two agents, the reports and push notes of theirs that count in no exchange, and when the last one went.
    notes: BTreeMap<(AgentId, AgentId), (u64, Timestamp)>,
    /// Per agent, the chain that the last message to it belongs to.
    chains: BTreeMap<AgentId, Chain>,
}

/// One direction between two.
#[derive(Debug, Clone, Default)]
struct Pair {
    /// When each message went, and what its text was, if that still counts; the oldest first.
    sent: VecDeque<(Timestamp, Option<u64>)>,
    /// When the last one went that is no acknowledgement, where it asked something.
    asked: Option<Timestamp>,
}

/// What two agents say to each other.
#[derive(Debug, Clone, Copy)]
struct Thread {
    /// Who began it.
    first: AgentId,
    /// Who spoke last.
    last: AgentId,
    /// Exchanges begun.
    exchanges: u64,
    /// Messages of both.
    said: u64,
    /// Whether a message of it had to go to the hub: what follows goes there too, whoever says it.
    closed: bool,
    /// When something was said last.
    at: Timestamp,
}

/// Direct messages that follow from one another.
#[derive(Debug, Clone, Copy)]
struct Chain {
    hops: u64,
    at: Timestamp,
}

/// Where a direct message stood in its thread and its chain. It goes into the journal with the message, so that the last message
/// of each is enough to go on counting after a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// Who began the thread.
    pub first: AgentId,
    /// Exchanges begun, with this one.
    pub exchanges: u64,
    /// Messages in the thread, with this one. Journals of earlier versions of torch don't have it.
    #[serde(default)]
    pub said: u64,
    /// Its place in the chain.
    pub hops: u64,
}

/// What is remembered of a text; words alone count, not the space around them.
fn print(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.split_whitespace()
        .for_each(|word| word.hash(&mut hasher));
    hasher.finish()
}

fn two(a: AgentId, b: AgentId) -> (AgentId, AgentId) {
    (a.min(b), a.max(b))
}

fn is_central(said: &Said<'_>) -> bool {
    let central = |role: &torch_core::RoleName| role.is_hub() || role.is_sub_hub();
    let by = match said.sender {
        Sender::Agent { role, .. } => central(role),
        _ => true,
    };
    let to = match said.to {
        Destination::Role(role) | Destination::OtherTeam(role) => central(role),
        Destination::Human => true,
    };
    by || to
}

impl Traffic {
    /// Takes in a message that was let pass, re-routed or recorded; `reached` says whom it went to in fact. Of a message that
    /// counts in a thread and a chain, it says where it stands there.
    pub fn note(
        &mut self,
        said: &Said<'_>,
        reached: Option<AgentId>,
        limits: &Limits,
    ) -> Option<Counted> {
        let keep = limits.pair_messages.max(limits.remembered);
        let keep = usize::try_from(keep).unwrap_or(REMEMBERED);
        self.take_in(said, reached, (limits, keep), None)
    }

    /// Takes in again what was said before this memory began, with what was counted then; without that it counts anew.
    pub fn recall(
        &mut self,
        said: &Said<'_>,
        reached: Option<AgentId>,
        limits: &Limits,
        counted: Option<Counted>,
    ) {
        // By which limits it will be asked is not known yet: nothing is left out.
        self.take_in(said, reached, (limits, REMEMBERED), counted);
    }

    fn take_in(
        &mut self,
        said: &Said<'_>,
        reached: Option<AgentId>,
        (limits, keep): (&Limits, usize),
        counted: Option<Counted>,
    ) -> Option<Counted> {
        let ack = matches!(said.speech, Speech::Ack(_));
        let Sender::Agent { agent: from, .. } = said.sender else {
            // A person's word, or torch's, begins anew.
            if let Some(to) = reached.filter(|_| !ack) {
                self.begin_anew(to);
            }
            return None;
        };
        let pair = self.pairs.entry((*from, said.agent)).or_default();
        pair.sent.push_back((said.now, Some(print(said.text))));
        // One more than the limit needs; and enough to see the same text again.
        while pair.sent.len() > keep.clamp(64, REMEMBERED) {
            pair.sent.pop_front();
        }
        if ack {
            return None;
        }
        pair.asked = asks(said.text).then_some(said.now);
        if is_central(said) || reached != said.agent {
            if let Some(to) = reached {
                self.begin_anew(to);
            }
            self.close_thread(*from, said);
            return None;
        }
        let to = reached?;
        if !said.speech.counts() {
            let count = self.notes_of(*from, said, limits) + 1;
            self.notes.insert(two(*from, to), (count, said.now));
            return None;
        }
        let counted = counted.unwrap_or_else(|| Counted {
            first: self
                .thread(*from, to, said.now, limits)
                .map_or(*from, |thread| thread.first),
            exchanges: self.exchanges_with(*from, said, limits),
            said: self
                .thread(*from, to, said.now, limits)
                .map_or(0, |thread| thread.said)
                + 1,
            hops: self.hops_with(*from, said.now, limits),
        });
        let Counted {
            first,
            exchanges,
            said: messages,
            hops,
        } = counted;
        let (at, last) = (said.now, *from);
        self.chains.insert(to, Chain { hops, at });
        let thread = Thread {
            first,
            last,
            exchanges,
            said: messages,
            closed: false,
            at,
        };
        self.threads.insert(two(*from, to), thread);
        Some(counted)
    }

    /// Somebody above the two spoke to an agent: its threads and its chain are over.
    fn begin_anew(&mut self, agent: AgentId) {
        self.chains.remove(&agent);
        self.threads.retain(|(a, b), _| *a != agent && *b != agent);
        self.notes.retain(|(a, b), _| *a != agent && *b != agent);
    }

    /// A message between two roles went to the hub instead: nothing goes on between the two past it.
    fn close_thread(&mut self, from: AgentId, said: &Said<'_>) {
        let to = said
            .agent
            .filter(|_| !is_central(said) && said.speech.counts());
        let thread = to.and_then(|to| self.threads.get_mut(&two(from, to)));
        if let Some(thread) = thread {
            thread.closed = true;
        }
    }

    /// Forgets agents of a team that is gone, and what is too old to count.
    pub fn forget(&mut self, now: Timestamp, limits: &Limits, lives: impl Fn(AgentId) -> bool) {
        // Also what was answered: an answer that is forgotten before its question would be given twice.
        let longest = limits.reach();
        self.pairs.retain(|(from, to), pair| {
            let young = pair
                .sent
                .back()
                .is_some_and(|(at, _)| now.since(*at) < longest);
            lives(*from) && to.is_none_or(&lives) && young
        });
        self.threads
            .retain(|(a, b), thread| lives(*a) && lives(*b) && now.since(thread.at) < limits.quiet);
        self.notes
            .retain(|(a, b), (_, at)| lives(*a) && lives(*b) && now.since(*at) < limits.quiet);
        self.chains
            .retain(|agent, chain| lives(*agent) && now.since(chain.at) < limits.quiet);
    }

    /// A daemon begins: the same text may be said once more. Whoever says it may have been started anew as well, and then knows
    /// nothing of the first time. All that is counted goes on.
    pub fn forget_texts(&mut self) {
        let sent = self
            .pairs
            .values_mut()
            .flat_map(|pair| pair.sent.iter_mut());
        sent.for_each(|(_, print)| *print = None);
    }

    /// The wall clock was set by so many milliseconds: what was said moves with it.
    pub fn step(&mut self, millis: i64) {
        let sent = self
            .pairs
            .values_mut()
            .flat_map(|pair| pair.sent.iter_mut());
        sent.for_each(|(at, _)| *at = at.moved(millis));
        for pair in self.pairs.values_mut() {
            pair.asked = pair.asked.map(|at| at.moved(millis));
        }
        self.threads
            .values_mut()
            .for_each(|thread| thread.at = thread.at.moved(millis));
        self.notes
            .values_mut()
            .for_each(|(_, at)| *at = at.moved(millis));
        self.chains
            .values_mut()
            .for_each(|chain| chain.at = chain.at.moved(millis));
    }

    /// Whether the sender said the same to the same recipient lately.
    pub(super) fn is_repeat(&self, from: AgentId, said: &Said<'_>, limits: &Limits) -> bool {
        let print = Some(print(said.text));
        let sent = self
            .pairs
            .get(&(from, said.agent))
            .map(|pair| pair.sent.iter());
        sent.into_iter()
            .flatten()
            .any(|(at, before)| *before == print && said.now.since(*at) < limits.repeat)
    }

    /// Whether the sender said the same to several others a moment ago.
    pub(super) fn is_broadcast(&self, from: AgentId, said: &Said<'_>) -> bool {
        let print = Some(print(said.text));
        let least = (from, None);
        let own = self
            .pairs
            .range(least..)
            .take_while(|((by, _), _)| *by == from);
        let others = own.filter(|((_, to), pair)| {
            *to != said.agent
                && pair
                    .sent
                    .iter()
                    .any(|(at, before)| *before == print && said.now.since(*at) < BROADCAST_TIME)
        });
        others.count() + 1 >= BROADCAST_FROM
    }

    /// How many messages went on this pair lately.
    pub(super) fn recent(&self, from: AgentId, said: &Said<'_>, limits: &Limits) -> u64 {
        let pair = self.pairs.get(&(from, said.agent));
        let sent = pair.map(|pair| pair.sent.iter().rev());
        let young = sent
            .into_iter()
            .flatten()
            .take_while(|(at, _)| said.now.since(*at) < limits.pair_time);
        young.count() as u64
    }

    /// How many messages an agent sent lately, to all other agents together.
    pub(super) fn sent_by(&self, from: AgentId, now: Timestamp, within: Duration) -> u64 {
        let own = self.pairs.range((from, None)..);
        let own = own.take_while(|((by, _), _)| *by == from);
        let counts = own.filter(|((_, to), _)| to.is_some()).map(|(_, pair)| {
            let sent = pair.sent.iter().rev();
            sent.take_while(|(at, _)| now.since(*at) < within).count() as u64
        });
        counts.sum()
    }

    /// Whether an acknowledgement answers a question: "ok" to "may I merge?" has to arrive.
    pub(super) fn is_answer(&self, from: AgentId, said: &Said<'_>, limits: &Limits) -> bool {
        let Some(to) = said.agent else { return false };
        let Some(theirs) = self.pairs.get(&(to, Some(from))) else {
            return false;
        };
        let asked = theirs.asked;
        let answered = self
            .pairs
            .get(&(from, Some(to)))
            .and_then(|own| own.sent.back());
        asked.is_some_and(|asked| {
            said.now.since(asked) < limits.quiet && answered.is_none_or(|(at, _)| *at < asked)
        })
    }

    /// The exchanges of the two, with this message among them.
    pub(super) fn exchanges_with(&self, from: AgentId, said: &Said<'_>, limits: &Limits) -> u64 {
        let thread = said
            .agent
            .and_then(|to| self.thread(from, to, said.now, limits));
        let Some(thread) = thread else { return 1 };
        // Whoever began the thread begins each exchange; what is added before the answer belongs to it.
        let begins = from == thread.first && thread.last != from;
        thread.exchanges + u64::from(begins)
    }

    /// Whether this message of two roles is one too many: by exchanges, by messages, or because one before it had to go to the hub.
    /// Reports and push notes count by themselves; acknowledgements don't count.
    pub(super) fn thread_is_full(&self, from: AgentId, said: &Said<'_>, limits: &Limits) -> bool {
        let Some(to) = said.agent.filter(|_| limits.exchanges > 0) else {
            return false;
        };
        let most = limits.exchanges.saturating_mul(MESSAGES_OF_EXCHANGE);
        if !said.speech.counts() {
            let ack = matches!(said.speech, Speech::Ack(_));
            return !ack && self.notes_of(from, said, limits) >= most;
        }
        let full = |thread: Thread| thread.closed || thread.said >= most;
        self.exchanges_with(from, said, limits) > limits.exchanges
            || self.thread(from, to, said.now, limits).is_some_and(full)
    }

    /// The reports and push notes between the two lately.
    fn notes_of(&self, from: AgentId, said: &Said<'_>, limits: &Limits) -> u64 {
        let notes = said.agent.and_then(|to| self.notes.get(&two(from, to)));
        let young = notes.filter(|(_, at)| said.now.since(*at) < limits.quiet);
        young.map_or(0, |(count, _)| *count)
    }

    fn thread(&self, a: AgentId, b: AgentId, now: Timestamp, limits: &Limits) -> Option<Thread> {
        let thread = self.threads.get(&two(a, b))?;
        (now.since(thread.at) < limits.quiet).then_some(*thread)
    }

    /// The place of this agent's next direct message in its chain.
    pub(super) fn hops_with(&self, from: AgentId, now: Timestamp, limits: &Limits) -> u64 {
        let chain = self.chains.get(&from);
        let live = chain.filter(|chain| now.since(chain.at) < limits.quiet);
        live.map_or(0, |chain| chain.hops) + 1
    }

    /// Ends every thread, for tests that count on their own.
    #[cfg(test)]
    pub(super) fn threads_are_over(&mut self) {
        self.threads.clear();
        self.notes.clear();
    }

    /// How many pairs are remembered.
    pub fn pairs(&self) -> usize {
        self.pairs.len()
    }
}
