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

/// Each name that stands there, with its line, from 1. Whether it is that of a role is for others to say.
pub(super) fn owners(text: &str) -> Vec<(String, usize)> {
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
            if let Some((name, value)) = field.split_once(':')
                && is_name(name)
            {
                add(&mut found, value, number + 1);
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

fn is_name(text: &str) -> bool {
    let plain = text.trim_matches(['*', '_', '`', ' ']).to_lowercase();
    NAMES.contains(&plain.as_str())
}

fn add(found: &mut Vec<(String, usize)>, value: &str, line: usize) {
    let names = value
        .split([',', '/', '+', '&', ';'])
        .flat_map(|part| part.split(" and "));
    for name in names {
        let name = name.trim_matches(['*', '_', '`', '@', ' ', '.', '(', ')']);
        if !name.is_empty() && !found.iter().any(|(known, _)| known == name) {
            found.push((name.to_owned(), line));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_and_fields_name_owners() {
        let text = "# Shop\n**Owner:** databaseops, @developer\n\n| ID | Owner |\n|----|----|\n| R1 | `tester` |\n| R2 | developer and devops |\n\n| ID | Text |\n|---|---|\n| x | sysadmin |\n```\nOwner: nobody\n```\n";
        let found = owners(text);
        let named: Vec<(&str, usize)> = found
            .iter()
            .map(|(name, line)| (name.as_str(), *line))
            .collect();
        assert_eq!(
            named,
            [
                ("databaseops", 2),
                ("developer", 2),
                ("----", 5),
                ("tester", 6),
                ("devops", 7)
            ]
        );
    }
}
