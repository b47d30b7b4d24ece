//! Launches: a window is opened with its orders, comes up or not, and is closed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use torch_api::wire::Stage;
use torch_core::hand_over;
use torch_core::launch::LaunchSpec;
use torch_core::plan::{SessionObserved, WindowObserved, WorktreeObserved};
use torch_core::program::{AgentProgram, Variable, fill, fill_variables};
use torch_core::{
    AgentId, AgentState, DesiredState, Evidence, LaunchId, PaneAddress, TeamId, Write,
};

use super::restart::{End, EndCause};
use super::{State, Turn};
use crate::event::{
    Effect, OpenFailure, OpenIn, OpenWindow, OpenedWindow, PaneRecord, Resume, TimerKey,
};

/// What a launch is made of.
struct LaunchOrders {
    spec: LaunchSpec,
    resume: Option<Resume>,
    files: Vec<(String, String)>,
    secrets: BTreeMap<String, String>,
}

/// What the places of a launch stand for, but for the conversation.
struct Filler(Vec<(String, String)>);

impl Filler {
    fn fill(&self, text: &str, conversation: &str) -> String {
        let own = self
            .0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let places: Vec<_> = own.chain([("conversation", conversation)]).collect();
        fill(text, &places)
    }

    /// Fills the words of a command; `{mode}` alone is the arguments of the permission mode.
    fn argv(&self, words: &[String], mode: &[String], conversation: &str) -> Vec<String> {
        let words = words.iter().flat_map(|word| match word.as_str() {
            "{mode}" => mode,
            _ => std::slice::from_ref(word),
        });
        words.map(|word| self.fill(word, conversation)).collect()
    }
}

impl State {
    /// Starts an agent's program: in the pane that it had, in its session, or in a new one.
    pub(crate) fn open(&mut self, t: &mut Turn, agent: AgentId) {
        let Some(open_in) = self.open_in(t, agent) else {
            return;
        };
        let launch = self.fresh_launch(t.now);
        let conversation = uuid(self.random.u128(..));
        let Some(orders) = self.launch_orders(agent, launch, &conversation) else {
            return;
        };
        let record = match open_in {
            OpenIn::Pane(_) => self.pane_record(agent, "a restart"),
            _ => None,
        };
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        if matches!(open_in, OpenIn::NewSession(_)) {
            self.sessions
                .insert(run.agent.team, SessionObserved::Pending);
        }
        run.window = WindowObserved::Opening;
        run.failure = None;
        run.following = None;
        run.looks = None;
        run.started = false;
        run.restart_at = None;
        run.briefing_asked = false;
        run.acting = None;
        let before = run.agent.process.take();
        run.agent.launches += 1;
        run.agent.observed.begin(t.now);
        run.agent.launch = Some(launch);
        run.reopening = run.agent.pane.take();
        run.agent.briefing = None;
        run.agent.briefed = false;
        run.agent.resumed = false;
        run.agent.conversation = Some(conversation);
        if let Some(transcript) = run.agent.transcript.take() {
            run.agent.last_transcript = Some(transcript);
        }
        run.early.clear();
        for flight in self.flights.values_mut() {
            if flight.envelope.recipient.agent() == Some(agent) {
                flight.composer_gone();
            }
        }
        let role = run.agent.role.clone();
        // A person's session keeps the order of its windows.
        let index = (run.agent.guest_in.is_none()).then_some(run.agent.position);
        self.credit_launched(t, agent);
        self.set_state(
            t,
            agent,
            AgentState::Starting,
            Evidence::new("launch", "its window is being opened", t.now),
        );
        if let Some(run) = self.agents.get(&agent) {
            t.write(Write::PutAgent(Box::new(run.agent.clone())));
        }
        t.journal("agent.launch", agent, json!({"launch": launch}));
        t.write(Write::SpoolOffset { agent, offset: 0 });
        t.push(Effect::Open(Box::new(OpenWindow {
            agent,
            role,
            index,
            open_in,
            spec: orders.spec,
            resume: orders.resume,
            files: orders.files,
            secrets: orders.secrets,
            before,
            record,
        })));
    }

