//! `torch standup`: each member is asked once how it stands; what is answered within the deadline is one message.

use std::time::Duration;

use serde_json::json;
use torch_api::Failure;
use torch_api::wire::TeamSelector;
use torch_core::check_in::SkipReason;
use torch_core::config::Interval;
use torch_core::standup::{Member, QUESTION, Standup};
use torch_core::{
    AgentId, DeliveryState, DesiredState, Envelope, MessageKind, Recipient, RoleName, Sender,
    TeamId, Timestamp, Write,
};
use torch_scheduler::check_in::reachable;

use super::schedule::span;
use super::send::{Draft, done};
use super::{State, Turn};
use crate::brief::Shell;
use crate::event::{ConnId, Effect, TimerKey};
use crate::failure::{other, refused, usage};

/// How long answers are waited for where the settings have no length.
const WAIT: Duration = Duration::from_secs(15 * 60);
/// The largest answer that is taken over, in characters.
const ANSWER_MAX: usize = 2_000;

impl State {
    /// Asks every member of a team how it stands.
    pub(crate) fn standup(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        caller: &Sender,
        mut selector: TeamSelector,
        wait_millis: Option<u64>,
    ) {
        if let (Sender::Agent { team, .. }, None) = (caller, &selector.name) {
            // An agent means its own team wherever it stands.
            selector.name = self.teams.get(team).map(|team| team.name.to_string());
        }
        match self.begin_standup(t, caller, &selector, wait_millis) {
            Ok(text) => t.reply(conn, done(text)),
            Err(failure) => t.fail(conn, *failure),
        }
    }

    fn begin_standup(
        &mut self,
        t: &mut Turn,
        caller: &Sender,
        selector: &TeamSelector,
        wait_millis: Option<u64>,
    ) -> Result<String, Box<Failure>> {
        let team = self.select_team(selector)?;
        let (id, name) = (team.id, team.name.to_string());
        may_ask(caller, id)?;
        let runs = team.desired == DesiredState::Running && !self.is_suspended(id);
        if !runs {
            let hint = format!("torch resume --team {name}");
            let error = format!("team {name} does not run");
            return Err(Box::new(other(&error, "nobody can be asked", Some(&hint))));
        }
        if let Some(standup) = &team.standup {
            let left = span(Duration::from_secs(
                standup.until.since(t.now).as_secs().max(1),
            ));
            let cause = format!("its answers are waited for, for {left} more");
            let error = format!("team {name} has a standup already");
            return Err(Box::new(other(&error, &cause, Some("torch msg list"))));
        }
        let (to, to_role) = self.gathers(id)?;
        let wait = wait_millis.map_or_else(|| self.standup_wait(), Duration::from_millis);
        let until = t.now.after(wait);
        let members = self.ask_members(t, id, (to, &to_role), wait);
        let asked = members.iter().filter(|it| it.question.is_some()).count();
        if asked == 0 {
            let list: Vec<String> = members
                .iter()
                .filter_map(|it| Some(format!("{}: {}", it.role, it.not_asked.as_ref()?)))
                .collect();
            let error = format!("nobody in team {name} can be asked");
            return Err(Box::new(other(
                &error,
                &list.join("; "),
                Some("torch status"),
            )));
        }
        let skipped = members.len() - asked;
        let standup = Standup {
            by: caller.label().to_owned(),
            to,
            asked: t.now,
            until,
            anchor: self.boot.instant(until),
            members,
        };
        t.journal(
            "standup.asked",
            id,
            json!({"by": standup.by, "asked": asked, "until": until}),
        );
        self.keep_standup(t, id, Some(standup));
        t.timer(TimerKey::Standup(id), until);
        let not = match skipped {
            0 => String::new(),
            n => format!("; {n} could not be asked"),
        };
        Ok(format!(
            "{asked} of team {name} are asked{not}; what they answer within {} goes to {to_role} in one message",
            span(wait)
        ))
    }

