use crate::coupons::UseLimits;

use super::*;

fn code(text: &str, current_uses: u64, max_uses: u64) -> CouponCode {
    CouponCode {
        id: 1,
        code: text.to_owned(),
        current_uses,
        limits: UseLimits { max_uses, max_uses_per_customer: 1 },
        created: None,
    }
}

fn summed(request: &SummaryRequest, codes: &[CouponCode]) -> SummaryReport {
    let mut summary = Summary::new(request);
    for code in codes {
        summary.add(code);
    }
    summary.report()
}

fn top(code: &str, current_uses: u64) -> TopCode {
    TopCode { code: code.to_owned(), current_uses }
}

fn of_prefix(prefix: &str, codes: u64, uses: u64) -> PrefixUses {
    PrefixUses { prefix: prefix.to_owned(), codes, uses }
}

#[test]
fn codes_and_uses_are_counted() {
    let codes = [code("A", 0, 1), code("B", 1, 2), code("C", 2, 2), code("D", 9, 0), code("E", 3, 2)];
    let report = summed(&SummaryRequest { top: 2, ..SummaryRequest::default() }, &codes);
    let expected = SummaryReport {
        codes: 5,
        unused: 1,
        used: 4,
        used_up: 2,
        uses: 15,
        top: vec![top("D", 9), top("E", 3)],
        named: None,
        by_prefix: None,
    };
    assert_eq!(report, expected);
}

#[test]
fn no_codes_are_a_summary_too() {
    let request = SummaryRequest { top: 10, codes: Vec::new(), by_prefix: true };
    let expected = SummaryReport { by_prefix: Some(Vec::new()), ..SummaryReport::default() };
    assert_eq!(summed(&request, &[]), expected);
}

#[test]
fn the_most_used_are_ranked_by_uses_and_then_by_text_whatever_their_order() {
    let mut codes = [code("C", 5, 0), code("B", 5, 0), code("Z", 0, 0), code("A", 5, 0), code("D", 7, 0)];
    let request = SummaryRequest { top: 3, ..SummaryRequest::default() };
    let expected = [top("D", 7), top("A", 5), top("B", 5)];
    assert_eq!(summed(&request, &codes).top, expected);
    codes.reverse();
    assert_eq!(summed(&request, &codes).top, expected);
    let all = SummaryRequest { top: 100, ..SummaryRequest::default() };
    assert_eq!(summed(&all, &codes).top, [top("D", 7), top("A", 5), top("B", 5), top("C", 5)]);
}

#[test]
fn named_codes_are_found_in_any_case_and_told_once() {
    let request = SummaryRequest {
        codes: ["anna10", "NOWHERE", "Anna10"].map(str::to_owned).into(),
        ..SummaryRequest::default()
    };
    let named = summed(&request, &[code("ANNA10", 3, 100), code("BEN10", 1, 0)]).named;
    let expected = [
        NamedCode { code: "ANNA10".to_owned(), found: true, current_uses: Some(3), max_uses: Some(100) },
        NamedCode { code: "NOWHERE".to_owned(), found: false, current_uses: None, max_uses: None },
    ];
    assert_eq!(named, Some(expected.into()));
}

#[test]
fn uses_are_added_up_by_what_is_in_front_of_the_first_dash_or_underscore() {
    let request = SummaryRequest { by_prefix: true, ..SummaryRequest::default() };
    let codes = [
        code("VIP-1-2", 1, 0),
        code("vip_3", 4, 0),
        code("PLAIN", 2, 0),
        code("-X", 0, 0),
        code("NEW-1", 2, 0),
        code("OLD-1", 2, 0),
    ];
    let expected =
        [of_prefix("VIP", 2, 5), of_prefix("", 2, 2), of_prefix("NEW", 1, 2), of_prefix("OLD", 1, 2)];
    assert_eq!(summed(&request, &codes).by_prefix, Some(expected.into()));
}

#[test]
fn of_too_many_prefixes_the_rest_is_added_up() {
    let request = SummaryRequest { by_prefix: true, ..SummaryRequest::default() };
    let mut codes: Vec<_> = (1..=1_100_u64).map(|n| code(&format!("P{n}-1"), n % 1_000, 0)).collect();
    codes.push(code("P999-2", 1, 0));
    let by_prefix = summed(&request, &codes).by_prefix.unwrap();
    assert_eq!(by_prefix.len(), 51);
    assert_eq!(by_prefix[..2], [of_prefix("P999", 2, 1_000), of_prefix("P998", 1, 998)]);
    assert_eq!(by_prefix[49], of_prefix("P950", 1, 950));
    let uses: u64 = codes.iter().map(|code| code.current_uses).sum();
    let shown: u64 = by_prefix[..50].iter().map(|prefix| prefix.uses).sum();
    assert_eq!(by_prefix[50], of_prefix("(other)", 1_101 - 51, uses - shown));
}
