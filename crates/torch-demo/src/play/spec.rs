//! What a spec asks for: the tasks of the team's plan, or, without one, the spec's list items.

use std::fmt;

use crate::step::Step;

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    /// Its id in the team's plan.
    pub id: Option<String>,
    /// What is to be done.
    pub text: String,
    /// Whether the plan says that it is done.
    pub done: bool,
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.id {
            Some(id) => write!(f, "{id} {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

impl Item {
    /// The step that says in the plan that it is done.
    pub(crate) fn ended(&self, words: &str) -> Option<Step> {
        let id = self.id.clone()?;
        let words = words.to_owned();
        Some(Step::TaskDone { id, words })
    }
}

/// The tasks of a plan as `torch plan show --json` prints it, but those that the spec says are done; `None` where it is none.
pub(crate) fn planned(json: &str) -> Option<Vec<Item>> {
    let view: serde_json::Value = serde_json::from_str(json).ok()?;
    let tasks = view.get("plan")?.get("tasks")?.as_array()?;
    // What was done meanwhile stays in its place: items are counted.
    let open = tasks.iter().filter(|task| task["by"] != "spec");
    let item = |task: &serde_json::Value| {
        Some(Item {
            id: Some(task.get("id")?.as_str()?.to_owned()),
            text: task.get("title")?.as_str()?.to_owned(),
            done: task["state"] == "done",
        })
    };
    open.map(item).collect()
}

/// Headings and labels whose items are not to be built.
const NOT_BUILT: [&str; 13] = [
    "out of scope",
    "not in scope",
    "non-goals",
    "non goals",
    "won't have",
    "constraints",
    "assumptions",
    "risks",
    "contacts",
    "open questions",
    "background",
    "acceptance criteria",
    "timeline",
];

/// Whether a line is a heading or a label, and if so whether what stands below it is to be built.
fn heading(line: &str) -> Option<bool> {
    let title = line.trim_matches(['#', '*', ' ']);
    let marked = line.starts_with('#') || title.ends_with(':');
    let bare = title.trim_end_matches(':').to_lowercase();
    marked.then(|| !NOT_BUILT.iter().any(|name| bare.starts_with(name)))
}

/// The list items of a Markdown text (`- `, `* `, `+ `, `1. `, `1) `, `- [ ] `), code blocks left out.
/// A text without a list is one item: its first line. An item that is ticked (`- [x]`) is done already.
/// What stands under a heading such as "Out of scope" is none.
pub(crate) fn items(text: &str) -> Vec<Item> {
    let texts = texts(text).into_iter();
    let item = |text| Item {
        id: None,
        text,
        done: false,
    };
    texts.map(item).collect()
}

fn texts(text: &str) -> Vec<String> {
    let mut items = Vec::new();
    let mut built = true;
    let mut fence: Option<&str> = None;
    for line in text.lines() {
        let line = line.trim_start();
        let mark = ["```", "~~~"]
            .into_iter()
            .find(|mark| line.starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => fence = Some(mark),
            (Some(open), Some(mark)) if open == mark => fence = None,
            (None, None) => match (item(line), heading(line)) {
                (Some(item), _) => items.extend(Some(item).filter(|_| built)),
                (None, Some(wanted)) => built = wanted,
                (None, None) => {}
            },
            _ => {}
        }
    }
    if items.is_empty() {
        let first = text
            .lines()
            .map(|line| line.trim_start_matches('#').trim())
            .find(|line| !line.is_empty());
        items.extend(first.map(str::to_owned));
    }
    items
}

fn item(line: &str) -> Option<String> {
    let rest = ["- ", "* ", "+ "]
        .into_iter()
        .find_map(|bullet| line.strip_prefix(bullet))
        .or_else(|| numbered(line))?
        .trim();
    let rest = match rest.get(..3) {
        Some("[ ]") => rest[3..].trim(),
        Some("[x]" | "[X]") => return None,
        _ => rest,
    };
    // A rule like `* * *` is no item.
    let plain = rest.chars().any(char::is_alphanumeric);
    plain.then(|| rest.to_owned())
}

fn numbered(line: &str) -> Option<&str> {
    let digits = line
        .find(|c: char| !c.is_ascii_digit())
        .filter(|at| *at > 0)?;
    let rest = &line[digits..];
    rest.strip_prefix(". ").or_else(|| rest.strip_prefix(") "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_list_counts_and_code_does_not() {
        let text = "# Title\n\n- one\n* two\n  + nested\n1. three\n12) four\n- [ ] five\n- [x] done\n* * *\n---\n\
                    ```sh\n- not this\n```\n~~~\n1. nor this\n```\n- nor this\n~~~\ntext - no\n-no\n2.no\n";
        assert_eq!(
            texts(text),
            ["one", "two", "nested", "three", "four", "five"]
        );
    }

    #[test]
    fn a_text_without_a_list_is_one_item() {
        assert_eq!(texts("\n# Write a poem\n\ntext"), ["Write a poem"]);
        assert_eq!(texts("  \n"), Vec::<String>::new());
    }

    #[test]
    fn what_is_out_of_scope_is_not_built() {
        let text = "# App\n- one\n## Out of scope\n- no\n## Work\n- two\nNon-goals:\n- no\n";
        assert_eq!(texts(text), ["one", "two"]);
    }

    #[test]
    fn the_tasks_of_a_plan_keep_their_ids() {
        let json = r#"{"plan": {"tasks": [
            {"id": "T2", "title": "one", "by": "developer"}, {"id": "T1", "title": "gone", "by": "spec"}, {"id": "T5", "title": "two"}
        ]}}"#;
        let items: Vec<String> = planned(json)
            .expect("a plan")
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(items, ["T2 one", "T5 two"]);
        assert_eq!(planned("{}"), None);
        assert_eq!(planned("no"), None);
    }
}