    /// Posts the question to each member but the one who gets the answers. Who can't be reached is not asked; who is in a
    /// turn is, after it.
    fn ask_members(
        &mut self,
        t: &mut Turn,
        team: TeamId,
        (to, to_role): (AgentId, &RoleName),
        wait: Duration,
    ) -> Vec<Member> {
        let within = span(wait);
        let by_shell = format!(
            "{QUESTION}. Answer once and in short, within {within}: `torch standup answer \"…\"`, or `scm {to_role} \"…\"`."
        );
        let by_tool = format!(
            "{QUESTION}. Answer once and in short, within {within}, by the tool `standup_answer` of torch's MCP server."
        );
        let mut members = Vec::new();
        for agent in self.team_agents(team) {
            let Some(mut facts) = self.check_facts(agent, t.now).filter(|_| agent != to) else {
                continue;
            };
            // A standup may be wanted after the end as well.
            facts.team_finished = false;
            let not_asked = match reachable(&facts) {
                Ok(()) | Err(SkipReason::InTurn | SkipReason::MessageWaits) => None,
                Err(why) => Some(why.to_string()),
            };
            let role = self.agents[&agent].agent.role.clone();
            let body = match self.shell_of(&self.agents[&agent].agent) {
                Shell::Open => &by_shell,
                Shell::Closed => &by_tool,
            };
            let question = not_asked.is_none().then(|| {
                let recipient = Recipient::Agent {
                    agent,
                    role: role.clone(),
                };
                let mut draft =
                    Draft::from_torch(team, MessageKind::Standup, recipient, body.clone());
                // Nobody is asked what nobody waits for any more.
                draft.ttl_seconds = Some(wait.as_secs().max(1));
                self.post(t, draft)
            });
            members.push(Member {
                agent,
                role,
                question,
                not_asked,
                answer: None,
            });
        }
        members
    }

    /// Who gets the answers: the project manager, else the hub.
    pub(super) fn gathers(&self, team: TeamId) -> Result<(AgentId, RoleName), Box<Failure>> {
        let agents = self.team_agents(team).into_iter();
        let deputy = agents
            .filter_map(|agent| self.agents.get(&agent))
            .find(|run| run.agent.role.is_sub_hub() && run.agent.desired == DesiredState::Running);
        let deputy = deputy.map(|run| (run.agent.id, run.agent.role.clone()));
        deputy.or_else(|| self.hub_of(team)).ok_or_else(|| {
            let cause = "it has neither a project manager nor an orchestrator";
            let hint = Some("torch agent add project_manager");
            Box::new(other("nobody would get the answers", cause, hint))
        })
    }

    fn standup_wait(&self) -> Duration {
        match self.settings.config.check_ins.standup_wait {
            Interval::Every(length) => length,
            Interval::Never | Interval::ByPlan => WAIT,
        }
    }

    fn keep_standup(&mut self, t: &mut Turn, team: TeamId, standup: Option<Standup>) {
        if let Some(team) = self.teams.get_mut(&team) {
            team.standup = standup;
            t.write(Write::PutTeam(Box::new(team.clone())));
        }
    }

    /// An agent answers by `torch standup answer`.
    pub(crate) fn answer_standup(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        caller: &Sender,
        text: &str,
    ) {
        let Sender::Agent { agent, team, .. } = caller else {
            let cause = "an agent answers for itself";
            return t.fail(
                conn,
                refused("the answer was not taken", cause, Some("torch standup")),
            );
        };
        let text = torch_router::clean::clean(text.as_bytes()).text;
        if text.trim().is_empty() {
            let hint = Some("torch standup answer \"completed: …; now: …; blocked: no\"");
            return t.fail(
                conn,
                usage("the answer is empty", "there is nothing to pass on", hint),
            );
        }
        match self.take_answer(t, *team, *agent, &text) {
            true => t.reply(conn, done("your answer is taken")),
            false => {
                let cause =
                    "no standup waits for an answer of yours; it is over, or you have answered";
                let hint = format!("scm {} \"…\"", self.above(*team));
                t.fail(conn, other("the answer was not taken", cause, Some(&hint)));
            }
        }
    }

