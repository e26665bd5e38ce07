use proptest::prelude::*;

use super::read as read_at;
use super::*;

const NEW_YORK: &str = "America/New_York";

/// Text and words of what was read in the zone of this name; "" = unknown.
fn read(text: &str, edge: Edge, store: &str) -> Result<(String, String), TimeFault> {
    let moment = parse(text, edge, zone(store).as_ref())?;
    assert_eq!(moment.text.parse::<Timestamp>().unwrap(), moment.timestamp, "{text}");
    Ok((moment.text, moment.words))
}

fn both(text: &str, words: &str) -> (String, String) {
    (text.to_owned(), words.to_owned())
}

#[test]
fn a_day_means_its_first_or_last_second_in_the_store() {
    let start = both("2026-11-22T00:00:00-05:00", "Sunday 22 Nov 2026, 00:00:00 America/New_York");
    assert_eq!(read("2026-11-22", Edge::Start, NEW_YORK), Ok(start));
    let end = both("2026-11-22T23:59:59-05:00", "Sunday 22 Nov 2026, 23:59:59 America/New_York");
    assert_eq!(read(" 2026-11-22\n", Edge::End, NEW_YORK), Ok(end));
    let end = both("2026-07-04T23:59:59+00:00", "Saturday 4 Jul 2026, 23:59:59 UTC");
    assert_eq!(read("2026-07-04", Edge::End, "UTC"), Ok(end));
}

#[test]
fn a_day_on_which_the_clocks_change_keeps_its_edges() {
    for (store, day, start, end) in [
        (NEW_YORK, "2026-03-08", "2026-03-08T00:00:00-05:00", "2026-03-08T23:59:59-04:00"),
        (NEW_YORK, "2026-11-01", "2026-11-01T00:00:00-04:00", "2026-11-01T23:59:59-05:00"),
        // Midnight does not exist.
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T01:00:00-02:00", "2018-11-04T23:59:59-02:00"),
        ("America/Sao_Paulo", "2018-11-03", "2018-11-03T00:00:00-03:00", "2018-11-03T23:59:59-03:00"),
        ("Asia/Beirut", "2026-03-29", "2026-03-29T01:00:00+03:00", "2026-03-29T23:59:59+03:00"),
        // The last hour comes twice, and the second one ends the day.
        ("Asia/Beirut", "2026-10-24", "2026-10-24T00:00:00+03:00", "2026-10-24T23:59:59+02:00"),
        // Midnight comes twice, and the first one begins the day.
        ("America/Havana", "2026-11-01", "2026-11-01T00:00:00-04:00", "2026-11-01T23:59:59-05:00"),
        // The day after is skipped.
        ("Pacific/Apia", "2011-12-29", "2011-12-29T00:00:00-10:00", "2011-12-29T23:59:59-10:00"),
    ] {
        assert_eq!(read(day, Edge::Start, store).unwrap().0, start, "{store}");
        assert_eq!(read(day, Edge::End, store).unwrap().0, end, "{store}");
    }
}

#[test]
fn a_skip_that_begins_before_midnight_ends_inside_the_day() {
    // 1919-03-30, 23:30, to 1919-03-31, 00:30.
    let toronto = zone("America/Toronto").unwrap();
    let midnight = jiff::civil::date(1919, 3, 31).at(0, 0, 0, 0);
    let first = first_instant(midnight, &toronto).unwrap();
    assert_eq!(toronto.to_datetime(first), jiff::civil::date(1919, 3, 31).at(0, 30, 0, 0));
}

#[test]
fn a_day_that_the_store_skipped_has_no_edges() {
    for edge in [Edge::Start, Edge::End] {
        assert_eq!(read("2011-12-30", edge, "Pacific/Apia"), Err(TimeFault::Unreadable));
    }
}

#[test]
fn a_time_without_an_offset_is_on_the_clocks_of_the_store() {
    let expected = both("2026-11-22T18:00:00-05:00", "Sunday 22 Nov 2026, 18:00:00 America/New_York");
    for text in ["2026-11-22T18:00", "2026-11-22 18:00", "2026-11-22t18:00:00", "2026-11-22 18:00:00.999"] {
        for edge in [Edge::Start, Edge::End] {
            assert_eq!(read(text, edge, NEW_YORK), Ok(expected.clone()), "{text}");
        }
    }
}

