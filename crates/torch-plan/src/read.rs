//! A spec as it is understood: header fields, phases, tasks, criteria, in the order of its lines.

mod items;

use crate::item::{self, Attribute, Item};
use crate::outline::{Block, Row, outline};
use crate::phase;
use crate::section::{Section, bare, section};
use crate::source::{clean, normal, shorten};
use crate::table;
use crate::{CRITERIA_MAX, TASKS_MAX, TITLE_MAX};

/// A task as the spec says it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Raw {
    pub(crate) item: Item,
    pub(crate) phase: Option<usize>,
    pub(crate) section: String,
    /// Its list and its number there.
    pub(crate) number: Option<(u32, u64)>,
    pub(crate) line: u32,
}

/// A phase as the spec says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawPhase {
    pub(crate) title: String,
    pub(crate) named: phase::Named,
}

/// What was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) project: String,
    pub(crate) target: String,
    pub(crate) kind: String,
    pub(crate) title: String,
    pub(crate) phases: Vec<RawPhase>,
    pub(crate) tasks: Vec<Raw>,
    pub(crate) criteria: Vec<String>,
    pub(crate) constraints: Vec<String>,
    pub(crate) notes: Vec<String>,
}

/// Reads a spec's text. It never fails: what says nothing becomes one task.
pub(crate) fn read(text: &str) -> Reading {
    let (text, cut) = normal(text);
    let blocks = outline(&text);
    let mut reader = Reader::default();
    for at in 0..blocks.len() {
        reader.block(&blocks, at);
    }
    let mut reading = reader.finish();
    if cut {
        let mb = crate::SPEC_MAX >> 20;
        reading
            .notes
            .push(format!("only the first {mb} MB of the spec were read"));
    }
    reading
}

/// An open heading, or a label like `REQUIREMENTS:`, which is closed by the next one.
#[derive(Debug, Clone)]
struct Level {
    level: u8,
    kind: Section,
    title: String,
    phase: Option<usize>,
    task: Option<usize>,
}

/// The level of labels: below all headings.
const LABEL: u8 = 7;

/// The level of items that are labels for those below them.
const GROUP: u8 = 8;

/// What an item of a list became, for the items below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    Task(usize),
    /// The items below say when this task is done.
    DoneWhen(usize),
    /// A label: the items below stand for themselves, in a part of the spec of its own.
    Group,
    /// Nothing: the items below stand for themselves.
    Pass,
    Criterion,
    /// The items below are constraints, or what is not to be done.
    Kept(Section),
    Nothing,
}

/// A heading, in case that headings are all there is.
#[derive(Debug, Clone)]
struct Head {
    level: u8,
    title: String,
    line: u32,
    kind: Section,
    prose: Vec<String>,
}

#[derive(Debug, Default)]
struct Reader {
    reading: Reading,
    levels: Vec<Level>,
    slots: Vec<(usize, Slot)>,
    heads: Vec<Head>,
    /// The first words that are neither heading nor item, and their line.
    prose: Option<(String, u32)>,
    /// Items that name a part of the time: their phase, they themselves, their line.
    times: Vec<(usize, Item, u32)>,
    /// Tasks that were one too many.
    beyond: usize,
}

impl Reader {
    fn block(&mut self, blocks: &[Block], at: usize) {
        match &blocks[at] {
            Block::Heading { level, text, line } => self.heading(*level, text, *line),
            Block::Item { .. } => self.item(blocks, at),
            Block::Text { depth, text, .. } if *depth > 0 => self.under_item(*depth, text),
            Block::Text { text, line, .. } => {
                let listed = matches!(blocks.get(at + 1), Some(Block::Item { depth: 1, .. }));
                self.paragraph(text, *line, listed);
            }
            Block::Table { rows } => self.table(rows),
        }
    }

    fn kind(&self) -> Section {
        self.levels
            .last()
            .map_or(Section::Plain, |level| level.kind)
    }

    fn phase(&self) -> Option<usize> {
        self.levels.iter().rev().find_map(|level| level.phase)
    }

    /// The task that a heading is, if the items here belong to it.
    fn heading_task(&self) -> Option<usize> {
        self.levels.iter().rev().find_map(|level| level.task)
    }

    /// Ends the items of this depth and deeper ones.
    fn close(&mut self, depth: usize) {
        while self.slots.last().is_some_and(|(open, _)| *open >= depth) {
            if let Some((_, Slot::Group)) = self.slots.pop() {
                self.levels.pop();
            }
        }
    }

