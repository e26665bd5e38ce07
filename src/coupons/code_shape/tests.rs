use std::collections::BTreeSet;

use proptest::option::of;
use proptest::prelude::*;

use super::*;

fn asked(prefix: &str, delimiter: &str, suffix: &str, code_length: Option<u32>) -> ShapeRequest {
    ShapeRequest {
        prefix: Some(prefix.to_owned()),
        suffix: Some(suffix.to_owned()),
        delimiter: Some(delimiter.to_owned()),
        code_length,
        exclude_characters: Vec::new(),
    }
}

fn excluding(characters: &[&str], code_length: u32) -> ShapeRequest {
    let exclude_characters = characters.iter().copied().map(str::to_owned).collect();
    ShapeRequest { code_length: Some(code_length), exclude_characters, ..ShapeRequest::default() }
}

fn shape(request: &ShapeRequest) -> CodeShape {
    CodeShape::parse(request).unwrap().0
}

/// How it looks, who makes it, and what is said of it.
fn taken(request: &ShapeRequest) -> (String, Maker, Vec<String>) {
    let (shape, notes) = CodeShape::parse(request).unwrap();
    (shape.example(), shape.maker(), notes)
}

fn refused(request: &ShapeRequest) -> String {
    CodeShape::parse(request).unwrap_err().to_string()
}

fn owned(notes: &[&str]) -> Vec<String> {
    notes.iter().copied().map(str::to_owned).collect()
}

#[test]
fn nothing_asked_for_is_what_codegen_does_by_itself() {
    let shape = shape(&ShapeRequest::default());
    assert_eq!(taken(&ShapeRequest::default()), ("X".repeat(16), Maker::Codegen, vec![]));
    assert_eq!((shape.prefix(), shape.suffix(), shape.delimiter()), (None, None, None));
    assert_eq!((shape.code_length(), shape.excluded()), (16, &[][..]));
}

#[test]
fn the_parts_stand_in_order_with_the_delimiter_beside_those_that_are_there() {
    for (prefix, delimiter, suffix, example) in [
        ("VIP", "-", "24", "VIP-XXXXXXXX-24"),
        ("VIP", "_", "", "VIP_XXXXXXXX"),
        ("", "-", "24", "XXXXXXXX-24"),
        ("VIP", "", "24", "VIPXXXXXXXX24"),
        ("V-I_P", "_", "", "V-I_P_XXXXXXXX"),
    ] {
        let request = asked(prefix, delimiter, suffix, Some(8));
        assert_eq!(taken(&request), (example.to_owned(), Maker::Codegen, vec![]));
    }
}

#[test]
fn a_delimiter_never_stands_twice() {
    let prefix = "The prefix is taken as VIP: the delimiter stands between it and the rest once.";
    let suffix = "The suffix is taken as X: the delimiter stands between it and the rest once.";
    for (given, example, notes) in [
        (asked("VIP-", "-", "", Some(8)), "VIP-XXXXXXXX", vec![prefix]),
        (asked("VIP--", "-", "-X", Some(8)), "VIP-XXXXXXXX-X", vec![prefix, suffix]),
        (asked("VIP -", "-", "- X", Some(8)), "VIP-XXXXXXXX-X", vec![prefix, suffix]),
        (asked("VIP_", "-", "", Some(8)), "VIP_-XXXXXXXX", vec![]),
        (asked("VIP-", "", "-X", Some(8)), "VIP-XXXXXXXX-X", vec![]),
        (
            asked("-", "-", "X", Some(8)),
            "XXXXXXXX-X",
            vec!["The prefix was left out: it is nothing but the delimiter."],
        ),
    ] {
        assert_eq!(taken(&given), (example.to_owned(), Maker::Codegen, owned(&notes)));
    }
}

#[test]
fn a_delimiter_with_nothing_to_set_apart_is_left_out() {
    let note = "The delimiter was left out: it stands beside a prefix or a suffix only.";
    assert_eq!(taken(&asked(" ", "-", "", None)), ("X".repeat(16), Maker::Codegen, owned(&[note])));
    assert_eq!(shape(&asked("", "-", "", None)), shape(&ShapeRequest::default()));
}

#[test]
fn small_letters_are_raised_and_reported() {
    let mut request = asked(" vip ", "-", "Fr", Some(6));
    request.exclude_characters = owned(&["o0", "O", " l "]);
    let notes = [
        "The prefix was raised to VIP.",
        "The suffix was raised to FR.",
        "ol in exclude_characters was raised to OL.",
    ];
    assert_eq!(taken(&request), ("VIP-XXXXXX-FR".to_owned(), Maker::Codegen, owned(&notes)));
    assert_eq!(shape(&request).excluded(), ['0', 'L', 'O']);
}

