//! What a person hears of rules that change while a team runs: a burst of changes in one message, and nothing of what came and went.

use std::time::Duration;

use torch_core::project_rules::HeldBack;
use torch_core::{LedgerRecord, MessageKind, Recipient, TeamId, Timestamp};
use torch_router::project::{changes, held_back};

use crate::event::{Effect, TimerKey};
use crate::state::send::Draft;
use crate::state::stating::SETTLED;
use crate::state::{State, Turn};

/// How many changes of rules a person is told one by one.
const CHANGES_TOLD: usize = 10;

/// How long a person is told nothing at most while changes go on.
const LONGEST: Duration = Duration::from_secs(120);

impl State {
    /// Something changed: the person hears of it when nothing more has changed for a while.
    pub(super) fn tell_rules_later(&mut self, t: &mut Turn, team: TeamId) {
        let project = self.rules.projects.get(&team);
        let told = project.and_then(|project| project.told.as_ref());
        let latest = told.map_or(t.now.after(LONGEST), |told| told.since.after(LONGEST));
        let at = t.now.after(SETTLED).min(latest.max(t.now));
        t.timer(TimerKey::RulesTold(team), at);
    }

    /// A daemon that begins goes on gathering.
    pub(in crate::state) fn recover_untold_rules(&self, now: Timestamp, effects: &mut Vec<Effect>) {
        let projects = self.rules.projects.iter();
        for (team, _) in projects.filter(|(_, project)| project.told.is_some()) {
            let (key, at) = (TimerKey::RulesTold(*team), now.after(SETTLED));
            effects.push(Effect::Timer { key, at });
        }
    }

    /// No more is gathered: the person is told what is different from what was told last.
    pub(in crate::state) fn on_rules_told_due(&mut self, t: &mut Turn, team: TeamId) {
        let Some(name) = self.name_of(team) else {
            return;
        };
        let lines = self.untold_changes(team);
        let Some(project) = self.rules.projects.get_mut(&team) else {
            return;
        };
        let news = project.trouble.clone();
        let news = news.filter(|trouble| project.trouble_told.as_ref() != Some(trouble));
        project.trouble_told.clone_from(&project.trouble);
        if project.told.take().is_some()
            && let Some(row) = self.rules_row(team)
        {
            self.keep(t, LedgerRecord::Rules(Box::new(row)));
        }
        let mut text = String::new();
        if !lines.is_empty() {
            text = told(&name, &lines, self.rules_held(team).as_ref());
        }
        if let Some(trouble) = news {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&format!(
                "The rules of {name}'s project could not be read: {trouble}. Those that were read before stay in force; they are shown by: torch rules list --team {name}"
            ));
        }
        if !text.is_empty() {
            let draft = Draft::from_torch(team, MessageKind::Notice, Recipient::Human, text);
            self.post(t, draft);
        }
    }

    /// What changed since a person was told last, a line each.
    fn untold_changes(&self, team: TeamId) -> Vec<String> {
        let Some(project) = self.rules.projects.get(&team) else {
            return Vec::new();
        };
        let Some(told) = &project.told else {
            return Vec::new();
        };
        let known = told.stated.as_ref();
        let known = known.and_then(|stated| held_back(&told.set, stated));
        let held = self.rules_held(team);
        changes(
            (&told.set, known.as_ref()),
            (project.set.data(), held.as_ref()),
        )
    }
}

fn told(name: &str, changes: &[String], held: Option<&HeldBack>) -> String {
    let shown = changes.iter().take(CHANGES_TOLD);
    let mut lines: Vec<String> = shown.map(|line| format!("- {line}")).collect();
    if let Some(more) = changes.len().checked_sub(CHANGES_TOLD + 1) {
        lines.push(format!("- and {} more", more + 1));
    }
    if let Some(held) = held {
        lines.push(format!(
            "What loosens the rules counts when you accept it: torch rules accept {} --team {name}",
            held.id
        ));
    }
    format!(
        "The rules of {name}'s project changed while its team runs:\n{}\nThey are shown by: torch rules list --team {name}",
        lines.join("\n")
    )
}
