//! Effects: each is done here or handed to a task that comes back with an event.

use std::path::Path;

use torch_api::wire::FailureKind;
use torch_core::{AgentId, PaneId, Timestamp};
use torch_session::{CaptureStyle, Server};

use super::{Host, Input, answer, git, socket, tmux, transcript};
use crate::event::{ConnId, Effect, Event, FailedHow};
use crate::failure::other;
use crate::state::spool_name;

/// Says of each agent that is shown whether the folder that its program runs in is there.
fn with_folders(mut response: torch_api::Response) -> torch_api::Response {
    if let torch_api::Response::Status { teams, .. } = &mut response {
        let agents = teams.iter_mut().flat_map(|team| &mut team.agents);
        for agent in agents.filter(|agent| agent.pid.is_some()) {
            agent.worktree_gone = is_gone(&agent.worktree);
        }
    }
    response
}

/// Whether nothing is there; what can't be looked at is not called gone.
fn is_gone(path: &Path) -> bool {
    let found = std::fs::symlink_metadata(path);
    found.is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
}

impl Host {
    pub(crate) fn execute(&mut self, now: Timestamp, effect: Effect) {
        match effect {
            Effect::Write(_) => {}
            Effect::Reply { conn, response } => self.reply(conn, &with_folders(response)),
            Effect::Answer { conn, query } => self.answer(now, conn, query),
            Effect::Timer { key, at } => self.agenda.set(key, at),
            Effect::CancelTimer(key) => drop(self.agenda.cancel(&key)),
            Effect::Inspect { conn, request } => self.inspect(conn, request),
            Effect::AddWorktree { .. } | Effect::UndoWorktree { .. } => self.execute_git(effect),
            Effect::Worktrees { conn, order } => self.worktrees(conn, *order),
            Effect::Lane(order) => self.lane(*order),
            Effect::Integrate { team, job } => self.integrate(team, *job),
            Effect::EndIntegrationCommand { team } => self.end_integration_command(team),
            Effect::Broker(order) => self.broker(*order),
            Effect::Open(order) => self.open(*order),
            Effect::Close { .. } => self.close(effect),
            Effect::StartServer => self.start_server(),
            Effect::LookAtWork { .. } | Effect::LookAtTree { .. } => self.look_at_work(effect),
            Effect::LookForRequest { .. } => self.look_for_request(effect),
            Effect::LookForOverlaps { .. } => self.look_for_overlaps(effect),
            Effect::LookAtSession { conn, request } => self.look_at_session(conn, request),
            Effect::EndIdleServer => self.end_idle_server(),
            Effect::DropDeadPane { pane } => self.drop_dead_pane(pane),
            Effect::RecallKeys {
                team,
                session,
                names,
            } => self.recall_keys(team, session, names),
            Effect::ForgetAgent(agent) => self.forget_agent(agent),
            Effect::Shutdown => self.told_to_end(),
            Effect::ListPanes { listing } => {
                self.look_into_outboxes(now);
                self.look_into_rules(now);
                self.look_into_refs(now);
                self.list_panes(listing);
            }
            Effect::WatchSpool {
                agent,
                launch,
                offset,
            } => {
                let path = self.agent_dir(agent).join(spool_name(launch));
                self.spools.watch(agent, launch, path, offset);
                send(&self.inputs, Input::Spool(agent));
            }
            Effect::Probe { .. }
            | Effect::Paste { .. }
            | Effect::Press { .. }
            | Effect::PressKey { .. } => self.type_into(effect),
            // At once, in the order in which they are wanted: one may be taken back that is just being laid.
            Effect::Offer { offer, text, inbox } => self.offer(offer, &text, inbox.as_ref()),
            Effect::Withdraw(offer) => self.withdraw(offer),
            Effect::AnswerFile(order) => self.answer_file(order),
            Effect::WatchTranscript {
                agent,
                launch,
                program,
                path,
                offset,
            } => {
                self.transcripts
                    .watch(agent, launch, program, path.clone(), offset);
                send(&self.inputs, Input::Transcript(path));
            }
            Effect::ReadLastLines {
                agent,
                failed,
                pane,
                lines,
            } => self.read_last_lines(agent, failed, pane, lines),
            Effect::ReadTranscript { message, path } => {
                let program = self.state.program_for(message);
                let found = program
                    .is_some_and(|program| transcript::holds(&path, &program.transcript, message));
                send(
                    &self.inputs,
                    Input::Event(Event::Transcript { message, found }),
                );
            }
        }
    }

    pub(crate) fn agent_dir(&self, agent: AgentId) -> std::path::PathBuf {
        self.home.join("run/agents").join(agent.to_string())
    }

    pub(crate) fn reply(&mut self, conn: ConnId, response: &torch_api::Response) {
        let sent = self
            .connections
            .get(&conn)
            .map(|sender| sender.send(socket::line(response)));
        if sent == Some(false) {
            // Gone, or one that never reads: without its sender the connection closes.
            self.connections.remove(&conn);
        }
    }

