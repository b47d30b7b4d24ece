//! Names that git makes up for files in conflict.

use std::collections::BTreeSet;

/// The name of the file that is meant. Where a file and a folder, or two kinds of files, are in each other's way, `git merge-tree`
/// (2.47) puts one of them beside the other, and names it by the commit that it was given: `link~0123…`, or `link~0123…_1` where
/// that is taken. No such file is in any commit or worktree.
pub(crate) fn real<'a>(path: &'a [u8], commits: &[&str]) -> &'a [u8] {
    let Some(at) = path.iter().rposition(|&byte| byte == b'~') else {
        return path;
    };
    let (name, suffix) = (&path[..at], &path[at + 1..]);
    let is_of = |commit: &&str| {
        suffix.strip_prefix(commit.as_bytes()).is_some_and(|rest| {
            let number = rest.strip_prefix(b"_").filter(|number| !number.is_empty());
            rest.is_empty() || number.is_some_and(|number| number.iter().all(u8::is_ascii_digit))
        })
    };
    let made_up = !name.is_empty() && commits.iter().any(is_of);
    if made_up { name } else { path }
}

/// The real names of some files, each once.
pub(crate) fn all<'a>(
    paths: impl IntoIterator<Item = &'a [u8]>,
    commits: &[&str],
) -> BTreeSet<Vec<u8>> {
    let names = paths.into_iter().map(|path| real(path, commits).to_vec());
    names.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_git_made_up_is_taken_away() {
        let (ours, theirs) = ("0".repeat(40), "1".repeat(40));
        let check = |path: &str, expect: &str| {
            let found = real(path.as_bytes(), &[&ours, &theirs]);
            assert_eq!(String::from_utf8_lossy(found), expect);
        };
        check("link", "link");
        check(&format!("link~{ours}"), "link");
        check(&format!("a/b c~{theirs}_12"), "a/b c");
        check("backup~", "backup~");
        check(
            &format!("x~{}", "2".repeat(40)),
            &format!("x~{}", "2".repeat(40)),
        );
        check(&format!("x~{ours}_"), &format!("x~{ours}_"));
        check(&format!("x~{ours}_old"), &format!("x~{ours}_old"));
        check(&format!("~{ours}"), &format!("~{ours}"));
    }
}
