//! A commit in an agent's worktree, as text.

use torch_api::CommitView;

use super::plain;

/// The commit in one line: `3f2c1aa parser: reject empty input (main-developer: 2 files, +10 -1)`.
pub fn made(view: &CommitView) -> String {
    let files = match view.files {
        1 => "1 file".to_owned(),
        count => format!("{count} files"),
    };
    let branch = view.branch.as_deref().unwrap_or("detached HEAD");
    let already = if view.already { ", made before" } else { "" };
    format!(
        "{} {} ({}: {files}, +{} -{}{already})\n",
        view.short,
        plain(&view.subject),
        plain(branch),
        view.insertions,
        view.deletions
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_one_line() {
        let mut view = CommitView {
            role: "developer".to_owned(),
            id: "3f2c1aa0".to_owned(),
            short: "3f2c1aa".to_owned(),
            subject: "parser: \u{1b}[31mx".to_owned(),
            branch: Some("main-developer".to_owned()),
            worktree: "/w".into(),
            files: 1,
            insertions: 10,
            deletions: 1,
            already: false,
        };
        let text = made(&view);
        assert!(!text.contains('\u{1b}'), "{text:?}");
        assert!(text.starts_with("3f2c1aa parser: "), "{text}");
        assert!(
            text.ends_with("(main-developer: 1 file, +10 -1)\n"),
            "{text}"
        );
        view.already = true;
        view.branch = None;
        assert!(made(&view).ends_with("(detached HEAD: 1 file, +10 -1, made before)\n"));
    }
}
