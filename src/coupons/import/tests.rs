use std::io;

use proptest::prelude::*;

use super::*;

const CALL: Defaults = Defaults { max_uses: Some(1), max_uses_per_customer: None };
const NONE: Defaults = Defaults { max_uses: None, max_uses_per_customer: None };

/// Line, text, uses in all, uses per customer.
type Row = (u64, String, u64, u64);

fn shown(import: Result<Import, ImportFault>) -> Result<Vec<Row>, String> {
    let row = |row: ImportRow| {
        (row.line, row.code.as_str().to_owned(), row.limits.max_uses, row.limits.max_uses_per_customer)
    };
    import.map(|import| import.rows.into_iter().map(row).collect()).map_err(|fault| fault.to_string())
}

fn read(text: impl AsRef<[u8]>, defaults: &Defaults) -> Result<Vec<Row>, String> {
    shown(from_csv(text.as_ref(), 1_000, defaults))
}

fn taken(text: impl AsRef<[u8]>) -> Vec<Row> {
    read(text, &CALL).unwrap()
}

fn refused(text: impl AsRef<[u8]>) -> String {
    read(text, &CALL).unwrap_err()
}

fn row(line: u64, code: &str, max_uses: u64, per_customer: u64) -> Row {
    (line, code.to_owned(), max_uses, per_customer)
}

fn codes(codes: &[&str], defaults: &Defaults) -> Result<Vec<Row>, String> {
    let codes: Vec<String> = codes.iter().copied().map(str::to_owned).collect();
    shown(from_codes(&codes, defaults))
}

#[test]
fn a_list_of_codes_has_the_limits_of_the_call() {
    let call = Defaults { max_uses: Some(5), max_uses_per_customer: Some(2) };
    assert_eq!(codes(&["A1", " Anna 10 "], &call), Ok(vec![row(1, "A1", 5, 2), row(2, "Anna 10", 5, 2)]));
    assert_eq!(codes(&["A1"], &CALL), Ok(vec![row(1, "A1", 1, 0)]));
}

#[test]
fn a_list_is_refused_with_the_places_of_all_its_faults() {
    assert_eq!(
        codes(&["A1", "10%", "", "a1"], &CALL),
        Err("code 2: a code takes letters A-Z and a-z, digits, blanks, _ and - only, not \"%\"; code 3: a code \
             needs at least one character that is not a blank; code 4: \"a1\" stands in code 1 already (case \
             makes no difference)"
            .to_owned())
    );
    assert_eq!(codes(&[], &CALL), Err("there are no codes".to_owned()));
    assert_eq!(
        codes(&["A1"], &NONE),
        Err("no max_uses in the row or the call; 0 would mean unlimited".to_owned())
    );
}

#[test]
fn a_row_has_its_own_limits_and_else_those_of_the_call() {
    let text = "code,max_uses,max_uses_per_customer\nA1,10,2\nA2,,1\nA3,0,\nA4, 2147483647 ,00\n";
    let rows = |defaults| read(text, &defaults);
    assert_eq!(
        rows(Defaults { max_uses: Some(7), max_uses_per_customer: Some(3) }),
        Ok(vec![row(2, "A1", 10, 2), row(3, "A2", 7, 1), row(4, "A3", 0, 3), row(5, "A4", 2_147_483_647, 0)])
    );
    assert_eq!(
        rows(NONE),
        Err("line 3: no max_uses in the row or the call; 0 would mean unlimited".to_owned())
    );
}

#[test]
fn without_any_limit_nothing_is_taken_as_unlimited() {
    let message = "line 1: no max_uses in the row or the call; 0 would mean unlimited";
    assert_eq!(read("code\nA1\nA2\n", &NONE), Err(message.to_owned()));
    assert_eq!(read("code,per customer\nA1,0\n", &NONE), Err(message.to_owned()));
    let unlimited = Defaults { max_uses: Some(0), ..NONE };
    assert_eq!(read("code\nA1\n", &unlimited), Ok(vec![row(2, "A1", 0, 0)]));
}