    /// Everything that a launch is made of.
    fn launch_orders(
        &self,
        agent: AgentId,
        launch: LaunchId,
        conversation: &str,
    ) -> Option<LaunchOrders> {
        let run = self.agents.get(&agent)?;
        let team = self.teams.get(&run.agent.team)?;
        let program = &self.programs.get(&run.agent.program)?.data;
        let rules = &program.launch;
        let spool = self.run_dir(agent).join(spool_name(launch));
        let filler = self.filler(agent, &spool, launch)?;
        let mode = rules.chosen_mode(&self.settings.config.agents.mode);
        let mode = mode.map_or(&[][..], |(_, mode)| &mode.args);
        let mut env = team.env.clone();
        let own = rules.env.iter();
        env.extend(own.map(|(name, value)| (name.clone(), filler.fill(value, conversation))));
        env.extend(self.agent_env(agent)?);
        let mut secrets = self.secrets.get(&team.id).cloned().unwrap_or_default();
        // What the user's settings name goes to every program; which of them is a secret nobody can tell.
        let own: Vec<&str> = self.settings.config.agents.variable_names().collect();
        secrets.retain(|name, _| {
            program.takes(name) == Some(Variable::Secret) || own.contains(&name.as_str())
        });
        let mut inherit = rules.secrets.clone();
        inherit.extend(own.into_iter().map(str::to_owned));
        let spec = LaunchSpec {
            agent,
            launch,
            role: run.agent.role.clone(),
            argv: filler.argv(&rules.argv, mode, conversation),
            env,
            inherit,
            cwd: run.agent.worktree.clone(),
            spool,
            on_exit: Vec::new(),
            farewell: format!(
                "\r\n[torch] {} has ended: {{end}}. Nothing typed here reaches anybody.\r\n[torch] Its worktree: {}\r\n",
                run.agent.role,
                run.agent.worktree.display()
            ),
        };
        let had = self.conversation_to_resume(agent);
        let resume = had.map(|(conversation, transcript)| Resume {
            argv: filler.argv(&rules.resume, mode, &conversation),
            conversation,
            transcript,
        });
        let files = rules.files.iter();
        let files = files.map(|file| (file.name.clone(), filler.fill(&file.text, conversation)));
        Some(LaunchOrders {
            spec,
            resume: resume.filter(|_| !rules.resume.is_empty()),
            files: files.collect(),
            secrets,
        })
    }

    fn filler(&self, agent: AgentId, spool: &Path, launch: LaunchId) -> Option<Filler> {
        let run = self.agents.get(&agent)?;
        let program = &self.programs.get(&run.agent.program)?.data;
        let torch = self.settings.torch.display().to_string();
        let hook = format!(
            "{} hook --spool {} --launch {launch}",
            sh_word(&torch),
            sh_word(&spool.display().to_string()),
        );
        let chained = self.chained(agent, program);
        let hands_over = self.hands_over(agent, launch, program);
        let command = program.install.as_ref().map(|install| &install.command);
        let mut filler = Filler(
            vec![
                ("program", command.cloned().unwrap_or_default()),
                ("torch", torch),
                ("registry", self.settings.home.display().to_string()),
                ("run", self.run_dir(agent).display().to_string()),
                ("worktree", run.agent.worktree.display().to_string()),
                ("role", run.agent.role.to_string()),
                ("status_line", format!("{hook} --status-line{chained}")),
                ("hand_over", format!("{hook}{hands_over}")),
                ("hook", hook),
            ]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
        );
        let digests = program.launch.digests.iter();
        let digests: Vec<_> = digests
            .map(|(name, text)| {
                let sum = torch_router::tag::sha256(filler.fill(text, "").as_bytes());
                (name.clone(), format!("sha256:{sum}"))
            })
            .collect();
        filler.0.extend(digests);
        Some(filler)
    }

    /// The conversation that an agent had, with its transcript. One that its program could not go on with is not tried again.
    fn conversation_to_resume(&self, agent: AgentId) -> Option<(String, PathBuf)> {
        let agent = &self.agents.get(&agent)?.agent;
        if agent.resumed && agent.transcript.is_none() {
            return None;
        }
        let transcript = agent
            .transcript
            .as_ref()
            .or(agent.last_transcript.as_ref())?;
        Some((agent.conversation.clone()?, transcript.clone()))
    }

    /// The arguments that let a hook hand messages over.
    fn hands_over(&self, agent: AgentId, launch: LaunchId, program: &AgentProgram) -> String {
        let Some(rules) = &program.hooks.hand_over else {
            return String::new();
        };
        let folder = self.run_dir(agent).join(hand_over::folder(launch));
        let mut words = format!(" --hand-over {}", sh_word(&folder.display().to_string()));
        for pointer in &rules.unless {
            words.push_str(" --unless ");
            words.push_str(&sh_word(pointer));
        }
        words
    }

    /// The arguments that name the settings in which the user may have a status line of their own.
    fn chained(&self, agent: AgentId, program: &AgentProgram) -> String {
        let rules = &program.status_line;
        let Some((run, team)) = self
            .agents
            .get(&agent)
            .and_then(|run| Some((run, self.teams.get(&run.agent.team)?)))
        else {
            return String::new();
        };
        let worktree = run.agent.worktree.display().to_string();
        let files = rules.chain.iter().filter_map(|file| {
            let file = fill(file, &[("worktree", &worktree)]);
            fill_variables(&file, &team.env)
        });
        let words: Vec<String> = files
            .map(|file| format!(" --chain {}", sh_word(&file)))
            .collect();
        if words.is_empty() {
            return String::new();
        }
        format!(
            "{} --chain-pointer {}",
            words.concat(),
            sh_word(&rules.chain_pointer)
        )
    }

