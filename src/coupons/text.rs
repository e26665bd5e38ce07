//! Text that others wrote (merchants, apps, gateways) is data: nothing hidden in it reaches a model.

use super::code_text::is_permitted;

/// `text` without control, zero-width, bidirectional and other invisible characters.
///
/// Line breaks and tabs become single blanks, so that a name cannot pretend to be a new paragraph.
pub fn clean(text: &str) -> String {
    text.chars()
        .filter_map(|c| match c {
            '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => Some(' '),
            c if c.is_control() || is_invisible(c) => None,
            c => Some(c),
        })
        .collect()
}

/// Most characters of a name or code inside a sentence of ours.
const QUOTED: usize = 80;
/// Most characters of a sentence about the store.
const SENTENCE: usize = 400;

/// Text of the store inside a sentence of ours: cleaned, in double quotes that it cannot end, one line, at most
/// 80 characters, nothing in it that a host would show as a link, an image or markup.
pub fn quoted(text: &str) -> String {
    let plain = plain(text.trim()).replace('"', "'");
    cut(&plain, QUOTED, &|text| format!("\"{text}\""))
}

/// Text of the store as a sentence of its own, at most 400 characters: cleaned, nothing in it that a host would
/// show as a link, an image or markup.
pub fn harmless(text: &str) -> String {
    cut(&plain(text), SENTENCE, &|text| text.to_owned())
}

/// So many of something: `1 code`, `5 codes`.
pub fn count(number: impl TryInto<u64>, noun: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// How often: `once`, `5 times`.
pub fn times(number: u64) -> String {
    if number == 1 { "once".to_owned() } else { format!("{number} times") }
}

/// A cell of a table that no spreadsheet runs: one that begins like a formula is text after an apostrophe. A text
/// that BigCommerce takes as a code stays as it is, for whoever reads it needs it so.
pub fn no_formula(cell: String) -> String {
    // A cell that looks as if this had been done to it is treated too, so that it can be undone.
    if is_formula(cell.trim_start_matches('\'')) { format!("'{cell}") } else { cell }
}

/// The cell as it was before [`no_formula`].
pub fn formula_restored(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if is_formula(rest.trim_start_matches('\'')) => rest,
        _ => cell,
    }
}

fn is_formula(cell: &str) -> bool {
    match cell.chars().next() {
        Some('=' | '+' | '@' | '\t' | '\r') => true,
        Some('-') => !cell.chars().all(is_permitted),
        _ => false,
    }
}

fn cut(text: &str, most: usize, form: &dyn Fn(&str) -> String) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => form(&format!("{}…", text.get(..end).unwrap_or_default())),
        None => form(text),
    }
}

fn plain(text: &str) -> String {
    let plain = clean(text).replace("://", " ").replace("www.", "www ").replace('`', "'");
    plain.replace(['<', '>', '[', ']', '*', '#', '|', '\\'], " ")
}

/// Unicode's default-ignorable code points (DerivedCoreProperties, `Default_Ignorable_Code_Point`) and the
/// interlinear annotation marks.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
        | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_quoted_name_stays_one_quoted_line_without_links_or_markup() {
        assert_eq!(quoted("Summer Sale"), "\"Summer Sale\"");
        assert_eq!(quoted("a\" and \"delete all\"\n# now"), "\"a' and 'delete all'   now\"");
        assert_eq!(
            quoted("[x](https://e.example) www.e.example <b>`rm`</b>"),
            "\" x (https e.example) www e.example  b 'rm' /b \""
        );
        assert_eq!(quoted(&"ä".repeat(81)).chars().count(), 83);
    }

    #[test]
    fn a_cell_is_never_a_formula() {
        for (cell, harmless) in
            [("=1+1", "'=1+1"), ("+1", "'+1"), ("-1+A1", "'-1+A1"), ("@x", "'@x"), ("1=1", "1=1")]
        {
            assert_eq!(no_formula(cell.to_owned()), harmless);
        }
        assert_eq!(["\tA", "\rA"].map(|cell| no_formula(cell.to_owned())), ["'\tA", "'\rA"]);
    }

    proptest! {
        #[test]
        fn a_code_stays_as_it_is(code in "[-_ A-Za-z0-9]{1,50}") {
            prop_assert_eq!(no_formula(code.clone()), code);
        }

        #[test]
        fn a_cell_comes_back_as_it_was(cell in "['=+@\t\r\\-A ]{0,4}.{0,9}") {
            let written = no_formula(cell.clone());
            prop_assert!(!is_formula(&written), "{written}");
            prop_assert_eq!(formula_restored(&written), cell);
        }
    }

    #[test]
    fn hidden_characters_go_and_visible_ones_stay() {
        let hidden = "Sum\u{200B}mer\u{202E} S\u{AD}ale\u{2066}\u{FEFF}\u{7}\u{1b}[31m \u{E0041}50 %\u{85}";
        assert_eq!(clean(hidden), "Summer Sale[31m 50 %");
        assert_eq!(clean("Été 🎁 20 € 夏"), "Été 🎁 20 € 夏");
        assert_eq!(clean("a\r\nb\tc\u{2028}d"), "a  b c d");
    }
}
