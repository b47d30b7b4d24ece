//! A team's plan of tasks: made of its spec, moved on by reports, changed by persons. The rules of plans are torch-plan's.

mod changes;
mod forms;
mod late;
mod proposed;
mod told;
mod words;

use std::path::Path;

use serde_json::json;
use torch_api::task::{PlanChange, TasksOrder, TasksRequest, TasksView};
use torch_api::wire::AutoRequest;
use torch_api::{Failure, Response};
use torch_core::{
    AgentId, MessageKind, Recipient, RoleName, Sender, TaskId, TaskPlan, TaskState, TeamId, Write,
};
use torch_plan::{Difference, Spec, analysis, difference, report, revise};
use torch_router::policy::{Privilege, permits};

use super::send::Draft;
use super::{State, Turn};
use crate::event::{ConnId, SpecFacts};
use crate::failure::{refused, usage};

/// The longest words that a task's state is said with, in characters.
const WORDS_MAX: usize = 2_000;

/// The plan of a spec for these roles.
pub(crate) fn spec_plan(spec: &SpecFacts, roles: &[RoleName]) -> TaskPlan {
    torch_plan::plan(&facts(spec), roles)
}

fn facts(spec: &SpecFacts) -> Spec {
    Spec {
        path: spec.path.display().to_string(),
        sha256: spec.sha256.clone(),
        text: spec.text.clone(),
    }
}

/// The plan that a team begins with.
pub(crate) fn first(
    request: &AutoRequest,
    roles: &[RoleName],
    spec: &SpecFacts,
) -> Result<TaskPlan, Box<Failure>> {
    let plan = spec_plan(spec, roles);
    match &request.refined {
        Some(answer) => {
            analysis::refined(&plan, answer, roles).map_err(|error| words::answer(&error))
        }
        None => Ok(plan),
    }
}

/// A change that is asked for: the plan as it would be, and whether only that is to be said.
struct Wanted {
    plan: TaskPlan,
    dry_run: bool,
}

impl State {
    /// A team's name.
    pub(crate) fn name_of(&self, team: TeamId) -> Option<String> {
        self.teams.get(&team).map(|team| team.name.to_string())
    }

    pub(crate) fn first_plan(&mut self, t: &mut Turn, team: TeamId, plan: TaskPlan) {
        let count = plan.count();
        t.journal(
            "plan.made",
            team,
            json!({"tasks": count.total, "done": count.done}),
        );
        self.put_plan(t, team, plan);
    }

    fn put_plan(&mut self, t: &mut Turn, team: TeamId, mut plan: TaskPlan) {
        let anew = plan.tasks.iter_mut().filter_map(|it| it.asks_anew.as_mut());
        for anew in anew {
            anew.at.get_or_insert(t.now);
        }
        t.write(Write::PutPlan {
            team,
            plan: Box::new(plan.clone()),
        });
        self.plans.insert(team, plan);
    }

    /// A stopped team is ordered anew, perhaps on another spec than `before`.
    pub(crate) fn replan(&mut self, t: &mut Turn, team: TeamId, before: &Path, spec: &SpecFacts) {
        let roles = self.plan_roles(team);
        let Some(mut old) = self.plans.get(&team).cloned() else {
            return self.first_plan(t, team, spec_plan(spec, &roles));
        };
        let (before, now) = (
            before.display().to_string(),
            spec.path.display().to_string(),
        );
        if let Some(known) = old.specs.iter_mut().find(|known| known.path == before) {
            known.path = now;
        }
        let plan = revise(&old, &[facts(spec)], &roles);
        if self.plans.get(&team) == Some(&plan) {
            return;
        }
        let between = difference(&old, &plan);
        self.journal_plan(t, team, &between);
        self.put_plan(t, team, plan);
    }

    /// What would differ if a team took this spec in, in short.
    pub(crate) fn spec_difference(&self, team: TeamId, spec: &SpecFacts) -> String {
        let empty = TaskPlan::default();
        let old = self.plans.get(&team).unwrap_or(&empty);
        let new = revise(old, &[facts(spec)], &self.plan_roles(team));
        difference(old, &new).counts()
    }

    fn plan_roles(&self, team: TeamId) -> Vec<RoleName> {
        let agents = self.team_agents(team).into_iter();
        let runs = agents.filter_map(|id| self.agents.get(&id));
        // An agent that was started for one task takes no others.
        runs.filter(|run| run.agent.task.is_none())
            .map(|run| run.agent.role.clone())
            .collect()
    }

