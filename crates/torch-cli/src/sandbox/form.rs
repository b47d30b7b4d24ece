//! The files that make the requests of forms.

use torch_api::rules::RulesRequest;

use super::Ways;

/// The tool and the file of a request about the rules of communication; `None` where only the command makes it.
pub(super) fn of(request: &RulesRequest) -> Option<Ways> {
    // A header's value is one line.
    let line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let none = || Some(String::new());
    Some(match request {
        RulesRequest::Status(report) => {
            let mut head = format!("eta: {}\n", line(&report.eta));
            for item in &report.completed {
                head.push_str(&format!("completed: {}\n", line(item)));
            }
            for (key, value) in [("blocked", &report.blocked), ("to", &report.to)] {
                if let Some(value) = value {
                    head.push_str(&format!("{key}: {}\n", line(value)));
                }
            }
            let name = "report-status--1.md".to_owned();
            ("report_status", name, head, Some(report.current.clone()))
        }
        RulesRequest::Assignments { unacked, .. } => {
            let head = match unacked {
                true => "kind: task-list\nunacked: yes\n",
                false => "kind: task-list\n",
            };
            (
                "task_list",
                "task-list.md".to_owned(),
                head.to_owned(),
                none(),
            )
        }
        RulesRequest::SetDependencies { role, on, .. } => {
            let on = match on.is_empty() {
                true => String::new(),
                false => format!("on: {}\n", on.join(", ")),
            };
            let head = format!("kind: deps-set\nrole: {role}\n{on}");
            ("deps_set", "deps-set--1.md".to_owned(), head, none())
        }
        RulesRequest::Dependencies { .. } => {
            let head = "kind: deps-list\n".to_owned();
            ("deps_list", "deps-list.md".to_owned(), head, none())
        }
        _ => return None,
    })
}
