//! One item of a list, taken apart: id, title, owner, what it waits for, when it is done.

use torch_core::TaskId;

use crate::TITLE_MAX;
use crate::reference::{self, Reference};
use crate::source::clean;

/// What an item says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) title: String,
    pub(crate) detail: Vec<String>,
    /// The number of an explicit id: `T3:`, `#3`, `Task 3:`.
    pub(crate) id: Option<u32>,
    /// Another explicit id in lower case: `req-12`.
    pub(crate) label: Option<String>,
    pub(crate) owner: Option<String>,
    pub(crate) ticked: Option<bool>,
    pub(crate) done_when: Vec<String>,
    pub(crate) waits_for: Vec<Reference>,
}

/// A line that says something of the task above it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Attribute {
    /// What comes before it.
    WaitsFor(Vec<Reference>),
    /// When it is done; empty where that stands in the items below.
    DoneWhen(String),
    /// Who does it.
    Owner(String),
}

const WAITS: &[&str] = &[
    "depends on",
    "depends",
    "dependencies",
    "dependency",
    "after",
    "blocked by",
    "requires",
    "prerequisites",
    "abhängig von",
    "hängt ab von",
    "nach",
    "voraussetzung",
    "dépend de",
    "depende de",
];
const DONE: &[&str] = &[
    "done when",
    "done if",
    "done",
    "acceptance",
    "acceptance criteria",
    "acceptance criterion",
    "accepted when",
    "definition of done",
    "dod",
    "verify",
    "verified by",
    "check",
    "success",
    "success criteria",
    "fertig wenn",
    "fertig, wenn",
    "erledigt wenn",
    "akzeptanz",
    "akzeptanzkriterien",
    "abnahme",
];
const OWNER: &[&str] = &[
    "owner",
    "role",
    "assignee",
    "assigned to",
    "who",
    "responsible",
    "zuständig",
    "verantwortlich",
    "rolle",
];

/// Where a title goes over into when it is done, in lower case.
const DONE_WITHIN: &[&str] = &[
    "done when",
    "done if",
    "accepted when",
    "acceptance:",
    "fertig, wenn",
    "fertig wenn",
    "erledigt, wenn",
];

/// The attribute that a line is, if it is one.
pub(crate) fn attribute(line: &str) -> Option<Attribute> {
    let line = clean(line);
    if let Some((key, value)) = line.split_once(':') {
        let key = key.trim().to_lowercase();
        let key = key.trim_matches(['*', '_', '-', ' ']);
        let value = value.trim();
        if WAITS.contains(&key) {
            return Some(Attribute::WaitsFor(reference::behind(value)));
        }
        if DONE.contains(&key) {
            return Some(Attribute::DoneWhen(value.to_owned()));
        }
        if OWNER.contains(&key) {
            return role_word(value).map(Attribute::Owner);
        }
    }
    let lower = line.to_lowercase();
    if lower.starts_with("done when ") || lower.starts_with("accepted when ") {
        let value = line.splitn(3, ' ').nth(2).unwrap_or_default();
        return Some(Attribute::DoneWhen(value.to_owned()));
    }
    if lower.starts_with("depends on ") || lower.starts_with("blocked by ") {
        return Some(Attribute::WaitsFor(reference::within(&line)));
    }
    None
}

/// The first word as a role's name.
fn role_word(text: &str) -> Option<String> {
    let word = text.split(|c: char| c.is_whitespace() || c == ',').next()?;
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    (!word.is_empty()).then(|| word.to_lowercase())
}

/// Takes an item's text apart; `ticked` is its box, where Markdown saw one.
pub(crate) fn item(text: &str, ticked: Option<bool>) -> Item {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = clean(lines.next().unwrap_or_default());
    let (title, boxed) = unboxed(&first);
    let mut item = Item {
        ticked: ticked.or(boxed),
        ..Item::default()
    };
    let title = item.take_id(title);
    let title = item.take_owner(&title);
    item.waits_for = reference::within(&title);
    let title = item.take_done(&title);
    item.set_title(title);
    for line in lines {
        item.line(line);
    }
    item
}

impl Item {
    /// Takes one more line in.
    pub(crate) fn line(&mut self, line: &str) {
        match attribute(line) {
            Some(Attribute::WaitsFor(found)) => self.waits_for.extend(found),
            Some(Attribute::DoneWhen(text)) if !text.is_empty() => self.done_when.push(text),
            // What follows in the list says it.
            Some(Attribute::DoneWhen(_)) => {}
            Some(Attribute::Owner(name)) => self.owner = Some(name),
            _ => {
                let line = clean(line);
                self.waits_for.extend(reference::within(&line));
                self.detail.push(line);
            }
        }
    }

