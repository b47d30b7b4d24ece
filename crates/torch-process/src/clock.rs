//! The one place that reads the system's clocks.
//!
//! Three of them: the wall clock, which people and NTP set; the clock of time awake, which stops while the machine
//! sleeps (timers of the system and of tokio run on it); and the boot clock, which goes on. Two readings tell whether the
//! wall clock was set in between, and whether the machine slept.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::time::{ClockId, clock_gettime};
use torch_core::{BootClock, Drift, Timestamp};

/// From which difference on a step or a sleep is told. NTP's slewing stays far below it, and moves the other clocks too.
const NOTICED: Duration = Duration::from_secs(1);
/// How close together the clocks must be read for a reading to count.
const TIGHT: Duration = Duration::from_millis(20);
/// How often a reading that was interrupted is taken again.
const ATTEMPTS: usize = 10;

/// Time awake since some start.
#[cfg(not(target_vendor = "apple"))]
const AWAKE: ClockId = ClockId::CLOCK_MONOTONIC;
/// Time since the boot, time asleep included.
#[cfg(any(target_os = "linux", target_os = "android"))]
const BOOT: ClockId = ClockId::CLOCK_BOOTTIME;
/// Where there is no clock that counts sleep, sleep looks like a step of the wall clock.
#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
const BOOT: ClockId = ClockId::CLOCK_MONOTONIC;
/// `mach_absolute_time` (not tried on a machine).
#[cfg(target_vendor = "apple")]
const AWAKE: ClockId = ClockId::from_raw(nix::libc::CLOCK_UPTIME_RAW);
/// `mach_continuous_time` (not tried on a machine).
#[cfg(target_vendor = "apple")]
const BOOT: ClockId = ClockId::from_raw(nix::libc::CLOCK_MONOTONIC_RAW);

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

/// All three clocks at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The wall clock.
    pub wall: Timestamp,
    /// Time awake since some start.
    pub awake: Duration,
    /// Time since the boot, time asleep included.
    pub boot: Duration,
}

/// Reads all three clocks. A process that is interrupted in between reads again, since the time that passed would look
/// like a step.
pub fn read() -> Reading {
    let mut reading = read_once();
    for _ in 0..ATTEMPTS {
        if time(BOOT).saturating_sub(reading.boot) <= TIGHT {
            break;
        }
        reading = read_once();
    }
    #[cfg(debug_assertions)]
    pretend(&mut reading);
    reading
}

fn read_once() -> Reading {
    Reading {
        boot: time(BOOT),
        awake: time(AWAKE),
        wall: now(),
    }
}

/// Debug builds alone: `TORCH_TEST_CLOCK` names a file with two numbers, by how many milliseconds the wall clock was set
/// and for how many the machine slept.
#[cfg(debug_assertions)]
fn pretend(reading: &mut Reading) {
    let numbers = std::env::var_os("TORCH_TEST_CLOCK").and_then(|path| {
        let text = std::fs::read_to_string(path).ok()?;
        let (set, slept) = text.trim().split_once(' ')?;
        Some((set.parse::<i64>().ok()?, slept.parse::<u32>().ok()?))
    });
    if let Some((set, slept)) = numbers {
        reading.wall = reading.wall.moved(set + i64::from(slept));
        reading.boot += Duration::from_millis(slept.into());
    }
}

/// A clock's time; zero where the system does not have it, so that it never seems to move.
fn time(clock: ClockId) -> Duration {
    clock_gettime(clock).map_or(Duration::ZERO, Duration::from)
}

/// The clocks as they were last looked at.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    last: Reading,
}

impl Clock {
    /// Begins with a first reading.
    pub fn new(first: Reading) -> Self {
        Self { last: first }
    }

    /// The last reading.
    pub fn last(&self) -> Reading {
        self.last
    }

    /// Takes the next reading in: what happened since the last one beyond the time that passed, if it is noticeable. Slow
    /// changes over many readings are not: they are the clock being kept right.
    pub fn turn(&mut self, next: Reading) -> Option<Drift> {
        let last = std::mem::replace(&mut self.last, next);
        let passed = next.boot.saturating_sub(last.boot);
        let slept = passed.saturating_sub(next.awake.saturating_sub(last.awake));
        let shown = next.wall.0.wrapping_sub(last.wall.0).cast_signed();
        let stepped = shown.saturating_sub(i64::try_from(passed.as_millis()).unwrap_or(i64::MAX));
        let drift = Drift {
            slept: if slept >= NOTICED {
                slept
            } else {
                Duration::ZERO
            },
            stepped: if u128::from(stepped.unsigned_abs()) >= NOTICED.as_millis() {
                stepped
            } else {
                0
            },
        };
        (drift != Drift::default()).then_some(drift)
    }
}

