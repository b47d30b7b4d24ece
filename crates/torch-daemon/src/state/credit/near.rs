//! A limit that is nearly used up: told once in each of its windows, and never acted on.

use std::time::Duration;

use serde_json::json;
use torch_core::credit::SharePoint;
use torch_core::{AgentId, Timestamp, Write};
use torch_monitor::Figures;
use torch_monitor::credit::time_left;

use super::super::{State, Turn};

/// From when on a limit is called near.
const NEAR: Duration = Duration::from_secs(600);

impl State {
    /// Takes in the shares that a program told of its limits.
    pub(crate) fn credit_figures(
        &mut self,
        t: &mut Turn,
        agent: AgentId,
        told: &Figures,
        at: Timestamp,
    ) {
        let Some(run) = self.agents.get_mut(&agent) else {
            return;
        };
        let held = run.agent.credit.hold.is_some();
        let mut near = Vec::new();
        for name in told.limits.keys() {
            let Some(share) = run.agent.figures.limits.get(name) else {
                continue;
            };
            let growth = run.agent.credit.growth.entry(name.clone()).or_default();
            let point = SharePoint {
                at,
                permille: share.used_permille,
            };
            growth.take(point, share.resets_at);
            let left = time_left(&growth.points, at).filter(|left| *left < NEAR);
            let Some(left) = left.filter(|_| !growth.warned && !held) else {
                continue;
            };
            // It is reset before it is used up.
            if share.resets_at.is_some_and(|reset| reset <= at.after(left)) {
                continue;
            }
            growth.warned = true;
            near.push((name.clone(), share.used_permille, left, share.resets_at));
        }
        if near.is_empty() {
            return;
        }
        t.write(Write::PutAgent(Box::new(run.agent.clone())));
        for (name, used, left, reset) in near {
            let data = json!({"limit": name, "used_permille": used, "left_ms": left.as_millis() as u64, "reset": reset});
            t.journal("credit.near", agent, data);
            self.notify_limit_near(t, agent, &name, (used, left, reset));
        }
    }
}