    /// Takes the id off the beginning.
    fn take_id(&mut self, title: &str) -> String {
        let Some((word, rest)) = title.split_once(' ') else {
            return title.to_owned();
        };
        // "Task 3: …"
        let lower = word.to_lowercase();
        if matches!(lower.as_str(), "task" | "story" | "issue" | "aufgabe")
            && let Some((number, rest)) = rest.split_once(' ')
        {
            let bare = number
                .trim_end_matches([':', '.', ')'])
                .trim_start_matches('#');
            let dashed = matches!(rest.split(' ').next(), Some("-" | "–" | "—"));
            if (bare.len() < number.len() || dashed)
                && let Ok(id) = format!("T{bare}").parse::<TaskId>()
            {
                self.id = Some(id.0);
                return rest.trim_start_matches(['-', '–', '—', ' ']).to_owned();
            }
        }
        let bare = word
            .trim_start_matches(['[', '(', '*'])
            .trim_end_matches([':', '.', ')', ']', '*']);
        let marked = bare.len() < word.len();
        let dashed = matches!(rest.split(' ').next(), Some("-" | "–" | "—" | ":"));
        let rest = || {
            rest.trim_start_matches(['-', '–', '—', ':', ' '])
                .to_owned()
        };
        if let Ok(id) = bare.parse::<TaskId>()
            && (marked || dashed || bare.starts_with('#'))
        {
            self.id = Some(id.0);
            return rest();
        }
        let lower = bare.to_lowercase();
        let upper = bare.chars().all(|c| !c.is_lowercase());
        if (marked || dashed) && upper && reference::is_label(&lower) {
            self.label = Some(lower);
            return rest();
        }
        title.to_owned()
    }

    /// Takes `@tester`, `[tester]` or `(owner: tester)` out of the title.
    fn take_owner(&mut self, title: &str) -> String {
        let mut kept = Vec::new();
        for word in title.split(' ') {
            let name = word
                .strip_prefix('@')
                .map(|name| name.trim_end_matches([',', '.', ':', ';', ')']));
            match name.filter(|name| {
                name.len() > 1
                    && name
                        .chars()
                        .all(|c| c.is_alphanumeric() || c == '_' || c == '-')
            }) {
                Some(name) if self.owner.is_none() => self.owner = Some(name.to_lowercase()),
                _ => kept.push(word),
            }
        }
        let title = kept.join(" ");
        for (open, close) in [('(', ')'), ('[', ']')] {
            let Some((before, inner)) = title.rsplit_once(open) else {
                continue;
            };
            let Some((inner, after)) = inner.split_once(close) else {
                continue;
            };
            if let Some(Attribute::Owner(name)) = attribute(inner) {
                self.owner = Some(name);
                return format!("{}{}", before.trim_end(), after.trim_end());
            }
        }
        title
    }

    /// Takes off the end what says when it is done.
    fn take_done(&mut self, title: &str) -> String {
        // Lower case may be longer or shorter; only where it is not can its offsets be used.
        let lower = title.to_lowercase();
        if lower.len() != title.len() {
            return title.to_owned();
        }
        let found = DONE_WITHIN
            .iter()
            .filter_map(|words| Some((lower.find(words)?, words.len())));
        let Some((at, length)) = found
            .min()
            .filter(|(at, _)| *at >= 4 && title.is_char_boundary(*at))
        else {
            return title.to_owned();
        };
        let Some(text) = title.get(at + length..) else {
            return title.to_owned();
        };
        let text = text.trim_start_matches([':', ' ']).trim_end_matches(')');
        let before =
            title[..at].trim_end_matches([' ', '(', '-', '–', '—', ';', ',', ':', '→', '.']);
        if text.is_empty() || before.is_empty() {
            return title.to_owned();
        }
        self.done_when.push(text.to_owned());
        before.to_owned()
    }

    fn set_title(&mut self, title: String) {
        if title.chars().count() <= TITLE_MAX {
            self.title = title;
            return;
        }
        self.title = crate::source::shorten(&title, TITLE_MAX);
        self.detail.push(title);
    }
}

/// A title without the box in front of it, and whether that is ticked.
fn unboxed(title: &str) -> (&str, Option<bool>) {
    const BOXES: &[(&str, bool)] = &[
        ("[ ]", false),
        ("[]", false),
        ("[x]", true),
        ("[X]", true),
        ("☐", false),
        ("☑", true),
        ("☒", true),
        ("✅", true),
        ("✔️", true),
        ("✔", true),
        ("✓", true),
        ("⬜", false),
        ("❌", false),
    ];
    for (mark, ticked) in BOXES {
        if let Some(rest) = title.strip_prefix(mark) {
            return (rest.trim_start(), Some(*ticked));
        }
    }
    (title, None)
}
