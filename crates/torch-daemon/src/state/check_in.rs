//! Check-ins: the hub hears what happened when it is free and does not see to it, a role is asked when it went silent.
//!
//! One look per interval and agent, and a look costs nothing: what it finds is decided by [`torch_scheduler::check_in`], and
//! most of the time that is to say nothing, with a reason that `torch schedule list` shows. After sleep or a restart there is
//! one look, however many were missed.

mod text;

use std::time::Duration;

use serde_json::json;
use torch_api::view::CheckInView;
use torch_core::check_in::{Quiet, SkipReason, Skipped};
use torch_core::config::Interval;
use torch_core::{
    AgentId, AgentState, DesiredState, Envelope, MessageId, MessageKind, Recipient, Sender, TeamId,
    TeamPhase, Timestamp, Write,
};
use torch_scheduler::check_in::{self as plan, Facts, Member, News};

use super::send::Draft;
use super::{AgentRun, State, Turn};
use crate::event::{Effect, TimerKey};
use crate::view;

impl State {
    /// How long between two looks at an agent; none where the settings want no check-ins.
    fn check_in_every(&self, agent: AgentId) -> Option<Duration> {
        let config = &self.settings.config.check_ins;
        let role = &self.agents.get(&agent)?.agent.role;
        match config.of(role.as_str()) {
            Interval::ByPlan => Some(plan::interval_of(self.settings.config.team.plan)),
            Interval::Every(length) => Some(length),
            Interval::Never => None,
        }
    }

    /// Sets up an agent's check-ins once it is briefed; those that are set up stay as they are.
    pub(crate) fn set_up_check_ins(&mut self, t: &mut Turn, agent: AgentId) {
        let Some(every) = self.check_in_every(agent) else {
            return;
        };
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        run.agent.check_ins.heard.get_or_insert(t.now);
        let there = run.agent.check_ins.next.is_some();
        if there && run.agent.check_ins.every_seconds == Some(every.as_secs()) {
            return;
        }
        self.look_again(t, agent, Some(every));
        if let Some(run) = self.agents.get(&agent) {
            t.write(Write::PutAgent(Box::new(run.agent.clone())));
        }
    }

    /// Sets the next look, or none.
    fn look_again(&mut self, t: &mut Turn, agent: AgentId, every: Option<Duration>) {
        let next = every.map(|every| t.now.after(every));
        let anchor = next.and_then(|next| self.boot.instant(next));
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        let row = &mut run.agent.check_ins;
        row.next = next;
        row.anchor = anchor;
        row.every_seconds = every.map(|every| every.as_secs());
        match next {
            Some(at) => t.timer(TimerKey::CheckIn(agent), at),
            None => t.push(Effect::CancelTimer(TimerKey::CheckIn(agent))),
        }
    }

    /// Takes up the looks that were set before this daemon: by the boot clock within one boot, else by the wall clock. What
    /// became due meanwhile is one look.
    pub(crate) fn recover_check_ins(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let mut t = Turn {
            now,
            cause: "the daemon started".to_owned(),
            effects: Vec::new(),
        };
        let agents: Vec<AgentId> = self.agents.keys().copied().collect();
        for agent in agents {
            let every = self.check_in_every(agent);
            let Some(run) = self.agents.get_mut(&agent) else {
                continue;
            };
            // What it showed while nobody looked is not known: nobody is called stuck for that.
            run.seen = now;
            let row = &mut run.agent.check_ins;
            if let Some(at) = row.anchor.as_ref().and_then(|at| self.boot.wall(at)) {
                row.next = Some(at);
            }
            let set_up = row.next.is_some() || (run.agent.briefed && run.agent.launch.is_some());
            let as_wanted = row.every_seconds == every.map(|every| every.as_secs());
            match row.next {
                Some(next) if as_wanted => {
                    // A wall clock that was set back over a reboot is not to hold it up.
                    let latest = every.map_or(next, |every| now.after(every));
                    t.timer(TimerKey::CheckIn(agent), next.clamp(now, latest.max(now)));
                }
                _ if set_up => {
                    self.look_again(&mut t, agent, every);
                    if let Some(run) = self.agents.get_mut(&agent) {
                        run.agent.check_ins.heard.get_or_insert(now);
                        t.write(Write::PutAgent(Box::new(run.agent.clone())));
                    }
                }
                _ => {}
            }
        }
        effects.append(&mut t.effects);
    }

