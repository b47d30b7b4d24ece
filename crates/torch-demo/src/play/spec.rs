//! A spec's list items.

/// The list items of a Markdown text (`- `, `* `, `+ `, `1. `, `1) `, `- [ ] `), code blocks left out.
/// A text without a list is one item: its first line. An item that is ticked (`- [x]`) is done already.
pub(crate) fn items(text: &str) -> Vec<String> {
    let mut items = Vec::new();
    let mut fence: Option<&str> = None;
    for line in text.lines() {
        let line = line.trim_start();
        let mark = ["```", "~~~"]
            .into_iter()
            .find(|mark| line.starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => fence = Some(mark),
            (Some(open), Some(mark)) if open == mark => fence = None,
            (None, None) => items.extend(item(line)),
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
            items(text),
            ["one", "two", "nested", "three", "four", "five"]
        );
    }

    #[test]
    fn a_text_without_a_list_is_one_item() {
        assert_eq!(items("\n# Write a poem\n\ntext"), ["Write a poem"]);
        assert_eq!(items("  \n"), Vec::<String>::new());
    }
}
