//! The weekly schedule of a promotion: the days and hours at which it can be used.

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde_json::Value;

use super::store_time::first_instant;

/// When a promotion can be used, on the clocks of the store (OpenAPI file, `AvailabilityByWeekDay`).
///
/// Two things are not documented, and taken so: weeks begin on Monday and are counted from the one of the
/// promotion's start; the second in which the day's window ends still belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeeklySchedule {
    /// Every how many weeks, 1 or more.
    week_frequency: u32,
    /// The days, at least one, Monday first, none twice.
    week_days: Vec<Weekday>,
    /// From when on each of these days.
    daily_start_time: Time,
    /// Until when; at or before the start, it is on the next day.
    daily_end_time: Time,
}

const WEEK: [(Weekday, &str); 7] = [
    (Weekday::Monday, "Monday"),
    (Weekday::Tuesday, "Tuesday"),
    (Weekday::Wednesday, "Wednesday"),
    (Weekday::Thursday, "Thursday"),
    (Weekday::Friday, "Friday"),
    (Weekday::Saturday, "Saturday"),
    (Weekday::Sunday, "Sunday"),
];

/// How far [`WeeklySchedule::next_opening`] looks: 60 weeks.
const HORIZON_DAYS: usize = 420;

impl WeeklySchedule {
    /// Reads the API's object: `week_frequency` (1 or more), `week_days` (English names, at least one),
    /// `daily_start_time` and `daily_end_time` (`HH:MM:SS`). `None` for anything else.
    pub fn read(value: &Value) -> Option<Self> {
        let week_frequency = value.get("week_frequency")?.as_u64()?;
        let named: Vec<&str> =
            value.get("week_days")?.as_array()?.iter().map(Value::as_str).collect::<Option<_>>()?;
        let is_day = |name: &&str| WEEK.iter().any(|(_, known)| known == name);
        if week_frequency == 0 || named.is_empty() || !named.iter().all(is_day) {
            return None;
        }
        let time = |field: &str| value.get(field)?.as_str()?.parse().ok();
        Some(Self {
            week_frequency: u32::try_from(week_frequency).ok()?,
            week_days: WEEK.iter().filter(|(_, name)| named.contains(name)).map(|&(day, _)| day).collect(),
            daily_start_time: time("daily_start_time")?,
            daily_end_time: time("daily_end_time")?,
        })
    }

    /// Whether the promotion can be used at `at`, as far as the schedule goes. `first_week` lies in the week
    /// from which every n-th one counts; without it every week does.
    pub fn is_open(&self, at: Timestamp, zone: &TimeZone, first_week: Option<Timestamp>) -> bool {
        let clock = zone.to_datetime(at);
        let (day, time) = (clock.date(), to_the_second(clock.time()));
        let first = first_week.map(|instant| zone.to_datetime(instant).date());
        let (start, end) = (to_the_second(self.daily_start_time), to_the_second(self.daily_end_time));
        let runs = |day| self.runs_on(day, first);
        if self.passes_midnight() {
            time >= start && runs(day) || time <= end && day.yesterday().is_ok_and(runs)
        } else {
            (start..=end).contains(&time) && runs(day)
        }
    }

    /// The first instant from `after` on at which the promotion can be used, as far as the schedule goes:
    /// `after` itself if that is one. `None` if there is none within 60 weeks.
    pub fn next_opening(
        &self,
        after: Timestamp,
        zone: &TimeZone,
        first_week: Option<Timestamp>,
    ) -> Option<Timestamp> {
        let today = zone.to_datetime(after).date();
        let starts = today.series(1.day()).take(HORIZON_DAYS).filter_map(|day| {
            let start = first_instant(day.to_datetime(self.daily_start_time), zone)?;
            (start > after).then_some(start)
        });
        std::iter::once(after).chain(starts).find(|&at| self.is_open(at, zone, first_week))
    }

    /// The schedule in words: "Mondays and Tuesdays, 09:00:00-17:00:00", "every 2 weeks on Fridays, ...".
    pub fn sentence(&self) -> String {
        let Self { week_frequency, daily_start_time, daily_end_time, .. } = self;
        let next_day = if self.passes_midnight() { " of the next day" } else { "" };
        let hours = format!("{daily_start_time}-{daily_end_time}{next_day}");
        match (week_frequency, self.days()) {
            (1, None) => format!("every day, {hours}"),
            (1, Some(days)) => format!("{days}, {hours}"),
            (weeks, None) => format!("every {weeks} weeks on all days, {hours}"),
            (weeks, Some(days)) => format!("every {weeks} weeks on {days}, {hours}"),
        }
    }

    /// "Mondays, Tuesdays and Fridays"; `None` = all days.
    fn days(&self) -> Option<String> {
        let names =
            WEEK.iter().filter(|(day, _)| self.week_days.contains(day)).map(|(_, name)| format!("{name}s"));
        let mut names: Vec<String> = names.collect();
        if names.len() == WEEK.len() {
            return None;
        }
        let last = names.pop()?;
        Some(if names.is_empty() { last } else { format!("{} and {last}", names.join(", ")) })
    }

    fn passes_midnight(&self) -> bool {
        self.daily_end_time <= self.daily_start_time
    }

    fn runs_on(&self, day: Date, first: Option<Date>) -> bool {
        let counts = first.is_none_or(|first| {
            (week_of(day) - week_of(first)).rem_euclid(i64::from(self.week_frequency)) == 0
        });
        counts && self.week_days.contains(&day.weekday())
    }
}

/// The number of a week; the next one's is greater by 1.
fn week_of(day: Date) -> i64 {
    const A_MONDAY: Date = jiff::civil::date(2024, 1, 1);
    (day.duration_since(A_MONDAY).as_hours() / 24).div_euclid(7)
}

fn to_the_second(time: Time) -> (i8, i8, i8) {
    (time.hour(), time.minute(), time.second())
}

#[cfg(test)]
mod tests;