    /// An agent's time has come: it is told or asked, or the reason is kept why not.
    pub(crate) fn on_check_in_due(&mut self, t: &mut Turn, agent: AgentId) {
        let Some(run) = self.agents.get(&agent) else {
            return;
        };
        let (team, is_hub) = (run.agent.team, run.agent.role.is_hub());
        let wanted = run.agent.desired == DesiredState::Running
            && self.teams.get(&team).map(|team| team.desired) == Some(DesiredState::Running);
        // Who is started again is briefed again, and that sets it up again.
        let every = self.check_in_every(agent).filter(|_| wanted);
        let said = match (is_hub, every) {
            (_, None) => Err(SkipReason::TeamDown),
            (true, Some(every)) => self.tell_news(t, agent, every),
            (false, Some(_)) => self.ask_role(t, agent),
        };
        self.look_again(t, agent, every);
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        let row = &mut run.agent.check_ins;
        let before = row.skipped.as_ref().map(|skipped| skipped.why);
        match said {
            Ok(message) => {
                row.said = Some((t.now, message));
                row.skipped = None;
                row.heard = Some(t.now);
                t.journal("check_in.said", agent, json!({"message": message}));
            }
            Err(why) => {
                row.skipped = Some(Skipped { at: t.now, why });
                if why.has_heard() {
                    row.heard = Some(t.now);
                }
                // A reason that stays is written once; that a limit holds it, each time.
                if before != Some(why) || why == SkipReason::Limited {
                    t.journal("check_in.skipped", agent, json!({"why": why}));
                }
            }
        }
        t.write(Write::PutAgent(Box::new(run.agent.clone())));
    }

    /// Tells the hub what happened, if it may and anything did.
    fn tell_news(
        &mut self,
        t: &mut Turn,
        hub: AgentId,
        every: Duration,
    ) -> Result<MessageId, SkipReason> {
        let facts = self.check_facts(hub, t.now).ok_or(SkipReason::NotUp)?;
        let heard = facts.row.heard;
        let team = self.agents[&hub].agent.team;
        let news = self.news(team, hub, (heard, t.now), every);
        let news = plan::with_violations(news, self.violation_news(team, hub), heard);
        plan::hub(&facts, news.len())?;
        let standing = self.standing(team, hub, &news, t.now, every);
        let body = text::news(&news, &standing, heard, t.now);
        Ok(self.check_in_message(t, hub, body))
    }

    /// Asks a role what came of what it was given, if it may be asked and never said.
    fn ask_role(&mut self, t: &mut Turn, agent: AgentId) -> Result<MessageId, SkipReason> {
        let facts = self.check_facts(agent, t.now).ok_or(SkipReason::NotUp)?;
        let verdict = plan::role(&facts);
        // Where silence is not minded by a timer of its own, this is when the hub hears of it.
        if verdict == Err(SkipReason::AskedAlready)
            && torch_scheduler::silence::step(&facts) == torch_scheduler::silence::Step::TellHub
        {
            self.tell_of_silence(t, agent);
            return Err(SkipReason::AskedAlready);
        }
        verdict?;
        let facts = self.check_facts(agent, t.now).ok_or(SkipReason::NotUp)?;
        let team = self.agents[&agent].agent.team;
        let body = text::silent_role(facts.row.given, t.now, self.above(team));
        if let Some(run) = self.agents.get_mut(&agent) {
            run.agent.check_ins.quiet = Quiet::Asked { at: t.now };
        }
        Ok(self.check_in_message(t, agent, body))
    }

    /// Posts a check-in to an agent.
    pub(crate) fn check_in_message(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        body: String,
    ) -> MessageId {
        let run = &self.agents[&agent].agent;
        let (team, role) = (run.team, run.role.clone());
        let recipient = Recipient::Agent { agent, role };
        self.post(
            t,
            Draft::from_torch(team, MessageKind::CheckIn, recipient, body),
        )
    }

