//! Items of lists: which are tasks, which belong to one, and which only stand above others.

use super::line::{is_constraint, is_goods};
use super::{GROUP, Level, Reader, Slot};
use crate::item::{self, Attribute, Item};
use crate::outline::Block;
use crate::phase;
use crate::section::{Section, section};
use crate::source::clean;

/// How deep lists may be nested before the rest is only detail.
pub(super) const DEPTH_MAX: usize = 8;

impl Reader {
    /// A paragraph inside an item.
    pub(super) fn under_item(&mut self, depth: usize, text: &str) {
        self.close(depth + 1);
        match self.slots.last() {
            Some((_, Slot::Task(task))) => {
                if let Some(raw) = self.reading.tasks.get_mut(*task) {
                    text.lines()
                        .map(str::trim)
                        .filter(|line| !line.is_empty())
                        .for_each(|line| raw.item.line(line));
                }
            }
            Some((_, Slot::Criterion)) => self.criterion(&clean(text)),
            _ => {}
        }
    }

    pub(super) fn item(&mut self, blocks: &[Block], at: usize) {
        let Block::Item {
            depth,
            text,
            ticked,
            number,
            list,
            line,
        } = &blocks[at]
        else {
            return;
        };
        let depth = *depth;
        if depth > DEPTH_MAX {
            let (count, first) = self.deep.unwrap_or((0, *line));
            self.deep = Some((count + 1, first));
        }
        self.close(depth);
        let parent = self.slots.last().map(|(_, slot)| *slot);
        let slot = match (parent, self.kind()) {
            (Some(Slot::Nothing), _) | (None, Section::Aside) => Slot::Nothing,
            (Some(Slot::Kept(kind)), _)
            | (None, kind @ (Section::Constraints | Section::NonGoals)) => {
                self.constraint(text, kind);
                Slot::Kept(kind)
            }
            (Some(Slot::Criterion), _) => {
                self.criterion(&clean(text));
                Slot::Criterion
            }
            (Some(Slot::DoneWhen(task)), _) => {
                if let Some(raw) = self.reading.tasks.get_mut(task) {
                    raw.item.done_when.push(clean(text));
                }
                Slot::DoneWhen(task)
            }
            (Some(Slot::Task(task)), _) => self.sub_item(task, depth, text, *ticked, *line),
            (_, Section::Criteria) => self.criteria_item(text),
            _ => {
                let numbered = number.map(|number| (*list, number));
                self.top_item(blocks, at, item::item(text, *ticked), numbered)
            }
        };
        self.slots.push((depth, slot));
    }

    /// An item of which nothing above it says what it is.
    fn top_item(
        &mut self,
        blocks: &[Block],
        at: usize,
        item: Item,
        numbered: Option<(u32, u64)>,
    ) -> Slot {
        let Block::Item {
            depth, line, text, ..
        } = &blocks[at]
        else {
            return Slot::Nothing;
        };
        if item.title.is_empty() {
            return Slot::Pass;
        }
        if let Some(task) = self.heading_task() {
            return self.sub_item(task, *depth, text, item.ticked, *line);
        }
        if is_constraint(&item) {
            self.constraint(&item.title, Section::Constraints);
            return Slot::Nothing;
        }
        let (children, boxes) = below(blocks, at, *depth);
        let free =
            children == 0 && item.id.is_none() && item.label.is_none() && item.ticked.is_none();
        if free && self.kind() == Section::Deliverables && is_goods(&item) {
            self.goods.push((item, *line));
            return Slot::Nothing;
        }
        let time = phase::named(&item.title).is_some_and(|named| phase::is_time(&named.word));
        if free && (time || self.kind() == Section::Timeline) {
            self.time(item, *line);
            return Slot::Nothing;
        }
        let title = clean(text.lines().next().unwrap_or_default());
        if children > 0 && *depth < DEPTH_MAX {
            if let Some(named) =
                phase::named(&item.title).filter(|_| item.ticked.is_none() && item.id.is_none())
            {
                let phase = self.add_phase(&title, named);
                self.open_group(&title, Section::Work, Some(phase));
                return Slot::Group;
            }
            if title.ends_with(':') || boxes && item.ticked.is_none() && item.id.is_none() {
                match section(&title) {
                    Section::Aside => return Slot::Nothing,
                    Section::Criteria => return Slot::Criterion,
                    kind @ (Section::Constraints | Section::NonGoals) => return Slot::Kept(kind),
                    kind => self.open_group(&title, kind, None),
                }
                return Slot::Group;
            }
        }
        let last = text.lines().next_back().and_then(item::attribute);
        match self.add(item, numbered, *line) {
            Some(task) if last == Some(Attribute::DoneWhen(String::new())) => Slot::DoneWhen(task),
            Some(task) => Slot::Task(task),
            None => Slot::Nothing,
        }
    }