    fn heading(&mut self, level: u8, text: &str, line: u32) {
        self.close(0);
        self.levels.retain(|open| open.level < level);
        let title = clean(text);
        if self.field(&title) {
            return;
        }
        if self.reading.title.is_empty()
            && section(&title) == Section::Plain
            && phase::named(&title).is_none()
        {
            self.reading.title = shorten(&title, TITLE_MAX);
        }
        self.open(level, &title, line);
    }

    /// Opens a heading's or label's part of the spec.
    fn open(&mut self, level: u8, title: &str, line: u32) {
        self.levels.retain(|open| open.level < level);
        let above = self.levels.last().cloned();
        let named = phase::named(title);
        let mut kind = section(title);
        let mut task = None;
        if kind == Section::Plain {
            kind = match above.as_ref().map(|above| above.kind) {
                // A part of the time is a phase, and what stands below it is its work.
                Some(Section::Timeline) if named.is_some() => Section::Work,
                // Under criteria, a heading only sorts them.
                Some(kept) => kept,
                None => Section::Plain,
            };
            let item = item::item(title, None);
            let is_task = item.id.is_some() || item.label.is_some() || item.ticked.is_some();
            if is_task && level < LABEL && !kind.has_no_tasks() {
                task = self.add(item, None, line);
            }
        }
        let phase = match named {
            Some(named) if task.is_none() && !kind.has_no_tasks() => {
                Some(self.add_phase(title, named))
            }
            _ => None,
        };
        if level < LABEL {
            self.heads.push(Head {
                level,
                title: title.trim_end_matches(':').to_owned(),
                line,
                kind,
                prose: Vec::new(),
            });
        }
        self.levels.push(Level {
            level,
            kind,
            title: title.trim_end_matches(':').to_owned(),
            phase,
            task,
        });
    }

    fn add_phase(&mut self, title: &str, named: phase::Named) -> usize {
        let title = shorten(title.trim_end_matches(':'), TITLE_MAX);
        let same = self
            .reading
            .phases
            .iter()
            .position(|phase| phase.title == title);
        same.unwrap_or_else(|| {
            self.reading.phases.push(RawPhase { title, named });
            self.reading.phases.len() - 1
        })
    }

    /// Takes a header field in: `PROJECT: x`.
    fn field(&mut self, line: &str) -> bool {
        let Some((key, value)) = line.split_once(':') else {
            return false;
        };
        let value = value.trim();
        let place = match key.trim().to_lowercase().as_str() {
            "project" | "projekt" => &mut self.reading.project,
            "target" | "ziel" => &mut self.reading.target,
            "type" | "typ" => &mut self.reading.kind,
            _ => return false,
        };
        if value.is_empty() || !place.is_empty() {
            return false;
        }
        *place = shorten(value, TITLE_MAX);
        true
    }

    /// A paragraph outside of lists; `listed` where a list follows.
    fn paragraph(&mut self, text: &str, line: u32, listed: bool) {
        self.close(0);
        let count = text.lines().count();
        for (n, raw) in text.lines().enumerate() {
            let at = line + u32::try_from(n).unwrap_or(0);
            let words = clean(raw);
            if words.is_empty() {
                continue;
            }
            let ahead = (listed && n + 1 == count)
                || text
                    .lines()
                    .nth(n + 1)
                    .is_some_and(|next| bullet(next).is_some());
            if let Some(body) = bullet(raw) {
                self.line_item(body, at);
            } else if self.field(&words) {
            } else if is_label(&words, ahead) {
                self.close(0);
                self.open(LABEL, &words, at);
            } else {
                self.prose(&words, at);
            }
        }
    }

    /// A line of prose: an attribute, or what a heading's task says of itself.
    fn prose(&mut self, words: &str, line: u32) {
        let kind = self.kind();
        let task = self.heading_task().filter(|_| kind != Section::Criteria);
        if let Some(raw) = task.and_then(|task| self.reading.tasks.get_mut(task)) {
            raw.item.line(words);
        } else {
            match item::attribute(words) {
                Some(Attribute::DoneWhen(text)) if !text.is_empty() => self.criterion(&text),
                _ if kind == Section::Criteria => self.criterion(words),
                _ if matches!(kind, Section::Constraints | Section::NonGoals) => {
                    self.constraint(words, kind);
                }
                _ => {}
            }
        }
        if let Some(head) = self.heads.last_mut() {
            head.prose.push(words.to_owned());
        }
        if self.prose.is_none() && !self.kind().has_no_tasks() {
            self.prose = Some((words.to_owned(), line));
        }
    }

