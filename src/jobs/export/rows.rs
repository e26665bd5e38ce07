//! Codes as rows of CSV.

use std::io;

use csv::Writer;

use crate::coupons::text::no_formula;
use crate::coupons::{CouponCode, UseLimits};
use crate::jobs::report::Row;

/// The columns of an export.
pub const COLUMNS: [&str; 8] = [
    "promotion_id",
    "promotion",
    "code_id",
    "code",
    "current_uses",
    "max_uses",
    "max_uses_per_customer",
    "created",
];

/// The first row.
pub(super) fn header() -> io::Result<Vec<u8>> {
    let mut writer = Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    finished(writer)
}

/// A row for each code of a promotion. What the store calls them is kept from being a formula; an import takes that
/// back.
pub(super) fn of<'c>(
    promotion_id: u64,
    promotion: &str,
    codes: impl Iterator<Item = &'c CouponCode>,
) -> io::Result<Vec<u8>> {
    let mut writer = Writer::from_writer(Vec::new());
    let (promotion_id, promotion) = (promotion_id.to_string(), no_formula(promotion.to_owned()));
    for code in codes {
        writer.write_record([
            promotion_id.as_str(),
            &promotion,
            &code.id.to_string(),
            &no_formula(code.code.clone()),
            &code.current_uses.to_string(),
            &code.limits.max_uses.to_string(),
            &code.limits.max_uses_per_customer.to_string(),
            &no_formula(code.created.clone().unwrap_or_default()),
        ])?;
    }
    finished(writer)
}

/// The same of what a job did. An id is known only where the API told it, and a code that is new was never used.
pub(super) fn of_job<'r>(
    promotion_id: u64,
    promotion: &str,
    rows: impl Iterator<Item = &'r Row>,
    limits: Option<UseLimits>,
) -> io::Result<Vec<u8>> {
    let mut writer = Writer::from_writer(Vec::new());
    let (promotion_id, promotion) = (promotion_id.to_string(), no_formula(promotion.to_owned()));
    for row in rows {
        let limits = row.limits.or(limits).unwrap_or_default();
        writer.write_record([
            promotion_id.as_str(),
            &promotion,
            &row.id.map(|id| id.to_string()).unwrap_or_default(),
            &no_formula(row.code.clone()),
            &row.uses.to_string(),
            &limits.max_uses.to_string(),
            &limits.max_uses_per_customer.to_string(),
            "",
        ])?;
    }
    finished(writer)
}

fn finished(writer: Writer<Vec<u8>>) -> io::Result<Vec<u8>> {
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}

#[cfg(test)]
mod tests {
    use crate::coupons::UseLimits;

    use super::*;

    #[test]
    fn a_row_has_all_that_is_known_of_a_code_and_no_formula_in_it() {
        let code = |id, text: &str, created: Option<&str>| CouponCode {
            id,
            code: text.to_owned(),
            current_uses: 3,
            limits: UseLimits { max_uses: 0, max_uses_per_customer: 2 },
            created: created.map(str::to_owned),
        };
        let codes = [
            code(1, "A", Some("2024-05-01T10:15:30+00:00")),
            code(2, "-B C", None),
            code(3, "=1+1", Some("@now")),
        ];
        let rows = of(7, "=SUM(A1), \"x\"", codes.iter()).unwrap();
        let expected = "7,\"'=SUM(A1), \"\"x\"\"\",1,A,3,0,2,2024-05-01T10:15:30+00:00\n\
                        7,\"'=SUM(A1), \"\"x\"\"\",2,-B C,3,0,2,\n\
                        7,\"'=SUM(A1), \"\"x\"\"\",3,'=1+1,3,0,2,'@now\n";
        assert_eq!(String::from_utf8(rows).unwrap(), expected);
        let header =
            "promotion_id,promotion,code_id,code,current_uses,max_uses,max_uses_per_customer,created\n";
        assert_eq!(String::from_utf8(self::header().unwrap()).unwrap(), header);
    }
}