    /// The variables that tell an agent where it is.
    fn agent_env(&self, agent: AgentId) -> Option<BTreeMap<String, String>> {
        let run = self.agents.get(&agent)?;
        let team = self.teams.get(&run.agent.team)?;
        let roles: Vec<String> = self
            .team_agents(team.id)
            .iter()
            .filter_map(|id| self.agents.get(id))
            .map(|run| run.agent.role.to_string())
            .collect();
        let bin = self
            .settings
            .torch
            .parent()
            .map(|dir| dir.display().to_string())
            .unwrap_or_default();
        let path = team
            .env
            .get("PATH")
            .cloned()
            .unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".to_owned());
        let pair = |name: &str, value: String| (name.to_owned(), value);
        let mut env = self.settings.env.clone();
        env.extend([
            pair("PATH", format!("{bin}:{path}")),
            pair("TORCH_HOME", self.settings.home.display().to_string()),
            pair("TORCH_AGENT", agent.to_string()),
            pair("TORCH_ROLE", run.agent.role.to_string()),
            pair("TORCH_TEAM", team.name.to_string()),
            pair("TORCH_TEAM_ROLES", roles.join(",")),
            pair("TORCH_SPEC", team.spec.display().to_string()),
        ]);
        Some(env)
    }

    pub(crate) fn run_dir(&self, agent: AgentId) -> PathBuf {
        self.settings
            .home
            .join("run/agents")
            .join(agent.to_string())
    }