    /// A line that is an item although Markdown does not see one.
    fn line_item(&mut self, body: &str, line: u32) {
        let item = item::item(body, None);
        match self.kind() {
            Section::Aside => {}
            Section::Criteria => self.criterion(&clean(body)),
            kind @ (Section::Constraints | Section::NonGoals) => self.constraint(body, kind),
            Section::Timeline => drop(self.time(item, line)),
            _ if is_constraint(&item) => self.constraint(body, Section::Constraints),
            _ => drop(self.add(item, None, line)),
        }
    }

    fn table(&mut self, rows: &[Row]) {
        self.close(0);
        let kind = self.kind();
        let any = matches!(kind, Section::Work | Section::Deliverables);
        match kind {
            Section::Aside | Section::Constraints | Section::NonGoals | Section::Timeline => {}
            Section::Criteria => {
                let rows = rows.iter().skip(1);
                for row in rows {
                    let cells: Vec<String> = row
                        .cells
                        .iter()
                        .map(|cell| clean(cell))
                        .filter(|cell| !cell.is_empty())
                        .collect();
                    self.criterion(&cells.join(": "));
                }
            }
            _ => {
                for (item, line) in table::tasks(rows, any) {
                    self.add(item, None, line);
                }
            }
        }
    }

    fn criterion(&mut self, text: &str) {
        let text = text.trim_start_matches("[ ] ").trim_start_matches("[x] ");
        if text.is_empty() || self.reading.criteria.len() >= CRITERIA_MAX {
            return;
        }
        let phase = self.phase().map(|phase| &self.reading.phases[phase].title);
        let text = match phase {
            Some(phase) => format!("{phase}: {text}"),
            None => text.to_owned(),
        };
        self.reading
            .criteria
            .push(shorten(&text, crate::DETAIL_MAX));
    }

    /// What everybody keeps to, or what is not to be done.
    fn constraint(&mut self, text: &str, kind: Section) {
        let text = clean(text);
        if text.is_empty() || self.reading.constraints.len() >= CRITERIA_MAX {
            return;
        }
        let text = match kind {
            Section::NonGoals => format!("not to be done: {text}"),
            _ => text,
        };
        self.reading
            .constraints
            .push(shorten(&text, crate::DETAIL_MAX));
    }

    /// An item that names a part of the time, as in `Week 1: import`; whether it does.
    fn time(&mut self, item: Item, line: u32) -> bool {
        let Some(named) = phase::named(&item.title) else {
            return false;
        };
        let title = item.title.clone();
        let phase = self.add_phase(&title, named);
        self.times.push((phase, item, line));
        true
    }

    /// Parts of the time take the tasks that their words name; where there are no other tasks, they are the tasks.
    fn place_times(&mut self) {
        let times = std::mem::take(&mut self.times);
        if self.reading.tasks.is_empty() {
            for (_, item, line) in times {
                self.add(item, None, line);
            }
            return;
        }
        for (phase, item, line) in times {
            let words = stems(
                item.title
                    .split_once([':', '-', '–', '—'])
                    .map_or("", |(_, name)| name),
            );
            let named = |raw: &&mut Raw| {
                raw.phase.is_none()
                    && stems(&raw.item.title)
                        .iter()
                        .any(|word| words.contains(word))
            };
            let mut found = 0;
            for raw in self.reading.tasks.iter_mut().filter(named) {
                raw.phase = Some(phase);
                found += 1;
            }
            let any = found > 0
                || self
                    .reading
                    .tasks
                    .iter()
                    .any(|raw| raw.phase == Some(phase));
            if !any {
                let title = &item.title;
                let note = format!("{title:?} of line {line} is a phase, and names no task");
                self.reading.notes.push(note);
            }
        }
    }

    fn add(&mut self, item: Item, number: Option<(u32, u64)>, line: u32) -> Option<usize> {
        if item.title.is_empty() {
            return None;
        }
        if self.reading.tasks.len() >= TASKS_MAX {
            self.beyond += 1;
            return None;
        }
        let section = self.levels.last().map_or("", |level| level.title.as_str());
        self.reading.tasks.push(Raw {
            item,
            phase: self.phase(),
            section: shorten(section, TITLE_MAX),
            number,
            line,
        });
        Some(self.reading.tasks.len() - 1)
    }

