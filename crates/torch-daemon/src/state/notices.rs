//! torch's own notices: the hub and the person hear once of what needs them.

use torch_core::screen::DialogKind;
use torch_core::{AgentId, MessageId, MessageKind, Recipient, TeamId};
use torch_router::delivery::Notice;

use super::restart::BREAKER_RESTARTS;
use super::send::Draft;
use super::{State, Turn};

/// How many lines of a screen a notice quotes.
const SCREEN_LINES: usize = 15;

/// The most of a question that a notice tells, in characters.
const ASKED_MAX: usize = 300;

/// Words as a sentence: cut between two of them, with one mark at the end.
fn sentence(words: &str) -> String {
    let words = words.trim();
    let cut = words
        .char_indices()
        .nth(ASKED_MAX)
        .map(|(at, _)| &words[..at]);
    match cut {
        Some(cut) => {
            let end = cut.rfind(char::is_whitespace).unwrap_or(cut.len());
            format!("{}…", cut[..end].trim_end())
        }
        None if words.ends_with(['.', '?', '!', '…']) => words.to_owned(),
        None => format!("{words}."),
    }
}

impl State {
    /// Tells the hub (unless it is the hub's own trouble) and the person.
    pub(crate) fn notify(
        &mut self,
        t: &mut Turn,
        team: TeamId,
        about: Option<AgentId>,
        text: &str,
    ) {
        if let Some((hub, role)) = self.hub_of(team)
            && about != Some(hub)
        {
            let recipient = Recipient::Agent { agent: hub, role };
            self.post(
                t,
                Draft::from_torch(team, MessageKind::Notice, recipient, text.to_owned()),
            );
        }
        self.post(
            t,
            Draft::from_torch(team, MessageKind::Notice, Recipient::Human, text.to_owned()),
        );
    }

    /// Tells the person alone, of what concerns no team. A message belongs to a team: without one only the log has it.
    pub(crate) fn notify_person(&mut self, t: &mut Turn, text: &str) {
        let running = |team: &&torch_core::Team| team.desired == torch_core::DesiredState::Running;
        let team = self
            .teams
            .values()
            .find(running)
            .or(self.teams.values().next());
        if let Some(team) = team.map(|team| team.id) {
            let draft =
                Draft::from_torch(team, MessageKind::Notice, Recipient::Human, text.to_owned());
            self.post(t, draft);
        }
    }

    pub(crate) fn who(&self, agent: AgentId) -> Option<(TeamId, String, String)> {
        let run = self.agents.get(&agent)?;
        let team = self.teams.get(&run.agent.team)?;
        Some((team.id, team.name.to_string(), run.agent.role.to_string()))
    }

    /// A dialog opened in an agent; said once per dialog.
    pub(crate) fn notify_asking(&mut self, t: &mut Turn, agent: AgentId, what: &str) {
        let Some((team, name, role)) = self.who(agent) else {
            return;
        };
        let question = self
            .agents
            .get(&agent)
            .and_then(|run| run.agent.question.as_ref());
        let id = question.map_or("ID", |question| &question.id);
        // A choice has no yes and no no.
        let choice = question.is_some_and(|question| question.kind == DialogKind::Question);
        let how = match choice {
            true => String::new(),
            false => format!("torch pending, then torch approve {id} or torch deny {id}; or "),
        };
        let text = format!(
            "{name}:{role} asks: {} A person answers it: {how}in its window: torch attach {role}",
            sentence(what)
        );
        self.notify(t, team, Some(agent), &text);
    }

    /// An ended program is being started again: the hub has to know that its work may have stopped halfway.
    pub(crate) fn notify_restarting(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        how: &str,
        nth: usize,
        screen: &str,
    ) {
        let Some((team, name, role)) = self.who(agent) else {
            return;
        };
        let text = format!(
            "{name}:{role} has ended: {how}. It is being started again (restart {nth} of at most {BREAKER_RESTARTS} in 10 minutes); \
             its messages are kept and follow its briefing{}",
            last_words(screen)
        );
        if let Some((hub, role)) = self.hub_of(team).filter(|(hub, _)| *hub != agent) {
            let recipient = Recipient::Agent { agent: hub, role };
            let draft = Draft::from_torch(team, MessageKind::Notice, recipient, text);
            self.post(t, draft);
        }
    }

    /// An ended program is left alone.
    pub(crate) fn notify_ended(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        how: &str,
        why: &str,
        screen: &str,
    ) {
        let Some((team, name, role)) = self.who(agent) else {
            return;
        };
        let text = format!(
            "{name}:{role} has ended: {how}. It is not started again by itself: {why}. Its messages are kept; its worktree is untouched. \
             To start it: torch agent restart {role} --team {name}{}",
            last_words(screen)
        );
        self.notify(t, team, Some(agent), &text);
    }

    /// The breaker or a cap gave an agent up.
    pub(crate) fn notify_given_up(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        how: &str,
        why: &str,
        screen: &str,
    ) {
        let Some((team, name, role)) = self.who(agent) else {
            return;
        };
        let text = format!(
            "{name}:{role} is given up: {why}. Its last end: {how}. Its messages are kept; its worktree is untouched. \
             When the cause is gone: torch agent restart {role} --team {name}{}",
            last_words(screen)
        );
        self.notify(t, team, Some(agent), &text);
    }

