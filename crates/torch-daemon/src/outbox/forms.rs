//! The kinds of files that stand for forms: reports, tasks, dependencies, the answer to a standup.
//!
//! Each is called as its command is, with `-` for the space.

use std::path::PathBuf;

use serde_json::{Value, json};
use torch_api::rules::{RulesRequest, RulesResponse, StatusReport};
use torch_api::wire::{SendRequest, TeamSelector};
use torch_api::{Body, Request};
use torch_core::RoleName;
use torch_core::form::{Priority, TaskForm};

use super::{Taken, Words, truth};

/// The kinds.
pub(super) const KINDS: [&str; 8] = [
    "report-status",
    "report-blocked",
    "report-unblocked",
    "task-assign",
    "task-list",
    "standup-answer",
    "deps-set",
    "deps-list",
];

/// Every key that only forms have, as it is written in a header and in JSON.
const OWN: [(&str, &str); 11] = [
    ("current", "current"),
    ("eta", "eta"),
    ("completed", "completed"),
    ("blocked", "blocked"),
    ("title", "title"),
    ("objective", "objective"),
    ("criterion", "criteria"),
    ("priority", "priority"),
    ("role", "role"),
    ("on", "on"),
    ("unacked", "unacked"),
];

/// The keys of a kind's header, beside those that all have; none for a kind that is no form or has none.
pub(super) fn keys(kind: &str) -> &'static [&'static str] {
    match kind {
        "report-status" => &["current", "eta", "completed", "blocked"],
        "task-assign" => &["title", "objective", "criterion", "priority"],
        "task-list" => &["unacked"],
        "deps-set" => &["role", "on"],
        _ => &[],
    }
}

impl Words {
    /// Takes a key that only forms have.
    pub(super) fn take_of_form(&mut self, key: &str, value: &str) -> Taken {
        let text = || Some(value.to_owned());
        match key {
            "current" => self.current = text(),
            "eta" => self.eta = text(),
            "completed" => self.completed.push(value.to_owned()),
            "blocked" => self.blocked = text(),
            "title" => self.title = text(),
            "objective" => self.objective = text(),
            "criterion" => self.criteria.push(value.to_owned()),
            "priority" => self.priority = text(),
            "role" => self.role = text(),
            "on" => {
                let names = value.split(',').map(str::trim);
                let names = names.filter(|name| !name.is_empty());
                self.on.extend(names.map(str::to_owned));
            }
            "unacked" => match truth(value) {
                Some(unacked) => self.unacked = Some(unacked),
                None => return Taken::No("unacked is yes or no".to_owned()),
            },
            _ => return Taken::Unknown,
        }
        Taken::Yes
    }

    /// A key that only another kind has.
    pub(super) fn foreign_key(&self, kind: &str) -> Option<&'static str> {
        let given = |key: &str| match key {
            "current" => self.current.is_some(),
            "eta" => self.eta.is_some(),
            "completed" => !self.completed.is_empty(),
            "blocked" => self.blocked.is_some(),
            "title" => self.title.is_some(),
            "objective" => self.objective.is_some(),
            "criterion" => !self.criteria.is_empty(),
            "priority" => self.priority.is_some(),
            "role" => self.role.is_some(),
            "on" => !self.on.is_empty(),
            _ => self.unacked.is_some(),
        };
        let own = keys(kind);
        let mut foreign = OWN.iter().filter(|(key, _)| !own.contains(key));
        foreign.find(|(key, _)| given(key)).map(|(_, json)| *json)
    }
}

/// The request that a form makes, or what is missing.
pub(super) fn request(
    kind: &str,
    words: Words,
    text: String,
    cwd: PathBuf,
) -> Result<Request, String> {
    let need = |value: Option<String>, key: &str| {
        value
            .filter(|value| !value.trim().is_empty())
            .ok_or_else(|| format!("a file of kind {kind:?} needs `{key}`"))
    };
    let team = TeamSelector {
        name: None,
        cwd: cwd.clone(),
    };
    Ok(rules(match kind {
        "report-status" => RulesRequest::Status(StatusReport {
            completed: words.completed,
            current: need(words.current.or(Some(text)), "current")?,
            blocked: words.blocked,
            eta: need(words.eta, "eta")?,
            to: words.to,
            cwd,
        }),
        "report-blocked" => {
            let why = need(Some(text), "text")?;
            let text = format!("BLOCKED: {}", why.trim());
            return Ok(message(words.to, text, cwd));
        }
        "report-unblocked" => {
            let text = format!("UNBLOCKED: {}", text.trim());
            return Ok(message(words.to, text.trim_end().to_owned(), cwd));
        }
        "task-assign" => {
            let to = need(words.to, "to")?;
            let priority = match words.priority {
                Some(word) => word
                    .parse::<Priority>()
                    .map_err(|error| error.to_string())?,
                None => Priority::Med,
            };
            let form = TaskForm {
                id: need(words.id, "id")?,
                title: need(words.title, "title")?,
                assigned_to: to.clone(),
                objective: need(words.objective.or(Some(text)), "objective")?,
                criteria: words.criteria,
                priority,
            };
            let text = form.written().map_err(|error| error.to_string())?;
            return Ok(message(Some(to), text, cwd));
        }
        "task-list" => RulesRequest::Assignments {
            team: None,
            unacked: words.unacked.unwrap_or_default(),
        },
        "standup-answer" => return Ok(Request::AnswerStandup { text }),
        "deps-set" => RulesRequest::SetDependencies {
            team,
            role: need(words.role, "role")?,
            on: words.on,
        },
        _ => RulesRequest::Dependencies { team },
    }))
}

fn rules(request: RulesRequest) -> Request {
    Request::Rules(Box::new(request))
}

fn message(to: Option<String>, text: String, cwd: PathBuf) -> Request {
    Request::Send(Box::new(SendRequest {
        target: to.unwrap_or_else(|| RoleName::HUB.to_owned()),
        body: Body::Text(text),
        key: None,
        inline: false,
        urgent: false,
        ttl_seconds: None,
        wait: None,
        wait_millis: 0,
        cwd,
        pane_hint: None,
    }))
}

/// The receipt of what was asked to be listed.
pub(super) fn receipt(found: &RulesResponse) -> Value {
    match found {
        RulesResponse::Assignments { assignments } => {
            json!({"ok": true, "exit_code": 0, "tasks": assignments})
        }
        RulesResponse::Dependencies { dependencies, .. } => {
            json!({"ok": true, "exit_code": 0, "dependencies": dependencies})
        }
        other => json!({"ok": true, "exit_code": 0, "answer": other}),
    }
}