    fn finish(mut self) -> Reading {
        self.place_times();
        if self.reading.tasks.is_empty() {
            self.without_items();
        }
        if self.beyond > 0 {
            self.reading.notes.push(format!(
                "the spec has {} items; the plan takes the first {TASKS_MAX}",
                TASKS_MAX + self.beyond
            ));
        }
        self.reading
    }

    /// A spec without items: each heading at the end of its branch is a task, or the whole is one.
    fn without_items(&mut self) {
        let heads = std::mem::take(&mut self.heads);
        let leaf = |n: usize| {
            heads
                .get(n + 1)
                .is_none_or(|next| next.level <= heads[n].level)
        };
        let taken: Vec<&Head> = heads
            .iter()
            .enumerate()
            .filter(|(n, head)| {
                leaf(*n) && !head.kind.has_no_tasks() && !bare(&head.title).is_empty()
            })
            .filter(|(n, head)| *n > 0 || head.level > 1)
            .map(|(_, head)| head)
            .collect();
        self.levels.clear();
        if taken.len() >= 2 {
            for head in taken {
                let mut item = item::item(&head.title, None);
                head.prose.iter().for_each(|line| item.line(line));
                self.add(item, None, head.line);
            }
            let words = "the spec has no list; its headings are the tasks";
            return self.reading.notes.push(words.to_owned());
        }
        let prose = self.prose.take();
        let title = match (&prose, self.reading.title.as_str()) {
            (Some((words, _)), _) if words.chars().any(char::is_alphanumeric) => words.clone(),
            (_, title) if !title.is_empty() => title.to_owned(),
            _ => "Do what the spec says".to_owned(),
        };
        let line = prose.map_or_else(
            || heads.first().map_or(1, |head| head.line),
            |(_, line)| line,
        );
        let mut item = item::item(&title, None);
        if item.title.is_empty() {
            "Do what the spec says".clone_into(&mut item.title);
        }
        self.add(item, None, line);
        let words = "the spec has no list of what is wanted; it is one task";
        self.reading.notes.push(words.to_owned());
    }
}

/// The beginnings of a text's longer words, by which a phase and a task are the same matter.
fn stems(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    let long = words.filter(|word| word.chars().count() >= 4);
    long.map(|word| word.to_lowercase().chars().take(6).collect())
        .collect()
}

/// How an item begins that says what is not to be done.
const NOT: &[&str] = &[
    "no ",
    "do not ",
    "don't ",
    "don’t ",
    "never ",
    "must not ",
    "avoid ",
    "keine ",
    "kein ",
    "keinen ",
    "niemals ",
    "ne pas ",
];

/// Whether an item says what is to be kept to and not what is to be done. One with an id, a box or an owner is a task.
fn is_constraint(item: &Item) -> bool {
    let lower = item.title.to_lowercase();
    let free =
        item.id.is_none() && item.label.is_none() && item.ticked.is_none() && item.owner.is_none();
    free && (NOT.iter().any(|begin| lower.starts_with(begin)) || lower.contains(" must not "))
}

/// Whether a line is a label for what follows: `REQUIREMENTS:`, `Phase 1: Setup` before a list.
fn is_label(words: &str, ahead: bool) -> bool {
    let title = words.trim_end_matches(':').trim();
    let known = section(title) != Section::Plain && words.chars().count() <= 60;
    let short = title.split(' ').count() <= 8;
    let shouted = title.chars().any(char::is_alphabetic) && !title.chars().any(char::is_lowercase);
    if words.ends_with(':') && short {
        return known || ahead || (shouted && title.split(' ').count() <= 4);
    }
    ahead && short && (known || phase::named(title).is_some())
}

/// The text of a line that begins like an item.
fn bullet(line: &str) -> Option<&str> {
    let line = line.trim();
    for mark in ["• ", "◦ ", "▪ ", "‣ ", "· ", "– ", "— ", "- ", "* ", "+ "] {
        if let Some(rest) = line.strip_prefix(mark) {
            return Some(rest.trim());
        }
    }
    if line.starts_with(['☐', '☑', '☒', '✅', '✔', '✓', '⬜']) {
        return Some(line);
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &line[digits..];
    let rest = rest.strip_prefix(". ").or_else(|| rest.strip_prefix(") "));
    rest.filter(|_| (1..=3).contains(&digits)).map(str::trim)
}
