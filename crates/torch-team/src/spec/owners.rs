//! The roles that a spec gives work to: a column `Owner` of a table, a line `Owner: databaseops`.

/// What a column or a field of owners is called.
const NAMES: [&str; 6] = [
    "owner",
    "owners",
    "role",
    "assignee",
    "assigned to",
    "responsible",
];

/// Words that stand in the place of an owner and name nobody.
const NOBODY: [&str; 9] = [
    "tbd",
    "tba",
    "none",
    "nobody",
    "n/a",
    "na",
    "open",
    "unassigned",
    "?",
];

/// Somebody whom a spec gives work to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// As it is written.
    pub name: String,
    /// The line, from 1.
    pub line: usize,
    /// Whether it stands where only owners stand: a column, a field, `(owner: …)`; and not only behind `@`.
    pub is_sure: bool,
}

/// Each name that stands there. Whether it is that of a role is for others to say.
pub(super) fn owners(text: &str) -> Vec<Owner> {
    let mut found = Vec::new();
    let mut column: Option<usize> = None;
    let mut fenced = false;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        fenced ^= line.starts_with("```") || line.starts_with("~~~");
        if fenced {
            continue;
        }
        let Some(row) = line.strip_prefix('|') else {
            column = None;
            let field = line.trim_start_matches(['#', '-', '*', '_', '+', ' ']);
            match field.split_once(':') {
                Some((name, value)) if is_name(name) => add(&mut found, value, number + 1),
                _ => within(&mut found, line, number + 1),
            }
            continue;
        };
        let cells: Vec<&str> = row.trim_end_matches('|').split('|').collect();
        match column {
            None => {
                column = Some(
                    cells
                        .iter()
                        .position(|cell| is_name(cell))
                        .unwrap_or(usize::MAX),
                )
            }
            Some(column) => {
                if let Some(cell) = cells.get(column) {
                    add(&mut found, cell, number + 1);
                }
            }
        }
    }
    found
}

/// The owners that an item or a heading itself names: `(owner: tester)`, `[owner: tester]`, `@tester`.
fn within(found: &mut Vec<Owner>, line: &str, number: usize) {
    let numbered = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_item = line.starts_with(['-', '*', '+', '•', '#'])
        || (numbered.len() < line.len() && numbered.starts_with(['.', ')']));
    if !is_item {
        return;
    }
    for (open, close) in [('(', ')'), ('[', ']')] {
        let inner = line.rsplit_once(open);
        let inner = inner.and_then(|(_, inner)| inner.split_once(close));
        if let Some((name, value)) = inner.and_then(|(inner, _)| inner.split_once(':'))
            && is_name(name)
        {
            add(found, value, number);
        }
    }
    for word in line.split_whitespace() {
        let Some(name) = word.trim_start_matches(['(', '[', '*']).strip_prefix('@') else {
            continue;
        };
        let name = name.trim_end_matches(|c: char| !c.is_alphanumeric());
        if !name.is_empty() {
            put(found, name, number, false);
        }
    }
}

fn is_name(text: &str) -> bool {
    let plain = text.trim_matches(['*', '_', '`', ' ']).to_lowercase();
    NAMES.contains(&plain.as_str())
}

fn add(found: &mut Vec<Owner>, value: &str, line: usize) {
    let names = value
        .split([',', '/', '+', '&', ';'])
        .flat_map(|part| part.split(" and "));
    for name in names {
        let name = name.trim_matches(['*', '_', '`', '@', ' ', '.', '(', ')', '-', ':']);
        if !name.is_empty() && !NOBODY.contains(&name.to_lowercase().as_str()) {
            put(found, name, line, true);
        }
    }
}

fn put(found: &mut Vec<Owner>, name: &str, line: usize, is_sure: bool) {
    if !found.iter().any(|known| known.name == name) {
        found.push(Owner {
            name: name.to_owned(),
            line,
            is_sure,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_and_fields_name_owners() {
        let text = "# Shop\n**Owner:** databaseops, @developer\n\n| ID | Owner |\n|----|----|\n| R1 | `tester` |\n| R2 | developer and devops |\n\n| ID | Text |\n|---|---|\n| x | sysadmin |\n```\nOwner: nobody\n```\n";
        assert_eq!(
            named(text),
            [
                ("databaseops".to_owned(), 2, true),
                ("developer".to_owned(), 2, true),
                ("tester".to_owned(), 6, true),
                ("devops".to_owned(), 7, true)
            ]
        );
    }

    #[test]
    fn items_name_owners_as_well() {
        let text = "- Write it (owner: documentation_writer)\n2. Deploy it @devops, soon\n### T3: Test it [Owner: tester]\n\
                    mail me@home.org or ask @sysadmin\n- see me@home.org\n| Role |\n|---|\n| TBD |\n| wizard |\n";
        assert_eq!(
            named(text),
            [
                ("documentation_writer".to_owned(), 1, true),
                ("devops".to_owned(), 2, false),
                ("tester".to_owned(), 3, true),
                ("wizard".to_owned(), 9, true)
            ]
        );
    }

    fn named(text: &str) -> Vec<(String, usize, bool)> {
        let found = owners(text).into_iter();
        found.map(|it| (it.name, it.line, it.is_sure)).collect()
    }
}