#[test]
fn what_codegen_cannot_make_is_made_here() {
    let long = "A".repeat(20);
    for (request, maker) in [
        (asked("", "", "", Some(6)), Maker::Codegen),
        (asked("", "", "", Some(16)), Maker::Codegen),
        (asked("", "", "", Some(5)), Maker::Local),
        (asked("", "", "", Some(17)), Maker::Local),
        (asked("", "", "", Some(50)), Maker::Local),
        (asked(&long, "", &long, Some(10)), Maker::Codegen),
        (asked(&format!("{long}-"), "-", "", Some(10)), Maker::Codegen),
        (asked(&format!("{long}A"), "", "", Some(10)), Maker::Local),
        (asked("", "", &format!("{long}A"), Some(10)), Maker::Local),
        (asked("VIP CLUB", "-", "", Some(10)), Maker::Local),
        (asked("", "", "A B", Some(10)), Maker::Local),
    ] {
        assert_eq!(shape(&request).maker(), maker, "{request:?}");
    }
}

#[test]
fn each_refusal_names_the_argument_and_its_rule() {
    let affix = "takes letters A-Z, digits, _ and - and blanks inside it only, not";
    for (request, message) in [
        (asked("50%", "", "", None), format!("prefix {affix} \"%\"")),
        (asked("", "", "é", None), format!("suffix {affix} \"é\"")),
        (asked("A\tB", "", "", None), format!("prefix {affix} U+0009")),
        (asked("A", ".", "", None), "delimiter is - or _ or left out, not \".\"".to_owned()),
        (asked("A", "--", "", None), "delimiter is - or _ or left out, not \"--\"".to_owned()),
        (asked("A", " ", "", None), "delimiter is - or _ or left out, not a blank".to_owned()),
        (asked("", "", "", Some(0)), "code_length is at least 1, not 0".to_owned()),
        (
            asked(&"A".repeat(30), "-", "B", Some(18)),
            "a code has at most 50 characters, and prefix and suffix with their delimiters (33) and code_length \
             (18) make 51"
                .to_owned(),
        ),
        (
            asked("", "", "", Some(u32::MAX)),
            "a code has at most 50 characters, and prefix and suffix with their delimiters (0) and code_length \
             (4294967295) make 4294967295"
                .to_owned(),
        ),
        (
            excluding(&["A", "-"], 8),
            "exclude_characters takes letters A-Z and digits only, not \"-\"".to_owned(),
        ),
        (
            excluding(&["O,0"], 8),
            "exclude_characters takes letters A-Z and digits only, not \",\"".to_owned(),
        ),
        (
            excluding(&[ALPHABET], 8),
            "exclude_characters leaves no character for the random part (codes that BigCommerce cannot generate \
             go without 0, O, 1, I and L in any case)"
                .to_owned(),
        ),
        (
            excluding(&["ABCDEFGHJKMNPQRSTUVWXYZ23456789"], 20),
            "exclude_characters leaves no character for the random part (codes that BigCommerce cannot generate \
             go without 0, O, 1, I and L in any case)"
                .to_owned(),
        ),
    ] {
        assert_eq!(refused(&request), message);
    }
}

#[test]
fn one_guess_hits_with_a_chance_of_one_in_a_million_at_most() {
    // 36^6 = 2,176,782,336 possible codes.
    let six = shape(&asked("VIP", "-", "", Some(6)));
    assert_eq!(six.check(0), Ok(()));
    assert_eq!(six.check(2_176), Ok(()));
    assert_eq!(six.check(2_177), Err(ShapeError::Guessable { count: 2_177, odds: 999_900, enough: Some(7) }));
    assert_eq!(
        six.check(250_000).unwrap_err().to_string(),
        "codes could be guessed: with a count of 250000, one guess in 8707 would hit one, and 1 in 1000000 is the \
         limit; code_length 8 would do"
    );
}

#[test]
fn a_shape_that_cannot_give_so_many_codes_is_refused() {
    let binary = shape(&excluding(&["CDEFGHIJKLMNOPQRSTUVWXYZ0123456789"], 6));
    assert_eq!(binary.check(65), Err(ShapeError::TooFew { count: 65, possible: 64, enough: Some(26) }));
    assert_eq!(
        binary.check(65).unwrap_err().to_string(),
        "code_length and exclude_characters leave 64 possible codes, fewer than the count of 65; code_length 26 \
         would do"
    );
    assert_eq!(binary.check(64), Err(ShapeError::Guessable { count: 64, odds: 1, enough: Some(26) }));
}