#[test]
fn a_time_that_comes_twice_or_not_at_all_says_what_was_made_of_it() {
    let skipped = both(
        "2026-03-08T03:30:00-04:00",
        "Sunday 8 Mar 2026, 03:30:00 America/New_York (no clock of America/New_York shows 02:30:00 that day: it is \
         skipped)",
    );
    assert_eq!(read("2026-03-08 02:30", Edge::Start, NEW_YORK), Ok(skipped));
    let twice = both(
        "2026-11-01T01:30:00-04:00",
        "Sunday 1 Nov 2026, 01:30:00 America/New_York (the first of two times that the clocks of America/New_York \
         show 01:30:00 that day)",
    );
    assert_eq!(read("2026-11-01 01:30", Edge::Start, NEW_YORK), Ok(twice));
}

#[test]
fn an_offset_is_kept_and_the_words_are_on_the_store_s_clocks() {
    for (text, sent, on_store_clocks, alone) in [
        ("2026-11-22T23:59:59+02:00", "2026-11-22T23:59:59+02:00", "16:59:59", "23:59:59 +02:00"),
        ("2026-11-22T18:00:00-05:00", "2026-11-22T18:00:00-05:00", "18:00:00", "18:00:00 -05:00"),
        ("2026-11-22 18:00Z", "2026-11-22T18:00:00+00:00", "13:00:00", "18:00:00 UTC"),
        ("2026-11-22T18:00:00.500z", "2026-11-22T18:00:00+00:00", "13:00:00", "18:00:00 UTC"),
        ("2026-11-22T18:00+0530", "2026-11-22T18:00:00+05:30", "07:30:00", "18:00:00 +05:30"),
    ] {
        let words = format!("Sunday 22 Nov 2026, {on_store_clocks} America/New_York");
        let alone = format!("Sunday 22 Nov 2026, {alone}");
        assert_eq!(read(text, Edge::End, NEW_YORK), Ok(both(sent, &words)), "{text}");
        assert_eq!(read(text, Edge::End, ""), Ok(both(sent, &alone)), "{text}");
    }
}

#[test]
fn a_zone_in_brackets_goes_before_that_of_the_store() {
    for (text, sent) in [
        ("2026-11-22T18:00[Europe/Paris]", "2026-11-22T18:00:00+01:00"),
        ("2026-11-22T18:00:00+01:00[Europe/Paris]", "2026-11-22T18:00:00+01:00"),
        ("2026-11-22T17:00:00Z[Europe/Paris][u-ca=iso8601]", "2026-11-22T18:00:00+01:00"),
        ("2026-11-22[Europe/Paris]", "2026-11-22T23:59:59+01:00"),
        ("2026-11-22T18:00[+01:00]", "2026-11-22T18:00:00+01:00"),
    ] {
        assert_eq!(read(text, Edge::End, NEW_YORK).unwrap().0, sent, "{text}");
        assert_eq!(read(text, Edge::End, "").unwrap().0, sent, "{text}");
    }
    let words = "Sunday 22 Nov 2026, 12:00:00 America/New_York";
    assert_eq!(read("2026-11-22T18:00[Europe/Paris]", Edge::End, NEW_YORK).unwrap().1, words);
    let words = "Sunday 22 Nov 2026, 18:00:00 Europe/Paris";
    assert_eq!(read("2026-11-22T18:00[Europe/Paris]", Edge::End, "").unwrap().1, words);
}

#[test]
fn a_zone_in_brackets_must_exist_and_agree_with_the_offset() {
    let unknown = |name: &str| Err(TimeFault::NoSuchZone(name.to_owned()));
    assert_eq!(read("2026-11-22[Europe/Pariss]", Edge::End, NEW_YORK), unknown("Europe/Pariss"));
    assert_eq!(read("2026-11-22T18:00Z[Etc/Unknown]", Edge::End, NEW_YORK), unknown("Etc/Unknown"));
    let contradiction = read("2026-11-22T18:00:00+02:00[Europe/Paris]", Edge::End, NEW_YORK);
    assert_eq!(contradiction, Err(TimeFault::Contradiction));
}

