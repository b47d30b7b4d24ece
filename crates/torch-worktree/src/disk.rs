//! What a worktree takes on disk: more than its files' bytes, as files and folders lie in whole blocks.

/// The block of ext4, xfs, btrfs and apfs as they are made by default.
const BLOCK: u64 = 4096;

/// What each worktree has beside its files: git's folder for it with an index, and torch's own with an inbox and an outbox.
/// Measured 40 to 70 kB for new worktrees of small projects on ext4.
pub(crate) const OWN: u64 = 64 * 1024;

/// A file of so many bytes.
pub(crate) fn file(bytes: u64) -> u64 {
    bytes.div_ceil(BLOCK).saturating_mul(BLOCK)
}

/// A folder.
pub(crate) const FOLDER: u64 = BLOCK;

#[cfg(test)]
mod tests {
    #[test]
    fn files_lie_in_whole_blocks() {
        let found = [0, 1, 4096, 4097].map(super::file);
        assert_eq!(found, [0, 4096, 4096, 8192]);
    }
}
