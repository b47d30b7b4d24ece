//! Answering an open dialog by a person's word, or by the user's settings: the screen is read before each key.

use serde_json::json;
use torch_api::asking::AnswerChannel;
use torch_api::rules::RulesRequest;
use torch_api::{Failure, Request};
use torch_core::screen::{Dialog, ScreenKind};
use torch_core::{AgentId, LaunchId, Timestamp};
use torch_router::delivery::{Outcome, PaneFitness, Sight};

use super::answer_channel::Way;
use super::asking::same;
use super::{State, Turn};
use crate::event::{ConnId, Effect, KeyError, LookError, ProbeFor, TimerKey, TypingGuard};
use crate::failure::{other, timeout, usage};

/// How long an answer may take until its last key is pressed.
pub(super) const ANSWER_DEADLINE: std::time::Duration = std::time::Duration::from_secs(8);
/// How long the dialog may take to close after that: Gemini CLI leaves the one about trust on the screen until it has started
/// anew, which takes 9 s on a loaded machine.
const CLOSE_DEADLINE: std::time::Duration = std::time::Duration::from_secs(20);
/// The pause between two looks at a dialog that is being answered.
const ANSWER_LOOK: std::time::Duration = std::time::Duration::from_millis(60);
/// How long a dialog has to stand before a key goes to it: Claude Code 2.1.329 now and then swallowed an Enter that came within
/// 0.2 s of its drawing.
const SETTLES: std::time::Duration = std::time::Duration::from_millis(700);
/// How long a dialog of a program that is starting must have stood before it is answered: what Gemini CLI 0.61 is told while it
/// still starts counts for the next start only, and this one goes on without its hooks (measured: 0.1 s after the dialog, and
/// not from 1 s on).
const START_SETTLES: std::time::Duration = std::time::Duration::from_secs(2);
/// The most keys for one answer: a dialog has not more rows.
const KEYS_MAX: u32 = 24;

/// A person's answer that is being given.
#[derive(Debug)]
pub(crate) struct Answering {
    /// Who is told; none where the user's settings answer.
    pub(crate) conn: Option<ConnId>,
    pub(super) agent: AgentId,
    pub(super) question: String,
    pub(super) approve: bool,
    /// How it goes to the program.
    pub(super) way: Way,
    /// The launch in which it was begun: an answer lies in its folder, whatever runs by now.
    pub(super) launch: Option<LaunchId>,
    /// Whether the key that chooses was pressed.
    chosen: bool,
    keys: u32,
    /// How many of the row's own keys were pressed.
    pressed: usize,
    pub(crate) until: Timestamp,
}

impl State {
    /// A person answers.
    pub(crate) fn answer_question(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        (id, approve): (&str, bool),
    ) {
        if self.answer_push(t, conn, (id, approve)) {
            return;
        }
        let short = id.trim().to_ascii_lowercase();
        let short = if short.starts_with("q-") {
            short
        } else {
            format!("q-{short}")
        };
        let found = self.agents.values().find(|run| {
            let question = run.agent.question.as_ref();
            run.agent.state.is_live() && question.is_some_and(|question| question.id == short)
        });
        let Some(agent) = found.map(|run| run.agent.id) else {
            return t.fail(conn, self.no_question(id));
        };
        if self.answering.iter().any(|answer| answer.agent == agent) {
            return t.fail(
                conn,
                other(
                    &format!("question {short} is being answered already"),
                    "",
                    Some("torch pending"),
                ),
            );
        }
        t.journal(
            "question.answer",
            agent,
            json!({"id": short, "approve": approve, "by": self.answer_channel(agent)}),
        );
        self.answering.push(Answering {
            conn: Some(conn),
            agent,
            question: short,
            approve,
            way: Way::Keys,
            launch: self.launch_of(agent),
            chosen: false,
            keys: 0,
            pressed: 0,
            until: t.now.after(ANSWER_DEADLINE),
        });
        self.begin_answer(t, agent);
    }

    fn no_question(&self, id: &str) -> Failure {
        let open: Vec<String> = self.pending(None).into_iter().map(|view| view.id).collect();
        let cause = if open.is_empty() {
            "no question is open".to_owned()
        } else {
            format!("open questions: {}", open.join(", "))
        };
        usage(
            &format!("there is no open question {id:?}"),
            &cause,
            Some("torch pending"),
        )
    }