#[test]
fn the_habits_of_spreadsheets_are_read_through() {
    let expected = vec![row(2, "A 1", 3, 0), row(3, "B-2", 4, 0)];
    for text in [
        "code,max_uses\nA 1,3\nB-2,4\n",
        "code,max_uses\nA 1,3\nB-2,4",
        "\u{feff}code,max_uses\r\nA 1,3\r\nB-2,4\r\n",
        "\u{feff}\"code\",\"max_uses\"\r\n\"A 1\",\"3\"\r\n\"B-2\",\"4\"\r\n",
        "code,max_uses\rA 1,3\rB-2,4\r",
        "code;max_uses\nA 1;3\nB-2;4\n",
        "code\tmax_uses\nA 1\t3\nB-2\t4\n",
        "\"code\";max_uses\nA 1;\"3\"\nB-2;4\n",
        " Code , MAX-USES \n A 1 , 3 \n B-2 , 4 \n",
    ] {
        assert_eq!(taken(text), expected, "{text:?}");
    }
}

#[test]
fn lines_are_counted_as_an_editor_counts_them() {
    for end in ["\n", "\r\n", "\r"] {
        let text = ["", "code,max_uses", "", "A1,1", "  ", ",", "A2,2", "", "", "A3,3", ""].join(end);
        assert_eq!(taken(&text), [row(4, "A1", 1, 0), row(7, "A2", 2, 0), row(10, "A3", 3, 0)], "{end:?}");
    }
    assert_eq!(
        taken("code,promotion\r\nA1,\"a \"\"b\"\", c\"\r\n\r\nA2,x\r\n"),
        [row(2, "A1", 1, 0), row(4, "A2", 1, 0)]
    );
}

#[test]
fn columns_are_known_by_the_names_that_merchants_tools_give_them() {
    for code in
        ["code", "Coupon Code", "CouponCode", "coupon_code", "DISCOUNT-CODE", "Promo code", "Voucher code"]
    {
        assert_eq!(taken(format!("{code}\nA1\n")), [row(2, "A1", 1, 0)], "{code}");
    }
    for uses in ["max_uses", "MaxUses", "Max Uses", "maximum uses", "usage_limit", "Limit"] {
        assert_eq!(taken(format!("code,{uses}\nA1,9\n")), [row(2, "A1", 9, 0)], "{uses}");
    }
    for uses in [
        "max_uses_per_customer",
        "MaxUsesPerCustomer",
        "uses per customer",
        "Per Customer",
        "customer limit",
        "usage_limit_per_user",
    ] {
        assert_eq!(taken(format!("{uses},code\n9,A1\n")), [row(2, "A1", 1, 9)], "{uses}");
    }
}

#[test]
fn an_export_can_be_imported() {
    let text = "promotion_id,promotion,code_id,code,current_uses,max_uses,max_uses_per_customer,created\n\
                4,\"Sale, summer\",77,A1,3,10,1,2026-01-01T00:00:00Z\n";
    assert_eq!(taken(text), [row(2, "A1", 10, 1)]);
    assert_eq!(taken("id,code\n77,A1\n"), [row(2, "A1", 1, 0)]);
}

#[test]
fn the_first_line_must_name_the_columns() {
    let rule = "the first line names the columns: code, and where wanted max_uses and max_uses_per_customer";
    assert_eq!(
        refused("A1,10,1\nA2,10,1\n"),
        format!("line 1: no column is named code in \"A1, 10, 1\"; {rule}")
    );
    assert_eq!(
        refused("\n\nmax_uses\n5\n"),
        format!("line 3: no column is named code in \"max_uses\"; {rule}")
    );
    assert_eq!(
        refused("code,max_usess,\nA1,5,\n"),
        "line 1: column 2 is \"max_usess\", which may be a limit and is not known as one: name it max_uses or \
         max_uses_per_customer, or take it out"
    );
    assert_eq!(
        refused("code,Coupon code,usage limit,limit\nA1,A2,1,2\n"),
        "line 1: \"code\" and \"Coupon code\" are the same column; line 1: \"usage limit\" and \"limit\" are the same \
         column"
    );
}

