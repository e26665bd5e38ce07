use proptest::prelude::*;
use serde_json::json;

use super::super::store_time::zone;
use super::*;

fn schedule(weeks: u32, days: &[&str], start: &str, end: &str) -> WeeklySchedule {
    let value = json!({
        "week_frequency": weeks, "week_days": days, "daily_start_time": start, "daily_end_time": end,
    });
    WeeklySchedule::read(&value).unwrap()
}

fn new_york() -> TimeZone {
    zone("America/New_York").unwrap()
}

/// An instant on the clocks of New York.
fn at(clock: &str) -> Timestamp {
    let clock: jiff::civil::DateTime = clock.parse().unwrap();
    clock.to_zoned(new_york()).unwrap().timestamp()
}

fn open_at(schedule: &WeeklySchedule, clock: &str, first_week: Option<&str>) -> bool {
    schedule.is_open(at(clock), &new_york(), first_week.map(at))
}

fn opening(schedule: &WeeklySchedule, after: &str, first_week: Option<&str>) -> Option<String> {
    let opening = schedule.next_opening(at(after), &new_york(), first_week.map(at))?;
    Some(new_york().to_datetime(opening).to_string())
}

#[test]
fn the_example_of_the_api_is_read() {
    let value = json!({
        "week_frequency": 2, "week_days": ["Monday"], "daily_start_time": "01:20:00", "daily_end_time": "23:59:00",
    });
    let expected = WeeklySchedule {
        week_frequency: 2,
        week_days: vec![Weekday::Monday],
        daily_start_time: jiff::civil::time(1, 20, 0, 0),
        daily_end_time: jiff::civil::time(23, 59, 0, 0),
    };
    assert_eq!(WeeklySchedule::read(&value), Some(expected));
}

#[test]
fn what_is_not_a_schedule_is_not_read() {
    let valid = json!({
        "week_frequency": 1, "week_days": ["Monday"], "daily_start_time": "09:00:00", "daily_end_time": "17:00:00",
    });
    for (field, values) in [
        ("week_frequency", vec![json!(0), json!(-1), json!(1.5), json!("1"), json!(5_000_000_000_u64)]),
        (
            "week_days",
            vec![json!([]), json!(["Funday"]), json!([1]), json!("Monday"), json!(["Monday", null])],
        ),
        ("daily_start_time", vec![json!("25:00:00"), json!(""), json!(900)]),
        ("daily_end_time", vec![json!("17:60:00"), json!(null)]),
    ] {
        for value in values {
            let mut broken = valid.clone();
            broken[field] = value;
            assert_eq!(WeeklySchedule::read(&broken), None, "{broken}");
        }
        let mut broken = valid.clone();
        broken.as_object_mut().unwrap().remove(field);
        assert_eq!(WeeklySchedule::read(&broken), None, "{broken}");
    }
    assert!(WeeklySchedule::read(&valid).is_some());
    for value in [json!(null), json!([]), json!("Monday")] {
        assert_eq!(WeeklySchedule::read(&value), None);
    }
}

#[test]
fn a_schedule_is_said_in_words() {
    let week = ["Sunday", "Saturday", "Friday", "Thursday", "Wednesday", "Tuesday", "Monday"];
    for (weeks, days, start, end, sentence) in [
        (1, &["Tuesday", "Monday"][..], "09:00:00", "17:00:00", "Mondays and Tuesdays, 09:00:00-17:00:00"),
        (1, &["Friday", "Friday"], "09:00:00", "17:30:00", "Fridays, 09:00:00-17:30:00"),
        (
            1,
            &["Sunday", "Monday", "Friday"],
            "22:00:00",
            "02:00:00",
            "Mondays, Fridays and Sundays, 22:00:00-02:00:00 of the next day",
        ),
        (2, &["Monday"], "01:20:00", "23:59:00", "every 2 weeks on Mondays, 01:20:00-23:59:00"),
        (1, &week, "00:00:00", "23:59:59", "every day, 00:00:00-23:59:59"),
        (3, &week, "00:00:00", "00:00:00", "every 3 weeks on all days, 00:00:00-00:00:00 of the next day"),
    ] {
        assert_eq!(schedule(weeks, days, start, end).sentence(), sentence);
    }
}

#[test]
fn it_is_open_on_its_days_within_its_hours() {
    // 2025-11-24 is a Monday.
    let office = schedule(1, &["Monday", "Tuesday"], "09:00:00", "17:00:00");
    for (clock, expected) in [
        ("2025-11-24T08:59:59.999", false),
        ("2025-11-24T09:00:00", true),
        ("2025-11-24T17:00:00.999", true),
        ("2025-11-24T17:00:01", false),
        ("2025-11-25T12:00:00", true),
        ("2025-11-26T12:00:00", false),
        ("2025-11-23T12:00:00", false),
    ] {
        assert_eq!(open_at(&office, clock, None), expected, "{clock}");
    }
}

#[test]
fn the_hours_are_those_of_the_store() {
    let office = schedule(1, &["Monday"], "09:00:00", "17:00:00");
    let instant: Timestamp = "2025-11-24T00:30:00Z".parse().unwrap();
    assert!(office.is_open(instant, &zone("Asia/Tokyo").unwrap(), None));
    assert!(!office.is_open(instant, &TimeZone::UTC, None));
    assert!(!office.is_open(instant, &new_york(), None));
}

