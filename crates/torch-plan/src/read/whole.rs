//! What only the whole spec decides: parts of the time, things that are delivered whatever the work is, and specs without items.

use super::{Head, Raw, Reader, Reading};
use crate::item::{self, Item};
use crate::section::bare;
use crate::{TASKS_MAX, phase};

impl Reader {
    pub(super) fn finish(mut self) -> Reading {
        self.place_times();
        self.place_goods();
        if self.reading.tasks.is_empty() {
            self.without_items();
        }
        if self.beyond > 0 {
            self.reading.notes.push(format!(
                "the spec has {} items; the plan takes the first {TASKS_MAX}",
                TASKS_MAX + self.beyond
            ));
        }
        if let Some((count, line)) = self.deep {
            let (most, items) = (
                super::items::DEPTH_MAX,
                if count == 1 { "item" } else { "items" },
            );
            self.reading.notes.push(format!(
                "{count} {items} from line {line} on lie more than {most} lists deep; they are detail, and no tasks"
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

    /// An item that names a part of the time, as in `Week 1: import`; whether it does.
    pub(super) fn time(&mut self, item: Item, line: u32) -> bool {
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

    /// "Code" and "Tests" under "Deliverables" are what the whole is done by; where there is nothing else, they are the tasks.
    fn place_goods(&mut self) {
        let alone = self.reading.tasks.is_empty();
        for (item, line) in std::mem::take(&mut self.goods) {
            if alone {
                self.add(item, None, line);
            } else {
                let title = item.title.trim_end_matches(['.', ',', ';']);
                self.criterion(&format!("delivered: {title}"));
            }
        }
    }
}

/// The beginnings of a text's longer words, by which a phase and a task are the same matter.
fn stems(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    let long = words.filter(|word| word.chars().count() >= 4);
    long.map(|word| word.to_lowercase().chars().take(6).collect())
        .collect()
}
