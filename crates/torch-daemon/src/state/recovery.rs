//! What an agent is told that was started again, or briefed again: where it was, from what git and the messages show.

use std::time::Duration;

use serde_json::json;
use torch_brief::Recovery;
use torch_core::program::Signal;
use torch_core::{AgentId, LaunchId, RoleName, TeamId, Timestamp, Write};

use super::{State, Turn};
use crate::event::{Effect, WorkFacts};

/// How many commits are named.
const COMMITS: usize = 8;

impl State {
    /// An agent's first briefing goes out at once; a later one says where it was, which git is asked for first.
    pub(crate) fn brief(&mut self, t: &mut Turn, agent: AgentId) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        let again = run.agent.launches > 1 || run.agent.briefing.is_some();
        let (Some(launch), true) = (run.agent.launch, again) else {
            return self.send_briefing(t, agent, None);
        };
        if run.briefing_asked {
            return;
        }
        run.briefing_asked = true;
        run.agent.briefed = false;
        let Some(team) = self.teams.get(&run.agent.team) else {
            return;
        };
        t.push(Effect::LookAtWork {
            agent,
            launch,
            project: team.project.clone(),
            worktree: run.agent.worktree.clone(),
            base_commit: team.base_commit.clone(),
        });
    }

    /// A program's conversation was begun anew or compacted: who it is, is said again, once.
    pub(crate) fn restate(&mut self, t: &mut Turn, agent: AgentId, signal: Signal) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        let kind = if signal == Signal::Compacted {
            run.agent.figures.compactions += 1;
            "agent.compacted"
        } else {
            "agent.cleared"
        };
        run.restated = Some(signal);
        let figures = &run.agent.figures;
        let data =
            json!({"conversation": run.agent.conversation, "compactions": figures.compactions});
        let briefed = run.agent.briefing.is_some();
        t.write(Write::PutAgent(Box::new(run.agent.clone())));
        t.journal(kind, agent, data);
        if briefed {
            self.brief(t, agent);
        }
        self.look_at_screen(t, agent);
    }

    pub(crate) fn on_work_seen(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        launch: LaunchId,
        work: Option<&WorkFacts>,
    ) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        if run.agent.launch != Some(launch) {
            return;
        }
        let silence = std::mem::take(&mut run.silence_asked);
        // It may have ended meanwhile; its next launch asks anew.
        if std::mem::take(&mut run.briefing_asked) {
            let text = self.recovery(agent, work, t.now);
            if let Some(run) = self.agents.get_mut(&agent) {
                run.restated = None;
            }
            self.send_briefing(t, agent, text);
        }
        if let (true, Some(work)) = (silence, work) {
            self.on_silence_seen(t, agent, work);
        }
    }

    /// The words that go before a repeated briefing.
    fn recovery(&self, agent: AgentId, work: Option<&WorkFacts>, now: Timestamp) -> Option<String> {
        let run = self.agents.get(&agent)?;
        let memory = if run.agent.resumed && run.restated.is_none() {
            "Your conversation goes on: what you remember of it holds, and what stands here is newer."
        } else {
            "You have no memory of what you did before, or not all of it."
        };
        let why = match (&run.agent.last_end, run.agent.state.is_live()) {
            _ if run.restated == Some(Signal::Compacted) => {
                "Your conversation was compacted; this says again who you are.".to_owned()
            }
            _ if run.restated.is_some() => {
                "Your conversation was begun anew; this says again who you are.".to_owned()
            }
            (Some(how), _) if run.agent.launches > 1 && run.agent.briefing.is_none() => {
                format!("You were started again after this: {how}.")
            }
            _ if run.agent.briefing.is_none() => "You were started again.".to_owned(),
            _ => "You are briefed again; whatever you are doing goes on from here.".to_owned(),
        };
        let waiting = run.queue.len();
        let recovery = Recovery {
            why,
            memory: memory.to_owned(),
            work: work_text(work),
            report: match (&run.agent.completed, run.agent.completed_at) {
                (Some(text), Some(at)) => {
                    format!("Your last report, {} ago: {text}", words(now.since(at)))
                }
                _ => "You have reported nothing complete yet.".to_owned(),
            },
            messages: match waiting {
                0 => "No message waits for you.".to_owned(),
                1 => "One message waits for you and follows this one.".to_owned(),
                n => format!("{n} messages wait for you and follow this one, in order."),
            },
            duty: match (
                run.agent.task.is_some(),
                self.finished_words(run.agent.team, now),
            ) {
                (false, Some(text)) => text,
                _ => duty(&run.agent.role, run.agent.task.as_deref()),
            },
        };
        torch_brief::recovery(&recovery).ok()
    }
}

