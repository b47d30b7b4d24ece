//! What a plan would be after a file, or other specs; nothing is changed here.

use torch_api::Failure;
use torch_api::task::SpecText;
use torch_core::{Sender, TaskPlan, TaskState, TeamId};
use torch_plan::{Spec, file, revise};

use super::words;
use crate::failure::usage;
use crate::state::{State, Turn};

/// The largest file of a plan, in bytes.
const FILE_MAX: usize = 4 << 20;

impl State {
    pub(super) fn edited(
        &self,
        t: &Turn,
        team: TeamId,
        caller: &Sender,
        text: &str,
        base: Option<&str>,
    ) -> Result<TaskPlan, Box<Failure>> {
        if text.len() > FILE_MAX {
            let cause = format!("it has {} bytes, at most {FILE_MAX} are read", text.len());
            return Err(Box::new(usage(
                "the plan's file is too large",
                &cause,
                None,
            )));
        }
        let roles = self.plan_roles(team);
        let empty = TaskPlan::default();
        let old = self.plans.get(&team).unwrap_or(&empty);
        let mut read = file::read(text, &roles).map_err(|faults| words::faults(&faults))?;
        if let Some(base) = base {
            // It came from here; one that can't be read any more is no base.
            let base = file::read(base, &[]).ok();
            let clashes = base.as_ref().map(|base| file::clashes(old, base, &read));
            if let Some(clashes) = clashes.filter(|clashes| !clashes.is_empty()) {
                return Err(words::clash(&clashes));
            }
            read = file::merged(old, &base.unwrap_or_default(), read);
        }
        let mut plan = file::edited(old, &read, caller.label());
        let faults = torch_plan::check::faults(&plan, &roles);
        if !faults.is_empty() {
            return Err(words::plan_faults(&faults));
        }
        for task in &mut plan.tasks {
            let before = old.task(task.id).map_or(TaskState::Todo, |task| task.state);
            if task.state != before {
                caller.label().clone_into(&mut task.by);
                task.since = Some(t.now);
                task.words = "plan edited".to_owned();
            }
        }
        Ok(plan)
    }

    pub(super) fn with_specs(
        &self,
        team: TeamId,
        specs: Vec<SpecText>,
        add: bool,
    ) -> Result<TaskPlan, Box<Failure>> {
        let empty = TaskPlan::default();
        let old = self.plans.get(&team).unwrap_or(&empty);
        let unknown = specs
            .iter()
            .find(|spec| !old.specs.iter().any(|known| known.path == spec.path));
        if let Some(spec) = unknown.filter(|_| !add && !old.specs.is_empty()) {
            let known: Vec<&str> = old.specs.iter().map(|known| known.path.as_str()).collect();
            let error = format!("{} is no spec of this plan", spec.path);
            let hint = format!("torch spec add {}", torch_process::quote::shell(&spec.path));
            return Err(Box::new(usage(
                &error,
                &format!("it was made from {}", known.join(", ")),
                Some(&hint),
            )));
        }
        if let Some(spec) = specs.iter().find(|spec| spec.text.trim().is_empty()) {
            let error = format!("the spec {} is empty", spec.path);
            let path = torch_process::quote::shell(&spec.path);
            let (cause, hint) = match add {
                true => ("it asks for nothing", format!("${{EDITOR:-vi}} {path}")),
                false => ("all its tasks would go", format!("torch spec drop {path}")),
            };
            return Err(Box::new(usage(&error, cause, Some(&hint))));
        }
        let specs: Vec<Spec> = specs
            .into_iter()
            .map(|spec| Spec {
                sha256: torch_router::tag::sha256(spec.text.as_bytes()),
                path: spec.path,
                text: spec.text,
            })
            .collect();
        Ok(revise(old, &specs, &self.plan_roles(team)))
    }

    pub(super) fn without_spec(&self, team: TeamId, path: &str) -> Result<TaskPlan, Box<Failure>> {
        let plan = self.plan_of(team)?;
        let (left, was) = torch_plan::drop_spec(plan, path);
        if !was {
            let known: Vec<&str> = plan.specs.iter().map(|known| known.path.as_str()).collect();
            let cause = format!("the plan was made from {}", known.join(", "));
            return Err(Box::new(usage(
                &format!("{path} is no spec of this plan"),
                &cause,
                Some("torch spec show"),
            )));
        }
        if left.tasks.is_empty() {
            let error = "the plan would have no task left";
            return Err(Box::new(usage(
                error,
                "it is the only spec with tasks",
                Some("torch spec show"),
            )));
        }
        Ok(left)
    }
}