/// The present boot and how its clock stands to the wall clock in `reading`.
pub fn boot_clock(reading: Reading) -> BootClock {
    let millis = u64::try_from(reading.boot.as_millis()).unwrap_or(u64::MAX);
    BootClock::new(boot_id(), millis, reading.wall)
}

/// The id of the present boot (`/proc/sys/kernel/random/boot_id`). Debug builds let `TORCH_TEST_BOOT_ID` say it, since a
/// test can't restart the machine.
#[cfg(target_os = "linux")]
pub fn boot_id() -> Option<String> {
    #[cfg(debug_assertions)]
    if let Ok(id) = std::env::var("TORCH_TEST_BOOT_ID") {
        return Some(id);
    }
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(text.trim().to_owned()).filter(|id| !id.is_empty())
}

/// The id of the present boot (`sysctl kern.bootsessionuuid`; not tried on a machine).
#[cfg(not(target_os = "linux"))]
pub fn boot_id() -> Option<String> {
    let env = crate::Environment::new();
    let spec = crate::CommandSpec::new("/usr/sbin/sysctl", "/", env, Duration::from_secs(5))
        .args(["-n", "kern.bootsessionuuid"]);
    let text = crate::run(&spec).ok()?.text().trim().to_owned();
    Some(text).filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600_000;

    /// Milliseconds since the first reading: what passed awake, what was slept, by how much the wall clock was set.
    fn reading(awake: u64, slept: u64, set: i64) -> Reading {
        Reading {
            wall: Timestamp(1_800_000_000_000 + awake + slept).moved(set),
            awake: Duration::from_millis(500 + awake),
            boot: Duration::from_millis(9_000 + awake + slept),
        }
    }

    fn drift(slept: u64, stepped: i64) -> Option<Drift> {
        let slept = Duration::from_millis(slept);
        Some(Drift { slept, stepped })
    }

    #[test]
    fn the_clock_stands_after_2025_and_does_not_run_in_seconds() {
        assert!(now().0 > 1_735_689_600_000);
    }

    #[test]
    fn time_that_passes_is_no_drift() {
        let mut clock = Clock::new(reading(0, 0, 0));
        for awake in [0, 1, 2_000, 90_000, 40 * HOUR] {
            assert_eq!(clock.turn(reading(awake, 0, 0)), None);
        }
    }

    #[test]
    fn a_clock_that_is_set_is_told_once() {
        let mut clock = Clock::new(reading(0, 0, 0));
        let hour = HOUR.cast_signed();
        assert_eq!(clock.turn(reading(50, 0, hour)), drift(0, hour));
        assert_eq!(clock.turn(reading(99, 0, hour)), None);
        assert_eq!(
            clock.turn(reading(200, 0, -8_760 * hour)),
            drift(0, -8_761 * hour)
        );
        assert_eq!(clock.turn(reading(200, 0, 0)), drift(0, 8_760 * hour));
    }

    #[test]
    fn sleep_is_no_step() {
        let mut clock = Clock::new(reading(0, 0, 0));
        assert_eq!(clock.turn(reading(100, 8 * HOUR, 0)), drift(8 * HOUR, 0));
        assert_eq!(clock.turn(reading(200, 8 * HOUR, 0)), None);
        // Both at once: the clock is set at the wake-up.
        assert_eq!(
            clock.turn(reading(300, 9 * HOUR, -70_000)),
            drift(HOUR, -70_000)
        );
    }

    #[test]
    fn slow_slewing_and_small_steps_are_ignored() {
        let mut clock = Clock::new(reading(0, 0, 0));
        for turn in 1..5_000_u64 {
            let set = (turn * 2).cast_signed();
            assert_eq!(clock.turn(reading(turn * 1_000, 0, set)), None);
        }
        let mut clock = Clock::new(reading(0, 0, 0));
        assert_eq!(clock.turn(reading(10, 900, -900)), None);
    }

    #[test]
    fn the_system_has_all_three_clocks() {
        let first = read();
        assert!(first.awake > Duration::ZERO && first.boot > Duration::ZERO);
        let mut clock = Clock::new(first);
        assert_eq!(clock.turn(read()), None);
        assert_eq!(clock.last().boot, clock.last().boot.max(first.boot));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_boot_has_an_id_and_keeps_it() {
        let id = boot_id().expect("an id");
        assert_eq!(id.len(), 36, "{id}");
        assert_eq!(boot_id(), Some(id));
    }
}
