//! What a launch is made of: the program's arguments, variables and files, filled with what the agent is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use torch_core::forbidden::{RULES_FILE, RULES_VARIABLE};
use torch_core::hand_over;
use torch_core::launch::LaunchSpec;
use torch_core::policy::AgentCommits;
use torch_core::program::{AgentProgram, fill, fill_variables};
use torch_core::question::answers_folder;
use torch_core::{AgentId, LaunchId};

use super::State;
use crate::event::Resume;

/// What a launch is made of.
pub(super) struct LaunchOrders {
    pub(super) spec: LaunchSpec,
    pub(super) resume: Option<Resume>,
    pub(super) files: Vec<(String, String)>,
    pub(super) secrets: BTreeMap<String, String>,
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
    /// Everything that a launch is made of.
    pub(super) fn launch_orders(
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
        self.git_environment(agent, &mut env);
        let mut secrets = self.secrets.get(&team.id).cloned().unwrap_or_default();
        secrets.retain(|name, _| {
            self.is_key_of(&run.agent.program, name) && !self.is_withheld(agent, name)
        });
        let own: Vec<&str> = self.settings.config.agents.variable_names().collect();
        let mut inherit = rules.secrets.clone();
        inherit.extend(own.into_iter().map(str::to_owned));
        inherit.retain(|name| !self.is_withheld(agent, name));
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
        let mut files: Vec<_> = files.collect();
        if self.holds_git_back(agent) {
            let rules = serde_json::to_string_pretty(&self.git_rules(agent, launch)?).ok()?;
            files.push((RULES_FILE.to_owned(), rules));
        }
        Some(LaunchOrders {
            spec,
            resume: resume.filter(|_| !rules.resume.is_empty()),
            files,
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
        let guards = match program.hooks.guard.is_some() && self.holds_git_back(agent) {
            true => format!(" --guard {}", sh_word(&self.git_rules_file(agent))),
            false => String::new(),
        };
        let answers = self.run_dir(agent).join(answers_folder(launch));
        let answers = answers.display().to_string();
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
                ("guard", format!("{hook}{guards}")),
                ("answers", answers),
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
            pair(
                "TORCH_AGENT_COMMITS",
                match team.policy.git.agent_commits {
                    AgentCommits::Required => "required".to_owned(),
                    AgentCommits::Forbidden => "forbidden".to_owned(),
                },
            ),
            pair("TORCH_SPEC", team.spec.display().to_string()),
        ]);
        if self.holds_git_back(agent) {
            env.extend([pair(RULES_VARIABLE, self.git_rules_file(agent))]);
        }
        Some(env)
    }

    fn git_rules_file(&self, agent: AgentId) -> String {
        self.run_dir(agent).join(RULES_FILE).display().to_string()
    }

    pub(crate) fn run_dir(&self, agent: AgentId) -> PathBuf {
        self.settings
            .home
            .join("run/agents")
            .join(agent.to_string())
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
pub(super) fn uuid(random: u128) -> String {
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