    /// What is known of an agent that is to be written to.
    pub(crate) fn check_facts(&self, agent: AgentId, now: Timestamp) -> Option<Facts<'_>> {
        let run = self.agents.get(&agent)?;
        let team = self.teams.get(&run.agent.team)?;
        let own = &run.agent;
        Some(Facts {
            team_runs: team.desired == DesiredState::Running
                && own.desired == DesiredState::Running
                && !self.is_suspended(team.id),
            team_finished: team.phase == TeamPhase::Finished,
            state: own.state,
            is_up: own.briefed && !run.ended,
            is_paused: self.is_paused(agent),
            is_limited: own.credit.hold.is_some() || self.account_limit(agent, now).is_some(),
            no_login: own.keys.refused.is_some(),
            is_capped: self.capped(agent, now).is_some(),
            waiting: !run.queue.is_empty(),
            row: &own.check_ins,
        })
    }

    /// What happened in a team since then, but to its hub.
    fn news(
        &self,
        team: TeamId,
        hub: AgentId,
        (heard, now): (Option<Timestamp>, Timestamp),
        patience: Duration,
    ) -> Vec<News> {
        let members = self.team_agents(team).into_iter();
        let members: Vec<Member<'_>> = members
            .filter(|agent| *agent != hub)
            .filter_map(|agent| self.agents.get(&agent))
            .map(member)
            .collect();
        plan::news(&members, heard, now, patience)
    }

    /// Who is held up still and was told of before, in a word each.
    fn standing(
        &self,
        team: TeamId,
        hub: AgentId,
        news: &[News],
        now: Timestamp,
        patience: Duration,
    ) -> Vec<News> {
        let mut all = self.news(team, hub, (None, now), patience);
        all.retain(|one| {
            !news.contains(one) && !matches!(one.what, plan::What::Finished(_) | plan::What::Silent)
        });
        all
    }

    /// What a message means for who is silent: its sender speaks, and who gets it is given something.
    pub(crate) fn note_traffic(&mut self, t: &mut Turn, envelope: &Envelope) {
        self.count_supervision(t, envelope);
        if !matches!(
            envelope.kind,
            MessageKind::Message | MessageKind::Completion
        ) {
            return;
        }
        if let Sender::Agent { agent, .. } = &envelope.sender {
            self.note_of(t, *agent, |row, now| row.spoke = Some(now));
            self.note_standup_answer(t, envelope);
        }
        if let Some(agent) = envelope.recipient.agent() {
            self.note_of(t, agent, |row, now| row.given = Some(now));
        }
    }

    fn note_of(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        what: impl FnOnce(&mut torch_core::check_in::CheckIns, Timestamp),
    ) {
        if let Some(run) = self.agents.get_mut(&agent) {
            let row = &mut run.agent.check_ins;
            what(row, t.now);
            row.quiet = Quiet::No;
            t.write(Write::PutAgent(Box::new(run.agent.clone())));
        }
    }

    /// The wall clock was set: what is compared with the last look moves with it.
    pub(crate) fn check_ins_clock_moved(&mut self, t: &mut Turn, millis: i64) {
        for run in self.agents.values_mut() {
            let agent = &mut run.agent;
            let before = (
                agent.check_ins.clone(),
                agent.completed_at,
                agent.keys.clone(),
            );
            agent.check_ins.shift(millis);
            agent.completed_at = agent.completed_at.map(|at| at.moved(millis));
            if let Some(refused) = &mut agent.keys.refused {
                refused.since = refused.since.moved(millis);
            }
            if before
                != (
                    agent.check_ins.clone(),
                    agent.completed_at,
                    agent.keys.clone(),
                )
            {
                t.write(Write::PutAgent(Box::new(agent.clone())));
            }
        }
    }

    /// The check-ins of some teams that are set up, in the order of the windows.
    pub(crate) fn check_in_views(&self, wanted: impl Fn(TeamId) -> bool) -> Vec<CheckInView> {
        let teams = self.teams.values().filter(|team| wanted(team.id));
        let rows = teams.flat_map(|team| {
            let agents = self.team_agents(team.id).into_iter();
            let agents = agents.filter_map(|agent| self.agents.get(&agent));
            agents.filter_map(move |run| view::check_in(&run.agent, team))
        });
        rows.collect()
    }
}

/// What is known of a member, for the hub's news.
fn member(run: &AgentRun) -> Member<'_> {
    let agent = &run.agent;
    let hold = agent.credit.hold.as_ref();
    let refused = agent.keys.refused.as_ref();
    Member {
        role: agent.role.as_str(),
        state: agent.state,
        since: agent.since,
        wanted: agent.desired == DesiredState::Running && agent.state != AgentState::Stopped,
        seen: run.seen,
        completed: agent.completed_at.zip(agent.completed.as_deref()),
        limited: hold.map(|hold| (hold.since, view::credit::words(hold))),
        no_login: refused.map(|refused| (refused.since, refused.words.as_str())),
        question: agent.question.as_ref().map(|it| it.text.as_str()),
        quiet: agent.check_ins.quiet,
    }
}
