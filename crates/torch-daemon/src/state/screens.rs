//! What agents' screens say: looks at panes become states, where no better signal speaks.

use torch_api::wire::Stage;
use torch_core::plan::WindowObserved;
use torch_core::program::{DeliveryGrade, Signal};
use torch_core::screen::{ScreenKind, ScreenReading, squeeze};
use torch_core::{AgentId, AgentState, DeliveryState, Evidence, LaunchId, MessageId, Timestamp};
use torch_monitor::{Figures, Screen};
use torch_router::delivery::{Flight, PaneFitness, Proof, Sight};
use torch_router::tag;

use super::panes::same_pane;
use super::{PANES_EVERY, State, Turn};
use crate::event::{Effect, LookError, PaneFact, ProbeFact, ProbeFor, TimerKey};

/// How many agreeing looks outweigh a better signal that said otherwise.
const AGREEING_LOOKS: u32 = 2;
/// How long after the first look the second one comes.
const SECOND_LOOK: std::time::Duration = std::time::Duration::from_millis(300);
/// How long nothing better must have been heard of a working agent before it is looked at.
const WORKING_QUIET: std::time::Duration = std::time::Duration::from_millis(700);
/// How many working agents without waiting messages are looked at in one listing, in turn.
const WORKING_LOOKS: u64 = 20;
/// How long a program whose prompt is up may take until it says that its start is over, by a hook or a line of its screen:
/// Claude Code's hook comes within 0.1 s, Gemini CLI's and Codex's line within 1.2 s, and Gemini CLI's after it began anew for a
/// trusted folder within 9 s (two cores, loaded).
const START_PATIENCE: std::time::Duration = std::time::Duration::from_secs(15);

/// How long a dialog may take from its hook to the screen.
const DIALOG_PATIENCE: std::time::Duration = std::time::Duration::from_millis(1_500);

/// Looks in a row that showed the same.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Looks {
    kind: ScreenKind,
    count: u32,
    /// When the first of them was.
    since: Timestamp,
}

impl Looks {
    /// One more look.
    fn and(before: Option<Self>, kind: ScreenKind, now: Timestamp) -> Self {
        match before.filter(|before| before.kind == kind) {
            Some(before) => Self {
                count: before.count + 1,
                ..before
            },
            None => Self {
                kind,
                count: 1,
                since: now,
            },
        }
    }

    /// The same after the clock was set.
    pub(crate) fn moved(self, by: i64) -> Self {
        Self {
            since: self.since.moved(by),
            ..self
        }
    }

    fn agree(&self) -> bool {
        self.count >= AGREEING_LOOKS
    }

    /// Whether the first and the last of them are so far apart that the screen had time to change: while a program starts, what
    /// two quick looks show may be the composer just before a dialog.
    fn are_apart(&self, now: Timestamp) -> bool {
        now.since(self.since) >= SECOND_LOOK
    }
}

impl State {
    /// States that no hook ends (Esc fires none) are checked against the screen.
    pub(crate) fn look_at_screens(&mut self, t: &mut Turn) {
        let (ticks, now) = (self.ticks, t.now);
        let working = self.agents.values();
        let working = working.filter(|run| run.agent.state == AgentState::Working);
        let every = (working.count() as u64).div_ceil(WORKING_LOOKS).max(1);
        let due = |run: &&super::AgentRun| match run.agent.state {
            // A limit ends with a hook: its screen has a usable composer all the while.
            AgentState::Starting
            | AgentState::Asking
            | AgentState::Retrying
            | AgentState::Unknown => true,
            AgentState::Working => {
                let turn = ticks + u64::from(run.agent.position);
                let quiet = now.since(run.agent.evidence.at) >= WORKING_QUIET;
                !run.queue.is_empty() || (quiet && turn.is_multiple_of(every))
            }
            _ => false,
        };
        let agents: Vec<AgentId> = self
            .agents
            .values()
            .filter(due)
            .map(|run| run.agent.id)
            .collect();
        for agent in agents {
            self.look_at_screen(t, agent);
        }
    }

