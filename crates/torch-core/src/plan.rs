//! Reconciliation: what is desired and what is observed go in, the actions that close the gap come out.
//!
//! [`plan`] is level-triggered and has no memory: it is asked again after everything that was observed,
//! and says nothing about what is already under way.

use crate::{AgentId, DesiredState};

/// What is observed of an agent's worktree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorktreeObserved {
    /// There is none.
    Absent,
    /// It is being made.
    Pending,
    /// It stands.
    Present,
    /// It could not be made; a person has to look.
    Failed,
}

/// What is observed of an agent's window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowObserved {
    /// There is none.
    Absent,
    /// It is being opened.
    Opening,
    /// Its pane has the live mark of the current launch.
    Live,
    /// Its pane is there and the program has ended.
    Ended,
    /// It is being closed.
    Closing,
    /// It could not be opened; a person has to look.
    Failed,
}

/// What is observed of an agent's program, where it does not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgramObserved {
    /// It runs, or was not started in this run of its team.
    Running,
    /// It ended, and the time for its restart has come.
    Due,
    /// It ended, and its restart waits for its time.
    Waiting,
    /// It ended and is left alone for a person to look at.
    Left,
}

/// What is observed of an agent's briefing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BriefingObserved {
    /// None was sent in this launch.
    Absent,
    /// It is on its way, or proven to have arrived.
    Sent,
}

/// What is observed of a team's tmux session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionObserved {
    /// There is none.
    Absent,
    /// It is being made, with its first window.
    Pending,
    /// It is there.
    Present,
}

/// What is observed of one agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgentObserved {
    /// The agent.
    pub agent: AgentId,
    /// Its worktree.
    pub worktree: WorktreeObserved,
    /// Its window.
    pub window: WindowObserved,
    /// Its briefing.
    pub briefing: BriefingObserved,
    /// Whether the program waits for input.
    pub takes_messages: bool,
    /// Its program.
    pub program: ProgramObserved,
    /// What is wanted of it.
    pub desired: DesiredState,
    /// Whether its window is in another session than its team's.
    pub guest: bool,
}

/// What is observed of one team, agents in the order of their windows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamObserved {
    /// Its tmux session.
    pub session: SessionObserved,
    /// Its agents.
    pub agents: Vec<AgentObserved>,
}

/// One step towards what is desired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Make the agent's worktree.
    AddWorktree(AgentId),
    /// Make the team's session, with this agent's window as its first.
    OpenSession(AgentId),
    /// Open the agent's window in the team's session, or in the one that it is a guest in.
    OpenWindow(AgentId),
    /// Start the agent's program anew in the pane that its wrapper holds.
    Restart(AgentId),
    /// Send the agent its briefing.
    Brief(AgentId),
    /// Close the agent's window and end what runs in it.
    CloseWindow(AgentId),
}

/// The actions that lead from `observed` to `desired`.
pub fn plan(desired: DesiredState, observed: &TeamObserved) -> Vec<Action> {
    match desired {
        DesiredState::Running => plan_running(observed),
        DesiredState::Stopped => plan_stopped(observed),
    }
}

fn plan_running(observed: &TeamObserved) -> Vec<Action> {
    let mut actions = Vec::new();
    let mut session = observed.session;
    for seen in &observed.agents {
        if seen.desired == DesiredState::Stopped {
            actions.extend(close(seen));
            continue;
        }
        let startable = matches!(
            seen.program,
            ProgramObserved::Running | ProgramObserved::Due
        );
        match (seen.worktree, seen.window) {
            // An agent that is left alone needs none, also when it was removed since.
            (WorktreeObserved::Absent, window)
                if startable && window != WindowObserved::Opening =>
            {
                actions.push(Action::AddWorktree(seen.agent));
            }
            (WorktreeObserved::Present, WindowObserved::Absent) if startable => {
                match (seen.guest, session) {
                    (true, _) | (false, SessionObserved::Present) => {
                        actions.push(Action::OpenWindow(seen.agent));
                    }
                    (false, SessionObserved::Absent) => {
                        actions.push(Action::OpenSession(seen.agent));
                        session = SessionObserved::Pending;
                    }
                    (false, SessionObserved::Pending) => {}
                }
            }
            (WorktreeObserved::Present, WindowObserved::Ended)
                if seen.program == ProgramObserved::Due =>
            {
                actions.push(Action::Restart(seen.agent));
            }
            (WorktreeObserved::Present, WindowObserved::Live)
                if seen.briefing == BriefingObserved::Absent && seen.takes_messages =>
            {
                actions.push(Action::Brief(seen.agent));
            }
            _ => {}
        }
    }
    actions
}

fn plan_stopped(observed: &TeamObserved) -> Vec<Action> {
    observed.agents.iter().filter_map(close).collect()
}