    /// What can't be kept must not be told: every request of a turn that failed gets the error instead.
    pub(crate) fn refuse_all(&mut self, acts: &[Effect], error: &torch_store::StoreError) {
        let failure = crate::failure::from_error(FailureKind::Other, error, error.hint());
        for act in acts {
            if let Effect::Reply { conn, .. }
            | Effect::Answer { conn, .. }
            | Effect::Worktrees { conn, .. }
            | Effect::Inspect { conn, .. } = act
                // A file is asked about again by the next daemon.
                && !self.outboxes.is_asking(*conn)
            {
                self.reply(*conn, &torch_api::Response::Failed(failure.clone()));
            }
        }
    }

    fn execute_git(&mut self, effect: Effect) {
        let (git, inputs) = (self.git.clone(), self.inputs.clone());
        let set_up = self.set_up();
        match effect {
            Effect::AddWorktree {
                agent,
                role,
                project,
                base_branch,
                base_commit,
                path,
            } => drop(tokio::task::spawn_blocking(move || {
                let order = git::AddOrder {
                    path: &path,
                    base_commit: &base_commit,
                    base_branch: &base_branch,
                    role: &role,
                };
                let result = git::add(&git, &project, &order, &set_up);
                crate::crash::did("worktree");
                let result = match result {
                    Ok((repository, added, notes)) => {
                        let shown = git::added(&added, &notes);
                        send(&inputs, Input::Added(agent, Box::new((repository, added))));
                        Ok(shown)
                    }
                    Err(error) => Err(git::failure(&error)),
                };
                send(
                    &inputs,
                    Input::Event(Event::WorktreeAdded { agent, result }),
                );
            })),
            Effect::UndoWorktree {
                agent, team, path, ..
            } => {
                let made = self.added.remove(&agent);
                drop(tokio::task::spawn_blocking(move || {
                    let kept = match made {
                        Some((repository, added)) => {
                            let kept = git::undo(&git, &repository, &added);
                            if kept.is_none() {
                                set_up.release(&added.path);
                            }
                            kept
                        }
                        None => Some(format!("{} (another daemon made it)", path.display())),
                    };
                    send(
                        &inputs,
                        Input::Event(Event::WorktreeUndone { agent, team, kept }),
                    );
                }));
            }
            _ => {}
        }
    }

    fn inspect(&mut self, conn: ConnId, request: Box<torch_api::wire::AutoRequest>) {
        let (git, inputs) = (self.git.clone(), self.inputs.clone());
        let installed = self.state.programs.installed(request.env.get("PATH"));
        // Nothing is started for a team that can't be.
        if let Err(failure) = self.state.check_order(&request, &installed) {
            self.tmux.orders += usize::from(!request.dry_run);
            let inspected = Event::Inspected {
                conn,
                request,
                result: Err(*failure),
            };
            return send(&self.inputs, Input::Event(inspected));
        }
        let connect = (!request.dry_run).then(|| self.tmux.config.clone());
        let (server, ending) = (self.tmux.server.clone(), self.tmux.idle_end.clone());
        let gate = self.tmux.gate.clone();
        self.tmux.orders += usize::from(connect.is_some());
        tokio::spawn(async move {
            let asked = request.clone();
            let looked = tokio::task::spawn_blocking(move || {
                let (repository, spec) = git::inspect(&git, &asked)?;
                let mut project = git::facts(&repository);
                project.installed = installed;
                Ok::<_, Box<torch_api::Failure>>((project, spec))
            });
            let mut result = match looked.await {
                Ok(Ok(facts)) => Ok(facts),
                Ok(Err(failure)) => Err(*failure),
                Err(error) => Err(other(
                    "the project could not be looked at",
                    &error.to_string(),
                    None,
                )),
            };
            // The project first: a server is started only for a team that can be raised.
            if let (Ok((project, _)), Some(config)) = (&mut result, connect) {
                if let Some(mut ending) = ending {
                    // An error means that the task is gone, and so is its work.
                    ending.wait_for(|ended| *ended).await.ok();
                }
                let server = match server.filter(|server| !server.is_closed()) {
                    Some(server) => Ok(server),
                    None => Self::connect_tmux(config, gate, inputs.clone()).await,
                };
                match server {
                    Ok(server) => project.sessions = session_names(&server).await,
                    Err(error) => result = Err(tmux::session_failure(&error)),
                }
            }
            send(
                &inputs,
                Input::Event(Event::Inspected {
                    conn,
                    request,
                    result,
                }),
            );
        });
    }

    fn read_last_lines(&self, agent: AgentId, failed: FailedHow, pane: PaneId, lines: u32) {
        let (server, inputs) = (self.tmux.server.clone(), self.inputs.clone());
        tokio::spawn(async move {
            let captured = match server {
                Some(server) => server
                    .capture(pane, Some(lines), CaptureStyle::Plain)
                    .await
                    .ok(),
                None => None,
            };
            let lines = captured.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            let event = Event::LastLines {
                agent,
                failed,
                lines,
            };
            send(&inputs, Input::Event(event));
        });
    }