    /// Takes a report in: the tasks that it names at its head are done, but for those whose spec asks for something else since. Of an id that no task has, its sender hears. Answers how
    /// many ids it named.
    pub(crate) fn tasks_done(&mut self, t: &mut Turn, agent: AgentId, text: &str) -> usize {
        let Some(run) = self.agents.get(&agent) else {
            return 0;
        };
        let (team, role) = (run.agent.team, run.agent.role.to_string());
        let Some(plan) = self.plans.get(&team) else {
            return 0;
        };
        let named = report::named_in(plan, text);
        if !named.unknown.is_empty() || !named.ambiguous.is_empty() {
            let text = words::unknown(plan, &named);
            let recipient = Recipient::Agent {
                agent,
                role: run.agent.role.clone(),
            };
            let draft = Draft::from_torch(team, MessageKind::Notice, recipient, text);
            self.post(t, draft);
        }
        let tasks = self.not_late(t, agent, named.tasks.clone());
        if !tasks.is_empty() {
            self.move_tasks(t, team, &tasks, TaskState::Done, (&role, text));
        }
        named.count()
    }

    /// Brings tasks into a state, each with an entry in the journal; how many were not in it already.
    fn move_tasks(
        &mut self,
        t: &mut Turn,
        team: TeamId,
        ids: &[TaskId],
        state: TaskState,
        (by, words): (&str, &str),
    ) -> usize {
        let Some(mut plan) = self.plans.get(&team).cloned() else {
            return 0;
        };
        let mut moved = 0;
        for id in ids {
            let Some(task) = plan.task_mut(*id) else {
                continue;
            };
            if task.state == state {
                continue;
            }
            moved += 1;
            let data =
                json!({"task": id, "from": task.state, "to": state, "by": by, "title": task.title});
            t.journal("task.state", team, data);
            task.state = state;
            if state == TaskState::Done {
                task.asks_anew = None;
            }
            by.clone_into(&mut task.by);
            task.since = Some(t.now);
            task.words = words.chars().take(WORDS_MAX).collect();
        }
        if moved > 0 {
            self.put_plan(t, team, plan);
        }
        moved
    }

    /// A request about a team's plan.
    pub(crate) fn tasks(
        &mut self,
        t: &mut Turn,
        conn: ConnId,
        caller: &Sender,
        request: TasksRequest,
    ) {
        let team = match caller {
            Sender::Agent { team, .. } if request.team.name.is_none() => Ok(*team),
            _ => self.select_team(&request.team).map(|team| team.id),
        };
        let team = match team {
            Ok(team) => team,
            Err(failure) => return t.fail(conn, *failure),
        };
        let permitted = match &request.order {
            TasksOrder::Show => Ok(()),
            TasksOrder::Set { .. } => may_set(caller, team),
            _ => permits(caller, Privilege::Person),
        };
        if let Err(rule) = permitted {
            return t.fail(conn, self.not_theirs(caller, rule));
        }
        match self.changed(t, team, caller, request.order) {
            Ok(change) => {
                let view = Box::new(self.tasks_view(team, change));
                t.reply(conn, Response::Tasks(view));
            }
            Err(failure) => t.fail(conn, *failure),
        }
    }

    fn not_theirs(&self, caller: &Sender, rule: &str) -> Failure {
        let hint = match caller {
            Sender::Agent { .. } => {
                "torch complete \"T3 done: what was done, which commit, how it was checked\""
            }
            _ => "torch plan show",
        };
        let error = format!("the plan can't be changed by {}", caller.label());
        refused(&error, &format!("rule {rule}"), Some(hint))
    }

    /// Carries an order out; what it changed, with the plan of a dry run.
    fn changed(
        &mut self,
        t: &mut Turn,
        team: TeamId,
        caller: &Sender,
        order: TasksOrder,
    ) -> Result<Option<(PlanChange, Option<TaskPlan>)>, Box<Failure>> {
        let tells = matches!(
            order,
            TasksOrder::Specs { .. } | TasksOrder::DropSpec { .. }
        );
        let wanted = match order {
            TasksOrder::Show => {
                self.plan_of(team)?;
                return Ok(None);
            }
            TasksOrder::Set { task, state, words } => {
                return self
                    .set_task(t, team, caller, (&task, state, &words))
                    .map(Some);
            }
            TasksOrder::Edit {
                text,
                base,
                dry_run,
            } => Wanted {
                plan: self.edited(t, team, caller, &text, base.as_deref())?,
                dry_run,
            },
            TasksOrder::Specs {
                specs,
                add,
                dry_run,
            } => Wanted {
                plan: self.with_specs(team, specs, add)?,
                dry_run,
            },
            TasksOrder::DropSpec { path, dry_run } => Wanted {
                plan: self.without_spec(team, &path)?,
                dry_run,
            },
            TasksOrder::Refine { answer, dry_run } => {
                let refined =
                    analysis::refined(self.plan_of(team)?, &answer, &self.plan_roles(team));
                Wanted {
                    plan: refined.map_err(|error| words::answer(&error))?,
                    dry_run,
                }
            }
        };
        Ok(Some(self.take_plan(t, team, wanted, tells)))
    }

