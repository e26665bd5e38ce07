//! What a shopper may have meant by a text that is no code.

use crate::coupons::CodeText;

/// The signs between the words of a code, the most usual first.
const BETWEEN: [char; 3] = ['-', '_', ' '];

/// Letters and digits that look alike: what stands there, and what may have been meant.
const ALIKE: [(&[char], char); 5] =
    [(&['O'], '0'), (&['I', 'L'], '1'), (&['0'], 'O'), (&['1'], 'I'), (&['1'], 'L')];

/// Texts near to `typed`, the likeliest first, in capitals (codes are compared without case) and without
/// `typed` itself: signs between the words left out, look-alikes where their neighbours call for them, other
/// signs between the words, one put in between letters and digits, look-alikes everywhere.
pub(super) fn slips(typed: &str) -> Vec<CodeText> {
    let typed = typed.trim().to_ascii_uppercase();
    let words: Vec<_> =
        typed.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let plain = words.concat();
    let border = plain
        .char_indices()
        .zip(plain.chars().skip(1))
        .find(|((_, left), right)| left.is_ascii_alphabetic() && right.is_ascii_digit())
        .map(|((place, _), _)| plain.split_at(place + 1));
    let with_sign = |words: &[&str]| BETWEEN.map(|sign| words.join(&sign.to_string()));

    let mut texts = vec![plain.clone()];
    texts.extend(ALIKE.map(|(seen, meant)| replaced_among(&typed, seen, meant)));
    texts.extend(with_sign(&words));
    if words.len() == 1 {
        texts.extend(border.map(|(letters, digits)| with_sign(&[letters, digits])).into_iter().flatten());
    }
    texts.extend(ALIKE.map(|(seen, meant)| replaced_among(&plain, seen, meant)));
    texts.extend(ALIKE.map(|(seen, meant)| typed.replace(seen, &meant.to_string())));

    let mut slips: Vec<CodeText> = Vec::new();
    for text in texts.iter().filter(|text| **text != typed) {
        if let Ok(slip) = CodeText::parse(text)
            && slips.iter().all(|other| !other.matches(slip.as_str()))
        {
            slips.push(slip);
        }
    }
    slips
}

/// `text` with `meant` for what was `seen`, wherever a neighbour is of its kind and none is of the other: the O
/// in 2O24 becomes a nought, the nought in HELL0 an O.
fn replaced_among(text: &str, seen: &[char], meant: char) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    // One pass each way, so that a run such as 1OO or OO1 is replaced as a whole.
    for _ in 0..2 {
        let mut before = None;
        let after: Vec<_> = characters.iter().copied().skip(1).map(Some).chain([None]).collect();
        for (character, after) in characters.iter_mut().zip(after) {
            if seen.contains(character) && calls_for(meant, before, after) {
                *character = meant;
            }
            before = Some(*character);
        }
        characters.reverse();
    }
    characters.into_iter().collect()
}

fn calls_for(meant: char, before: Option<char>, after: Option<char>) -> bool {
    let neighbours = [before, after].into_iter().flatten();
    let is_digit = |c: char| c.is_ascii_digit();
    if is_digit(meant) {
        neighbours.into_iter().any(is_digit)
    } else {
        let mut neighbours = neighbours.into_iter().filter(char::is_ascii_alphanumeric).peekable();
        neighbours.peek().is_some() && !neighbours.any(is_digit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of those that are looked up at all.
    fn first_six(typed: &str) -> Vec<String> {
        slips(typed).iter().take(6).map(|slip| slip.as_str().to_owned()).collect()
    }

    #[test]
    fn usual_slips_are_among_the_first_six() {
        for (typed, meant) in [
            ("SUMMER2O", "SUMMER20"),
            ("summer2o", "SUMMER20"),
            ("1OO-OFF", "100-OFF"),
            ("OO7", "007"),
            ("SUMMER_SALE_2O24", "SUMMER_SALE_2024"),
            ("ANNAI0", "ANNA10"),
            ("ANNAL0", "ANNA10"),
            ("APRIL1O", "APRIL10"),
            ("HELL0", "HELLO"),
            ("V1P-10", "VIP-10"),
            ("WE1COME5", "WELCOME5"),
            ("SUMMER 20", "SUMMER20"),
            ("SUMMER-20", "SUMMER20"),
            ("SUMMER20", "SUMMER-20"),
            ("SUMMER20", "SUMMER_20"),
            ("SUMMER20", "SUMMER 20"),
            ("LOYAL_0777", "LOYAL-0777"),
            ("LOYAL 0777", "LOYAL-0777"),
            ("first order 10", "FIRST_ORDER_10"),
            ("SUMMER.20", "SUMMER20"),
            ("SUMMER.20", "SUMMER-20"),
            ("SUMMER20!", "SUMMER20"),
            ("SUMMER\u{200b}20", "SUMMER20"),
            ("“SUMMER20”", "SUMMER20"),
            ("20%OFF", "20OFF"),
        ] {
            let slips = first_six(typed);
            assert!(slips.iter().any(|slip| slip == meant), "{typed}: {slips:?}");
        }
    }

    #[test]
    fn the_likeliest_comes_first() {
        assert_eq!(
            first_six("SUMMER 2O"),
            [
                "SUMMER2O",
                "SUMMER 20",
                "SUMMER-2O",
                "SUMMER_2O",
                "SUMMER20",
                "SUMMER 2O".replace('O', "0").as_str(),
            ][..5]
        );
        assert_eq!(first_six("ABC"), Vec::<String>::new());
    }

    #[test]
    fn what_was_typed_is_no_slip_of_itself_and_none_comes_twice() {
        for typed in ["SUMMER20", "summer_sale", "A-1", "O0O0 I1L1", "%%%", "", "   ", "ÄÖ"] {
            let slips = slips(typed);
            for (index, slip) in slips.iter().enumerate() {
                assert!(!slip.matches(typed.trim()), "{typed}: {slip}");
                assert!(slips.iter().skip(index + 1).all(|other| !other.matches(slip.as_str())), "{typed}");
            }
        }
    }

    #[test]
    fn a_text_that_is_too_long_has_only_slips_that_are_not() {
        let typed = format!("{} 1", "A".repeat(49));
        assert_eq!(first_six(&typed)[0], typed.replace(' ', ""));
        assert!(slips(&"A1 ".repeat(40)).is_empty());
    }
}
