//! Open questions of agents' programs: noticed, kept, and told to the person. `answering` gives the answers.

use serde_json::json;
use torch_api::Response;
use torch_api::asking::{AnswerChannel, QuestionView};
use torch_api::integrate::IntegrationView;
use torch_api::rules::HeldView;
use torch_api::wire::{Stage, TeamSelector};
use torch_core::question::Question;
use torch_core::screen::{Dialog, DialogKind, ScreenReading, squeeze};
use torch_core::{AgentId, AgentState, Evidence, Sender, TeamId, Write};

use super::{State, Turn};
use crate::event::ConnId;

#[cfg(test)]
mod tests;

/// How long a dialog may stand open between the first prompt and the briefing until it is told that the agent does not come up.
const RAISING_PATIENCE: std::time::Duration = std::time::Duration::from_secs(3);

/// How much of a question is told to whoever waits for the team, in characters.
const TOLD: usize = 300;

impl State {
    /// A hook says that a dialog opened.
    pub(crate) fn on_asking_hook(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        text: &str,
        record: &serde_json::Value,
    ) {
        let asked = self.note_asked(agent, record);
        let known = self
            .agents
            .get(&agent)
            .and_then(|run| run.agent.question.as_ref());
        // With one open this is a reminder, or the next one, which the screen tells from it.
        if known.is_none() {
            // Of which kind it is, the screen tells.
            self.open_question(t, agent, (DialogKind::Permission, asked), text, None);
        } else {
            self.knows_its_id(t, agent);
        }
        self.look_at_screen(t, agent);
    }

    /// A look shows a dialog.
    pub(crate) fn on_dialog(&mut self, t: &mut Turn, agent: AgentId, reading: &ScreenReading) {
        let Some(run) = self.agents.get(&agent) else {
            return;
        };
        let (before, raising) = (run.agent.state, !run.agent.briefed);
        let told = run.failure.is_some();
        if !before.is_live() {
            return;
        }
        // A limit's menu stands where a limit holds the program: until its reset that outweighs it.
        let limited = before == AgentState::Limited
            && !self.limit_is_reset(agent, t.now)
            && reading
                .dialog
                .as_ref()
                .is_some_and(|dialog| dialog.kind == DialogKind::LimitMenu);
        if before != AgentState::Asking && !limited {
            let evidence = Evidence::new("screen", reading.evidence.clone(), t.now);
            self.set_state(t, agent, AgentState::Asking, evidence);
        }
        let Some(dialog) = &reading.dialog else {
            return;
        };
        let known = self
            .agents
            .get(&agent)
            .and_then(|run| run.agent.question.as_ref());
        let only = self.only_asked(agent, dialog.kind);
        match known {
            Some(known)
                if known
                    .dialog
                    .as_deref()
                    .is_none_or(|seen| same(seen, &dialog.question))
                    // The first look may have come in the middle of its drawing.
                    || (known.asked.is_some() && known.asked == only) =>
            {
                self.see_dialog(t, agent, dialog);
            }
            _ => {
                let text = match dialog.question.trim() {
                    "" => "a menu that torch does not know",
                    question => question,
                };
                if before == AgentState::Asking {
                    // What told of the question before says nothing of this one.
                    let evidence = Evidence::new("screen", reading.evidence.clone(), t.now);
                    self.set_state(t, agent, AgentState::Asking, evidence);
                }
                self.open_question(t, agent, (dialog.kind, only), text, Some(dialog));
            }
        }
        if self.answer_by_settings(t, agent) {
            return;
        }
        // Some programs draw their composer first, and then ask whether the folder is trusted (Codex 0.169.0).
        let since = self
            .agents
            .get(&agent)
            .and_then(|run| run.agent.question.as_ref());
        let stays = since.is_some_and(|question| t.now.since(question.at) >= RAISING_PATIENCE);
        if raising && !told && (before == AgentState::Starting || stays) {
            self.tell_not_up(t, agent);
        }
    }

    /// Whoever waits for the team to come up is told what holds it up.
    pub(super) fn tell_not_up(&mut self, t: &mut Turn, agent: AgentId) {
        let Some(how) = self.open_dialog(agent) else {
            return;
        };
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        let (team, role) = (run.agent.team, run.agent.role.clone());
        run.failure = Some(how.clone());
        self.progress(t, team, role.as_str(), Stage::Failed, &how);
        self.check_raised(t, team);
    }

    /// What is open in an agent's window, and the commands that answer it or go there.
    fn open_dialog(&self, agent: AgentId) -> Option<String> {
        let run = self.agents.get(&agent)?;
        let question = run.agent.question.as_ref()?;
        let (id, there) = (&question.id, self.goes_there(agent)?);
        let what = match question.kind {
            DialogKind::Unknown => "a dialog that torch does not know".to_owned(),
            kind => format!("a {} dialog", kind.as_str().replace('_', " ")),
        };
        let own = self.answer_channel(agent) == AnswerChannel::Program;
        let by_keys = question.approve.is_some() && question.deny.is_some();
        let how = if own || by_keys {
            format!("`torch approve {id}` or `torch deny {id}` answers it, `{there}` goes there")
        } else if question.approve.is_some() {
            format!("`torch approve {id}` answers it, `{there}` goes there")
        } else {
            format!("it is answered there: `{there}`")
        };
        let words: Vec<&str> = question.text.split_whitespace().collect();
        let words: String = words.join(" ").chars().take(TOLD).collect();
        Some(format!(
            "{what} is open in its window; {how}. It asks: {words}"
        ))
    }