    /// An agent has used up its turns of the hour.
    pub(crate) fn notify_capped(&mut self, t: &mut Turn, agent: AgentId, cap: u64) {
        let Some((team, name, role)) = self.who(agent) else {
            return;
        };
        let text = format!(
            "{name}:{role} has had {cap} turns within the hour, its limit (limits.turns_per_hour): its messages wait until the oldest \
             of them is an hour ago"
        );
        self.notify(t, team, Some(agent), &text);
    }

    /// The tmux server ended under running teams, which come back by themselves.
    pub(crate) fn notify_server_lost(&mut self, t: &mut Turn, teams: &[TeamId], error: &str) {
        let names = self.names(teams);
        let text = format!(
            "the tmux server of {names} was lost ({error}); it is started again, and all agents with it. Messages are kept"
        );
        if let Some(team) = teams.first() {
            let draft = Draft::from_torch(*team, MessageKind::Notice, Recipient::Human, text);
            self.post(t, draft);
        }
    }

    /// A team does not run since the machine was restarted.
    pub(crate) fn notify_suspended(&mut self, t: &mut Turn, team: TeamId) {
        let name = self.names(&[team]);
        let text = format!(
            "the machine was restarted; team {name} waits for you, with its worktrees, branches and messages as they were: \
             torch resume --team {name}"
        );
        let draft = Draft::from_torch(team, MessageKind::Notice, Recipient::Human, text);
        self.post(t, draft);
    }

    /// The tmux server lives and does not answer.
    pub(crate) fn notify_server_silent(
        &mut self,
        t: &mut Turn,
        teams: &[TeamId],
        error: &str,
        pid: u32,
    ) {
        let names = self.names(teams);
        let text = format!(
            "the tmux server of {names} (pid {pid}) does not answer ({error}). Its agents go on; nothing is typed into them until it \
             does, and messages are kept. See: ps -o pid,stat,etime,args -p {pid}"
        );
        if let Some(team) = teams.first() {
            let draft = Draft::from_torch(*team, MessageKind::Notice, Recipient::Human, text);
            self.post(t, draft);
        }
    }

    fn names(&self, teams: &[TeamId]) -> String {
        let names: Vec<&str> = teams
            .iter()
            .filter_map(|team| self.teams.get(team))
            .map(|team| team.name.as_str())
            .collect();
        names.join(", ")
    }

    /// The tmux server keeps ending, or can't be started.
    pub(crate) fn notify_server(&mut self, t: &mut Turn, teams: &[TeamId], error: &str) {
        let names = self.names(teams);
        let text = format!(
            "the tmux server of {names} keeps ending or can't be started ({error}); torch tries again every minute. See: torch doctor"
        );
        if let Some(team) = teams.first() {
            let draft = Draft::from_torch(*team, MessageKind::Notice, Recipient::Human, text);
            self.post(t, draft);
        }
    }

    pub(crate) fn notify_not_ready(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        how: &str,
        screen: &str,
    ) {
        let Some((team, name, role)) = self.who(agent) else {
            return;
        };
        let text = format!(
            "{name}:{role} is {how}. See: torch attach {role}{}",
            last_words(screen)
        );
        self.notify(t, team, Some(agent), &text);
    }

    /// Something was submitted to an agent that torch has no record of, and nobody was attached.
    pub(crate) fn notify_unrecorded(&mut self, t: &mut Turn, agent: AgentId, prompt: &str) {
        let Some((team, name, role)) = self.who(agent) else {
            return;
        };
        let start: String = prompt.chars().take(120).collect();
        let text = format!(
            "{name}:{role} got a prompt that no message accounts for, while nobody was attached: {start:?}. \
             Agents are to be written to with scm alone"
        );
        self.post(
            t,
            Draft::from_torch(team, MessageKind::Notice, Recipient::Human, text),
        );
    }

    /// Something keeps a message from its recipient; said once per message.
    pub(crate) fn notify_delivery(
        &mut self,
        t: &mut Turn,
        message: MessageId,
        agent: AgentId,
        notice: Notice,
    ) {
        let Some((team, name, role)) = self.who(agent) else {
            return;
        };
        // The dialog itself was reported when it opened, and a notice about a notice would never end.
        let kind = self
            .flights
            .get(&message)
            .map(|flight| flight.envelope.kind);
        if kind == Some(MessageKind::Notice) {
            return;
        }
        let (tag, why) = (
            message.tag(),
            match notice {
                Notice::Asking => "waits because a dialog is open; torch never answers it",
                Notice::Draft => "waits because the composer holds a draft; torch never touches it",
                Notice::NotShown => {
                    "did not show up whole in the composer and was not submitted; clear the composer there"
                }
                Notice::Stuck => "stands in the composer and Enter does not submit it; look there",
                Notice::StrayEnter => {
                    "stood in the composer after its Enter: a dialog that opened in that very moment may have been answered by it; look there"
                }
                Notice::GivenUp => "left no trace after several tries and was given up",
            },
        );
        let text = format!("message {tag} to {name}:{role} {why}. See: torch msg trace {tag}");
        self.notify(t, team, Some(agent), &text);
    }
}

/// The end of a screen and the causes it speaks of.
fn last_words(screen: &str) -> String {
    let mut text = String::new();
    for (cause, line) in torch_monitor::diagnose(screen) {
        text.push_str(&format!("\nPerhaps: {} ({line})", cause.advice()));
    }
    let filled: Vec<&str> = screen
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let end = &filled[filled.len().saturating_sub(SCREEN_LINES)..];
    if !end.is_empty() {
        text.push_str("\nIts last lines:\n");
        text.push_str(&end.join("\n"));
    }
    text
}