    fn take_plan(
        &mut self,
        t: &mut Turn,
        team: TeamId,
        wanted: Wanted,
        tells: bool,
    ) -> (PlanChange, Option<TaskPlan>) {
        let Wanted { plan, dry_run } = wanted;
        let empty = TaskPlan::default();
        let between = difference(self.plans.get(&team).unwrap_or(&empty), &plan);
        let told = tells && !between.is_quiet() && self.hub_of(team).is_some();
        let change = PlanChange {
            counts: between.counts(),
            lines: between.lines(),
            told,
            told_all: tells && !between.constraints.is_empty(),
            dry_run,
        };
        if dry_run {
            return (change, Some(plan));
        }
        if !between.is_empty() {
            self.journal_plan(t, team, &between);
            self.put_plan(t, team, plan);
            self.note_spec(t, team);
        }
        if tells {
            self.tell_difference(t, team, &between);
        }
        (change, None)
    }

    /// The team's own spec is known as it was read last.
    fn note_spec(&mut self, t: &mut Turn, id: TeamId) {
        let (Some(team), Some(plan)) = (self.teams.get_mut(&id), self.plans.get(&id)) else {
            return;
        };
        let path = team.spec.display().to_string();
        let read = plan.specs.iter().find(|spec| spec.path == path);
        if let Some(spec) = read.filter(|spec| spec.sha256 != team.spec_sha256) {
            team.spec_sha256.clone_from(&spec.sha256);
            t.write(Write::PutTeam(Box::new(team.clone())));
        }
    }

    fn journal_plan(&self, t: &mut Turn, team: TeamId, between: &Difference) {
        let ids = |tasks: &[torch_core::Task]| tasks.iter().map(|task| task.id).collect::<Vec<_>>();
        let changed: Vec<TaskId> = between
            .changed
            .iter()
            .map(|change| change.after.id)
            .collect();
        let moved: Vec<TaskId> = between.moved.iter().map(|step| step.id).collect();
        t.journal(
            "plan.changed",
            team,
            json!({"added": ids(&between.added), "removed": ids(&between.removed), "changed": changed, "moved": moved}),
        );
        for again in between.again() {
            let (before, after) = (&again.before, &again.after);
            let data = json!({"task": after.id, "from": before.state, "to": after.state, "by": after.by, "title": after.title});
            t.journal("task.state", team, data);
        }
    }

    fn plan_of(&self, team: TeamId) -> Result<&TaskPlan, Box<Failure>> {
        self.plans.get(&team).ok_or_else(|| {
            let name = self.name_of(team).unwrap_or_default();
            let cause = "it was raised before torch made plans, or without a spec";
            Box::new(usage(
                &format!("team {name} has no plan"),
                cause,
                Some("torch spec add spec.md"),
            ))
        })
    }

    fn set_task(
        &mut self,
        t: &mut Turn,
        team: TeamId,
        caller: &Sender,
        (task, state, text): (&str, TaskState, &str),
    ) -> Result<(PlanChange, Option<TaskPlan>), Box<Failure>> {
        let id = words::task_id(self.plan_of(team)?, task)?;
        let moved = self.move_tasks(t, team, &[id], state, (caller.label(), text));
        let plan = self.plan_of(team)?;
        let title = plan.task(id).map_or("", |task| task.title.as_str());
        let change = PlanChange {
            counts: match moved {
                0 => format!("{id} was {state} already"),
                _ => format!("{id} is {state}"),
            },
            lines: vec![format!("{id} {title}")],
            told: false,
            told_all: false,
            dry_run: false,
        };
        Ok((change, None))
    }

    fn tasks_view(
        &self,
        team: TeamId,
        change: Option<(PlanChange, Option<TaskPlan>)>,
    ) -> TasksView {
        let (change, would) = match change {
            Some((change, would)) => (Some(change), would),
            None => (None, None),
        };
        TasksView {
            team: self.name_of(team).unwrap_or_default(),
            roles: self
                .plan_roles(team)
                .iter()
                .map(ToString::to_string)
                .collect(),
            plan: would
                .or_else(|| self.plans.get(&team).cloned())
                .unwrap_or_default(),
            change,
        }
    }
}

/// Whether a caller may say how far a task is.
fn may_set(caller: &Sender, team: TeamId) -> Result<(), &'static str> {
    match caller {
        Sender::Agent {
            team: own, role, ..
        } if *own == team && (role.is_hub() || role.is_sub_hub()) => Ok(()),
        Sender::Agent { .. } => Err(
            "plan.hub: of a team's agents, the orchestrator and the project_manager say how far a task is; others report it",
        ),
        other => permits(other, Privilege::Person),
    }
}
