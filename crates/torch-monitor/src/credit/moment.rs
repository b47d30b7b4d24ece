//! From a told date or time of day to an instant: the next one that is meant, in a zone with its changes of the clock.

use std::time::Duration;

use jiff::ToSpan as _;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};
use torch_core::Timestamp;

/// A time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TimeOfDay(Time);

impl TimeOfDay {
    /// `None` for a time that no clock shows.
    pub(super) fn new(hour: i16, minute: i16, second: i16) -> Option<Self> {
        let part = |number: i16| i8::try_from(number).ok();
        Time::new(part(hour)?, part(minute)?, part(second)?, 0)
            .ok()
            .map(Self)
    }
}

/// Which day is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Day {
    /// That of the time's next occurrence.
    Next,
    Today,
    Tomorrow,
    /// Monday is 1.
    Weekday(i8),
    Date {
        year: Option<i16>,
        month: i8,
        day: i8,
    },
}

/// A day with or without a time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) day: Day,
    pub(super) time: Option<TimeOfDay>,
}

impl Moment {
    /// The instant that is meant at `now`. A time of day that lies at most `passed` back just was.
    pub(super) fn resolve(
        self,
        now: Timestamp,
        zone: &TimeZone,
        passed: Duration,
    ) -> Option<Timestamp> {
        let today = zone.to_datetime(instant(now)?).date();
        let earliest = now.moved(-i64::try_from(passed.as_millis()).unwrap_or(i64::MAX));
        let next = |days: std::ops::RangeInclusive<i32>, step: i32| {
            days.filter_map(|n| today.checked_add((n * step).days()).ok())
                .flat_map(|date| self.on(date, zone))
                .find(|at| *at >= earliest)
        };
        match self.day {
            Day::Next => next(-1..=2, 1),
            Day::Today => next(0..=0, 1).or_else(|| self.on(today, zone).into_iter().next_back()),
            Day::Tomorrow => next(1..=1, 1),
            Day::Weekday(number) => {
                let wanted = Weekday::from_monday_one_offset(number).ok()?;
                (-1..=8)
                    .filter_map(|n: i32| today.checked_add(n.days()).ok())
                    .filter(|date| date.weekday() == wanted)
                    .flat_map(|date| self.on(date, zone))
                    .find(|at| *at >= earliest)
            }
            Day::Date {
                year: Some(year),
                month,
                day,
            } => self.first(Date::new(year, month, day).ok()?, now, zone),
            Day::Date {
                year: None,
                month,
                day,
            } => {
                // No limit lasts half a year: the nearest such day is meant, and one that is over is over.
                let years = [today.year() - 1, today.year(), today.year() + 1];
                let dates = years
                    .into_iter()
                    .filter_map(|year| Date::new(year, month, day).ok());
                let instants = dates.filter_map(|date| self.first(date, now, zone));
                instants.min_by_key(|at| at.0.abs_diff(now.0))
            }
        }
    }

    /// The instant on a day: the first of two that is not over, where the clock shows the time twice.
    fn first(self, date: Date, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let instants = self.on(date, zone);
        let ahead = instants.iter().find(|at| **at >= now);
        ahead.or(instants.last()).copied()
    }

    /// The instants of this time on a day, none, one or two, in order. A time that the clock jumps over is the instant of the
    /// jump's end and what is left of it; without a time it is the day's beginning.
    fn on(self, date: Date, zone: &TimeZone) -> Vec<Timestamp> {
        let time = self.time.map_or(Time::midnight(), |time| time.0);
        let ambiguous = zone.to_ambiguous_zoned(date.to_datetime(time));
        let found = match ambiguous.offset() {
            AmbiguousOffset::Fold { .. } => {
                vec![ambiguous.clone().earlier(), ambiguous.later()]
            }
            AmbiguousOffset::Gap { .. } | AmbiguousOffset::Unambiguous { .. } => {
                vec![ambiguous.compatible()]
            }
        };
        let instants = found.into_iter().filter_map(Result::ok);
        instants
            .filter_map(|zoned| u64::try_from(zoned.timestamp().as_millisecond()).ok())
            .map(Timestamp)
            .collect()
    }
}

/// As jiff has it; `None` beyond the year 9999.
pub(super) fn instant(at: Timestamp) -> Option<jiff::Timestamp> {
    jiff::Timestamp::from_millisecond(i64::try_from(at.0).ok()?).ok()
}