#[test]
fn where_no_length_would_do_the_refusal_says_so() {
    let crowded = shape(&asked(&"A".repeat(45), "-", "", Some(4)));
    assert_eq!(
        crowded.check(100).unwrap_err().to_string(),
        "codes could be guessed: with a count of 100, one guess in 9235 would hit one, and 1 in 1000000 is the \
         limit; no code_length within the 50 characters of a code would do, so shorten prefix and suffix, exclude \
         fewer characters or lower the count"
    );
    let single = shape(&excluding(&["BCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"], 16));
    assert_eq!(single.check(2), Err(ShapeError::TooFew { count: 2, possible: 1, enough: None }));
}

#[test]
fn the_length_that_would_do_is_one_for_whoever_would_make_it() {
    // Of these characters, codes made here have the 2 only: more than 16 of them help nothing, 11 do.
    let alike = shape(&excluding(&["ABCDEFGHJKMNPQRSTUVWXYZ3456789"], 17));
    assert_eq!(alike.maker(), Maker::Local);
    assert_eq!(alike.check(100), Err(ShapeError::TooFew { count: 100, possible: 1, enough: Some(11) }));
}

#[test]
fn no_count_overflows() {
    let longest = shape(&asked("", "", "", Some(50)));
    assert_eq!(longest.check(u64::MAX), Ok(()));
    let six = shape(&asked("", "", "", Some(6)));
    assert_eq!(
        six.check(u64::MAX),
        Err(ShapeError::TooFew { count: u64::MAX, possible: 2_176_782_336, enough: Some(17) })
    );
}

#[test]
fn only_codes_of_the_whole_shape_fit() {
    let mut request = asked("VIP", "-", "FR", Some(6));
    request.exclude_characters = owned(&["O"]);
    let shape = shape(&request);
    for fits in ["VIP-ABC123-FR", "VIP-000000-FR", "VIP-1IL1IL-FR"] {
        assert!(shape.fits(fits), "{fits}");
    }
    for other in [
        "VIP-ABC12-FR",
        "VIP-ABC1234-FR",
        "VIP-ABC12O-FR",
        "VIP-abc123-FR",
        "vip-ABC123-FR",
        "VIP-ABC12--FR",
        "VIPABC123-FR",
        "VIP-ABC123",
        "ABC123-FR",
        " VIP-ABC123-FR",
        "VIP-FR",
        "VIP-ÄÄÄ-FR",
        "",
    ] {
        assert!(!shape.fits(other), "{other}");
    }
}

#[test]
fn prefix_and_suffix_must_not_overlap() {
    let shape = shape(&asked("AAAAAAA", "", "AAAAAAA", Some(6)));
    assert!(shape.fits(&"A".repeat(20)));
    assert!(!shape.fits(&"A".repeat(19)) && !shape.fits(&"A".repeat(10)));
}

#[test]
fn codes_made_here_have_no_look_alikes_and_codegens_may() {
    let local = shape(&asked("", "", "", Some(17)));
    let codegen = shape(&asked("", "", "", Some(16)));
    for alike in ["0", "O", "1", "I", "L"] {
        assert!(!local.fits(&alike.repeat(17)) && codegen.fits(&alike.repeat(16)), "{alike}");
    }
    assert!(local.fits(&"8".repeat(17)) && !local.fits(&"a".repeat(17)));
}

#[test]
fn draws_use_the_whole_alphabet_and_differ() {
    let shape = shape(&asked("", "", "", Some(20)));
    let drawn: BTreeSet<String> = (0..1_000).map(|_| shape.draw().as_str().to_owned()).collect();
    let characters: BTreeSet<char> = drawn.iter().flat_map(|code| code.chars()).collect();
    assert_eq!(drawn.len(), 1_000);
    assert_eq!(characters.into_iter().collect::<String>(), "23456789ABCDEFGHJKMNPQRSTUVWXYZ");
}

