//! What the forms STATUS and TASK say of a plan's tasks, by their ids in the plan or in the spec.

use torch_api::Failure;
use torch_core::form::StatusForm;
use torch_core::ledger::Assignment;
use torch_core::{AgentId, TaskId, TaskState, TeamId};
use torch_plan::alias::{self, AliasError};
use torch_plan::report;
use torch_router::speech::Speech;

use super::words;
use crate::state::{State, Turn};

impl State {
    /// Why a form is not taken: an id in it that the specs give to several tasks. What is no task's is a word of its sender's.
    pub(in crate::state) fn unclear_form(
        &self,
        team: TeamId,
        speech: &Speech,
    ) -> Option<Box<Failure>> {
        let plan = self.plans.get(&team)?;
        let unclear = match speech {
            Speech::Task(form) => alias::resolve(plan, &form.id).err(),
            Speech::Status(form) => {
                let lines = form.completed.iter();
                let lines = lines.chain([&form.current, &form.blocked]);
                let mut found = lines.flat_map(|line| report::headed(plan, line).ambiguous);
                found.next()
            }
            _ => None,
        };
        let unclear = unclear.filter(|error| matches!(error, AliasError::Ambiguous { .. }));
        unclear.map(|error| words::unresolved(plan, &error))
    }

    /// The task of the plan that a form's id names.
    pub(in crate::state) fn task_called(&self, team: TeamId, id: &str) -> Option<TaskId> {
        alias::resolve(self.plans.get(&team)?, id).ok()
    }

    /// Whether two ids name the same: the same word, or the same task of the plan.
    pub(in crate::state) fn is_task(&self, team: TeamId, one: &str, other: &str) -> bool {
        let called = |id| self.task_called(team, id);
        one.eq_ignore_ascii_case(other)
            || called(one).is_some_and(|task| called(other) == Some(task))
    }

    /// An assignment of a task of the plan was acknowledged: it has begun.
    pub(in crate::state) fn task_begins(&mut self, t: &mut Turn, row: &Assignment) {
        let task = self.task_called(row.team, &row.task);
        let words = format!("ACK {}", row.task);
        self.begin(t, row.team, task, (row.role.as_str(), &words));
    }

    /// A status: the items of `Completed:` that begin with ids end those tasks, `Current:` begins them, and what `Blocked:` names
    /// at its head can't go on.
    pub(in crate::state) fn tasks_of_status(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        form: &StatusForm,
    ) {
        let Some(run) = self.agents.get(&agent) else {
            return;
        };
        let (team, role) = (run.agent.team, run.agent.role.to_string());
        let Some(plan) = self.plans.get(&team) else {
            return;
        };
        let ended = form.completed.iter().map(|item| {
            let named = report::named_in(plan, item);
            (TaskState::Done, named.tasks, item.clone())
        });
        let held = form.blocker().map(|by| {
            let named = report::headed(plan, by);
            (TaskState::Blocked, named.tasks, by.to_owned())
        });
        let changes: Vec<_> = ended.chain(held).collect();
        let mut current = report::headed(plan, &form.current).tasks;
        current.retain(|id| !changes.iter().any(|(_, tasks, _)| tasks.contains(id)));
        for (state, tasks, words) in changes {
            let mut tasks = self.open_among(team, tasks);
            if state == TaskState::Done {
                tasks = self.not_late(t, agent, tasks);
            }
            self.move_tasks(t, team, &tasks, state, (&role, &words));
        }
        self.begin(t, team, current, (&role, &form.current));
    }

    /// What a report has ended stays so, whatever an older status says of it.
    fn open_among(&self, team: TeamId, tasks: Vec<TaskId>) -> Vec<TaskId> {
        let plan = self.plans.get(&team);
        let state = |id: &TaskId| Some(plan?.task(*id)?.state);
        let open = tasks.into_iter();
        open.filter(|id| state(id) != Some(TaskState::Done))
            .collect()
    }

    /// Tasks that nobody had begun, or that could not go on, are being done.
    fn begin(
        &mut self,
        t: &mut Turn,
        team: TeamId,
        tasks: impl IntoIterator<Item = TaskId>,
        words: (&str, &str),
    ) {
        let tasks = self.open_among(team, tasks.into_iter().collect());
        self.move_tasks(t, team, &tasks, TaskState::Doing, words);
    }
}
