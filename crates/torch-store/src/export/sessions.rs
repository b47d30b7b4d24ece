//! `sessions.json`: the teams that are to run, with their agents.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use jiff::tz::TimeZone;
use serde::Serialize;
use torch_core::{Agent, AgentState, DesiredState, Team, TeamPhase, Timestamp};

use super::ExportError;
use super::line::rfc3339;
use crate::Store;

/// The file, as documented in `registry/schemas/sessions.md`.
#[derive(Debug, Serialize)]
struct Sessions<'a> {
    sessions: Vec<Session<'a>>,
}

#[derive(Debug, Serialize)]
struct Session<'a> {
    id: String,
    name: &'a str,
    project: &'a Path,
    spec: &'a Path,
    base_branch: &'a str,
    phase: TeamPhase,
    tmux_session: Option<String>,
    created: String,
    finished: Option<String>,
    summary: Option<&'a str>,
    agents: Vec<Member<'a>>,
}

#[derive(Debug, Serialize)]
struct Member<'a> {
    id: String,
    role: &'a str,
    program: &'a str,
    state: AgentState,
    since: String,
    evidence: &'a str,
    pane: Option<String>,
    pid: Option<u32>,
    worktree: &'a Path,
    branch: Option<&'a str>,
    briefed: bool,
    completed: Option<&'a str>,
    completed_at: Option<String>,
}

/// Replaces the file at `path` in one step; says whether anything in it had changed. A team that is to be
/// stopped is not in it.
///
/// # Errors
/// What disk and database say; the old file then stays.
pub fn write_sessions(path: &Path, store: &Store, zone: &TimeZone) -> Result<bool, ExportError> {
    let (teams, agents) = (store.teams()?, store.agents()?);
    let sessions = teams
        .iter()
        .filter(|team| team.desired == DesiredState::Running)
        .map(|team| session(team, &agents, zone))
        .collect();
    let mut text =
        serde_json::to_vec_pretty(&Sessions { sessions }).map_err(ExportError::Encode)?;
    text.push(b'\n');
    if std::fs::read(path).is_ok_and(|old| old == text) {
        return Ok(false);
    }
    replace(path, &text)?;
    Ok(true)
}

fn session<'a>(team: &'a Team, agents: &'a [Agent], zone: &TimeZone) -> Session<'a> {
    let time = |at: Timestamp| rfc3339(at, zone);
    Session {
        id: team.id.to_string(),
        name: team.name.as_str(),
        project: &team.project,
        spec: &team.spec,
        base_branch: &team.base_branch,
        phase: team.phase,
        tmux_session: team.session.map(|session| session.to_string()),
        created: time(team.created),
        finished: team.finished.map(time),
        summary: team.summary.as_deref(),
        agents: agents
            .iter()
            .filter(|agent| agent.team == team.id)
            .map(|agent| member(agent, zone))
            .collect(),
    }
}

fn member<'a>(agent: &'a Agent, zone: &TimeZone) -> Member<'a> {
    Member {
        id: agent.id.to_string(),
        role: agent.role.as_str(),
        program: &agent.program,
        state: agent.state,
        since: rfc3339(agent.since, zone),
        evidence: &agent.evidence.detail,
        pane: agent.pane.map(|address| address.pane.to_string()),
        pid: agent.process.map(|process| process.pid),
        worktree: &agent.worktree,
        branch: agent.branch.as_deref(),
        briefed: agent.briefed,
        completed: agent.completed.as_deref(),
        completed_at: agent.completed_at.map(|at| rfc3339(at, zone)),
    }
}

/// Writes beside the file and renames over it, so that a reader sees the old or the new one.
fn replace(path: &Path, text: &[u8]) -> Result<(), ExportError> {
    let beside = path.with_extension("json.new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)
        .map_err(ExportError::file("create", &beside))?;
    file.write_all(text)
        .and_then(|()| file.sync_data())
        .map_err(ExportError::file("write", &beside))?;
    std::fs::rename(&beside, path).map_err(ExportError::file("replace", path))
}
