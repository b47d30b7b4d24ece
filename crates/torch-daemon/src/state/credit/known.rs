//! A limit becomes known: from a hook, a record or the screen, with the best that is told of its reset.

use std::time::Duration;

use serde_json::json;
use torch_core::credit::{
    CREDITS, HoldPhase, LimitHold, LimitReset, RATE, RATE_PAUSE, ResetSource, UNNAMED, WINDOW,
};
use torch_core::screen::ScreenReading;
use torch_core::{AgentId, AgentState, BootClock, Evidence, Timestamp};
use torch_monitor::SignalReading;
use torch_monitor::credit::{JUST_PASSED, LimitWords, Zones, read_limit};

use super::super::{State, Turn};
use super::LOOK_AFTER;
use crate::event::TimerKey;

/// How far apart what is told of one limit may be: its hook, its record and its picture come within moments.
const SAME_NEWS: Duration = Duration::from_secs(60);
/// How many characters of a limit's words are kept.
const WORDS_MAX: usize = 300;
/// How much of a limit must be used for its figures to be those of the one that was hit, in thousandths.
const USED_UP: u32 = 950;

/// Whether news of a limit, at that time, are of the one that holds the agent already.
pub(super) fn is_same(hold: &LimitHold, state: AgentState, at: Timestamp) -> bool {
    state == AgentState::Limited && hold.phase == HoldPhase::Waiting && is_near(hold.since, at)
}

/// Whether two times may be those of one limit.
pub(super) fn is_near(one: Timestamp, other: Timestamp) -> bool {
    u128::from(one.0.abs_diff(other.0)) < SAME_NEWS.as_millis()
}

/// Where nothing better was told, the words on the screen tell the reset.
pub(super) fn refine_by_words(hold: &mut LimitHold, words: &str, zones: &Zones) {
    let weak = |reset: &LimitReset| reset.from <= ResetSource::Text;
    let Some(reset) = hold.reset.as_mut().filter(|reset| weak(reset)) else {
        return;
    };
    let told = read_limit(words, hold.since, zones, JUST_PASSED);
    if let Some(told) = told.reset.filter(|_| reset.from == ResetSource::Estimate) {
        *reset = LimitReset {
            at: told.at,
            anchor: None,
            from: ResetSource::Text,
            zone: Some(told.zone),
            zone_guessed: told.zone_guessed,
        };
    }
    if let Some(kind) = told.kind.filter(|_| hold.kind == UNNAMED) {
        hold.kind = kind;
    }
}

impl State {
    /// A program said that a usage limit ended its turn; `before` is the state that it was in.
    pub(super) fn limit_known(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        source: &str,
        reading: &SignalReading,
        (before, at): (AgentState, Timestamp),
    ) {
        let zones = self.zones_of(agent);
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        let previous = run.agent.credit.hold.take();
        // The same time of day, told again after a wake-up at it, is that of the next day.
        let woken = previous.as_ref().is_some_and(|hold| {
            let text = |reset: &LimitReset| reset.from == ResetSource::Text && reset.at <= at;
            hold.phase != HoldPhase::Waiting && hold.reset.as_ref().is_some_and(text)
        });
        let passed = if woken { Duration::ZERO } else { JUST_PASSED };
        let words = read_limit(&reading.text, at, &zones, passed);
        let kind = self.limit_kind(agent, reading, &words);
        let reset = self.reset_of(agent, &kind, reading, (&words, &zones, at));
        let new = LimitHold {
            kind,
            since: at,
            words: reading.text.chars().take(WORDS_MAX).collect(),
            source: source.to_owned(),
            reset,
            interrupted: true,
            automatic: false,
            hits: 1,
            phase: HoldPhase::Waiting,
        };
        // A record may be read before the hook of the prompt that ended in it.
        let same = previous.as_ref().is_some_and(|hold| {
            let other = hold.source != source && hold.phase == HoldPhase::Waiting;
            is_same(hold, before, at) || (other && is_near(hold.since, at))
        });
        let hold = match previous {
            Some(hold) if same => merged(hold, new),
            Some(hold) => LimitHold {
                hits: hold.hits.saturating_add(1),
                ..new
            },
            None => new,
        };
        self.begin_hold(t, agent, hold, same);
    }