#[test]
fn without_the_store_s_zone_an_offset_is_asked_for() {
    for text in ["2026-11-22", "2026-11-22T18:00", "2026-11-22 18:00:00"] {
        assert_eq!(read(text, Edge::End, ""), Err(TimeFault::ZoneUnknown), "{text}");
    }
}

#[test]
fn a_store_that_gives_an_offset_alone_has_a_zone_too() {
    let store = TimeZone::fixed(jiff::tz::offset(-5));
    let moment = parse("2026-11-22", Edge::End, Some(&store)).unwrap();
    assert_eq!(moment.text, "2026-11-22T23:59:59-05:00");
    assert_eq!(moment.words, "Sunday 22 Nov 2026, 23:59:59 -05:00");
}

#[test]
fn an_offset_with_seconds_is_sent_in_utc() {
    let store = TimeZone::fixed(jiff::tz::Offset::from_seconds(2_670).unwrap());
    let moment = parse("2026-11-22", Edge::Start, Some(&store)).unwrap();
    assert_eq!(moment.text, "2026-11-21T23:15:30+00:00");
}

#[test]
fn everything_else_is_unreadable() {
    let long = "2026-11-22T18:00:00.".to_owned() + &"0".repeat(5_000);
    for text in [
        "",
        "  ",
        "next Friday",
        "tomorrow",
        "22.11.2026",
        "11/22/2026",
        "2026/11/22",
        "20261122",
        "2026-11",
        "2026-11-2",
        "2026-02-30",
        "2025-13-01",
        "2026-11-22T",
        "2026-11-22T18",
        "2026-11-22T24:00",
        "2026-11-22T18:60",
        "2026-11-22T6pm",
        "2026-11-22  18:00",
        "2026-11-22T18:00 +01:00",
        "2026-11-22T18:00 CET",
        "2026-11-22Z",
        "2026-11-22+01:00",
        "2026-11-22[",
        "2026-W47-7",
        "+002026-11-22",
        "-002026-11-22",
        "0026-11-22",
        "1999-12-31",
        "1795392000",
        "２０２６-11-22",
        "2026-11-22\u{200b}",
        &long,
    ] {
        for store in ["", NEW_YORK] {
            assert_eq!(read(text, Edge::End, store), Err(TimeFault::Unreadable), "{text}");
        }
    }
    // Its last second is past what can be counted.
    assert_eq!(read("9999-12-31", Edge::End, NEW_YORK), Err(TimeFault::Unreadable));
}

#[test]
fn examples_are_a_week_from_the_stores_today_and_can_be_read() {
    // Still the 27th in New York; a week on, its clocks have changed.
    let now: Timestamp = "2025-10-28T02:30:00Z".parse().unwrap();
    let new_york = zone(NEW_YORK);
    let examples = Examples::at(now, new_york.as_ref());
    let expected = Examples {
        now: "Monday 27 Oct 2025, 22:30:00 America/New_York".to_owned(),
        day: "2025-11-03".to_owned(),
        local: "2025-11-03T18:00".to_owned(),
        with_offset: "2025-11-03T18:00:00-05:00".to_owned(),
    };
    assert_eq!(examples, expected);
    for text in [&examples.day, &examples.local, &examples.with_offset] {
        assert!(parse(text, Edge::End, new_york.as_ref()).unwrap().timestamp > now, "{text}");
    }
    assert_eq!(Examples::at(now, None).with_offset, "2025-11-04T18:00:00+00:00");
}

#[test]
fn an_instant_is_said_in_the_zone_that_is_known() {
    let timestamp: Timestamp = "2025-11-24T04:59:59.7Z".parse().unwrap();
    let new_york = zone(NEW_YORK);
    assert_eq!(say(timestamp, new_york.as_ref()), "Sunday 23 Nov 2025, 23:59:59 America/New_York");
    assert_eq!(say(timestamp, None), "Monday 24 Nov 2025, 04:59:59 UTC");
}

