//! When expressions are due, in zones that change their clocks.

use super::*;

fn at(text: &str) -> Timestamp {
    let instant: jiff::Timestamp = text.parse().expect(text);
    Timestamp(u64::try_from(instant.as_millisecond()).expect("after 1970"))
}

fn cron(text: &str, zone: &str) -> Cron {
    Cron::parse(text, zone, &TimeZone::UTC).expect(text)
}

/// The next times after an instant, in UTC without the seconds.
fn times(text: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
    let cron = cron(text, zone);
    let mut from = at(after);
    let mut all = Vec::new();
    for _ in 0..count {
        from = cron.next(from).expect("a time");
        let instant = instant(from).expect("an instant");
        all.push(instant.strftime("%Y-%m-%dT%H:%MZ").to_string());
    }
    all
}

#[track_caller]
fn check(text: &str, zone: &str, after: &str, wanted: &[&str]) {
    assert_eq!(
        times(text, zone, after, wanted.len()),
        wanted,
        "{text} in {zone} after {after}"
    );
}

#[test]
fn fields_are_those_of_cron() {
    for (text, after, wanted) in [
        ("0 9 * * 1-5", "2026-11-20T08:59:00Z", "2026-11-20T09:00Z"),
        ("0 9 * * 1-5", "2026-11-20T09:00:00Z", "2026-11-23T09:00Z"),
        ("0 9 * * 1-5", "2026-11-20T09:00:01Z", "2026-11-23T09:00Z"),
        ("*/15 * * * *", "2026-11-20T09:01:00Z", "2026-11-20T09:15Z"),
        ("*/15 * * * *", "2026-11-20T23:45:00Z", "2026-11-21T00:00Z"),
        (
            "5-20/5 8 * * *",
            "2026-11-20T08:11:00Z",
            "2026-11-20T08:15Z",
        ),
        (
            "5-20/5 8 * * *",
            "2026-11-20T08:21:00Z",
            "2026-11-21T08:05Z",
        ),
        ("0,30 12 * * *", "2026-11-20T12:00:00Z", "2026-11-20T12:30Z"),
        ("0 0 1 1 *", "2026-11-20T12:00:00Z", "2027-01-01T00:00Z"),
        ("0 0 29 2 *", "2026-11-20T12:00:00Z", "2028-02-29T00:00Z"),
        ("0 0 31 * *", "2026-11-20T12:00:00Z", "2026-12-31T00:00Z"),
        ("0 0 31 * *", "2026-12-31T00:00:00Z", "2027-01-31T00:00Z"),
        ("0 12 * * MON", "2026-11-20T12:00:00Z", "2026-11-23T12:00Z"),
        (
            "0 12 * * mon-wed",
            "2026-11-24T12:00:00Z",
            "2026-11-25T12:00Z",
        ),
        ("0 12 * jan *", "2026-11-24T12:00:00Z", "2027-01-01T12:00Z"),
        ("0 12 * * 0", "2026-11-20T12:00:00Z", "2026-11-22T12:00Z"),
        ("0 12 * * 7", "2026-11-20T12:00:00Z", "2026-11-22T12:00Z"),
        // Where both days are given, either will do.
        ("0 0 13 * 5", "2026-11-20T12:00:00Z", "2026-11-27T00:00Z"),
        ("0 0 13 * 5", "2026-12-11T12:00:00Z", "2026-12-13T00:00Z"),
        ("0 0 L * *", "2026-11-20T12:00:00Z", "2026-11-30T00:00Z"),
        ("0 9 * * 1#1", "2026-11-20T12:00:00Z", "2026-12-07T09:00Z"),
        ("@daily", "2026-11-20T12:00:00Z", "2026-11-21T00:00Z"),
        ("@hourly", "2026-11-20T12:00:00Z", "2026-11-20T13:00Z"),
        ("@weekly", "2026-11-20T12:00:00Z", "2026-11-22T00:00Z"),
        ("@monthly", "2026-11-20T12:00:00Z", "2026-12-01T00:00Z"),
    ] {
        check(text, "", after, &[wanted]);
    }
}

/// Berlin: 2026-03-29 02:00 → 03:00, 2026-10-25 03:00 → 02:00.
#[test]
fn a_time_that_is_jumped_over_comes_once() {
    for (text, after, wanted) in [
        // Before, in and behind the jump.
        (
            "30 1 * * *",
            "2026-03-28T12:00:00Z",
            ["2026-03-29T00:30Z", "2026-03-29T23:30Z"],
        ),
        (
            "0 2 * * *",
            "2026-03-28T12:00:00Z",
            ["2026-03-29T01:00Z", "2026-03-30T00:00Z"],
        ),
        (
            "30 2 * * *",
            "2026-03-28T12:00:00Z",
            ["2026-03-29T01:30Z", "2026-03-30T00:30Z"],
        ),
        (
            "59 2 * * *",
            "2026-03-29T01:00:00Z",
            ["2026-03-29T01:59Z", "2026-03-30T00:59Z"],
        ),
        (
            "0 3 * * *",
            "2026-03-28T12:00:00Z",
            ["2026-03-29T01:00Z", "2026-03-30T01:00Z"],
        ),
        // The jumped-over one and the one that is there then are one.
        (
            "30 2,3 * * *",
            "2026-03-28T12:00:00Z",
            ["2026-03-29T01:30Z", "2026-03-30T00:30Z"],
        ),
        // A time that is jumped over does not push out a nearer one.
        (
            "45 2 * * *",
            "2026-03-29T01:45:00Z",
            ["2026-03-30T00:45Z", "2026-03-31T00:45Z"],
        ),
        (
            "*/30 * * * *",
            "2026-03-29T00:30:00Z",
            ["2026-03-29T01:00Z", "2026-03-29T01:30Z"],
        ),
        (
            "15 2 29 3 *",
            "2026-01-01T00:00:00Z",
            ["2026-03-29T01:15Z", "2027-03-29T00:15Z"],
        ),
    ] {
        check(text, "Europe/Berlin", after, &wanted);
    }
    let mut three = vec!["2026-03-29T01:00Z", "2026-03-29T01:20Z"];
    three.extend(["2026-03-29T01:45Z", "2026-03-29T02:00Z"]);
    check(
        "0,20,45 2,3,4 * * *",
        "Europe/Berlin",
        "2026-03-29T00:30:00Z",
        &three,
    );
}

