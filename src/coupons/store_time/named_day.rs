//! Days as people name them: `today`, `tomorrow`, `in 10 days`, `friday`, `next friday`.

use jiff::Span;
use jiff::civil::{Date, Weekday};

/// The day that `text` names on a `today`, in any case, and the clock behind it, if there is one: "friday at 18:00".
/// `None` if it names no day.
///
/// A weekday is the next one, today included; with `next` the first one after today.
pub(super) fn read(text: &str, today: Date) -> Option<(Date, Option<String>)> {
    let text = text.to_ascii_lowercase();
    let mut words: Vec<&str> = text.split_whitespace().collect();
    let clock = words.last().filter(|word| word.contains(':')).map(|clock| (*clock).to_owned());
    if clock.is_some() {
        words.pop();
        if words.last() == Some(&"at") {
            words.pop();
        }
    }
    let day = match words.as_slice() {
        ["today"] => today,
        ["tomorrow"] => today.tomorrow().ok()?,
        ["in", number, unit] => today.checked_add(span(number, unit)?).ok()?,
        [day] | ["this" | "on", day] => today.yesterday().ok()?.nth_weekday(1, weekday(day)?).ok()?,
        ["next", day] => today.nth_weekday(1, weekday(day)?).ok()?,
        _ => return None,
    };
    Some((day, clock))
}

/// A number of days or of what is longer.
fn span(number: &str, unit: &str) -> Option<Span> {
    let number = if matches!(number, "a" | "an" | "one") { "1" } else { number };
    let span: Span = format!("{number} {unit}").parse().ok()?;
    let days_or_longer = span.get_hours() == 0 && span.get_minutes() == 0 && span.get_seconds() == 0;
    (days_or_longer && span.is_positive()).then_some(span)
}

fn weekday(name: &str) -> Option<Weekday> {
    const NAMES: [(&str, Weekday); 7] = [
        ("monday", Weekday::Monday),
        ("tuesday", Weekday::Tuesday),
        ("wednesday", Weekday::Wednesday),
        ("thursday", Weekday::Thursday),
        ("friday", Weekday::Friday),
        ("saturday", Weekday::Saturday),
        ("sunday", Weekday::Sunday),
    ];
    let named = |known: &str| known == name || (name.len() == 3 && known.starts_with(name));
    NAMES.iter().find(|(known, _)| named(known)).map(|&(_, day)| day)
}