    /// Looks at the pane of an agent whose question is being answered.
    pub(crate) fn look_for_answer(&mut self, t: &mut Turn, agent: AgentId) {
        let Some(run) = self.agents.get(&agent) else {
            return;
        };
        match run.agent.pane {
            Some(at) => t.push(Effect::Probe {
                agent,
                purpose: ProbeFor::Answer,
                pane: at.pane,
                process: run.agent.process,
            }),
            None => self.fail_answer(t, agent, "its agent has no pane"),
        }
    }

    pub(crate) fn on_answer_look(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        sight: Result<Sight, LookError>,
    ) {
        let Some(at) = self
            .answering
            .iter()
            .position(|answer| answer.agent == agent)
        else {
            return;
        };
        let sight = match sight {
            Ok(sight) => sight,
            Err(error) => return self.fail_answer(t, agent, &error.to_string()),
        };
        if sight.fitness != PaneFitness::Fit {
            let why = match sight.fitness {
                PaneFitness::Mode { .. } => "a person is in copy mode in its pane",
                PaneFitness::NoInput => "its pane takes no input",
                _ => "its program does not run",
            };
            return self.fail_answer(t, agent, why);
        }
        let known = self
            .agents
            .get(&agent)
            .and_then(|run| run.agent.question.clone())
            .filter(|question| question.id == self.answering[at].question);
        let dialog = sight.reading.dialog.as_ref();
        let still = dialog.filter(|dialog| {
            // A limit's menu is read as the limit.
            matches!(sight.reading.kind, ScreenKind::Asking | ScreenKind::Limited)
                && known.as_ref().is_some_and(|known| {
                    known
                        .dialog
                        .as_deref()
                        .is_none_or(|seen| same(seen, &dialog.question))
                })
        });
        match (still, self.answering[at].chosen) {
            (None, true) => self.answered(t, at),
            (None, false) => self.fail_answer(
                t,
                agent,
                "its dialog is not on the screen any more: it was answered, or another one opened",
            ),
            (Some(dialog), _) => {
                let dialog = dialog.clone();
                self.see_dialog(t, agent, &dialog);
                self.answer_dialog(t, at, &dialog);
            }
        }
    }

    /// Presses the next key of an answer, or waits for the last one to do its work.
    fn answer_dialog(&mut self, t: &mut Turn, at: usize, dialog: &Dialog) {
        let answer = &mut self.answering[at];
        let agent = answer.agent;
        if t.now >= answer.until || answer.keys >= KEYS_MAX {
            return self.fail_answer(t, agent, "the dialog is still open");
        }
        let unbriefed = self.is_unbriefed(agent);
        let fresh = self.agents.get(&agent).is_some_and(|run| {
            let starting = unbriefed && !run.started;
            let settles = if starting { START_SETTLES } else { SETTLES };
            let question = run.agent.question.as_ref();
            question.is_some_and(|question| t.now.since(question.at) < settles)
        });
        if self.answering[at].chosen || fresh {
            return t.timer(TimerKey::Answer(agent), t.now.after(ANSWER_LOOK));
        }
        let answer = &mut self.answering[at];
        let row = if answer.approve {
            dialog.approve
        } else {
            dialog.deny
        };
        // Keys of a row's own follow one another; with arrow keys the highlight is read again after each.
        let own = row.and_then(|row| dialog.rows.get(row));
        let own = own.is_some_and(|row| !row.keys.is_empty());
        let keys = row.and_then(|row| dialog.keys_for(row));
        let keys = keys.map(|mut keys| {
            keys.drain(
                ..if own {
                    answer.pressed.min(keys.len())
                } else {
                    0
                },
            );
            keys
        });
        let Some(key) = keys.as_ref().and_then(|keys| keys.first()).cloned() else {
            let why = "torch does not know which row of this dialog that would be";
            return self.fail_answer(t, agent, why);
        };
        answer.keys += 1;
        answer.pressed += 1;
        answer.chosen = keys.is_some_and(|keys| keys.len() == 1);
        let Some(guard) = self.typing_guard(agent) else {
            return self.fail_answer(t, agent, "its program does not run");
        };
        let lines = dialog.lines.clone();
        t.push(Effect::PressKey {
            agent,
            guard,
            key,
            lines,
        });
    }