    /// An item that is a label for those below it.
    fn open_group(&mut self, title: &str, kind: Section, phase: Option<usize>) {
        let kind = match kind {
            Section::Plain => self.kind(),
            other => other,
        };
        self.levels.push(Level {
            level: GROUP,
            kind,
            title: title.trim_end_matches(':').to_owned(),
            phase,
            task: None,
        });
    }

    /// An item below a task: an attribute, a task with an id of its own, or detail.
    fn sub_item(
        &mut self,
        task: usize,
        depth: usize,
        text: &str,
        ticked: Option<bool>,
        line: u32,
    ) -> Slot {
        let own = item::item(text, ticked);
        if own.id.is_some() && depth < DEPTH_MAX {
            return self.add(own, None, line).map_or(Slot::Nothing, Slot::Task);
        }
        if self.kind() == Section::Criteria {
            if let Some(raw) = self.reading.tasks.get_mut(task) {
                raw.item.done_when.push(clean(text));
            }
            return Slot::DoneWhen(task);
        }
        let Some(raw) = self.reading.tasks.get_mut(task) else {
            return Slot::Nothing;
        };
        if let Some(Attribute::DoneWhen(words)) = item::attribute(text) {
            if !words.is_empty() {
                raw.item.done_when.push(words);
            }
            return Slot::DoneWhen(task);
        }
        if item::attribute(text).is_some() {
            raw.item.line(text);
            return Slot::Nothing;
        }
        let mark = match ticked {
            Some(true) => "- [x] ",
            Some(false) => "- [ ] ",
            None => "- ",
        };
        let words = clean(text);
        raw.item.waits_for.extend(crate::reference::within(&words));
        raw.item.detail.push(format!("{mark}{words}"));
        Slot::Task(task)
    }

    /// An item under criteria: of a task that it names, or of the heading's task, or of the whole.
    fn criteria_item(&mut self, text: &str) -> Slot {
        let item = item::item(text, None);
        let named = item.id.and_then(|id| {
            self.reading
                .tasks
                .iter()
                .position(|raw| raw.item.id == Some(id))
        });
        match named.or(self.heading_task()) {
            Some(task) => {
                let words = if named.is_some() {
                    item.title
                } else {
                    clean(text)
                };
                self.reading.tasks[task].item.done_when.push(words);
                Slot::DoneWhen(task)
            }
            None => {
                self.criterion(&clean(text));
                Slot::Criterion
            }
        }
    }
}

/// How many items are directly below the one at `at`, and whether one of them has a box.
fn below(blocks: &[Block], at: usize, depth: usize) -> (usize, bool) {
    let inner = blocks[at + 1..].iter().take_while(|block| match block {
        Block::Item { depth: d, .. } => *d > depth,
        Block::Text { depth: d, .. } => *d >= depth,
        _ => false,
    });
    inner.fold((0, false), |(count, boxes), block| match block {
        Block::Item {
            depth: d, ticked, ..
        } if *d == depth + 1 => (count + 1, boxes || ticked.is_some()),
        _ => (count, boxes),
    })
}
