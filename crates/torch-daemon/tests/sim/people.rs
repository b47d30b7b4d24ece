//! What people, programs and the system do of their own accord, between any two effects.

use std::time::Duration;

use serde_json::json;
use torch_core::spool::SpoolEvent;
use torch_core::{AgentId, SessionId};
use torch_daemon::event::Event;

use crate::agent::{SimAgent, Turn};
use crate::effects::pane_fact;
use crate::hand_over::HookEnd;
use crate::world::{Due, TMUX_PID, World};

impl World {
    pub(crate) fn interfere(&mut self) {
        // At a real repository everybody has a plan of their own.
        if self.calm || self.agents.is_empty() || self.site.is_some() {
            return;
        }
        let roll = self.random.u32(..10_000);
        let before = self.disturbed;
        self.disturbed += 1;
        match roll {
            0..60 if self.faults.restarts => return self.restart_daemon(),
            60..80 if self.faults.servers && self.server => return self.end_server(),
            80..160 if self.faults.clocks => return self.move_clock(),
            400..420 if self.faults.tmux && self.server => return self.hang_server(),
            160..400 if self.faults.commands => return self.command(),
            _ => {}
        }
        let nth = self.random.usize(..self.agents.len());
        let Some(id) = self.agents.keys().nth(nth).copied() else {
            return;
        };
        let what = self
            .by_a_person(id, roll)
            .or_else(|| self.by_itself(id, roll))
            .or_else(|| self.at_the_pane(id, roll));
        match what {
            Some(what) => self.note(|| format!("{}: {what}", id.short())),
            None => self.disturbed = before,
        }
    }

    /// What a person does in an agent's window.
    fn by_a_person(&mut self, id: AgentId, roll: u32) -> Option<&'static str> {
        let (now, people) = (self.now, self.faults.people);
        let agent = self.agents.get_mut(&id)?;
        let at_prompt = agent.alive && agent.ready && !agent.dialog;
        Some(match roll {
            1000..1400 if agent.dialog => {
                agent.dialog = false;
                agent.busy_until = Some(now.after(Duration::from_millis(50)));
                agent.hangs = false;
                agent.tool_ends(now, HookEnd::Read);
                "a dialog is answered"
            }
            1400..1500 if people && at_prompt && agent.draft.is_none() => {
                agent.draft = Some("half a dra".to_owned());
                agent.composer.push_str("half a dra");
                "a draft is typed"
            }
            1500..1900 if agent.draft.is_some() && !agent.dialog => {
                let draft = agent.draft.take()?;
                agent.composer = agent.composer.replace(&draft, "");
                "a draft is cleared"
            }
            1900..1920 if people && at_prompt && !agent.composer.is_empty() => {
                // Whatever stands there is what the person means to submit.
                agent.draft = None;
                agent.in_mode = false;
                agent.submit(now, Turn::Ends(50), false);
                "a person presses Enter"
            }
            1920..2020 if people && agent.alive => {
                agent.in_mode = true;
                "somebody scrolls"
            }
            2020..2420 if agent.in_mode => {
                agent.in_mode = false;
                "somebody leaves copy mode"
            }
            2420..2500 if agent.hangs => {
                agent.hangs = false;
                "a person interrupts the turn"
            }
            _ => return None,
        })
    }

    /// What an agent's program does.
    fn by_itself(&mut self, id: AgentId, roll: u32) -> Option<&'static str> {
        let (now, faults) = (self.now, self.faults);
        let agent = self.agents.get_mut(&id)?;
        Some(match roll {
            2500..2700 if faults.people && agent.alive && agent.ready && !agent.dialog => {
                agent.dialog = true;
                agent.hook(
                    now,
                    json!({"hook_event_name": "PermissionRequest", "tool_name": "Bash"}),
                );
                "a dialog opens"
            }
            2700..2720 if faults.crashes && agent.alive => {
                agent.die(now, None);
                "the program ends"
            }
            2720..2725 if faults.crashes && agent.alive => {
                agent.die(now, Some(0));
                "the program ends in order"
            }
            2725..2735 if faults.programs && agent.alive && !agent.ready => {
                agent.get_ready(now);
                "the program gets ready late"
            }
            _ => return None,
        })
    }

    /// What happens to an agent's pane.
    fn at_the_pane(&mut self, id: AgentId, roll: u32) -> Option<&'static str> {
        let (now, panes) = (self.now, self.faults.panes);
        let (wrote, typed) = (self.random.bool(), self.random.bool());
        let agent = self.agents.get_mut(&id)?;
        if !panes || !agent.window {
            return None;
        }
        Some(match roll {
            2800..2805 => {
                kill(agent, now, wrote);
                agent.window = false;
                agent.input = if typed { self.now } else { agent.input };
                "a person kills the pane"
            }
            2805..2809 => {
                let marked = agent.marked && typed;
                self.take_pane(id, wrote, marked);
                "a person runs something else in the pane"
            }
            2809..2820 => {
                let other = SessionId(if agent.address.session.0 == 1 { 2 } else { 1 });
                agent.address.session = other;
                "its window is moved to another session"
            }
            _ => return None,
        })
    }

    /// The connection is lost, and the server answers nobody for a while.
    fn hang_server(&mut self) {
        self.note(|| "the tmux server hangs".to_owned());
        let pid = TMUX_PID + self.servers;
        let error = "tmux did not answer".to_owned();
        self.turn(vec![Event::TmuxSilent { error, pid }]);
    }

    /// A person runs something else in an agent's pane, which keeps its options and perhaps the mark.
    pub(crate) fn take_pane(&mut self, id: AgentId, wrote: bool, marked: bool) {
        let now = self.now;
        let Some(agent) = self.agents.get_mut(&id) else {
            return;
        };
        kill(agent, now, wrote);
        agent.window = false;
        self.opened += 1;
        agent.address.pid = 10_000 + self.opened;
        agent.marked = marked;
        let mut fact = pane_fact(agent);
        fact.wrapper = false;
        self.foreign.push(fact);
    }

    /// The server ends, and whatever ran in it.
    fn end_server(&mut self) {
        self.note(|| "the tmux server ends".to_owned());
        self.server = false;
        let now = self.now;
        for agent in self.agents.values_mut() {
            if agent.window {
                kill(agent, now, self.random.bool());
            }
            agent.window = false;
        }
        self.foreign.clear();
        // A connection that the daemon has not heard of yet is not told of any more.
        self.due.retain(|_, (_, due)| {
            !matches!(due, Due::Event(event) if matches!(**event, Event::TmuxUp { .. }))
        });
        self.begin_anew();
        self.tmux_down();
    }
}

/// The wrapper and its program are killed; perhaps it still wrote that down.
fn kill(agent: &mut SimAgent, now: torch_core::Timestamp, wrote: bool) {
    if agent.alive && wrote {
        let (status, signal) = (None, Some(1));
        agent.record(now, SpoolEvent::Exited { status, signal });
    }
    agent.end();
    agent.untold = false;
}