#[test]
fn a_time_that_comes_twice_comes_once() {
    for (text, after, wanted) in [
        (
            "30 1 * * *",
            "2026-10-24T12:00:00Z",
            ["2026-10-24T23:30Z", "2026-10-26T00:30Z"],
        ),
        (
            "0 2 * * *",
            "2026-10-24T12:00:00Z",
            ["2026-10-25T00:00Z", "2026-10-26T01:00Z"],
        ),
        (
            "30 2 * * *",
            "2026-10-24T12:00:00Z",
            ["2026-10-25T00:30Z", "2026-10-26T01:30Z"],
        ),
        // From within the second hour, too.
        (
            "30 2 * * *",
            "2026-10-25T01:10:00Z",
            ["2026-10-26T01:30Z", "2026-10-27T01:30Z"],
        ),
        (
            "30 2 * * *",
            "2026-10-25T00:30:00Z",
            ["2026-10-26T01:30Z", "2026-10-27T01:30Z"],
        ),
        (
            "0 3 * * *",
            "2026-10-24T12:00:00Z",
            ["2026-10-25T02:00Z", "2026-10-26T02:00Z"],
        ),
        (
            "*/30 * * * *",
            "2026-10-25T00:00:00Z",
            ["2026-10-25T00:30Z", "2026-10-25T02:00Z"],
        ),
    ] {
        check(text, "Europe/Berlin", after, &wanted);
    }
}

#[test]
fn zones_are_those_of_the_note() {
    for (zone, wanted) in [
        ("", "2026-11-20T09:00Z"),
        ("UTC", "2026-11-20T09:00Z"),
        ("Europe/Berlin", "2026-11-20T08:00Z"),
        ("America/New_York", "2026-11-20T14:00Z"),
        ("Asia/Kolkata", "2026-11-20T03:30Z"),
        ("Australia/Lord_Howe", "2026-11-20T22:00Z"),
        ("Pacific/Kiritimati", "2026-11-20T19:00Z"),
    ] {
        check("0 9 * * *", zone, "2026-11-20T00:00:00Z", &[wanted]);
    }
    // Lord Howe's clock jumps by half an hour: 2026-10-04 02:00 → 02:30.
    let twice = ["2026-10-03T15:45Z", "2026-10-04T15:15Z"];
    check(
        "15 2 * * *",
        "Australia/Lord_Howe",
        "2026-10-03T12:00:00Z",
        &twice,
    );
    // Samoa had no 2011-12-30.
    let samoa = ["2011-12-29T22:00Z", "2011-12-30T22:00Z"];
    check("0 12 * * *", "Pacific/Apia", "2011-12-28T23:00:00Z", &samoa);
}

#[test]
fn a_daily_time_comes_once_each_day_of_a_year() {
    for zone in [
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "America/Sao_Paulo",
        "Africa/Casablanca",
    ] {
        for (hour, minute) in [(0, 0), (1, 30), (2, 0), (2, 15), (2, 59), (3, 0), (23, 59)] {
            let cron = cron(&format!("{minute} {hour} * * *"), zone);
            let (from, until) = (at("2026-01-01T12:00:00Z"), at("2027-01-01T12:00:00Z"));
            assert_eq!(cron.between(from, until), 365, "{hour}:{minute} in {zone}");
        }
    }
}

#[test]
fn what_is_no_expression_is_refused() {
    for (text, words) in [
        ("", "five fields"),
        ("* * * *", "five fields"),
        ("* * * * * *", "five fields"),
        ("@", "failed to read"),
        ("@never", "failed to read"),
        ("60 * * * *", "failed to read"),
        ("* 24 * * *", "failed to read"),
        ("* * 0 * *", "failed to read"),
        ("* * * 13 *", "failed to read"),
        ("* * * * 8", "failed to read"),
        ("*/0 * * * *", "failed to read"),
        ("5-1 * * * *", "failed to read"),
        ("a b c d e", "failed to read"),
        ("; rm -rf *", "five fields"),
        ("0 0 30 2 *", "never comes"),
        ("0 0 31 4,6,9,11 *", "never comes"),
    ] {
        let error = Cron::parse(text, "", &TimeZone::UTC).expect_err(text);
        assert!(error.to_string().contains(words), "{text}: {error}");
    }
    let long = "1,".repeat(150) + "1 * * * *";
    let error = Cron::parse(&long, "", &TimeZone::UTC).expect_err("too long");
    assert!(error.to_string().contains("at most 200"), "{error}");
    let error = Cron::parse("@daily", "Europe/Atlantis", &TimeZone::UTC).expect_err("no zone");
    assert!(error.to_string().contains("Europe/Atlantis"), "{error}");
}

#[test]
fn left_out_times_are_counted() {
    let hourly = cron("0 * * * *", "");
    let from = at("2026-11-20T09:00:00Z");
    assert_eq!(hourly.between(from, from), 0);
    assert_eq!(hourly.between(from, at("2026-11-20T17:30:00Z")), 8);
    assert_eq!(
        hourly.between(from, at("2036-11-20T17:30:00Z")),
        COUNTED_MAX
    );
}