    fn forget_agent(&mut self, agent: AgentId) {
        self.spools.forget(agent);
        self.transcripts.forget(agent);
        let dir = self.agent_dir(agent);
        if let Err(error) = std::fs::remove_dir_all(&dir)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!("{} could not be removed: {error}", dir.display());
        }
    }

    /// A server without teams is no use to anybody; a person's own windows keep it.
    fn end_idle_server(&mut self) {
        let Some(server) = self.tmux.server.clone() else {
            return;
        };
        if self.tmux.orders > 0 {
            return;
        }
        let (ended, idle_end) = tokio::sync::watch::channel(false);
        let before = self.tmux.idle_end.replace(idle_end);
        tokio::spawn(async move {
            if let Some(mut before) = before {
                // While an end is under way a lost connection must not be made again, which would be a new server.
                before.wait_for(|ended| *ended).await.ok();
            }
            if server.list_panes().await.is_ok_and(|rows| rows.is_empty())
                && let Err(error) = server.kill_server_if_owned().await
            {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the idle tmux server could not be ended"
                );
            }
            ended.send_replace(true);
        });
    }

    fn list_panes(&mut self, listing: u64) {
        for agent in self.spools.grown() {
            send(&self.inputs, Input::Spool(agent));
        }
        for path in self.transcripts.grown() {
            send(&self.inputs, Input::Transcript(path));
        }
        let Some(server) = self.tmux.server.clone() else {
            return;
        };
        let inputs = self.inputs.clone();
        tokio::spawn(async move {
            // A failure means that the connection is lost, which is told on its own.
            if let Ok(rows) = server.list_panes().await {
                let panes = rows.iter().map(tmux::pane_fact).collect();
                send(&inputs, Input::Event(Event::Panes { listing, panes }));
            }
        });
    }

    fn answer(&mut self, now: Timestamp, conn: ConnId, query: crate::event::Query) {
        let query = match query {
            crate::event::Query::Revive { id } => match answer::revivable(&self.store, &id) {
                Ok(stored) => {
                    let event = Event::Revived {
                        conn,
                        envelope: Box::new(stored.envelope),
                        delivery: Box::new(stored.delivery),
                    };
                    return send(&self.inputs, Input::Event(event));
                }
                Err(query) => query,
            },
            crate::event::Query::Audit => return self.audit(conn),
            crate::event::Query::Gc { dry_run } => return self.collect(now, conn, dry_run),
            other => other,
        };
        match answer::from_store(&mut self.store, now, query) {
            Ok(response) => self.reply(conn, &response),
            Err(query) => {
                let Some(sender) = self.connections.get(&conn).cloned() else {
                    return;
                };
                let server = self.tmux.server.clone();
                let inputs = self.inputs.clone();
                tokio::spawn(async move {
                    let opens = matches!(
                        *query,
                        crate::event::Query::Shell { .. } | crate::event::Query::Window { .. }
                    );
                    let response = answer::from_tmux(server, *query).await;
                    if opens {
                        // Whose pane it is must be known before anybody writes from it.
                        send(
                            &inputs,
                            Input::Event(Event::Timer(crate::event::TimerKey::Panes)),
                        );
                    }
                    // A client that is gone needs no answer.
                    let _ = sender.send(socket::line(&response));
                });
            }
        }
    }
}

/// The sessions that a server has; none where it can't be asked, which then shows when the team's own is opened.
async fn session_names(server: &Server) -> Vec<String> {
    let rows = server.list_panes().await.unwrap_or_default();
    rows.into_iter().map(|row| row.session_name).collect()
}

/// Makes a folder of the registry, and those above it, closed to others.
pub(crate) fn make_private(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
}

/// Replaces a file by renaming over it; the new one is closed to others.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = Path::new(&partial);
    match std::fs::remove_file(partial) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = std::os::unix::fs::OpenOptionsExt::mode(&mut std::fs::OpenOptions::new(), 0o600)
        .write(true)
        .create_new(true)
        .open(partial)?;
    std::io::Write::write_all(&mut file, bytes)?;
    std::fs::rename(partial, path)
}

/// Sends an input; the loop is gone only when the daemon ends.
pub(crate) fn send(inputs: &tokio::sync::mpsc::UnboundedSender<Input>, input: Input) {
    drop(inputs.send(input));
}

#[cfg(test)]
mod tests {
    use super::is_gone;

    #[test]
    fn only_a_folder_that_is_not_there_is_gone() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(!is_gone(folder.path()));
        assert!(is_gone(&folder.path().join("worktree")));
        let file = folder.path().join("file");
        std::fs::write(&file, "").expect("written");
        assert!(!is_gone(&file.join("below")), "it can't be looked at");
    }
}