/// What [`from_csv`] takes, and what it leaves out.
fn import(text: &str, defaults: &Defaults) -> (Vec<Row>, Vec<String>) {
    let import = from_csv(text.as_bytes(), 1_000, defaults).unwrap_or_else(|fault| panic!("{text}: {fault}"));
    let ignored = import.ignored_columns.clone();
    (shown(Ok(import)).unwrap(), ignored)
}

#[test]
fn the_files_of_other_tools_are_read_and_what_is_left_out_is_listed() {
    let two = |uses: u64, per_customer: u64| {
        [row(2, "VIP-1", uses, per_customer), row(3, "VIP-2", uses, per_customer)]
    };
    for (tool, defaults, text, rows, ignored) in [
        (
            "Shopify",
            CALL,
            "Name,Code,Status,Type,Value,Times Used In Total,Created At\n\
             VIP,VIP-1,Active,Percentage,-10.0,4,2025-01-05 10:00:00 +0100\n\
             VIP,VIP-2,Expired,Percentage,-10.0,0,2025-01-05 10:00:00 +0100\n",
            two(1, 0),
            "Name, Status, Type, Value, Times Used In Total, Created At",
        ),
        (
            "WooCommerce",
            NONE,
            "coupon_code,discount_type,coupon_amount,usage_limit,usage_limit_per_user,limit_usage_to_x_items,usage_count,\
             minimum_amount,maximum_amount\n\
             VIP-1,percent,10,100,1,,7,20,\nVIP-2,percent,10,100,1,,0,20,\n",
            two(100, 1),
            "discount_type, coupon_amount, limit_usage_to_x_items, usage_count, minimum_amount, maximum_amount",
        ),
        (
            "Klaviyo",
            CALL,
            "\"Coupon Code\",\"Status\",\"Email\",\"Expires At\"\r\n\"VIP-1\",\"Assigned\",\"a@b.example\",\"\"\r\n\
             \"VIP-2\",\"Unassigned\",\"\",\"\"\r\n",
            two(1, 0),
            "Status, Email, Expires At",
        ),
        (
            "Voucherify",
            CALL,
            "Code,Voucher Type,Value,Discount Type,Category,Redemption Quantity,Redemption Count,Active\n\
             VIP-1,DISCOUNT_VOUCHER,10,PERCENT,,5,2,true\nVIP-2,DISCOUNT_VOUCHER,10,PERCENT,,,0,true\n",
            two(1, 0),
            "Voucher Type, Value, Discount Type, Category, Redemption Quantity, Redemption Count, Active",
        ),
        (
            "Magento",
            CALL,
            "\"Coupon Code\",Created,Used,\"Times Used\"\n\"VIP-1\",\"Jan 5, 2025 10:00:00 AM\",Yes,1\n\
             \"VIP-2\",\"Jan 5, 2025 10:00:00 AM\",No,0\n",
            two(1, 0),
            "Created, Used, Times Used",
        ),
        (
            "Yotpo",
            CALL,
            "Coupon Code,Discount,Redeemed,Expiration Date\nVIP-1,10%,true,\nVIP-2,10%,false,\n",
            two(1, 0),
            "Discount, Redeemed, Expiration Date",
        ),
        (
            "Excel in English",
            NONE,
            "\u{feff}Code,Max uses,,\r\nVIP-1,100.0,,\r\nVIP-2,100.0,,\r\n,,,\r\n",
            two(100, 0),
            "",
        ),
        (
            "Excel in German",
            NONE,
            "\u{feff}Gutscheincode;Max. Nutzungen;Max. Nutzungen pro Kunde;Notiz\r\nVIP-1;100,0;1;\r\nVIP-2;100,0;1;\r\n",
            two(100, 1),
            "Notiz",
        ),
        (
            "Excel in French",
            NONE,
            "Code promo;Utilisations max;Créé le\r\nVIP-1;100;05/01/2025\r\nVIP-2;100;05/01/2025\r\n",
            two(100, 0),
            "Créé le",
        ),
    ] {
        let (taken, left_out) = import(text, &defaults);
        assert_eq!((taken.as_slice(), left_out.join(", ").as_str()), (rows.as_slice(), ignored), "{tool}");
    }
}

