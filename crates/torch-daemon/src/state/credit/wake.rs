//! The wake-up after a reset: when, with what, and what shows that the limit is over.

use std::time::Duration;

use serde_json::json;
use torch_core::credit::{HoldPhase, WakeRules};
use torch_core::screen::{DialogKind, ScreenKind, ScreenReading};
use torch_core::{
    AgentId, AgentState, DeliveryState, Evidence, MessageId, MessageKind, Recipient, Timestamp,
    Write,
};

use super::super::send::Draft;
use super::super::{AgentRun, PANES_EVERY, State, Turn};
use crate::event::{Effect, TimerKey};

/// How many looks in a row may come to nothing before a wake-up goes without.
const WAKE_LOOKS: u32 = 3;
/// How long after a sign that a program goes on by itself its own prompt may come: its record may be read before the hook of the
/// prompt, and a try that fails is repeated.
const GOES_ON_WITHIN: Duration = Duration::from_secs(120);

/// What a woken agent reads. The tag before it says that it comes from torch.
const CONTINUE: &str = "Your usage limit was reset. Go on with the turn that it ended; do not repeat what is done already.";

impl State {
    /// The time of a wake-up has come: the screen is looked at before anything is believed, since a menu may be open still.
    pub(crate) fn on_wake_due(&mut self, t: &mut Turn, agent: AgentId) {
        if !self.may_wake(t, agent) {
            return;
        }
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        run.wake_looks += 1;
        // Of what an earlier launch showed nothing is left. And where no look can be had, the one before the message is typed
        // decides.
        if run.agent.state == AgentState::Starting || run.wake_looks > WAKE_LOOKS {
            run.wake_looks = 0;
            return self.wake(t, agent);
        }
        self.look_at_screen(t, agent);
        // A look that comes to nothing is taken again.
        t.timer(TimerKey::Wake(agent), t.now.after(PANES_EVERY));
    }

