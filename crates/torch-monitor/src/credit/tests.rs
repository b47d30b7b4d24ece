//! The known wordings, clocks that change, texts that only talk about limits, and texts at random.

use std::time::Duration;

use jiff::tz::TimeZone;
use proptest::prelude::*;
use torch_core::Timestamp;
use torch_core::credit::SharePoint;

use super::{JUST_PASSED, LimitWords, Zones, read_limit, time_left};

fn instant(text: &str) -> Timestamp {
    let zoned: jiff::Zoned = text.parse().expect("an instant with its zone");
    Timestamp(zoned.timestamp().as_millisecond().cast_unsigned())
}

fn zones(own: &str) -> Zones {
    Zones {
        own: TimeZone::get(own).expect("a zone"),
        find: |name| TimeZone::get(name).ok(),
    }
}

fn read(words: &str, now: &str) -> LimitWords {
    read_limit(words, instant(now), &zones("Europe/London"), JUST_PASSED)
}

/// Words, which limit, and when: all as of Saturday, 21 November 2026, 17:12 in London.
const NOW: &str = "2026-11-21T17:12:00+00:00[Europe/London]";
const WORDINGS: &[(&str, Option<&str>, Option<&str>)] = &[
    (
        "Claude AI usage limit reached|1795289400",
        None,
        Some("2026-11-21T19:30:00+00:00[UTC]"),
    ),
    (
        "Claude AI usage limit reached|1795289400123",
        None,
        Some("2026-11-21T19:30:00.123+00:00[UTC]"),
    ),
    (
        " ⎿  Claude usage limit reached. Your limit will reset at 9am (America/Chicago).",
        None,
        Some("2026-11-22T09:00:00-06:00[America/Chicago]"),
    ),
    (
        "Opus weekly limit reached ∙ resets Nov 24",
        Some("weekly_opus"),
        Some("2026-11-24T00:00:00+00:00[Europe/London]"),
    ),
    (
        "5-hour limit reached · resets 2pm (Pacific/Auckland) · /upgrade to Max 20x or turn on /extra-usage",
        Some("five_hour"),
        Some("2026-11-22T14:00:00+13:00[Pacific/Auckland]"),
    ),
    (
        "5-hour limit reached ∙ resets 12am",
        Some("five_hour"),
        Some("2026-11-22T00:00:00+00:00[Europe/London]"),
    ),
    (
        "You've hit your limit · resets 10pm (America/New_York)",
        None,
        Some("2026-11-21T22:00:00-05:00[America/New_York]"),
    ),
    (
        "You’ve hit your limit · resets 10pm (America/New_York)",
        None,
        Some("2026-11-21T22:00:00-05:00[America/New_York]"),
    ),
    (
        "You've hit your weekly limit · resets Jun 7, 4pm (Europe/Rome)",
        Some("weekly"),
        Some("2026-06-07T16:00:00+02:00[Europe/Rome]"),
    ),
    (
        "You've hit your session limit · resets 10:30pm (Europe/Berlin)\n/login to switch to an API usage-billed account.",
        Some("five_hour"),
        Some("2026-11-21T22:30:00+01:00[Europe/Berlin]"),
    ),
    (
        "You've hit your weekly limit · resets 4am (Europe/Madrid)",
        Some("weekly"),
        Some("2026-11-22T04:00:00+01:00[Europe/Madrid]"),
    ),
    (
        "You've hit your 5-hour limit · resets 10:10pm (Europe/London)",
        Some("five_hour"),
        Some("2026-11-21T22:10:00+00:00[Europe/London]"),
    ),
    (
        "● Usage limit reached · continuing automatically at 10:10pm · esc to cancel",
        None,
        Some("2026-11-21T22:10:00+00:00[Europe/London]"),
    ),
    (
        "  ⚠ Usage limit reached · limit resets 10:10pm\n    Continuing automatically at 10:10pm · Esc to cancel",
        None,
        Some("2026-11-21T22:10:00+00:00[Europe/London]"),
    ),
    (
        "● Usage limit reached again · continuing automatically at 10:21pm · esc to cancel",
        None,
        Some("2026-11-21T22:21:00+00:00[Europe/London]"),
    ),
    (
        "You've hit your weekly limit · resets Nov 23, 4:43am (Europe/London)",
        Some("weekly"),
        Some("2026-11-23T04:43:00+00:00[Europe/London]"),
    ),
    (
        "❯ 1. Stop and wait for limit to reset\n2. Wait here, then continue automatically at Nov 23, 4:43am\n3. Upgrade your plan",
        None,
        Some("2026-11-23T04:43:00+00:00[Europe/London]"),
    ),
    (
        "You've hit your Opus limit · resets Nov 23, 4:44am (Europe/London)",
        Some("weekly_opus"),
        Some("2026-11-23T04:44:00+00:00[Europe/London]"),
    ),
    (
        "You've hit your Sonnet limit · resets Nov 23 at 4:44am (Europe/London)",
        Some("weekly_sonnet"),
        Some("2026-11-23T04:44:00+00:00[Europe/London]"),
    ),
    (
        "You've reached your Opus 4 limit. Resets Sep 15 at 7pm",
        Some("weekly_opus"),
        Some("2026-09-15T19:00:00+01:00[Europe/London]"),
    ),
    (
        "You've hit your session limit · resets 4:20am (Europe/Warsaw)",
        Some("five_hour"),
        Some("2026-11-22T04:20:00+01:00[Europe/Warsaw]"),
    ),
    (
        "Your credits will reset at 5am",
        None,
        Some("2026-11-22T05:00:00+00:00[Europe/London]"),
    ),
    ("You're out of usage credits", Some("credits"), None),
    (
        "Your org is out of usage · add funds to continue",
        Some("credits"),
        None,
    ),
    (
        "Your org is out of usage · contact your admin",
        Some("credits"),
        None,
    ),
    (
        "Your seat type doesn't include usage credits",
        Some("credits"),
        None,
    ),
    (
        "Your usage allocation has been disabled by your admin",
        Some("credits"),
        None,
    ),
    (
        "Your group's usage limit is set to $0",
        Some("credits"),
        None,
    ),
    (
        "You're out of extra usage · resets Dec 1 (Europe/London)",
        Some("credits"),
        Some("2026-12-01T00:00:00+00:00[Europe/London]"),
    ),
    ("Opus requires usage credits.", Some("credits"), None),
    (
        "You've hit your monthly limit · resets Dec 1, 12am",
        Some("monthly"),
        Some("2026-12-01T00:00:00+00:00[Europe/London]"),
    ),
    (
        "■ You've hit your usage limit. Upgrade to Pro (https://openai.com/chatgpt/pricing) or try again in 5 days 22 hours 11 \nminutes.",
        None,
        Some("2026-11-27T15:23:00+00:00[Europe/London]"),
    ),
    (
        "You've hit your usage limit. Try again in 2 days 17 hours 14 minutes.",
        None,
        Some("2026-11-24T10:26:00+00:00[Europe/London]"),
    ),
    (
        "Error running remote compact task: You've hit your usage limit. Upgrade to Pro (…), visit … to purchase more credits or try again at Sep \n28th, 2027 2:14 AM.",
        None,
        Some("2027-09-28T02:14:00+01:00[Europe/London]"),
    ),
    (
        "■ You’ve hit your usage limit. To get more access now, send a request to your admin or try again at 10:20 PM.",
        None,
        Some("2026-11-21T22:20:00+00:00[Europe/London]"),
    ),
    (
        "Usage limit reached for all Pro models. Access resets at 10:57 PM GMT-3.",
        Some("weekly_pro"),
        Some("2026-11-22T01:57:00+00:00[UTC]"),
    ),
    (
        "You have reached your daily quota limit. Resets at 10:57 PM GMT+5:30",
        Some("daily"),
        Some("2026-11-21T17:27:00+00:00[UTC]"),
    ),
    (
        "limit resets at 22:10 (Europe/London)",
        None,
        Some("2026-11-21T22:10:00+00:00[Europe/London]"),
    ),
    (
        "limit resets at 22:10 UTC",
        None,
        Some("2026-11-21T22:10:00+00:00[UTC]"),
    ),
    (
        "limit resets 2026-11-23 04:43 (Europe/Berlin)",
        None,
        Some("2026-11-23T04:43:00+01:00[Europe/Berlin]"),
    ),
    (
        "limit resets at 2026-11-23T04:43:10Z",
        None,
        Some("2026-11-23T04:43:10+00:00[UTC]"),
    ),
    (
        "resets Mon 9am",
        None,
        Some("2026-11-23T09:00:00+00:00[Europe/London]"),
    ),
    (
        "resets Saturday at 9am",
        None,
        Some("2026-11-28T09:00:00+00:00[Europe/London]"),
    ),
    (
        "weekly limit reached, resets tomorrow at 3:05 a.m.",
        Some("weekly"),
        Some("2026-11-22T03:05:00+00:00[Europe/London]"),
    ),
    (
        "resets in 3h 20m",
        None,
        Some("2026-11-21T20:32:00+00:00[Europe/London]"),
    ),
    (
        "resets in 3h20m",
        None,
        Some("2026-11-21T20:32:00+00:00[Europe/London]"),
    ),
    (
        "Please try again in an hour.",
        None,
        Some("2026-11-21T18:12:00+00:00[Europe/London]"),
    ),
    (
        "limit resets at midnight (Europe/London)",
        None,
        Some("2026-11-22T00:00:00+00:00[Europe/London]"),
    ),
    (
        "resets 23 Nov, 4:43am",
        None,
        Some("2026-11-23T04:43:00+00:00[Europe/London]"),
    ),
    (
        "You've hit your limit · resets 10pm (America/\n  New_York)",
        None,
        Some("2026-11-21T22:00:00-05:00[America/New_York]"),
    ),
    (
        "You've hit\nyour 5-hour\nlimit ·\nresets\n10:10pm\n(Europe/London)",
        Some("five_hour"),
        Some("2026-11-21T22:10:00+00:00[Europe/London]"),
    ),
    ("API Error: Request rejected (429)", Some("rate"), None),
    (
        "Rate limit reached for requests per minute. Please try again in 20s.",
        Some("rate"),
        Some("2026-11-21T17:12:20+00:00[Europe/London]"),
    ),
    ("Claude usage limit reached", None, None),
    ("rate_limit", Some("rate"), None),
    ("", None, None),
];

