//! A spec as it is understood: header fields, phases, tasks, criteria, in the order of its lines.

mod items;
mod line;
mod whole;

use line::{bullet, is_constraint, is_goods, is_label};

use crate::item::{self, Attribute, Item};
use crate::outline::{Block, Row, outline};
use crate::phase;
use crate::section::{Section, section};
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
    /// Items under "Deliverables" that name what is delivered whatever the work is, and their lines.
    goods: Vec<(Item, u32)>,
    /// Tasks that were one too many.
    beyond: usize,
    /// Items that lie too deep to be tasks: how many, and the line of the first.
    deep: Option<(usize, u32)>,
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
            Section::Deliverables if is_goods(&item) => self.goods.push((item, line)),
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
            Section::NonGoals => format!("{}{text}", crate::whole::NOT),
            _ => text,
        };
        self.reading
            .constraints
            .push(shorten(&text, crate::DETAIL_MAX));
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
}