impl State {
    /// What a member of a team is told whose spec was reported complete.
    fn finished_words(&self, team: TeamId, now: Timestamp) -> Option<String> {
        let team = self.teams.get(&team)?;
        let ago = words(now.since(team.finished?));
        let summary = team.summary.as_deref().unwrap_or_default();
        Some(format!(
            "The orchestrator reported the whole spec complete {ago} ago: {summary}. Start nothing again; wait for a message that asks for more."
        ))
    }
}

fn work_text(work: Option<&WorkFacts>) -> String {
    let Some(work) = work else {
        return "- Your worktree could not be read just now: look with `git status` and `git log`."
            .to_owned();
    };
    let head: String = work.head.chars().take(8).collect();
    let mut lines = vec![match &work.branch {
        Some(branch) => format!(
            "- Branch `{branch}` at {head}, {} of the team's own commits.",
            work.ahead
        ),
        None => format!(
            "- Detached HEAD at {head}, {} of the team's own commits.",
            work.ahead
        ),
    }];
    lines.extend(
        work.commits
            .iter()
            .take(COMMITS)
            .map(|commit| format!("  - {commit}")),
    );
    lines.push(if work.dirty {
        "- There are changes that are not committed: `git status`, `git diff`.".to_owned()
    } else {
        "- Nothing is uncommitted.".to_owned()
    });
    lines.extend(
        work.checkpoints
            .iter()
            .take(1)
            .map(|file| format!("- Your last checkpoint: `{file}`.")),
    );
    lines.join("\n")
}

/// How a role finds its bearings again (S2-186).
fn duty(role: &RoleName, task: Option<&str>) -> String {
    if let Some(task) = task {
        return format!("You are here for one task: {task}");
    }
    let text = if role.is_hub() {
        "Before you hand out new work, ask each member what it is doing, and compare the branches with the spec's items."
    } else if role.is_sub_hub() {
        "Look which branches are merged and which are ready (`git log --oneline --all --graph`), then tell the orchestrator where integration stands."
    } else {
        "Go on with the item you were at; what is committed is done. If you can't tell which item that is, ask the orchestrator in one message."
    };
    text.to_owned()
}

/// A span in its largest unit.
fn words(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_is_said() {
        let work = WorkFacts {
            head: "0123456789".repeat(4),
            head_at: None,
            branch: Some("main-developer".into()),
            ahead: 2,
            commits: vec!["0123abcd add a".into(), "4567cdef add b".into()],
            dirty: true,
            changed: 2,
            checkpoints: vec!["DEVELOPER_CHECKPOINT_20261121_0930.md".into()],
        };
        let text = work_text(Some(&work));
        assert!(
            text.contains("`main-developer` at 01234567, 2 of"),
            "{text}"
        );
        assert!(text.contains("  - 4567cdef add b"), "{text}");
        assert!(
            text.contains("not committed") && text.contains("CHECKPOINT"),
            "{text}"
        );
        assert!(work_text(None).contains("git status"));
    }

    #[test]
    fn spans_have_one_unit() {
        assert_eq!(words(Duration::from_secs(119)), "119 s");
        assert_eq!(words(Duration::from_secs(120)), "2 min");
        assert_eq!(words(Duration::from_secs(7200)), "2 h");
    }
}