#[test]
fn a_shape_is_kept_as_the_request_for_it() {
    let mut request = asked("vip-", "-", "", None);
    request.exclude_characters = owned(&["O0"]);
    let shape = shape(&request);
    let kept = serde_json::to_value(&shape).unwrap();
    assert_eq!(
        kept,
        serde_json::json!({
            "prefix": "VIP", "suffix": null, "delimiter": "-", "code_length": 16, "exclude_characters": ["0", "O"],
        })
    );
    assert_eq!(serde_json::from_value::<CodeShape>(kept).unwrap(), shape);
    assert_eq!(serde_json::from_str::<CodeShape>("{}").unwrap(), self::shape(&ShapeRequest::default()));
    assert!(serde_json::from_str::<CodeShape>(r#"{"code_length": 0}"#).is_err());
}

fn requests() -> impl Strategy<Value = ShapeRequest> {
    let affix = || of(prop_oneof!["[A-Za-z0-9_ -]{0,6}", "[A-Za-z0-9_ -]{0,30}", "[_-]{0,3}", ".{0,3}"]);
    let delimiter = of(prop_oneof![Just("-"), Just("_"), Just(""), Just(".")].prop_map(str::to_owned));
    let exclude = prop::collection::vec("[A-Za-z0-9]{0,12}", 0..4);
    (affix(), affix(), delimiter, of(0_u32..60), exclude).prop_map(
        |(prefix, suffix, delimiter, code_length, exclude_characters)| ShapeRequest {
            prefix,
            suffix,
            delimiter,
            code_length,
            exclude_characters,
        },
    )
}

/// The shapes of the requests that are taken.
fn shapes() -> impl Strategy<Value = CodeShape> {
    requests().prop_filter_map("refused", |request| CodeShape::parse(&request).ok().map(|(shape, _)| shape))
}

/// Base-2 logarithm of how many codes fit, found by asking for each character.
fn bits(shape: &CodeShape) -> f64 {
    let length = shape.code_length();
    let example = shape.example();
    let at = shape.prefix().map_or(0, |prefix| prefix.len() + shape.delimiter().map_or(0, str::len));
    let (head, rest) = example.split_at(at);
    let tail = &rest[length as usize..];
    let fitting = (' '..='~').filter(|c| {
        let random = c.to_string().repeat(length as usize);
        shape.fits(&format!("{head}{random}{tail}"))
    });
    f64::from(length) * f64::from(u32::try_from(fitting.count()).unwrap()).log2()
}

proptest! {
    #[test]
    fn every_code_drawn_fits(shape in shapes()) {
        let code = shape.draw();
        prop_assert!(shape.fits(code.as_str()), "{code}");
        prop_assert!(shape.fits(shape.sample().as_str()));
        prop_assert_eq!(code.as_str().len(), shape.example().len());
    }

    #[test]
    fn what_codegen_is_asked_for_is_within_its_limits(shape in shapes()) {
        let affix = |text: Option<&str>| text.is_none_or(|text| {
            let permitted = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_' || c == '-';
            (1..=20).contains(&text.len()) && text.chars().all(permitted)
        });
        let within = affix(shape.prefix()) && affix(shape.suffix()) && (6..=16).contains(&shape.code_length());
        prop_assert_eq!(shape.maker() == Maker::Codegen, within);
        prop_assert!((1..=50).contains(&shape.example().len()));
        prop_assert!(shape.excluded().iter().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()));
        prop_assert!(shape.delimiter().is_none() || shape.prefix().is_some() || shape.suffix().is_some());
    }

    #[test]
    fn no_delimiter_stands_beside_itself(shape in shapes()) {
        if let Some(delimiter) = shape.delimiter() {
            prop_assert!(!shape.prefix().is_some_and(|prefix| prefix.ends_with(delimiter)));
            prop_assert!(!shape.suffix().is_some_and(|suffix| suffix.starts_with(delimiter)));
        }
    }

    #[test]
    fn a_shape_asked_for_again_is_the_same_and_needs_no_note(shape in shapes()) {
        prop_assert_eq!(CodeShape::parse(&shape.request()), Ok((shape, vec![])));
    }

    #[test]
    fn no_shape_that_can_be_guessed_passes(shape in shapes(), count in prop_oneof![1_u64..300_000, 1..u64::MAX]) {
        #[expect(clippy::cast_precision_loss, reason = "a logarithm is compared with a margin")]
        let needed = (count as f64).log2() + 1e6_f64.log2();
        let margin = 1e-6;
        match shape.check(count) {
            Ok(()) => prop_assert!(bits(&shape) >= needed - margin),
            Err(ShapeError::TooFew { enough, .. } | ShapeError::Guessable { enough, .. }) => {
                prop_assert!(bits(&shape) <= needed + margin);
                if let Some(length) = enough {
                    let request = ShapeRequest { code_length: Some(length), ..shape.request() };
                    prop_assert_eq!(CodeShape::parse(&request).unwrap().0.check(count), Ok(()));
                }
            }
            Err(other) => prop_assert!(false, "{other}"),
        }
    }
}
