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

/// What tells this boot of the machine from every other one (`/proc/sys/kernel/random/boot_id`); `None` where the
/// system has no such word. Debug builds let `TORCH_TEST_BOOT_ID` say it, since a test can't restart the machine.
pub fn boot_id() -> Option<String> {
    #[cfg(debug_assertions)]
    if let Ok(id) = std::env::var("TORCH_TEST_BOOT_ID") {
        return Some(id);
    }
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(text.trim().to_owned()).filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_clock_stands_after_2025_and_does_not_run_in_seconds() {
        assert!(super::now().0 > 1_735_689_600_000);
    }
}
