//! How long a limit still lasts, by how fast its used share grows.

use std::time::Duration;

use torch_core::Timestamp;
use torch_core::credit::SharePoint;

/// The shortest span that a slope is taken over: shares are told in whole percents, with every answer.
const SPAN_MIN: Duration = Duration::from_secs(120);
/// The least growth that says anything, in thousandths.
const GROWTH_MIN: u32 = 10;

/// How long until the limit is used up if its share goes on growing as it did over these points, oldest first; `None` where
/// they don't tell. A share of 1,000 or more has nothing left.
pub fn time_left(points: &[SharePoint], now: Timestamp) -> Option<Duration> {
    let last = points.last()?;
    if last.permille >= 1_000 {
        return Some(Duration::ZERO);
    }
    let first = points.first()?;
    let span = last.at.since(first.at);
    let grown = last.permille.checked_sub(first.permille)?;
    if span < SPAN_MIN || grown < GROWTH_MIN {
        return None;
    }
    let left = span.as_millis() * u128::from(1_000 - last.permille) / u128::from(grown);
    let left = Duration::from_millis(u64::try_from(left).ok()?);
    Some(left.saturating_sub(now.since(last.at)))
}