#[test]
fn the_known_wordings_are_read() {
    for (words, kind, reset) in WORDINGS {
        let found = read(words, NOW);
        assert_eq!(found.kind.as_deref(), *kind, "{words}");
        let at = found.reset.as_ref().map(|reset| reset.at);
        assert_eq!(at, reset.map(instant), "{words}: {found:?}");
        assert!(!found.goes_on, "{words}");
    }
}

#[test]
fn a_switch_to_another_model_holds_nothing() {
    for words in [
        "Claude Opus 4 limit reached, now using Sonnet 4",
        "Automatically switching from gemini-2.5-pro to gemini-2.5-flash for the remainder of this session.",
    ] {
        assert!(read(words, NOW).goes_on, "{words}");
    }
}

#[test]
fn a_zone_that_nobody_knows_is_the_teams_own_and_marked() {
    for words in [
        "limit · resets 10pm (Mars/Olympus)",
        "limit · resets 10pm (PST)",
        "limit · resets 10pm PST",
        "limit · resets 10pm UTC+99",
    ] {
        let reset = read(words, NOW).reset.expect("a time");
        assert!(reset.zone_guessed, "{words}");
        assert_eq!(reset.zone, "Europe/London");
        assert_eq!(
            reset.at,
            instant("2026-11-21T22:00:00+00:00[Europe/London]")
        );
    }
    let named = read("limit · resets 10pm (Asia/Kolkata)", NOW)
        .reset
        .expect("a time");
    assert_eq!(
        (named.zone.as_str(), named.zone_guessed),
        ("Asia/Kolkata", false)
    );
    let offset = read("resets at 10:57 PM GMT+5:30", NOW)
        .reset
        .expect("a time");
    assert_eq!(offset.zone, "GMT+5:30");
}