    /// Looks at an agent's screen to see what it is doing, unless a look is under way.
    pub(crate) fn look_at_screen(&mut self, t: &mut Turn, agent: AgentId) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        let Some(at) = run.agent.pane else { return };
        if !run.looking && run.window == WindowObserved::Live {
            run.looking = true;
            t.push(Effect::Probe {
                agent,
                purpose: ProbeFor::State,
                pane: at.pane,
                process: run.agent.process,
            });
        }
    }

    /// A look came back, or could not be had: it is read once, for whatever it was asked for.
    pub(crate) fn on_probed(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        purpose: ProbeFor,
        result: Result<Box<ProbeFact>, LookError>,
    ) {
        let seen = result.and_then(|fact| match self.sight(agent, &fact) {
            Some(sight) => Ok((fact, sight)),
            None => Err(LookError::NoRules),
        });
        match purpose {
            ProbeFor::Delivery(message) => {
                let seen = seen.as_ref().ok();
                let seen = seen.map(|(fact, sight)| (&**fact, sight));
                self.on_delivery_look(t, agent, message, seen);
            }
            ProbeFor::State => self.on_state_look(t, agent, seen.ok().map(|(_, sight)| sight)),
            ProbeFor::Answer => self.on_answer_look(t, agent, seen.map(|(_, sight)| sight)),
        }
    }

    fn on_delivery_look(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        message: MessageId,
        seen: Option<(&ProbeFact, &Sight)>,
    ) {
        if self.flights.get(&message).is_some_and(Flight::is_acting) {
            // Asked for in an earlier launch, and late: it says nothing of what is under way now.
            return;
        }
        self.acted(t, message);
        let patience = self.patience(agent);
        let share = seen.and_then(|(_, sight)| sight.reading.share.clone());
        if let Some(share) = share {
            self.share_shown(t, agent, &share);
        }
        if let Some((fact, sight)) = seen
            && self.is_seen_taken(message, fact, sight)
        {
            return self.take_by_screen(t, agent, message);
        }
        let asking = seen.filter(|(_, sight)| {
            self.shows_dialog(agent, &sight.reading, t.now) && sight.fitness != PaneFitness::NoAgent
        });
        if let Some((_, sight)) = asking {
            self.on_dialog(t, agent, &sight.reading.clone());
        }
        if self.must_wait(t, agent, message) {
            return self.pump(t, agent);
        }
        let Some(flight) = self.flights.get_mut(&message) else {
            return;
        };
        match seen {
            Some((_, sight)) => {
                let step = flight.on_sight(sight, &patience, t.now);
                self.apply(t, message, step);
            }
            None => t.timer(TimerKey::Delivery(message), t.now.after(PANES_EVERY)),
        }
    }

    /// Whether the screen of a program that tells nothing by itself shows a message as submitted: in the conversation, and not
    /// in the composer.
    fn is_seen_taken(&self, message: MessageId, fact: &ProbeFact, sight: &Sight) -> bool {
        let Some(program) = self.program_for(message) else {
            return false;
        };
        let Some(flight) = self.flights.get(&message) else {
            return false;
        };
        let entered = matches!(
            flight.delivery.state,
            DeliveryState::Entered | DeliveryState::Uncertain
        );
        let composer = sight.reading.composer.as_ref();
        let opening = tag::opening(&flight.envelope, flight.delivery.attempt);
        program.data.grade() == DeliveryGrade::Screen
            && entered
            && sight.fitness == PaneFitness::Fit
            && composer.is_none_or(|composer| !composer.contains(&opening))
            && squeeze(&Screen::parse(&fact.screen).text()).contains(&squeeze(&opening))
    }

    /// What the screen shows as submitted began a turn, whose end the screen will tell as well.
    fn take_by_screen(&mut self, t: &mut Turn, agent: AgentId, message: MessageId) {
        self.count_turn(t, agent);
        let detail = format!("{} was submitted", message.tag());
        let evidence = Evidence::new("screen", detail, t.now);
        self.set_state(t, agent, AgentState::Working, evidence);
        if let Some(flight) = self.flights.get_mut(&message) {
            let step = flight.on_proof(Proof::Screen, t.now);
            self.note_proof(t, message, DeliveryGrade::Screen);
            self.apply(t, message, step);
        }
        t.timer(TimerKey::Look(agent), t.now.after(SECOND_LOOK));
    }

    fn on_state_look(&mut self, t: &mut Turn, agent: AgentId, sight: Option<Sight>) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        run.looking = false;
        let Some(sight) = sight.filter(|sight| sight.fitness != PaneFitness::NoAgent) else {
            run.looks = None;
            return;
        };
        let reading = sight.reading;
        let limited = run.agent.state == AgentState::Limited;
        let looks = Looks::and(run.looks, reading.kind, t.now);
        run.looks = Some(looks);
        let agreed = looks.agree() && (run.started || looks.are_apart(t.now));
        self.take_screen_figures(t, agent, &reading);
        match reading.kind {
            // A dialog stops everything: nothing may be typed from the first look on.
            _ if self.shows_dialog(agent, &reading, t.now) => {
                self.on_dialog(t, agent, &reading);
                self.pump(t, agent);
            }
            // A limit ends with a sign of life, not with a screen.
            _ if limited => self.limit_seen(t, agent, &reading),
            ScreenKind::Asking | ScreenKind::Unknown => {}
            _ if !agreed => t.timer(TimerKey::Look(agent), t.now.after(SECOND_LOOK)),
            kind => self.on_agreed(t, agent, kind, &reading),
        }
        self.wake_by_look(t, agent, &reading);
    }

    /// Two looks in a row agree.
    fn on_agreed(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        kind: ScreenKind,
        reading: &ScreenReading,
    ) {
        let Some(run) = self.agents.get(&agent) else {
            return;
        };
        let before = run.agent.state;
        let state = match kind {
            // A dialog before the first briefing belongs to the start: Gemini CLI begins anew once its folder is trusted.
            ScreenKind::Prompt
                if before == AgentState::Starting
                    || (before == AgentState::Asking
                        && !run.started
                        && self.is_unbriefed(agent)) =>
            {
                return self.on_prompt_up(t, agent, reading);
            }
            ScreenKind::Prompt => AgentState::Idle,
            // A dialog that a hook told of may not be drawn yet.
            ScreenKind::Busy
                if before == AgentState::Asking
                    && t.now.since(run.agent.since) < DIALOG_PATIENCE =>
            {
                return t.timer(TimerKey::Look(agent), t.now.after(SECOND_LOOK));
            }
            ScreenKind::Busy => AgentState::Working,
            ScreenKind::Retrying => AgentState::Retrying,
            ScreenKind::Limited | ScreenKind::Continuing => {
                return self.limit_on_screen(t, agent, reading);
            }
            ScreenKind::Asking | ScreenKind::Unknown => return,
        };
        if before == AgentState::Starting || before == state {
            return;
        }
        let what = reading.retry.as_deref();
        let detail = format!(
            "{AGREEING_LOOKS} looks agree: {}",
            what.unwrap_or(&reading.evidence)
        );
        self.set_state(t, agent, state, Evidence::new("screen", detail, t.now));
        if state == AgentState::Idle {
            self.credit_turn_over(t, agent, before);
        }
        self.pump(t, agent);
    }

    /// The composer of a program that is starting is up. Some are before they ask about the folder (Codex, Gemini CLI): a hook,
    /// or a line of the screen, says that nothing of that can follow. Without it, after a while.
    fn on_prompt_up(&mut self, t: &mut Turn, agent: AgentId, reading: &ScreenReading) {
        let Some(run) = self.agents.get(&agent) else {
            return;
        };
        let program = self.programs.get(&run.agent.program);
        let hooked = program.is_some_and(|program| program.hooks.tells(Signal::Ready));
        let lined = program.is_some_and(|program| program.rules.tell_started());
        let missing = match (hooked, lined && !reading.started) {
            (true, _) => "no hook came, and ",
            (false, true) => "no line says that its start is over, and ",
            (false, false) => "",
        };
        let up = run.looks.map_or(t.now, |looks| looks.since);
        // A program that may take less time than that to be ready is not to fail for want of a word.
        let whole = program.map_or(START_PATIENCE, |program| {
            std::time::Duration::from_secs(program.data.launch.ready_seconds)
        });
        if !missing.is_empty() && t.now.since(up) < START_PATIENCE.min(whole / 2) {
            t.timer(TimerKey::Look(agent), t.now.after(SECOND_LOOK));
            return;
        }
        let detail = format!(
            "{missing}{AGREEING_LOOKS} looks agree: {}",
            reading.evidence
        );
        self.become_ready(t, agent, Evidence::new("screen", detail, t.now));
        self.pump(t, agent);
    }

    /// A program that was starting waits for input.
    pub(crate) fn become_ready(&mut self, t: &mut Turn, agent: AgentId, evidence: Evidence) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        run.failure = None;
        run.started = true;
        let (team, role) = (run.agent.team, run.agent.role.clone());
        self.set_state(t, agent, AgentState::Ready, evidence);
        t.push(Effect::CancelTimer(TimerKey::Ready(agent)));
        self.progress(t, team, role.as_str(), Stage::Ready, "its prompt is up");
        self.follow_untold_transcript(t, agent);
        self.reconcile(t, team);
    }

    /// What a look means, by the program's rules.
    pub(crate) fn sight(&self, agent: AgentId, fact: &ProbeFact) -> Option<Sight> {
        let run = self.agents.get(&agent)?;
        let program = self.programs.get(&run.agent.program)?;
        let screen = Screen::parse(&fact.screen).titled(fact.title.clone());
        let fitness = match (&fact.pane, run.agent.pane) {
            (Some(pane), Some(at)) if same_pane(pane, at) => {
                fitness(pane, run.agent.launch, fact.process_alive)
            }
            _ => PaneFitness::NoAgent,
        };
        let fingerprint = screen
            .text()
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
            });
        Some(Sight {
            fitness,
            reading: program.rules.read(&screen),
            fingerprint,
        })
    }

    /// Figures that only the screen shows.
    fn take_screen_figures(&mut self, t: &mut Turn, agent: AgentId, reading: &ScreenReading) {
        if let Some(used) = reading.context_used {
            let told = Figures {
                context_used_percent: Some(f64::from(used)),
                ..Figures::default()
            };
            self.take_figures(t, agent, &told, t.now);
        }
        if let Some(share) = &reading.share {
            self.share_shown(t, agent, share);
        }
    }
}

fn fitness(pane: &PaneFact, launch: Option<LaunchId>, process_alive: bool) -> PaneFitness {
    if pane.dead || !process_alive || pane.live.is_none() || pane.live != launch {
        PaneFitness::NoAgent
    } else if pane.no_input {
        PaneFitness::NoInput
    } else if pane.in_mode {
        PaneFitness::Mode {
            attached: pane.attached > 0,
        }
    } else {
        PaneFitness::Fit
    }
}
