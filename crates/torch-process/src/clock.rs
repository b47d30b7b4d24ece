//! The one place that reads the system's clock.

use std::time::{SystemTime, UNIX_EPOCH};

use torch_core::Timestamp;

/// The present instant; 0 if the clock stands before 1970.
pub fn now() -> Timestamp {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the clock"
    )]
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_clock_stands_after_2025_and_does_not_run_in_seconds() {
        assert!(super::now().0 > 1_735_689_600_000);
    }
}