    /// The command that shows an agent's window.
    pub(super) fn goes_there(&self, agent: AgentId) -> Option<String> {
        let run = self.agents.get(&agent)?;
        let team = self.teams.get(&run.agent.team)?;
        Some(format!(
            "torch attach {} --team {}",
            run.agent.role, team.name
        ))
    }

    fn open_question(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        (kind, asked): (DialogKind, Option<String>),
        text: &str,
        dialog: Option<&Dialog>,
    ) {
        self.close_question(t, agent);
        let id = format!(
            "q-{}",
            self.fresh_message(t.now)
                .tag()
                .trim_start_matches("m-")
                .get(..6)
                .unwrap_or("000000")
        );
        let question = Question {
            id: id.clone(),
            kind,
            text: text.chars().take(2_000).collect(),
            dialog: None,
            rows: Vec::new(),
            approve: None,
            deny: None,
            asked,
            at: t.now,
        };
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        t.journal(
            "question.opened",
            agent,
            json!({"id": id, "kind": kind, "text": question.text}),
        );
        run.agent.question = Some(question);
        match dialog {
            Some(dialog) => self.see_dialog(t, agent, dialog),
            None => {
                let copy = run.agent.clone();
                t.write(Write::PutAgent(Box::new(copy)));
            }
        }
        self.notify_asking(t, agent, text);
    }

    /// Takes over what the screen shows of the open question.
    pub(super) fn see_dialog(&mut self, t: &mut Turn, agent: AgentId, dialog: &Dialog) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        let Some(question) = &mut run.agent.question else {
            return;
        };
        let before = question.clone();
        question.dialog = Some(dialog.question.clone());
        if dialog.kind != DialogKind::Unknown {
            question.kind = dialog.kind;
        }
        question.rows = dialog.rows.iter().map(|row| row.text.clone()).collect();
        (question.approve, question.deny) = (dialog.approve, dialog.deny);
        if *question != before {
            let copy = run.agent.clone();
            t.write(Write::PutAgent(Box::new(copy)));
        }
    }

    /// The question that an agent had open is none any more.
    pub(crate) fn close_question(&mut self, t: &mut Turn, agent: AgentId) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        if let Some(question) = run.agent.question.take() {
            let copy = run.agent.clone();
            t.write(Write::PutAgent(Box::new(copy)));
            t.journal("question.closed", agent, json!({"id": question.id}));
        }
    }

    /// Every open question, oldest first.
    pub(crate) fn pending(&self, team: Option<TeamId>) -> Vec<QuestionView> {
        let mut views: Vec<QuestionView> = self
            .agents
            .values()
            .filter(|run| team.is_none_or(|team| run.agent.team == team))
            .filter(|run| run.agent.state.is_live())
            .filter_map(|run| {
                let question = run.agent.question.as_ref()?;
                let team = self.teams.get(&run.agent.team)?;
                Some(QuestionView {
                    id: question.id.clone(),
                    team: team.name.to_string(),
                    role: run.agent.role.to_string(),
                    program: run.agent.program.clone(),
                    kind: question.kind,
                    text: question.text.clone(),
                    dialog: question.dialog.clone(),
                    rows: question.rows.clone(),
                    approve: question.approve,
                    deny: question.deny,
                    channel: self.answer_channel(run.agent.id),
                    at: question.at,
                })
            })
            .collect();
        views.extend(self.pending_pushes(team));
        views.sort_by_key(|view| view.at);
        views
    }

    pub(crate) fn reply_pending(
        &self,
        t: &mut Turn,
        conn: ConnId,
        caller: &Sender,
        (selector, all): (&TeamSelector, bool),
    ) {
        let team = match (all, self.select_team(selector)) {
            (true, _) => None,
            (false, Ok(team)) => Some(team.id),
            (false, Err(mut failure)) => {
                // Where no team is meant, all are.
                if selector.name.is_none() && !self.teams.is_empty() {
                    failure.hint = Some("torch pending --all".to_owned());
                }
                return t.fail(conn, *failure);
            }
        };
        let here = self.open_matters(team);
        let elsewhere = match caller {
            // What other teams wait for is no agent's.
            Sender::Agent { .. } => 0,
            _ => count(&self.open_matters(None)).saturating_sub(count(&here)),
        };
        let (questions, integrations, rules) = here;
        t.reply(
            conn,
            Response::Pending {
                questions,
                integrations,
                rules,
                elsewhere: u64::try_from(elsewhere).unwrap_or(u64::MAX),
            },
        );
    }

    /// What waits for a person, of one team or of all.
    fn open_matters(&self, team: Option<TeamId>) -> Matters {
        (
            self.pending(team),
            self.reviews(team),
            self.pending_rules(team),
        )
    }
}

/// Questions, reviews, and rules that wait for a person.
type Matters = (Vec<QuestionView>, Vec<IntegrationView>, Vec<HeldView>);

fn count((questions, integrations, rules): &Matters) -> usize {
    questions.len() + integrations.len() + rules.len()
}

/// Whether two dialogs ask the same: blanks and how it was wrapped don't count.
pub(super) fn same(one: &str, other: &str) -> bool {
    squeeze(one) == squeeze(other)
}