    pub(crate) fn on_key_pressed(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        result: Result<Outcome, KeyError>,
    ) {
        match result {
            Ok(Outcome::Applied) => {
                let answers = self.answering.iter_mut();
                for answer in answers.filter(|answer| answer.agent == agent && answer.chosen) {
                    answer.until = t.now.after(CLOSE_DEADLINE);
                }
                t.timer(TimerKey::Answer(agent), t.now.after(ANSWER_LOOK));
            }
            Ok(Outcome::Refused) => {
                // Nothing was pressed: the dialog changed in that moment. The next look tells whether it is still the same.
                let answers = self.answering.iter_mut();
                for answer in answers.filter(|answer| answer.agent == agent) {
                    answer.chosen = false;
                    answer.pressed = answer.pressed.saturating_sub(1);
                }
                t.timer(TimerKey::Answer(agent), t.now.after(ANSWER_LOOK));
            }
            Err(error) => self.fail_answer(t, agent, &error.to_string()),
        }
    }

    pub(super) fn answered(&mut self, t: &mut Turn, at: usize) {
        let answer = self.answering.remove(at);
        let word = if answer.approve { "approved" } else { "denied" };
        if let Some(conn) = answer.conn {
            let how = match answer.way {
                Way::Keys => "",
                _ => " through its program's own interface",
            };
            let said = format!("{} is {word}{how}", answer.question);
            t.reply(conn, super::send::done(said));
        }
        t.journal(
            "question.answered",
            answer.agent,
            json!({"id": answer.question, "approve": answer.approve, "by_settings": answer.conn.is_none(),
                   "by": if answer.way == Way::Keys { AnswerChannel::Keys } else { AnswerChannel::Program }}),
        );
        // What follows is seen by hooks; where there are none, by the next look.
        self.look_at_screen(t, answer.agent);
    }

    pub(super) fn fail_answer(&mut self, t: &mut Turn, agent: AgentId, why: &str) {
        let Some(at) = self
            .answering
            .iter()
            .position(|answer| answer.agent == agent)
        else {
            return;
        };
        let answer = self.answering.remove(at);
        let role = self
            .role_of(agent)
            .map(|role| role.to_string())
            .unwrap_or_default();
        let error = format!("question {} could not be answered", answer.question);
        let hint = format!("torch attach {role}");
        let failure = if answer.chosen {
            timeout(&format!("{error}: {why}"), &hint)
        } else {
            other(&error, why, Some(&hint))
        };
        match answer.conn {
            Some(conn) => t.fail(conn, failure),
            // It is the person's now, like any other.
            None => self.tell_not_up(t, agent),
        }
    }

    /// Approves a dialog that the user's settings let torch approve, once.
    pub(super) fn answer_by_settings(&mut self, t: &mut Turn, agent: AgentId) -> bool {
        let Some(run) = self.agents.get_mut(&agent) else {
            return false;
        };
        let Some(question) = &run.agent.question else {
            return false;
        };
        let allowed = self.settings.config.agents.answers(question.kind);
        let tried = run.answered_by_settings.as_ref() == Some(&question.id);
        if !allowed || tried || question.approve.is_none() {
            return false;
        }
        run.answered_by_settings = Some(question.id.clone());
        let id = question.id.clone();
        t.journal(
            "question.answer",
            agent,
            json!({"id": id, "approve": true, "by_settings": true}),
        );
        self.answering.push(Answering {
            conn: None,
            agent,
            question: id,
            approve: true,
            way: Way::Keys,
            launch: self.launch_of(agent),
            chosen: false,
            keys: 0,
            pressed: 0,
            until: t.now.after(ANSWER_DEADLINE),
        });
        self.begin_answer(t, agent);
        true
    }

    /// Under which conditions an agent's pane may be typed into.
    pub(crate) fn typing_guard(&self, agent: AgentId) -> Option<TypingGuard> {
        let agent = &self.agents.get(&agent)?.agent;
        let (address, launch) = agent.pane.zip(agent.launch)?;
        Some(TypingGuard {
            pane: address.pane,
            pid: address.pid,
            launch,
        })
    }
}

/// What helps a script that may not answer a question or accept rules: a person's own command, and the setting that lets scripts.
pub(super) fn hint_for_scripts(request: &Request) -> Option<String> {
    let command = match request {
        Request::AnswerQuestion { id, approve } => {
            let verb = if *approve { "approve" } else { "deny" };
            format!("torch {verb} {id}")
        }
        Request::Rules(rules) => match &**rules {
            RulesRequest::Accept { team, id } => {
                let team = team.name.as_ref();
                let team = team.map_or_else(String::new, |team| format!(" --team {team}"));
                format!("torch rules accept {id}{team}")
            }
            _ => return None,
        },
        _ => return None,
    };
    Some(format!(
        "{command}    # at a terminal; scripts may with `scripts = true` under [identity] in your own settings"
    ))
}
