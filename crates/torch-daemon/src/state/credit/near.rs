//! A limit that is nearly used up: told once in each of its windows, and never acted on.

use std::time::Duration;

use serde_json::json;
use torch_core::credit::SharePoint;
use torch_core::screen::ShownShare;
use torch_core::{AgentId, Timestamp, Write};
use torch_monitor::Figures;
use torch_monitor::credit::{read_limit, time_left};
use torch_monitor::figures::LimitFigures;

use super::super::{State, Turn};
use super::LOOK_AFTER;
use crate::event::TimerKey;

/// From when on a limit is called near.
const NEAR: Duration = Duration::from_secs(600);

impl State {
    /// A turn ended: a program may show now how much of a limit is used.
    pub(crate) fn look_for_share(&mut self, t: &mut Turn, agent: AgentId) {
        let program = self.agents.get(&agent);
        let program = program.and_then(|run| self.programs.get(&run.agent.program));
        if program.is_some_and(|program| program.rules.show_shares()) {
            t.timer(TimerKey::Look(agent), t.now.after(LOOK_AFTER));
        }
    }

    /// A screen shows how much of a limit is used: news, unless as much of the same window was told already.
    pub(crate) fn share_shown(&mut self, t: &mut Turn, agent: AgentId, share: &ShownShare) {
        let words = read_limit(&share.words, t.now, &self.zones_of(agent), Duration::ZERO);
        let (Some(kind), Some(run)) = (words.kind, self.agents.get(&agent)) else {
            return;
        };
        let known = run.agent.figures.limits.get(&kind);
        let same = known.filter(|known| known.resets_at.is_none_or(|at| at > t.now));
        if same.is_some_and(|known| known.used_permille >= u32::from(share.used) * 10) {
            return;
        }
        // A status line tells the second.
        let reset = same.and_then(|known| known.resets_at);
        let reset = reset.or_else(|| words.reset.map(|told| told.at));
        let told = LimitFigures {
            used_percent: f64::from(share.used),
            resets_at: reset.and_then(|at| i64::try_from(at.0 / 1000).ok()),
        };
        let told = Figures {
            limits: [(kind, told)].into(),
            ..Figures::default()
        };
        self.take_figures(t, agent, &told, t.now);
    }

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