#[test]
fn a_delimiter_may_be_named_and_blanks_may_stand_before_quotes() {
    for end in ["\n", "\r\n", "\r"] {
        let text = ["sep=;", "code;max_uses", "A1;5", ""].join(end);
        assert_eq!(import(&text, &NONE).0, [row(3, "A1", 5, 0)], "{end:?}");
        let text = ["\"sep=\t\"", "code\tmax_uses", "A1\t5", ""].join(end);
        assert_eq!(import(&text, &NONE).0, [row(3, "A1", 5, 0)], "{end:?}");
    }
    assert_eq!(import("code, \"max_uses\"\n\"A1\", \"5\"\n", &NONE).0, [row(2, "A1", 5, 0)]);
    assert_eq!(import("code\nA1\u{a0}\n\u{2003}A2\t\n", &CALL).0, [row(2, "A1", 1, 0), row(3, "A2", 1, 0)]);
}

#[test]
fn a_column_that_may_say_how_often_a_code_was_used_is_never_a_limit() {
    for name in ["uses", "Total Uses", "total_uses", "Usage", "redemptions", "Customer uses", "Nutzungen"] {
        let text = format!("code,{name}\nF1-A,0\n");
        assert_eq!(import(&text, &CALL), (vec![row(2, "F1-A", 1, 0)], vec![name.to_owned()]), "{name}");
        let fault = read(&text, &NONE).unwrap_err();
        assert!(fault.contains(name) && fault.contains("may mean uses so far"), "{name}: {fault}");
    }
    // A limit beside it does not say what it means.
    assert!(read("code,max_uses,uses\nA1,5,0\n", &NONE).is_err());
}

#[test]
fn a_column_that_may_be_a_limit_is_never_left_out() {
    for name in ["max_usess", "Uses limit per person", "Max", "Usage cap", "Redemptions allowed"] {
        for defaults in [CALL, NONE] {
            let fault = read(format!("code,max_uses,{name}\nA1,5,1\n"), &defaults).unwrap_err();
            assert!(fault.contains(name) && fault.contains("may be a limit"), "{name}: {fault}");
        }
    }
}

#[test]
fn a_line_that_is_no_code_is_refused_with_its_number() {
    for (text, problem) in [
        ("code,max_uses\nA1,1\ncode,max_uses\nA2,1\n", "line 3: it repeats the line that names the columns"),
        ("code\nA1\nCode\n", "line 3: it repeats the line that names the columns"),
        ("code,max_uses\nA1,5\nTotal,10\n", "line 3: \"Total\" looks like a sum"),
        ("code,max_uses\nA1,5\nGrand total:,10\n", "line 3: \"Grand total:\" looks like a sum"),
        ("code;max_uses\nA1;5\nSumme;10\n", "line 3: \"Summe\" looks like a sum"),
        ("code,max_uses,\nA1,5,\nA2,5,x\n", "line 3: there are 3 cells, and 2 columns"),
    ] {
        let fault = refused(text);
        assert!(fault.starts_with(problem), "{text}: {fault}");
    }
}

#[test]
fn an_import_without_rows_is_refused() {
    for text in ["", "\u{feff}", "\r\n\r\n", " \n,,\n"] {
        assert_eq!(
            refused(text),
            "there is nothing in it; the first line names the columns: code, and where wanted max_uses and \
             max_uses_per_customer",
            "{text:?}"
        );
    }
    for text in ["code", "code\n", "code,max_uses\r\n,\r\n\r\n"] {
        assert_eq!(refused(text), "there are no rows below the line that names the columns", "{text:?}");
    }
}