#[test]
fn a_time_alone_is_its_next_occurrence_but_for_one_that_just_was() {
    let at = |words: &str, now: &str| read(words, now).reset.map(|reset| reset.at);
    let london = |time: &str| instant(&format!("2026-11-{time}+00:00[Europe/London]"));
    let words = "limit · resets 2pm (Europe/London)";
    // Five minutes ago: clocks differ, and the message was on its way.
    let now = "2026-11-21T14:05:00+00:00[Europe/London]";
    assert_eq!(at(words, now), Some(london("21T14:00:00")));
    // Hit again after a wake-up at that very time: the next day is meant.
    let again = read_limit(words, instant(now), &zones("Europe/London"), Duration::ZERO);
    assert_eq!(
        again.reset.map(|reset| reset.at),
        Some(london("22T14:00:00"))
    );
    let now = "2026-11-21T14:11:00+00:00[Europe/London]";
    assert_eq!(at(words, now), Some(london("22T14:00:00")));
    // Around midnight the one that just was lies on the day before.
    let now = "2026-11-22T00:03:00+00:00[Europe/London]";
    let words = "limit · resets 11:59pm (Europe/London)";
    assert_eq!(at(words, now), Some(london("21T23:59:00")));
    // The day is that of the zone, not that of the team.
    let now = "2026-11-21T23:30:00+00:00[Europe/London]";
    let tokyo = at("limit · resets 9am (Asia/Tokyo)", now);
    assert_eq!(
        tokyo,
        Some(instant("2026-11-22T09:00:00+09:00[Asia/Tokyo]"))
    );
}

