//! Merging commits without a worktree.

use std::collections::BTreeSet;

use super::Desk;
use crate::{WorktreeError, invented};

impl Desk<'_> {
    /// The files in which each of these pairs conflicts, in order; one process for all of them.
    pub(super) fn conflicts(
        &self,
        pairs: &[(&str, &str)],
    ) -> Result<Vec<BTreeSet<Vec<u8>>>, WorktreeError> {
        if pairs.is_empty() {
            return Ok(Vec::new());
        }
        let lines: String = pairs.iter().map(|(a, b)| format!("{a} {b}\n")).collect();
        let args = [
            "merge-tree",
            "--write-tree",
            "--allow-unrelated-histories",
            "--name-only",
            "--no-messages",
            "--stdin",
        ];
        let output = self
            .call()
            .stdin(lines)
            .ask("merge commits in memory", args)?;
        let found = parse(&output.stdout, pairs.len()).map(|found| {
            let named = found.iter().zip(pairs);
            let named = named
                .map(|(files, (a, b))| invented::all(files.iter().map(Vec::as_slice), &[a, b]));
            named.collect()
        });
        found.ok_or_else(|| WorktreeError::Answer {
            act: "merge commits in memory",
            path: self.root.to_owned(),
            answer: String::from_utf8_lossy(&output.stdout)
                .chars()
                .take(200)
                .collect(),
        })
    }
}

/// Reads `git merge-tree --stdin --name-only --no-messages`: for each pair `0` (conflicts), `1` (none), the tree, the files
/// in conflict, and an empty word.
fn parse(output: &[u8], count: usize) -> Option<Vec<BTreeSet<Vec<u8>>>> {
    let mut words = output.split(|&byte| byte == 0);
    let mut found = Vec::new();
    for _ in 0..count {
        let is_clean = match words.next()? {
            b"0" => false,
            b"1" => true,
            _ => return None,
        };
        let _tree = words.next()?;
        let files: BTreeSet<Vec<u8>> = words
            .by_ref()
            .take_while(|word| !word.is_empty())
            .map(<[u8]>::to_vec)
            .collect();
        if is_clean != files.is_empty() {
            return None;
        }
        found.push(files);
    }
    Some(found)
}