#[test]
fn each_fault_is_named_with_its_line() {
    let character = "a code takes letters A-Z and a-z, digits, blanks, _ and - only, not";
    let limit = "is a whole number from 0 (unlimited) to 2147483647, not";
    for (rows, message) in [
        ("A1,1\n'A2,1\n", format!("line 3: {character} \"'\"")),
        ("=A1,1\n", format!("line 2: {character} \"=\"")),
        (",1\n", "line 2: a code needs at least one character that is not a blank".to_owned()),
        ("A1,1,1\n", "line 2: there are 3 cells, and 2 columns".to_owned()),
        ("A1\n", "line 2: there are 1 cells, and 2 columns".to_owned()),
        ("A1;1\n", "line 2: there are 1 cells, and 2 columns".to_owned()),
        ("A1,-1\n", format!("line 2: max_uses {limit} \"-1\"")),
        ("A1,+1\n", format!("line 2: max_uses {limit} \"+1\"")),
        ("A1,1.5\n", format!("line 2: max_uses {limit} \"1.5\"")),
        ("A1,1.000\n", format!("line 2: max_uses {limit} \"1.000\"")),
        ("A1,\"1,000\"\n", format!("line 2: max_uses {limit} \"1,000\"")),
        ("A1,unlimited\n", format!("line 2: max_uses {limit} \"unlimited\"")),
        ("A1,2147483648\n", format!("line 2: max_uses {limit} \"2147483648\"")),
        ("A1,99999999999999999999\n", format!("line 2: max_uses {limit} \"99999999999999999999\"")),
        (
            "Anna,1\nB,1\n ANNA,1\n",
            "line 4: \"ANNA\" stands in line 2 already (case makes no difference)".to_owned(),
        ),
        ("A%,x\n", format!("line 2: {character} \"%\"; line 2: max_uses {limit} \"x\"")),
    ] {
        assert_eq!(refused(format!("code,max_uses\n{rows}")), message);
    }
    assert_eq!(refused("code,per customer\nA1,x\n"), format!("line 2: max_uses_per_customer {limit} \"x\""));
}

#[test]
fn a_quote_that_is_not_closed_hides_no_rows() {
    let message = "a cell goes on over the end of the line; is a quote not closed?";
    assert_eq!(refused("code,promotion\nA1,x\nA2,\"y\nA3,z\nA4,z\n"), format!("line 3: {message}"));
    // The next quote ends it, and the lines below are counted on.
    assert_eq!(
        refused("code,promotion\nA1,\"y\nA2,\"z\nA3\n"),
        format!("line 2: {message}; line 4: there are 1 cells, and 2 columns")
    );
}

#[test]
fn what_is_not_text_is_refused_with_its_line() {
    let not_text =
        |line: u64| format!("line {line}: not text in UTF-8 (spreadsheets save it as \"CSV UTF-8\")");
    let utf_16 = |order: fn(u16) -> [u8; 2]| -> Vec<u8> {
        "\u{feff}code\r\nA1\r\n".encode_utf16().flat_map(order).collect()
    };
    assert_eq!(refused(utf_16(u16::to_le_bytes)), not_text(1));
    assert_eq!(refused(utf_16(u16::to_be_bytes)), not_text(1));
    assert_eq!(refused(b"code\nA1\nA\0B\n"), not_text(3));
    assert_eq!(refused(b"code\r\nA1\r\n\r\n\xc4pfel\r\n"), not_text(4));
    assert_eq!(refused(b"code\nA1\xe2\x82"), not_text(2));
    assert_eq!(refused(b"PK\x03\x04\x14\0\x06\0"), not_text(1));
}

#[test]
fn more_rows_than_permitted_are_refused() {
    let read = |text: &str| shown(from_csv(text.as_bytes(), 2, &CALL));
    assert_eq!(read("code\nA1\n\nA2\n\n"), Ok(vec![row(2, "A1", 1, 0), row(4, "A2", 1, 0)]));
    assert_eq!(
        read("code\nA1\nA2\nA3\nA4\n"),
        Err("line 4: there are more rows than 2, the most of one import".to_owned())
    );
}