    /// Two looks in a row show a limit.
    pub(crate) fn limit_on_screen(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        reading: &ScreenReading,
    ) {
        let Some(run) = self.agents.get(&agent) else {
            return;
        };
        let before = run.agent.state;
        let held = run.agent.credit.hold.as_ref();
        // One that is known already and lasts still.
        let same = held.is_some_and(|hold| hold.phase == HoldPhase::Waiting);
        let interrupted = matches!(before, AgentState::Working | AgentState::Retrying);
        let words = reading.limit.clone().unwrap_or_default();
        if read_limit(&words, t.now, &self.zones_of(agent), JUST_PASSED).goes_on {
            return;
        }
        let evidence = Evidence::new("screen", reading.evidence.clone(), t.now);
        self.set_state(t, agent, AgentState::Limited, evidence);
        if !same {
            let told = SignalReading {
                signal: None,
                text: words,
                evidence: reading.evidence.clone(),
                figures: torch_monitor::Figures::default(),
                at: None,
            };
            self.limit_known(t, agent, "screen", &told, (before, t.now));
            if let Some(hold) = self.hold_mut(agent) {
                hold.interrupted = interrupted;
            }
            self.credit_changed(t, agent);
        }
        self.limit_seen(t, agent, reading);
        self.pump(t, agent);
    }

    /// Which limit it is: by the program's own word, else by its words to people.
    fn limit_kind(&self, agent: AgentId, reading: &SignalReading, words: &LimitWords) -> String {
        let program = self.agents.get(&agent);
        let program = program.and_then(|run| self.programs.get(&run.agent.program));
        let own = reading.figures.limit_kind.as_ref().map(|word| {
            let known = program.and_then(|program| program.data.credit.kinds.get(word));
            known.unwrap_or(word).clone()
        });
        own.or_else(|| words.kind.clone())
            .unwrap_or_else(|| UNNAMED.to_owned())
    }

    /// The best that is known of a limit's reset; `None` where no time brings it back.
    fn reset_of(
        &self,
        agent: AgentId,
        kind: &str,
        reading: &SignalReading,
        (words, zones, at): (&LimitWords, &Zones, Timestamp),
    ) -> Option<LimitReset> {
        let own = zones.own.iana_name().map(str::to_owned);
        let told = words.reset.as_ref();
        let zone = told.map(|told| told.zone.clone()).or(own);
        let reset = |at: Timestamp, from| LimitReset {
            at,
            anchor: self.boot.instant(at),
            from,
            zone: zone.clone(),
            zone_guessed: told.is_some_and(|told| told.zone_guessed),
        };
        let recent = |reset: &Timestamp| at.since(*reset) <= JUST_PASSED;
        let seconds = reading.figures.limit_resets_at;
        let seconds = seconds.and_then(|seconds| u64::try_from(seconds).ok());
        let record = seconds.map(|seconds| Timestamp(seconds.saturating_mul(1_000)));
        if let Some(at) = record.filter(recent) {
            return Some(reset(at, ResetSource::Record));
        }
        if let Some(told) = told.filter(|told| told.exact) {
            return Some(reset(told.at, ResetSource::Record));
        }
        if let Some(at) = self.figure(agent, kind, at) {
            return Some(reset(at, ResetSource::Figure));
        }
        if let Some(told) = told {
            return Some(reset(told.at, ResetSource::Text));
        }
        if kind == CREDITS {
            return None;
        }
        let estimate = self.estimate(agent, kind, at);
        let (at, from) = self.account_reset(agent, kind, at).unwrap_or(estimate);
        Some(reset(at, from))
    }

    /// What the status line told last of this limit; of one without a name, the one that is used up.
    fn figure(&self, agent: AgentId, kind: &str, now: Timestamp) -> Option<Timestamp> {
        let limits = &self.agents.get(&agent)?.agent.figures.limits;
        let share = match kind {
            UNNAMED => limits.values().find(|share| share.used_permille >= USED_UP),
            kind => limits.get(kind),
        };
        share?.resets_at.filter(|at| *at > now)
    }

    /// What another agent of the account knows of the same limit.
    fn account_reset(
        &self,
        agent: AgentId,
        kind: &str,
        now: Timestamp,
    ) -> Option<(Timestamp, ResetSource)> {
        let account = self.account_of(agent);
        let others = self.agents.iter().filter(|(id, _)| **id != agent);
        let holds = others.filter_map(|(id, run)| Some((*id, run.agent.credit.hold.as_ref()?)));
        let same = holds.filter(|(id, hold)| hold.kind == kind && self.account_of(*id) == account);
        let resets = same.filter_map(|(_, hold)| hold.reset.as_ref());
        let known = resets.filter(|reset| reset.from != ResetSource::Estimate && reset.at > now);
        known
            .map(|reset| (reset.at, ResetSource::Account))
            .max_by_key(|(at, _)| *at)
    }