fn close(seen: &AgentObserved) -> Option<Action> {
    matches!(seen.window, WindowObserved::Live | WindowObserved::Ended)
        .then_some(Action::CloseWindow(seen.agent))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(n: u128) -> AgentObserved {
        AgentObserved {
            agent: AgentId::new(1, n),
            worktree: WorktreeObserved::Absent,
            window: WindowObserved::Absent,
            briefing: BriefingObserved::Absent,
            takes_messages: false,
            program: ProgramObserved::Running,
            desired: DesiredState::Running,
            guest: false,
        }
    }

    fn team(session: SessionObserved, agents: &[AgentObserved]) -> TeamObserved {
        TeamObserved {
            session,
            agents: agents.to_vec(),
        }
    }

    #[test]
    fn a_team_comes_up_step_by_step() {
        let (mut a, mut b) = (agent(1), agent(2));
        let seen = team(SessionObserved::Absent, &[a, b]);
        assert_eq!(
            plan(DesiredState::Running, &seen),
            [Action::AddWorktree(a.agent), Action::AddWorktree(b.agent)]
        );
        a.worktree = WorktreeObserved::Present;
        b.worktree = WorktreeObserved::Present;
        let seen = team(SessionObserved::Absent, &[a, b]);
        assert_eq!(
            plan(DesiredState::Running, &seen),
            [Action::OpenSession(a.agent)]
        );
        a.window = WindowObserved::Opening;
        let seen = team(SessionObserved::Pending, &[a, b]);
        assert_eq!(plan(DesiredState::Running, &seen), []);
        a.window = WindowObserved::Live;
        let seen = team(SessionObserved::Present, &[a, b]);
        assert_eq!(
            plan(DesiredState::Running, &seen),
            [Action::OpenWindow(b.agent)]
        );
        a.takes_messages = true;
        b.window = WindowObserved::Live;
        let seen = team(SessionObserved::Present, &[a, b]);
        assert_eq!(plan(DesiredState::Running, &seen), [Action::Brief(a.agent)]);
        a.briefing = BriefingObserved::Sent;
        b.briefing = BriefingObserved::Sent;
        let seen = team(SessionObserved::Present, &[a, b]);
        assert_eq!(plan(DesiredState::Running, &seen), []);
    }

    #[test]
    fn what_failed_or_ended_is_left_alone() {
        let mut a = agent(1);
        a.worktree = WorktreeObserved::Failed;
        let mut b = agent(2);
        b.worktree = WorktreeObserved::Present;
        b.program = ProgramObserved::Left;
        let seen = team(SessionObserved::Present, &[a, b]);
        assert_eq!(plan(DesiredState::Running, &seen), []);
    }

    #[test]
    fn an_ended_program_is_started_again_where_it_was() {
        let (mut a, mut b, mut c) = (agent(1), agent(2), agent(3));
        for seen in [&mut a, &mut b, &mut c] {
            seen.worktree = WorktreeObserved::Present;
            seen.briefing = BriefingObserved::Sent;
        }
        (a.window, a.program) = (WindowObserved::Ended, ProgramObserved::Due);
        (b.window, b.program) = (WindowObserved::Absent, ProgramObserved::Due);
        (c.window, c.program) = (WindowObserved::Ended, ProgramObserved::Waiting);
        let seen = team(SessionObserved::Present, &[a, b, c]);
        assert_eq!(
            plan(DesiredState::Running, &seen),
            [Action::Restart(a.agent), Action::OpenWindow(b.agent)]
        );
    }

    #[test]
    fn an_agent_that_is_not_wanted_is_closed_and_not_started() {
        let (mut a, mut b) = (agent(1), agent(2));
        (a.window, a.desired) = (WindowObserved::Live, DesiredState::Stopped);
        b.desired = DesiredState::Stopped;
        let seen = team(SessionObserved::Present, &[a, b]);
        assert_eq!(
            plan(DesiredState::Running, &seen),
            [Action::CloseWindow(a.agent)]
        );
    }

    #[test]
    fn a_guest_needs_no_session_of_its_team() {
        let mut a = agent(1);
        (a.worktree, a.guest) = (WorktreeObserved::Present, true);
        let seen = team(SessionObserved::Absent, &[a]);
        assert_eq!(
            plan(DesiredState::Running, &seen),
            [Action::OpenWindow(a.agent)]
        );
    }

    #[test]
    fn stopping_closes_each_window_once() {
        let (mut a, mut b) = (agent(1), agent(2));
        a.window = WindowObserved::Live;
        b.window = WindowObserved::Closing;
        let seen = team(SessionObserved::Present, &[a, b]);
        assert_eq!(
            plan(DesiredState::Stopped, &seen),
            [Action::CloseWindow(a.agent)]
        );
    }
}