    /// A message of a member to whoever gets the answers is an answer as well.
    pub(crate) fn note_standup_answer(&mut self, t: &mut Turn, envelope: &Envelope) {
        let Sender::Agent { agent, team, .. } = &envelope.sender else {
            return;
        };
        let standup = self.teams.get(team).and_then(|team| team.standup.as_ref());
        let hub = self.hub_of(*team).map(|(hub, _)| hub);
        let to = envelope.recipient.agent();
        let meant = standup.is_some_and(|it| to.is_some() && (to == Some(it.to) || to == hub));
        if meant {
            let (team, agent) = (*team, *agent);
            self.take_answer(t, team, agent, &envelope.body);
        }
    }

    fn take_answer(&mut self, t: &mut Turn, team: TeamId, agent: AgentId, text: &str) -> bool {
        let Some(mut standup) = self.teams.get(&team).and_then(|team| team.standup.clone()) else {
            return false;
        };
        let text: String = text.chars().take(ANSWER_MAX).collect();
        if !standup.answer(agent, &text) {
            return false;
        }
        let complete = standup.is_complete();
        t.journal("standup.answered", agent, json!({}));
        self.keep_standup(t, team, Some(standup));
        if complete {
            self.end_standup(t, team);
        }
        true
    }

    /// Everybody has answered, or the time is over: one message says it all.
    pub(crate) fn end_standup(&mut self, t: &mut Turn, team: TeamId) {
        let Some(standup) = self
            .teams
            .get_mut(&team)
            .and_then(|team| team.standup.take())
        else {
            return;
        };
        t.push(Effect::CancelTimer(TimerKey::Standup(team)));
        let open: Vec<_> = standup.silent().filter_map(|it| it.question).collect();
        for message in open {
            self.end_untyped(t, message, DeliveryState::Expired, "the standup is over");
        }
        let body = standup.report(t.now.since(standup.asked).as_secs().div_ceil(60));
        let silent = standup.silent().count();
        let recipient = match self.agents.get(&standup.to) {
            Some(run) => Recipient::Agent {
                agent: standup.to,
                role: run.agent.role.clone(),
            },
            None => Recipient::Human,
        };
        let draft = Draft::from_torch(team, MessageKind::Standup, recipient, body);
        let message = self.post(t, draft);
        t.journal(
            "standup.ended",
            team,
            json!({"message": message, "silent": silent}),
        );
        self.keep_standup(t, team, None);
    }

    /// Standups that were under way when the daemon ended: by the boot clock within one boot, else by the wall clock.
    pub(crate) fn recover_standups(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        for team in self.teams.values_mut() {
            let Some(standup) = &mut team.standup else {
                continue;
            };
            if let Some(at) = standup.anchor.as_ref().and_then(|at| self.boot.wall(at)) {
                standup.until = at;
            }
            effects.push(Effect::Timer {
                key: TimerKey::Standup(team.id),
                at: standup.until.max(now),
            });
        }
    }

    /// The wall clock was set.
    pub(crate) fn standups_clock_moved(&mut self, t: &mut Turn, millis: i64) {
        for team in self.teams.values_mut() {
            if let Some(standup) = &mut team.standup {
                standup.asked = standup.asked.moved(millis);
                standup.until = standup.until.moved(millis);
                t.write(Write::PutTeam(Box::new(team.clone())));
            }
        }
    }
}

/// A person may ask any team; an agent its own, as its hub or deputy.
fn may_ask(caller: &Sender, team: TeamId) -> Result<(), Box<Failure>> {
    let may = match caller {
        Sender::Human | Sender::Script | Sender::Torch => true,
        Sender::Agent {
            team: own, role, ..
        } => *own == team && (role.is_hub() || role.is_sub_hub()),
        Sender::Unknown => false,
    };
    if may {
        return Ok(());
    }
    let cause = "rule standup.hub: a standup is called by a person, the orchestrator or the project manager of the team";
    let error = format!("the standup was refused for {}", caller.label());
    Err(Box::new(refused(&error, cause, None)))
}