#[test]
fn only_iana_names_are_zones() {
    for (name, expected) in [
        (NEW_YORK, Some(NEW_YORK)),
        (" europe/london ", Some("Europe/London")),
        ("US/Central", Some("US/Central")),
        ("UTC", Some("UTC")),
        ("", None),
        ("Etc/Unknown", None),
        ("Eastern Time", None),
        ("-05:00", None),
        ("EST5EDT,M3.2.0,M11.1.0", None),
        ("../../etc/passwd", None),
        ("/etc/localtime", None),
    ] {
        let zone = zone(name);
        assert_eq!(zone.as_ref().and_then(TimeZone::iana_name), expected, "{name}");
        assert_eq!(zone.is_some(), expected.is_some(), "{name}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in prop_oneof![
        any::<String>(),
        "[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?(\\[[A-Za-z/+:0-9=-]{0,20}\\])?",
    ]) {
        for store in [None, zone("America/New_York"), zone("Pacific/Apia")] {
            for edge in [Edge::Start, Edge::End] {
                if let Ok(moment) = parse(&text, edge, store.as_ref()) {
                    prop_assert_eq!(moment.text.parse::<Timestamp>().unwrap(), moment.timestamp);
                }
            }
        }
    }

    #[test]
    fn a_day_ends_one_second_before_the_next_begins(
        store in prop::sample::select(vec![
            "America/New_York", "America/Havana", "America/Sao_Paulo", "Asia/Beirut", "Australia/Lord_Howe",
            "Europe/London", "Asia/Kolkata", "Pacific/Chatham",
        ]),
        year in 2000_i16..2100,
        day in 1_i16..366,
    ) {
        let store = zone(store).unwrap();
        let date = Date::new(year, 1, 1).unwrap().with().day_of_year(day).build().unwrap();
        let on = |date: Date, edge| parse(&date.to_string(), edge, Some(&store)).unwrap().timestamp;
        let (start, end) = (on(date, Edge::Start), on(date, Edge::End));
        prop_assert_eq!(store.to_datetime(start).date(), date);
        prop_assert_eq!(store.to_datetime(end).date(), date);
        let second = SignedDuration::from_secs(1);
        prop_assert_eq!(end + second, on(date.tomorrow().unwrap(), Edge::Start));
        prop_assert_eq!(store.to_datetime(start - second).date(), date.yesterday().unwrap());
    }
}

#[test]
fn days_are_named_as_people_name_them() {
    // A Wednesday in New York, where it is still the 4th.
    let now: Timestamp = "2020-11-05T02:30:00Z".parse().unwrap();
    let new_york = zone(NEW_YORK);
    let day = |text: &str| read_at(text, Edge::Start, new_york.as_ref(), now);
    for (text, expected) in [
        ("today", "2020-11-04T00:00:00-05:00"),
        ("Today", "2020-11-04T00:00:00-05:00"),
        (" tomorrow ", "2020-11-05T00:00:00-05:00"),
        ("in 10 days", "2020-11-14T00:00:00-05:00"),
        ("in a week", "2020-11-11T00:00:00-05:00"),
        ("in 2 weeks", "2020-11-18T00:00:00-05:00"),
        ("in 1 month", "2020-12-04T00:00:00-05:00"),
        ("friday", "2020-11-06T00:00:00-05:00"),
        ("this Friday", "2020-11-06T00:00:00-05:00"),
        ("next friday", "2020-11-06T00:00:00-05:00"),
        ("wednesday", "2020-11-04T00:00:00-05:00"),
        ("next Wednesday", "2020-11-11T00:00:00-05:00"),
        ("Sun", "2020-11-08T00:00:00-05:00"),
        ("friday at 18:00", "2020-11-06T18:00:00-05:00"),
        ("tomorrow 09:30", "2020-11-05T09:30:00-05:00"),
        ("2020-11-22", "2020-11-22T00:00:00-05:00"),
    ] {
        assert_eq!(day(text).map(|moment| moment.text).as_deref(), Ok(expected), "{text}");
    }
    for text in [
        "in 10 hours",
        "in -3 days",
        "in 0 days",
        "yesterday",
        "fr",
        "next",
        "in days",
        "friday 25:00",
        "soon",
    ] {
        assert_eq!(day(text), Err(TimeFault::Unreadable), "{text}");
    }
    assert_eq!(
        read_at("today", Edge::End, new_york.as_ref(), now).unwrap().text,
        "2020-11-04T23:59:59-05:00"
    );
    assert_eq!(read_at("today", Edge::End, None, now), Err(TimeFault::ZoneUnknown));
}