#[test]
fn a_date_without_a_year_is_the_nearest() {
    let at = |words: &str, now: &str| read(words, now).reset.map(|reset| reset.at);
    let new_year = "2026-12-31T22:00:00+00:00[Europe/London]";
    assert_eq!(
        at("resets Jan 2, 9am", new_year),
        Some(instant("2027-01-02T09:00:00+00:00[Europe/London]"))
    );
    // Over for a quarter of an hour: not in a year.
    assert_eq!(
        at(
            "resets Nov 23, 4:43am",
            "2026-11-23T05:00:00+00:00[Europe/London]"
        ),
        Some(instant("2026-11-23T04:43:00+00:00[Europe/London]"))
    );
    assert_eq!(at("resets Feb 30, 9am", NOW), None);
    assert_eq!(
        at(
            "resets Feb 29, 9am",
            "2028-02-20T05:00:00+00:00[Europe/London]"
        ),
        Some(instant("2028-02-29T09:00:00+00:00[Europe/London]"))
    );
}

#[test]
fn clocks_that_change_are_followed() {
    let berlin = |words: &str, now: &str| {
        let now = instant(&format!("{now}[Europe/Berlin]"));
        let read = read_limit(words, now, &zones("Europe/Berlin"), JUST_PASSED);
        read.reset.map(|reset| reset.at)
    };
    // 29 March 2026: 02:00 is 03:00. A time that does not exist is as long after 02:00.
    assert_eq!(
        berlin("resets 2:30am", "2026-03-28T23:00:00+01:00"),
        Some(instant("2026-03-29T03:30:00+02:00[Europe/Berlin]"))
    );
    assert_eq!(
        berlin("resets 9am", "2026-03-28T23:00:00+01:00"),
        Some(instant("2026-03-29T09:00:00+02:00[Europe/Berlin]"))
    );
    // 25 October 2026: 03:00 is 02:00 again. The first one, unless that is over.
    assert_eq!(
        berlin("resets 2:30am", "2026-10-24T23:00:00+02:00"),
        Some(instant("2026-10-25T02:30:00+02:00[Europe/Berlin]"))
    );
    assert_eq!(
        berlin("resets 2:30am", "2026-10-25T02:50:00+02:00"),
        Some(instant("2026-10-25T02:30:00+01:00[Europe/Berlin]"))
    );
    assert_eq!(
        berlin("resets Oct 25, 2:30am", "2026-10-25T02:50:00+02:00"),
        Some(instant("2026-10-25T02:30:00+01:00[Europe/Berlin]"))
    );
    assert_eq!(
        berlin("resets 2:30am", "2026-10-25T02:50:00+01:00"),
        Some(instant("2026-10-26T02:30:00+01:00[Europe/Berlin]"))
    );
}

#[test]
fn what_is_no_time_is_none() {
    for words in [
        "resets soon",
        "resets at 25:00",
        "resets at 13pm",
        "resets 0am",
        "try again later",
        "resets in a while",
        "resets every 5 hours",
        "try again in 400 days",
        "resets Foo 7, 4pm",
        "the counter resets",
        "resets 9",
        "until further notice",
        "reset your password at noon.example",
        "resets at 10:99pm",
        "|123",
        "in 5 hours",
    ] {
        let found = read(words, NOW);
        assert!(found.reset.is_none(), "{words}: {found:?}");
    }
}

