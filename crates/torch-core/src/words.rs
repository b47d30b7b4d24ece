//! Numbers in words.

/// A number with its noun: `1 file`, `3 files`.
pub fn count(number: impl TryInto<u64>, noun: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn one_is_one() {
        assert_eq!(count(1_u64, "commit"), "1 commit");
        assert_eq!(count(0_usize, "commit"), "0 commits");
        assert_eq!(count(3_u32, "commit"), "3 commits");
    }
}
