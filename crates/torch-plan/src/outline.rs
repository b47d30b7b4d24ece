//! Markdown as a flat list of blocks: headings, items, paragraphs, tables, each with its line.
//!
//! Code blocks, HTML and what is struck out are left out.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// One block of a spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Block {
    /// A heading outside of lists.
    Heading {
        /// 1 to 6.
        level: u8,
        text: String,
        line: u32,
    },
    /// A list's item, up to its first nested block.
    Item {
        /// 1 for an item of an outermost list.
        depth: usize,
        /// Its lines.
        text: String,
        /// Whether its box is ticked, where it has one.
        ticked: Option<bool>,
        /// Its number in an ordered list.
        number: Option<u64>,
        /// Which list of the spec it belongs to.
        list: u32,
        line: u32,
    },
    /// A paragraph.
    Text {
        /// How many lists it is in.
        depth: usize,
        /// Its lines.
        text: String,
        line: u32,
    },
    /// A table with its heading row first.
    Table { rows: Vec<Row> },
}

/// A table's row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) cells: Vec<String>,
    pub(crate) line: u32,
}

/// The blocks of a text whose lines end with `\n`.
pub(crate) fn outline(text: &str) -> Vec<Block> {
    let starts: Vec<usize> = std::iter::once(0)
        .chain(text.match_indices('\n').map(|(at, _)| at + 1))
        .collect();
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let mut walk = Walk {
        starts: &starts,
        blocks: Vec::new(),
        open: None,
        lists: Vec::new(),
        listed: 0,
        skipped: 0,
        rows: Vec::new(),
    };
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        walk.step(event, range.start);
    }
    walk.flush();
    walk.blocks
}

/// A list that is open: its number among all lists, and the number of its next item.
struct List {
    id: u32,
    next: Option<u64>,
}

struct Walk<'a> {
    starts: &'a [usize],
    blocks: Vec<Block>,
    open: Option<Block>,
    lists: Vec<List>,
    listed: u32,
    /// How many blocks are open whose text is left out.
    skipped: usize,
    rows: Vec<Row>,
}

impl Walk<'_> {
    fn line(&self, offset: usize) -> u32 {
        let line = self.starts.partition_point(|start| *start <= offset);
        u32::try_from(line).unwrap_or(u32::MAX)
    }

    fn flush(&mut self) {
        if let Some(block) = self.open.take() {
            let empty = match &block {
                Block::Heading { text, .. }
                | Block::Item { text, .. }
                | Block::Text { text, .. } => text.trim().is_empty(),
                Block::Table { rows } => rows.is_empty(),
            };
            if !empty {
                self.blocks.push(block);
            }
        }
    }

    fn push(&mut self, more: &str) {
        if self.skipped > 0 {
            return;
        }
        if let Some(cell) = self.rows.last_mut().and_then(|row| row.cells.last_mut()) {
            cell.push_str(more);
            return;
        }
        if let Some(
            Block::Heading { text, .. } | Block::Item { text, .. } | Block::Text { text, .. },
        ) = &mut self.open
        {
            text.push_str(more);
        }
    }

    fn step(&mut self, event: Event<'_>, offset: usize) {
        match event {
            Event::Start(tag) => self.start(&tag, offset),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.push(&text),
            Event::Code(text) => self.push(&format!("`{text}`")),
            Event::InlineHtml(tag) if tag.starts_with("<br") => self.push(" "),
            Event::SoftBreak | Event::HardBreak => {
                let between = if self.rows.is_empty() { "\n" } else { " " };
                self.push(between);
            }
            Event::TaskListMarker(set) => {
                if let Some(Block::Item { ticked, .. }) = &mut self.open {
                    *ticked = Some(set);
                }
            }
            _ => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>, offset: usize) {
        let line = self.line(offset);
        match tag {
            Tag::List(first) => {
                self.flush();
                self.lists.push(List {
                    id: self.listed,
                    next: *first,
                });
                self.listed += 1;
            }
            Tag::Item => {
                self.flush();
                let depth = self.lists.len();
                let list = self.lists.last_mut();
                let (list, number) = list.map_or((0, None), |list| {
                    let number = list.next;
                    list.next = number.map(|number| number.saturating_add(1));
                    (list.id, number)
                });
                self.open = Some(Block::Item {
                    depth,
                    text: String::new(),
                    ticked: None,
                    number,
                    list,
                    line,
                });
            }
            Tag::Heading { level, .. } if self.lists.is_empty() => {
                self.flush();
                self.open = Some(Block::Heading {
                    level: *level as u8,
                    text: String::new(),
                    line,
                });
            }
            Tag::Paragraph | Tag::Heading { .. } | Tag::MetadataBlock(_) => self.paragraph(line),
            Tag::CodeBlock(_) | Tag::HtmlBlock => {
                self.flush();
                self.skipped += 1;
            }
            Tag::Strikethrough => self.skipped += 1,
            Tag::Table(_) => {
                self.flush();
                self.rows.clear();
            }
            Tag::TableHead | Tag::TableRow => self.rows.push(Row {
                cells: Vec::new(),
                line,
            }),
            Tag::TableCell => {
                if let Some(row) = self.rows.last_mut() {
                    row.cells.push(String::new());
                }
            }
            _ => {}
        }
    }

    /// A paragraph: an item's first one is the item itself.
    fn paragraph(&mut self, line: u32) {
        if let Some(Block::Item { text, .. }) = &self.open
            && text.is_empty()
        {
            return;
        }
        self.flush();
        self.open = Some(Block::Text {
            depth: self.lists.len(),
            text: String::new(),
            line,
        });
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::List(_) => {
                self.flush();
                self.lists.pop();
            }
            TagEnd::Item
            | TagEnd::Heading(_)
            | TagEnd::Paragraph
            | TagEnd::MetadataBlock(_)
            | TagEnd::BlockQuote(_) => self.flush(),
            TagEnd::CodeBlock | TagEnd::HtmlBlock | TagEnd::Strikethrough => {
                self.skipped = self.skipped.saturating_sub(1);
            }
            TagEnd::Table => {
                let rows = std::mem::take(&mut self.rows);
                self.open = Some(Block::Table { rows });
                self.flush();
            }
            _ => {}
        }
    }
}