    /// A look at an agent's screen came back: if its wake-up is due it is woken, but not where a dialog is open.
    pub(crate) fn wake_by_look(&mut self, t: &mut Turn, agent: AgentId, reading: &ScreenReading) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        run.wake_looks = 0;
        let hold = run.agent.credit.hold.as_ref();
        let waits = hold.is_some_and(|hold| hold.phase == HoldPhase::Waiting);
        if waits
            && reading.dialog.is_none()
            && self.limit_is_reset(agent, t.now)
            && self.may_wake(t, agent)
        {
            self.wake(t, agent);
        }
    }

    /// Whether the time of an agent's limit is over, whatever its screen shows of it still.
    pub(crate) fn limit_is_reset(&self, agent: AgentId, now: Timestamp) -> bool {
        let run = self.agents.get(&agent);
        let hold = run.and_then(|run| run.agent.credit.hold.as_ref());
        hold.is_some_and(|hold| {
            let due = hold.wake_at(&self.wake_rules());
            hold.phase != HoldPhase::Waiting || due.is_some_and(|due| due <= now)
        })
    }

    /// Whether a look shows a dialog that waits for a person. The menu of a limit does once the limit is reset: before, the
    /// limit outweighs it.
    pub(crate) fn shows_dialog(
        &self,
        agent: AgentId,
        reading: &ScreenReading,
        now: Timestamp,
    ) -> bool {
        match reading.kind {
            ScreenKind::Asking => true,
            ScreenKind::Limited => reading.dialog.is_some() && self.limit_is_reset(agent, now),
            _ => false,
        }
    }

    /// A message of an agent was proven: if it is the one that followed the reset, the agent is woken.
    pub(crate) fn wake_proven(&mut self, t: &mut Turn, agent: AgentId, message: MessageId) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        let hold = run.agent.credit.hold.as_ref();
        let this = HoldPhase::Waking {
            message: Some(message),
        };
        if hold.is_some_and(|hold| hold.phase == this) && run.woken_by != Some(message) {
            run.woken_by = Some(message);
            run.agent.credit.wake_proven = Some(t.now);
            t.write(Write::PutAgent(Box::new(run.agent.clone())));
            t.journal("credit.woken", agent, json!({"message": message}));
        }
    }

    /// Whether nothing but its screen may keep an agent from being woken now; where it is only too early, the time is set.
    fn may_wake(&mut self, t: &mut Turn, agent: AgentId) -> bool {
        let rules = self.wake_rules();
        let Some(run) = self.agents.get(&agent) else {
            return false;
        };
        let hold = run.agent.credit.hold.as_ref();
        let hold = hold.filter(|hold| hold.phase == HoldPhase::Waiting);
        let Some(due) = hold.and_then(|hold| hold.wake_at(&rules)) else {
            return false;
        };
        if due > t.now {
            t.timer(TimerKey::Wake(agent), due);
            return false;
        }
        match run.agent.state {
            state if !state.is_live() => {
                self.limit_over(t, agent, "it was reset while no program ran");
                return false;
            }
            AgentState::Starting | AgentState::Limited | AgentState::Idle | AgentState::Ready => {}
            // A turn is under way, or a dialog is open: what comes of it tells more than a wake-up.
            _ => return false,
        }
        let free = self.account_free_at(agent, &rules);
        if free > t.now {
            t.timer(TimerKey::Wake(agent), free);
            return false;
        }
        true
    }

    fn wake(&mut self, t: &mut Turn, agent: AgentId) {
        let before = std::mem::replace(&mut t.cause, "usage limit reset".to_owned());
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        let (team, role, state) = (run.agent.team, run.agent.role.clone(), run.agent.state);
        let credit = &mut run.agent.credit;
        let Some(hold) = credit.hold.as_mut() else {
            return;
        };
        credit.woken = Some(t.now);
        if !hold.interrupted && run.queue.is_empty() && state != AgentState::Starting {
            // The next message shows whether it is over; nothing else has to be said.
            self.limit_over(t, agent, "it was reset, and no turn was ended by it");
        } else {
            hold.phase = HoldPhase::Waking { message: None };
            let interrupted = hold.interrupted;
            // The word goes out first; until it is posted nothing else may.
            let message = interrupted.then(|| {
                let recipient = Recipient::Agent { agent, role };
                let draft =
                    Draft::from_torch(team, MessageKind::Continue, recipient, CONTINUE.to_owned());
                self.post(t, draft)
            });
            if let Some(hold) = self.hold_mut(agent) {
                hold.phase = HoldPhase::Waking { message };
            }
            t.journal(
                "credit.waking",
                agent,
                json!({"message": message, "interrupted": interrupted}),
            );
        }
        if matches!(state, AgentState::Limited | AgentState::Ready) {
            let evidence = Evidence::new("timer", "its usage limit was reset", t.now);
            self.set_state(t, agent, AgentState::Idle, evidence);
        }
        if let Some(run) = self.agents.get(&agent) {
            t.write(Write::PutAgent(Box::new(run.agent.clone())));
        }
        self.pump(t, agent);
        t.cause = before;
    }

    /// The limit that held an agent is over.
    pub(super) fn limit_over(&mut self, t: &mut Turn, agent: AgentId, how: &str) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        let Some(hold) = run.agent.credit.hold.take() else {
            return;
        };
        run.goes_on_until = hold.automatic.then(|| t.now.after(GOES_ON_WITHIN));
        let reset = hold.reset.as_ref().map(|reset| reset.at);
        if let Some(reset) = reset.filter(|reset| *reset <= t.now) {
            run.agent.credit.last_reset = Some(reset);
            // The next window begins with the next turn, or has begun with the one under way.
            let working = run.agent.state == AgentState::Working;
            run.agent.credit.window_began = working.then_some(t.now);
        }
        t.write(Write::PutAgent(Box::new(run.agent.clone())));
        let data = json!({"how": how, "kind": hold.kind, "since": hold.since, "reset": reset});
        t.journal("credit.over", agent, data);
        t.push(Effect::CancelTimer(TimerKey::Wake(agent)));
        // Its menu went with it.
        let menu = |run: &AgentRun| {
            let question = run.agent.question.as_ref();
            question.is_some_and(|question| question.kind == DialogKind::LimitMenu)
        };
        if self.agents.get(&agent).is_some_and(menu) {
            self.close_question(t, agent);
        }
        self.drop_continue(t, agent, how);
        self.pump(t, agent);
        self.pump_account(t, agent);
    }

    /// A `continue` that was not typed yet is not needed any more.
    pub(super) fn drop_continue(&mut self, t: &mut Turn, agent: AgentId, why: &str) {
        let Some(run) = self.agents.get(&agent) else {
            return;
        };
        let flights = &self.flights;
        let is_one = |id: &&MessageId| {
            let flight = flights.get(id);
            flight.is_some_and(|flight| flight.envelope.kind == MessageKind::Continue)
        };
        let waiting: Vec<MessageId> = run.queue.iter().filter(is_one).copied().collect();
        for message in waiting {
            self.end_untyped(t, message, DeliveryState::Expired, why);
        }
    }

    /// Why nothing may be typed into an agent because of a usage limit; `None` for the one message that shows whether the
    /// limit is over.
    pub(crate) fn limit_holds(&mut self, agent: AgentId) -> Option<String> {
        let words = self.limit_words(agent)?;
        let run = self.agents.get_mut(&agent)?;
        let front = run.queue.front().copied();
        let consumed = |id: MessageId| run.consumed.iter().any(|kept| kept.message == id);
        let hold = run.agent.credit.hold.as_mut()?;
        let HoldPhase::Waking { message } = &mut hold.phase else {
            return Some(words);
        };
        // One is tried, whichever is first by now; what comes of it is waited for.
        if message.is_some_and(consumed) || front.is_none() {
            return Some(words);
        }
        *message = front;
        None
    }

    /// When the next agent of an account may be woken.
    fn account_free_at(&self, agent: AgentId, rules: &WakeRules) -> Timestamp {
        let account = self.account_of(agent);
        let others = self.agents.iter().filter(|(id, _)| **id != agent);
        let woken = others.filter_map(|(id, run)| Some((*id, run.agent.credit.woken?)));
        let same = woken.filter(|(id, _)| self.account_of(*id) == account);
        let last = same.map(|(_, at)| at.after(rules.stagger)).max();
        last.unwrap_or_default()
    }
}
