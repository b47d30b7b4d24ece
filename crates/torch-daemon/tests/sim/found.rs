//! What seeds have found, told without chance.

use std::time::Duration;

use torch_api::Request;
use torch_api::roster::AgentAct;
use torch_core::{AgentId, DesiredState};
use torch_daemon::event::{ConnId, Event};

use crate::ROLES;
use crate::commands::agent_request;
use crate::faults::NONE;
use crate::world::World;

fn developer(world: &World) -> AgentId {
    let mut agents = world.store.agents.values();
    let row = agents.find(|agent| agent.role.as_str() == "developer");
    row.expect("a developer").id
}

fn end_developer(world: &mut World) {
    let role = "developer".to_owned();
    let act = agent_request(AgentAct::End { role });
    let conn = world.ask(Request::Agent(Box::new(act)));
    world.run_until(|world| world.clients.answer(conn).is_some(), 60);
}

/// A raised team whose developer's window was opened a moment ago, and the daemon has not heard of that.
fn opened_unheard() -> (World, AgentId) {
    let mut world = World::new(1, NONE, &ROLES, false);
    world.raise();
    let id = developer(&world);
    end_developer(&mut world);
    world.add("developer".to_owned());
    let opened = move |world: &World| {
        let (row, seen) = (&world.store.agents[&id], &world.agents[&id]);
        seen.alive && row.launch == Some(seen.launch) && row.pane.is_none()
    };
    world.run_until(opened, 60);
    (world, id)
}

fn stop(world: &mut World) -> ConnId {
    let team = crate::clients::team();
    world.ask(Request::Stop { team })
}

#[test]
fn an_agent_that_is_ended_before_the_first_listing_does_not_run_on() {
    let (mut world, id) = opened_unheard();
    world.restart_daemon();
    end_developer(&mut world);
    world.run_for(Duration::from_secs(5));
    assert_eq!(world.store.agents[&id].desired, DesiredState::Stopped);
    assert!(!world.agents[&id].alive, "its program runs on");
    assert_eq!(world.check(), Ok(()));
}

#[test]
fn a_team_that_is_stopped_before_the_first_listing_does_not_run_on() {
    let (mut world, id) = opened_unheard();
    world.restart_daemon();
    let conn = stop(&mut world);
    world.run_until(|world| world.clients.answer(conn).is_some(), 60);
    assert!(!world.agents[&id].alive, "its program runs on");
    assert!(world.agents.values().all(|agent| !agent.alive));
}

#[test]
fn an_agent_that_is_wanted_again_while_its_window_opens_goes_on() {
    for restarted in [false, true] {
        let (mut world, id) = opened_unheard();
        stop(&mut world);
        world.resume(false);
        if restarted {
            world.restart_daemon();
        }
        world.run_for(Duration::from_secs(60));
        let agent = &world.store.agents[&id];
        assert!(agent.state.is_live(), "{restarted}: {}", agent.state);
        assert_eq!(world.check(), Ok(()), "{restarted}");
    }
}

#[test]
fn a_pane_that_a_person_took_is_not_the_agents_when_its_team_is_wanted_again() {
    let mut world = World::new(1, NONE, &ROLES, false);
    world.raise();
    let id = developer(&world);
    world.take_pane(id, false, true);
    world.restart_daemon();
    stop(&mut world);
    world.run_for(Duration::from_secs(5));
    world.resume(false);
    // It is listed before its worktree is there.
    let (listing, panes) = (0, world.foreign.clone());
    world.turn(vec![Event::Panes { listing, panes }]);
    world.run_for(Duration::from_secs(60));
    assert!(world.agents[&id].alive, "nothing was started for it");
    assert_eq!(world.check(), Ok(()));
}

#[test]
fn a_resume_is_not_answered_by_windows_that_are_being_closed() {
    let mut world = World::new(1, NONE, &ROLES, false);
    world.raise();
    world.run_for(Duration::from_secs(5));
    let starts = world.opened;
    stop(&mut world);
    let conn = world.resume(false);
    world.run_until(|world| world.clients.answer(conn).is_some(), 60);
    let (again, roles) = (world.opened - starts, ROLES.len());
    assert_eq!(
        again as usize, roles,
        "answered before the windows were open"
    );
    let briefed = world.store.agents.values().filter(|agent| agent.briefed);
    assert_eq!(briefed.count(), roles);
}

#[test]
fn a_tmux_that_hangs_sends_away_who_waits_for_windows_and_no_follower() {
    let mut world = World::new(1, NONE, &ROLES, false);
    world.raise();
    let team = crate::clients::team();
    let follower = world.ask(Request::Follow { team });
    let stopper = stop(&mut world);
    let (error, pid) = ("no answer".to_owned(), crate::world::TMUX_PID);
    world.turn(vec![Event::TmuxSilent { error, pid }]);
    assert!(world.clients.answer(stopper).is_some(), "it waits on");
    assert!(world.clients.answer(follower).is_none(), "it was sent away");
}