#[test]
fn an_end_at_or_before_the_start_is_on_the_next_day() {
    let night = schedule(1, &["Friday"], "22:00:00", "02:00:00");
    // 2025-11-28 is a Friday.
    for (clock, expected) in [
        ("2025-11-28T01:00:00", false),
        ("2025-11-28T21:59:59", false),
        ("2025-11-28T22:00:00", true),
        ("2025-11-29T01:59:59", true),
        ("2025-11-29T02:00:01", false),
        ("2025-11-29T22:30:00", false),
    ] {
        assert_eq!(open_at(&night, clock, None), expected, "{clock}");
    }
    let whole_day = schedule(1, &["Friday"], "00:00:00", "00:00:00");
    assert!(open_at(&whole_day, "2025-11-28T23:59:59.9", None));
    assert!(!open_at(&whole_day, "2025-11-29T00:00:01", None));
}

#[test]
fn weeks_are_counted_from_the_one_of_the_start() {
    let every_other = schedule(2, &["Monday", "Sunday"], "09:00:00", "17:00:00");
    // A Wednesday, in the week from Monday 2025-11-24 to Sunday 2025-11-30.
    let start = Some("2025-11-26T00:00:00");
    for (clock, expected) in [
        ("2025-11-30T12:00:00", true),
        ("2025-12-01T12:00:00", false),
        ("2025-12-07T12:00:00", false),
        ("2025-12-08T12:00:00", true),
        ("2025-12-14T12:00:00", true),
        ("2025-12-15T12:00:00", false),
        ("2025-11-17T12:00:00", false),
        ("2025-11-10T12:00:00", true),
    ] {
        assert_eq!(open_at(&every_other, clock, start), expected, "{clock}");
        assert!(open_at(&every_other, clock, None), "{clock}");
    }
}

#[test]
fn a_night_belongs_to_the_week_in_which_it_begins() {
    let night = schedule(2, &["Sunday"], "22:00:00", "02:00:00");
    let start = Some("2025-11-24T00:00:00");
    assert!(open_at(&night, "2025-12-01T01:00:00", start));
    assert!(!open_at(&night, "2025-11-24T01:00:00", start));
}

#[test]
fn the_next_opening_is_the_first_open_instant() {
    let office = schedule(1, &["Monday", "Tuesday"], "09:00:00", "17:00:00");
    let is = |clock: &str| Some(clock.to_owned());
    assert_eq!(opening(&office, "2025-11-23T12:00:00", None), is("2025-11-24T09:00:00"));
    assert_eq!(opening(&office, "2025-11-24T12:34:56", None), is("2025-11-24T12:34:56"));
    assert_eq!(opening(&office, "2025-11-24T18:00:00", None), is("2025-11-25T09:00:00"));
    assert_eq!(opening(&office, "2025-11-25T17:00:01", None), is("2025-12-01T09:00:00"));

    let rare = schedule(10, &["Monday"], "09:00:00", "17:00:00");
    let start = Some("2025-11-24T00:00:00");
    assert_eq!(opening(&rare, "2025-11-24T17:00:01", start), is("2026-02-02T09:00:00"));
    let never = schedule(100, &["Monday"], "09:00:00", "17:00:00");
    assert_eq!(opening(&never, "2025-11-24T17:00:01", start), None);
}

#[test]
fn an_opening_that_the_clocks_skip_is_where_they_go_on() {
    // 02:00 to 03:00 does not exist on Sunday 2025-03-09.
    let night = schedule(1, &["Sunday"], "02:30:00", "04:00:00");
    assert_eq!(opening(&night, "2025-03-09T01:00:00", None), Some("2025-03-09T03:00:00".to_owned()));
    let skipped = schedule(1, &["Sunday"], "02:10:00", "02:50:00");
    assert_eq!(opening(&skipped, "2025-03-09T01:00:00", None), Some("2025-03-16T02:10:00".to_owned()));
}

proptest! {
    #[test]
    fn nothing_is_open_between_now_and_the_next_opening(
        weeks in 1_u32..4,
        days in prop::sample::subsequence(WEEK.map(|(_, name)| name).to_vec(), 1..=7),
        start in 0_u32..24,
        end in 0_u32..24,
        // From 2025-01-02 on; without the hours around the end of daylight saving time, of which a clock shows
        // some twice.
        after_hours in 0_i64..7_000,
    ) {
        let schedule = schedule(weeks, &days, &format!("{start:02}:30:00"), &format!("{end:02}:15:00"));
        let (zone, first_week) = (new_york(), Some(at("2025-01-08T12:00:00")));
        let after = at("2025-01-02T00:00:00") + jiff::SignedDuration::from_hours(after_hours);
        let opening = schedule.next_opening(after, &zone, first_week).unwrap();
        prop_assert!(opening >= after && schedule.is_open(opening, &zone, first_week));
        let quarter = jiff::SignedDuration::from_mins(15);
        let between = std::iter::successors(Some(after), |&at| Some(at + quarter)).take_while(|&at| at < opening);
        for at in between {
            prop_assert!(!schedule.is_open(at, &zone, first_week), "open at {at}, before {opening}");
        }
    }
}