    /// A window's length after its beginning, as far as any agent of the account tells it, else after now.
    fn estimate(&self, agent: AgentId, kind: &str, now: Timestamp) -> (Timestamp, ResetSource) {
        if kind == RATE {
            return (now.after(RATE_PAUSE), ResetSource::Estimate);
        }
        let account = self.account_of(agent);
        let same = self
            .agents
            .iter()
            .filter(|(id, _)| self.account_of(**id) == account);
        let begun = same.filter_map(|(_, run)| run.agent.credit.window_began);
        let ends = begun.map(|at| at.after(WINDOW)).filter(|at| *at > now);
        let end = ends.min().unwrap_or(now.after(WINDOW));
        (end, ResetSource::Estimate)
    }

    fn begin_hold(&mut self, t: &mut Turn, agent: AgentId, mut hold: LimitHold, same: bool) {
        anchor(&mut hold, &self.boot);
        let data = json!({
            "kind": hold.kind, "source": hold.source, "words": hold.words,
            "reset": hold.reset.as_ref().map(|reset| reset.at),
            "from": hold.reset.as_ref().map(|reset| reset.from),
            "zone": hold.reset.as_ref().and_then(|reset| reset.zone.clone()),
            "hits": hold.hits, "account": self.account_of(agent),
        });
        let (kind, reset) = (hold.kind.clone(), hold.reset.clone());
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        run.agent.credit.hold = Some(hold);
        t.journal(
            if same {
                "credit.told"
            } else {
                "credit.limited"
            },
            agent,
            data,
        );
        self.credit_changed(t, agent);
        if !same {
            t.timer(TimerKey::Look(agent), t.now.after(LOOK_AFTER));
        }
        match reset {
            Some(reset) => self.tell_account(t, agent, &kind, &reset),
            None if !same => self.notify_out_of_credits(t, agent),
            None => {}
        }
    }

    /// The agents of an account that wait for an earlier reset of the same limit need not be woken for nothing.
    fn tell_account(&mut self, t: &mut Turn, agent: AgentId, kind: &str, reset: &LimitReset) {
        if reset.from <= ResetSource::Account {
            return;
        }
        let account = self.account_of(agent);
        let earlier = |hold: &LimitHold| {
            let own = hold.reset.as_ref();
            hold.kind == kind
                && hold.phase == HoldPhase::Waiting
                && own.is_some_and(|own| own.at.after(SAME_NEWS) < reset.at)
        };
        let others: Vec<AgentId> = self
            .agents
            .iter()
            .filter(|(id, run)| {
                **id != agent && run.agent.credit.hold.as_ref().is_some_and(earlier)
            })
            .map(|(id, _)| *id)
            .filter(|id| self.account_of(*id) == account)
            .collect();
        for other in others {
            if let Some(hold) = self.hold_mut(other) {
                hold.reset = Some(LimitReset {
                    from: ResetSource::Account,
                    ..reset.clone()
                });
            }
            let data = json!({"kind": kind, "reset": reset.at, "from": ResetSource::Account});
            t.journal("credit.told", other, data);
            self.credit_changed(t, other);
        }
    }
}

/// What a second source tells of the same limit: the better one counts.
fn merged(hold: LimitHold, new: LimitHold) -> LimitHold {
    let rank = |reset: &Option<LimitReset>| reset.as_ref().map(|reset| reset.from);
    let better = rank(&new.reset) > rank(&hold.reset);
    let kind = match (new.kind.as_str(), new.source.as_str()) {
        (UNNAMED, _) => hold.kind,
        (_, "transcript") => new.kind,
        _ if hold.kind == UNNAMED => new.kind,
        _ => hold.kind,
    };
    LimitHold {
        kind,
        reset: if better { new.reset } else { hold.reset },
        ..hold
    }
}

fn anchor(hold: &mut LimitHold, boot: &BootClock) {
    if let Some(reset) = &mut hold.reset {
        reset.anchor = boot.instant(reset.at);
    }
}