#[test]
fn a_share_that_grows_says_how_long_it_lasts() {
    let point = |minutes: u64, permille| SharePoint {
        at: Timestamp(minutes * 60_000),
        permille,
    };
    let minutes = |points: &[SharePoint], now: u64| {
        let left = time_left(points, Timestamp(now * 60_000));
        left.map(|left| left.as_secs() / 60)
    };
    let growing = [point(0, 700), point(10, 800), point(20, 900)];
    assert_eq!(minutes(&growing, 20), Some(10));
    assert_eq!(minutes(&growing, 25), Some(5));
    assert_eq!(minutes(&growing[..1], 20), None);
    assert_eq!(
        minutes(&[point(0, 900), point(20, 905)], 20),
        None,
        "too little to tell"
    );
    assert_eq!(
        minutes(&[point(0, 900), point(1, 950)], 1),
        None,
        "too short to tell"
    );
    assert_eq!(minutes(&[point(0, 1_000)], 1), Some(0));
}

proptest! {
    #[test]
    fn no_text_is_too_odd(words in "\\PC{0,200}", now in 0_u64..4_000_000_000_000) {
        read_limit(&words, Timestamp(now), &Zones::utc(), JUST_PASSED);
    }

    #[test]
    fn no_text_of_its_own_words_is_too_odd(
        parts in prop::collection::vec(prop::sample::select(vec![
            "resets", "try again", "at", "in", "Nov", "Feb", "31", "29th", "4:43am", "12", "12am", "99:99", "(Europe/London)",
            "(", ")", "/", "GMT-3", "UTC+", "|1795289400", "|", "tomorrow", "Mon", "2026", "2026-13-45", "5", "days", "99999999",
            "h", "m", ",", "·", "∙", "midnight", "until", "-", "+14:00", "999999 weeks", "\n", "limit", "Opus",
        ]), 0..20),
        now in 0_u64..300_000_000_000_000,
    ) {
        for between in [" ", ""] {
            read_limit(&parts.join(between), Timestamp(now), &Zones::utc(), JUST_PASSED);
        }
    }

    #[test]
    fn a_printed_time_is_read_as_it_was(
        ahead in 1_u64..1_400,
        start in 1_700_000_000_u64..1_900_000_000,
        zone in prop::sample::select(vec!["Europe/London", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "Australia/Lord_Howe", "UTC"]),
        shape in 0_usize..5,
    ) {
        let now = Timestamp(start * 1_000);
        let minute = (start / 60 + ahead) * 60;
        let reset = jiff::Timestamp::from_second(minute.cast_signed()).expect("a time");
        let zoned = reset.in_tz(zone).expect("a zone");
        let format = ["%-I:%M%P (%Q)", "%H:%M (%Q)", "%b %-d, %-I:%M%P (%Q)", "%b %-d at %-I:%M %p (%Q)", "%Y-%m-%d %H:%M (%Q)"][shape];
        let words = format!("You've hit your 5-hour limit · resets {}", zoned.strftime(format));
        let found = read_limit(&words, now, &Zones::utc(), JUST_PASSED).reset.expect("a time");
        // Where the clock shows a time twice either is right; Lord Howe's clock changes by half an hour.
        let off = found.at.0.abs_diff(minute * 1_000);
        let twice = zoned.time_zone().to_ambiguous_zoned(zoned.datetime()).is_ambiguous();
        prop_assert!(off == 0 || (twice && off <= 3_600_000), "{words} at {start}: {found:?} for {minute}");
        prop_assert_eq!(found.zone.as_str(), zone);
        prop_assert!(!found.zone_guessed);
    }

    #[test]
    fn a_span_is_read_as_it_was(days in 0_u64..30, hours in 0_u64..24, minutes in 1_u64..60) {
        let now = Timestamp(1_800_000_000_000);
        let words = format!("try again in {days} days {hours} hours {minutes} minutes.");
        let found = read_limit(&words, now, &Zones::utc(), JUST_PASSED).reset.expect("a time");
        let millis = ((days * 24 + hours) * 60 + minutes) * 60_000;
        prop_assert_eq!(found.at.0 - now.0, millis);
    }
}