    pub(crate) fn on_opened(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        launch: LaunchId,
        result: Result<OpenedWindow, OpenFailure>,
    ) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        if run.agent.launch != Some(launch) {
            return;
        }
        let (team, role) = (run.agent.team, run.agent.role.clone());
        match result {
            Ok(OpenedWindow { address, resumed }) => {
                let opening = run.window == WindowObserved::Opening;
                run.window = WindowObserved::Live;
                run.ended = false;
                run.opened_in = self.listing;
                run.agent.pane = Some(address);
                run.agent.resumed = resumed.is_some();
                if let Some(conversation) = resumed {
                    run.agent.conversation = Some(conversation);
                }
                let here = run.last_session.replace(address.session) == Some(address.session);
                run.reopening = None;
                let guest = run.agent.guest_in.is_some();
                let (copy, program) = (run.agent.clone(), run.agent.program.clone());
                t.write(Write::PutAgent(Box::new(copy)));
                // A pane that a person moved elsewhere takes its team not with it.
                let pending = self.sessions.get(&team) == Some(&SessionObserved::Pending);
                if !guest && (pending || !here) {
                    self.on_session_present(t, team, address);
                }
                self.refresh_known_panes();
                let seconds = self
                    .programs
                    .get(&program)
                    .map_or(60, |program| program.data.launch.ready_seconds);
                t.timer(
                    TimerKey::Ready(agent),
                    t.now.after(Duration::from_secs(seconds)),
                );
                let detail = format!("{} {}", address.window, address.pane);
                self.progress(t, team, role.as_str(), Stage::Window, &detail);
                self.wanted_meanwhile(t, agent, opening);
            }
            Err(failure) => self.on_not_opened(t, agent, &failure),
        }
        // The outcome may come after the news that the server it speaks of ended.
        if self.server.is_none() && self.agents[&agent].window == WindowObserved::Live {
            self.lose_window(t, agent);
            let how = "the tmux server ended";
            self.on_program_gone(t, agent, AgentState::Crashed, how, EndCause::Server);
        }
        let early = self
            .agents
            .get_mut(&agent)
            .map(|run| std::mem::take(&mut run.early))
            .unwrap_or_default();
        for (offset, records) in early {
            self.on_spool(t, (agent, launch), offset, records);
        }
        if self.undos.contains_key(&team) {
            self.undo_agent(t, team, agent);
            return;
        }
        self.reconcile(t, team);
        self.pump(t, agent);
    }

    /// An agent that was stopped while its window was opened, and is wanted again by the time that is known, goes on with it.
    fn wanted_meanwhile(&mut self, t: &mut Turn, agent: AgentId, opening: bool) {
        let Some(run) = self.agents.get(&agent) else {
            return;
        };
        let team = self.teams.get(&run.agent.team);
        let wanted = run.agent.desired == DesiredState::Running
            && team.is_some_and(|team| team.desired == DesiredState::Running);
        if run.agent.state.is_live() || !wanted {
            return;
        }
        // What an earlier daemon opened may have said already that it is ready: its screen tells.
        let state = if opening {
            AgentState::Starting
        } else {
            AgentState::Unknown
        };
        let evidence = Evidence::new(
            "launch",
            "its window is open, and it is wanted again",
            t.now,
        );
        self.set_state(t, agent, state, evidence);
    }

    fn on_session_present(&mut self, t: &mut Turn, team: TeamId, address: PaneAddress) {
        self.sessions.insert(team, SessionObserved::Present);
        if let Some(team) = self.teams.get_mut(&team)
            && team.session != Some(address.session)
        {
            team.session = Some(address.session);
            t.write(Write::PutTeam(Box::new(team.clone())));
        }
    }

    /// A launch that came to nothing is an end like any other: it is tried again, and given up after a few times.
    fn on_not_opened(&mut self, t: &mut Turn, agent: AgentId, failure: &OpenFailure) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        let team = run.agent.team;
        // The pane that was to be used again is still there, unless the next listing says otherwise.
        run.agent.pane = run.reopening.take();
        let look = run.agent.pane.is_some() && self.server.is_some();
        run.window = match run.agent.pane {
            Some(_) => WindowObserved::Ended,
            None => WindowObserved::Absent,
        };
        run.ended = true;
        if failure.no_directory {
            run.worktree = WorktreeObserved::Absent;
        }
        let how = format!("its window could not be opened: {}", failure.error);
        run.agent.last_end = Some(how.clone());
        let lost = self.server.is_none();
        run.end = Some(End {
            state: AgentState::Crashed,
            how: how.clone(),
            cause: if lost {
                EndCause::Server
            } else {
                EndCause::Program
            },
            listing: if look { self.listing + 1 } else { 0 },
            lines: Some(String::new()),
        });
        if self.sessions.get(&team) == Some(&SessionObserved::Pending) {
            self.sessions.insert(team, SessionObserved::Absent);
        }
        let evidence = Evidence::new("command", how, t.now);
        self.set_state(t, agent, AgentState::Crashed, evidence);
        if look {
            self.list_panes(t);
        } else {
            self.decide_end(t, agent);
        }
    }

    pub(crate) fn close(&mut self, t: &mut Turn, agent: AgentId) {
        let why = self
            .agents
            .get(&agent)
            .and_then(|run| run.closing_for.clone())
            .unwrap_or_else(|| "torch stop".to_owned());
        let record = self.pane_record(agent, &why);
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        let Some(at) = run.agent.pane else {
            run.window = WindowObserved::Absent;
            return;
        };
        run.window = WindowObserved::Closing;
        let record = record.filter(|_| !self.undos.contains_key(&run.agent.team));
        t.push(Effect::Close {
            agent,
            pane: at.pane,
            pid: at.pid,
            process: run.agent.process,
            record,
        });
    }

    /// What is saved of an agent's pane (S2-190).
    fn pane_record(&self, agent: AgentId, why: &str) -> Option<PaneRecord> {
        let run = self.agents.get(&agent)?;
        let team = self.teams.get(&run.agent.team)?;
        let mut issues = Vec::new();
        if !run.agent.state.is_live() {
            issues.push(run.agent.evidence.detail.clone());
        }
        if !run.agent.restarts.is_empty() {
            issues.push(format!(
                "restarted {} times within the hour",
                run.agent.restarts.len()
            ));
        }
        let mut handoff = vec![
            format!("Worktree: {}", run.agent.worktree.display()),
            format!(
                "Branch: {}",
                run.agent.branch.as_deref().unwrap_or("(detached HEAD)")
            ),
        ];
        let waiting = run
            .queue
            .iter()
            .map(|id| format!("Not delivered yet: {}", id.tag()));
        handoff.extend(waiting);
        Some(PaneRecord {
            pane: run.agent.pane?.pane,
            team: team.name.to_string(),
            role: run.agent.role.clone(),
            why: why.to_owned(),
            completed: run.agent.completed.clone(),
            issues,
            handoff,
            project: team.project.clone(),
            worktree: run.agent.worktree.clone(),
            base_commit: team.base_commit.clone(),
        })
    }
}

/// The spool file's name; each launch has its own, so that a late record of an old one can't be taken for a new one's.
pub(crate) fn spool_name(launch: LaunchId) -> String {
    format!("{SPOOL}{launch}.jsonl")
}

/// What the name of every spool file begins with.
pub(crate) fn spool_prefix() -> &'static str {
    SPOOL
}

/// As [`spool_prefix`].
const SPOOL: &str = "spool-";

/// One word for `sh -c`; single quotes take everything but themselves literally.
fn sh_word(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A version 4 UUID from random bits (RFC 9562).
fn uuid(random: u128) -> String {
    let bits = (random & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_uuid_says_its_version() {
        let uuid = super::uuid(u128::MAX);
        assert_eq!(uuid, "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }
}
