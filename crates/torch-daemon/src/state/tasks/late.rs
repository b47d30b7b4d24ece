//! Reports on a task whose spec has changed since its agent was given it: they are about the old words, and end nothing.

use torch_core::{AgentId, MessageKind, Recipient, Sender, Task, TaskId, TaskState};

use super::words;
use crate::state::send::Draft;
use crate::state::{State, Turn};

impl State {
    /// Those of the tasks that an agent's report ends. Of the others it is told once what they ask for now: whatever it reports
    /// after that counts.
    pub(super) fn not_late(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        tasks: Vec<TaskId>,
    ) -> Vec<TaskId> {
        let Some(run) = self.agents.get(&agent) else {
            return tasks;
        };
        let (team, role) = (run.agent.team, run.agent.role.clone());
        let Some(plan) = self.plans.get(&team) else {
            return tasks;
        };
        let is_late = |id: &TaskId| plan.task(*id).is_some_and(|task| self.is_late(agent, task));
        let (late, counted): (Vec<TaskId>, Vec<TaskId>) = tasks.into_iter().partition(is_late);
        if late.is_empty() {
            return counted;
        }
        let mut plan = plan.clone();
        let text = words::late(late.iter().filter_map(|id| plan.task(*id)));
        for id in &late {
            if let Some(anew) = plan.task_mut(*id).and_then(|it| it.asks_anew.as_mut()) {
                anew.told.push(role.clone());
            }
        }
        t.journal(
            "task.late",
            team,
            serde_json::json!({"tasks": late, "by": role}),
        );
        self.put_plan(t, team, plan);
        let recipient = Recipient::Agent { agent, role };
        self.post(
            t,
            Draft::from_torch(team, MessageKind::Notice, recipient, text),
        );
        counted
    }

    /// Whether an agent may not have heard that a task asks for something else: nobody has written to it since, or what was
    /// written waits for it still.
    fn is_late(&self, agent: AgentId, task: &Task) -> bool {
        let (Some(anew), Some(run)) = (&task.asks_anew, self.agents.get(&agent)) else {
            return false;
        };
        if task.state == TaskState::Done || anew.told.contains(&run.agent.role) {
            return false;
        }
        let is_news = |at: torch_core::Timestamp| anew.at.is_some_and(|since| at > since);
        let waits = run.queue.iter().any(|message| {
            let envelope = self.flights.get(message).map(|flight| &flight.envelope);
            envelope.is_some_and(|it| is_news(it.at) && it.sender != Sender::Torch)
        });
        let given = run.agent.check_ins.given;
        waits || !given.is_some_and(is_news)
    }
}