#[test]
fn twenty_problems_are_told_and_all_are_counted() {
    let text = format!("code\n{}", "%\n".repeat(34));
    let fault = from_csv(text.as_bytes(), 1_000, &CALL).unwrap_err();
    let problem = "a code takes letters A-Z and a-z, digits, blanks, _ and - only, not \"%\"".to_owned();
    let told: Vec<_> = (2..22).map(|line| (Some(line), problem.clone())).collect();
    assert_eq!((fault.problems(), fault.count()), (&told[..], 34));
    assert!(fault.to_string().starts_with(&format!("line 2: {problem}; line 3: {problem}; ")));
    assert!(fault.to_string().ends_with(&format!("line 21: {problem}; and 14 more")));
}

/// Gives so much of a content without end, counting what was taken.
struct Endless<'a> {
    pattern: &'a [u8],
    taken: usize,
}

impl Read for Endless<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        for (place, byte) in (self.taken..).zip(buffer.iter_mut()) {
            *byte = self.pattern[place % self.pattern.len()];
        }
        self.taken += buffer.len();
        Ok(buffer.len())
    }
}

#[test]
fn content_without_end_is_read_no_further_than_need_be() {
    for (pattern, message, most) in [
        (&b"code\nA1\n"[..], "larger than 33554432 bytes, the most of one import", 34_000_000),
        (b"A", "line 1: longer than 65536 bytes", 200_000),
        (b",", "line 1: longer than 65536 bytes", 200_000),
        (b"\0", "line 1: not text in UTF-8 (spreadsheets save it as \"CSV UTF-8\")", 200_000),
    ] {
        let mut endless = Endless { pattern, taken: 0 };
        assert_eq!(shown(from_csv(&mut endless, 1_000, &CALL)), Err(message.to_owned()));
        assert!(endless.taken <= most, "{message}: {}", endless.taken);
    }
}

#[test]
fn a_file_that_cannot_be_read_on_is_refused() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    let reader = b"code\nA1\n".chain(Broken);
    assert_eq!(shown(from_csv(reader, 1_000, &CALL)), Err("it cannot be read: the disk is gone".to_owned()));
}

proptest! {
    #[test]
    fn whatever_the_content_rows_are_valid_or_refused(
        content in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            "code[,;](max_uses|uses|id)(\r?\n[A-Ca-c\"%]{0,3}[,;][0-9\"]{0,3}){0,6}".prop_map(String::into_bytes),
        ],
        max_uses in proptest::option::of(0_u32..5),
    ) {
        let defaults = Defaults { max_uses, max_uses_per_customer: None };
        match from_csv(content.as_slice(), 5, &defaults) {
            Ok(Import { rows, .. }) => {
                prop_assert!((1..=5).contains(&rows.len()));
                prop_assert!(rows.is_sorted_by(|one, next| one.line < next.line));
                let texts: std::collections::HashSet<_> = rows.iter().map(|row| row.code.folded()).collect();
                prop_assert_eq!(texts.len(), rows.len());
            }
            Err(fault) => {
                prop_assert!(fault.count() >= fault.problems().len() && !fault.problems().is_empty());
                prop_assert!(fault.problems().len() <= 20);
            }
        }
    }

    #[test]
    fn rows_come_out_as_a_csv_writer_wrote_them(
        codes in prop::collection::btree_set("[A-Z0-9_-]([A-Z0-9_ -]{0,10}[A-Z0-9_-])?", 1..30),
        limit in 0_u32..=2_147_483_647,
        crlf in any::<bool>(),
        delimiter in prop::sample::select(vec![b',', b';', b'\t']),
    ) {
        let terminator = if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
        let mut writer = csv::WriterBuilder::new().delimiter(delimiter).terminator(terminator).from_writer(vec![]);
        writer.write_record(["promotion", "code", "max_uses"]).unwrap();
        for code in &codes {
            writer.write_record(["Sale; \"summer\", 24\t", code, &limit.to_string()]).unwrap();
        }
        let expected: Vec<Row> =
            (2..).zip(&codes).map(|(line, code)| row(line, code, limit.into(), 0)).collect();
        prop_assert_eq!(read(writer.into_inner().unwrap(), &NONE), Ok(expected));
    }
}
