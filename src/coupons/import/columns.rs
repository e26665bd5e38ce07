//! Which column of a CSV file is what, by the line that names them.

use csv::StringRecord;

use super::ImportFault;
use super::fault::Unit;
use crate::coupons::quoted;

/// What the line must be.
pub(super) const RULE: &str =
    "the first line names the columns: code, and where wanted max_uses and max_uses_per_customer";

/// Names of the columns, in small letters without blanks, `_` and `-`.
const CODE: [&str; 10] = [
    "code",
    "codes",
    "coupon",
    "couponcode",
    "couponcodes",
    "discountcode",
    "promocode",
    "promotioncode",
    "voucher",
    "vouchercode",
];
const MAX_USES: [&str; 13] = [
    "maxuses",
    "maximumuses",
    "maxuse",
    "maxusage",
    "maximumusage",
    "uselimit",
    "useslimit",
    "usagelimit",
    "usagelimitpercoupon",
    "limit",
    "redemptionlimit",
    "maxredemptions",
    "totaluses",
];
const MAX_USES_PER_CUSTOMER: [&str; 14] = [
    "maxusespercustomer",
    "maximumusespercustomer",
    "maxpercustomer",
    "usespercustomer",
    "useslimitpercustomer",
    "uselimitpercustomer",
    "usagelimitpercustomer",
    "usagelimitperuser",
    "usesperuser",
    "limitpercustomer",
    "percustomer",
    "percustomerlimit",
    "customerlimit",
    "customeruses",
];
/// Columns of the export that an import has no use for.
const EXPORTED: [&str; 6] = ["promotionid", "promotion", "codeid", "id", "currentuses", "created"];

/// Where the columns of an import stand, from 0.
#[derive(Debug)]
pub(super) struct Columns {
    code: usize,
    pub(super) max_uses: Option<usize>,
    max_uses_per_customer: Option<usize>,
    width: usize,
}

/// What a row says; limits are `None` where there is no such column.
pub(super) struct Cells<'a> {
    pub(super) code: &'a str,
    pub(super) max_uses: Option<&'a str>,
    pub(super) max_uses_per_customer: Option<&'a str>,
}

impl Columns {
    /// Reads the line that names the columns. A name that is not known is refused: a slip in a limit's name
    /// would lift the limit.
    pub(super) fn read(line: u64, header: &StringRecord) -> Result<Self, ImportFault> {
        let names: Vec<String> = header.iter().map(plain).collect();
        let known = [&CODE[..], &MAX_USES, &MAX_USES_PER_CUSTOMER];
        let mut places = [None; 3];
        let mut fault = ImportFault::of(Unit::Line);
        if !names.iter().any(|name| CODE.contains(&name.as_str())) {
            let written: Vec<_> = header.iter().take(6).collect();
            let problem = format!("no column is named code in {}; {RULE}", quoted(&written.join(", ")));
            return Err(ImportFault::single(Some(line), problem));
        }
        for ((place, name), written) in names.iter().enumerate().zip(header) {
            let kind = places.iter_mut().zip(known).find(|(_, known)| known.contains(&name.as_str()));
            match kind {
                Some((Some(first), _)) => {
                    let earlier = quoted(header.get(*first).unwrap_or_default());
                    fault.add(Some(line), format!("{earlier} and {} are the same column", quoted(written)));
                }
                Some((free, _)) => *free = Some(place),
                None if EXPORTED.contains(&name.as_str()) => {}
                None => fault.add(
                    Some(line),
                    format!("column {} is {}, which is not known; {RULE}", place + 1, quoted(written)),
                ),
            }
        }
        match places {
            [Some(code), max_uses, max_uses_per_customer] if fault.count() == 0 => {
                Ok(Self { code, max_uses, max_uses_per_customer, width: names.len() })
            }
            _ => Err(fault),
        }
    }

    /// The cells of a row, or what is wrong with its form.
    pub(super) fn cells<'a>(&self, record: &'a StringRecord) -> Result<Cells<'a>, String> {
        // First, since a quote that is not closed takes in the rows below, and so changes their number.
        if record.iter().any(|cell| cell.contains(['\n', '\r'])) {
            return Err("a cell goes on over the end of the line; is a quote not closed?".to_owned());
        }
        if record.len() != self.width {
            return Err(format!("there are {} cells, and {} columns", record.len(), self.width));
        }
        let cell = |place: Option<usize>| record.get(place?);
        Ok(Cells {
            code: record.get(self.code).unwrap_or_default(),
            max_uses: cell(self.max_uses),
            max_uses_per_customer: cell(self.max_uses_per_customer),
        })
    }
}

/// A name as it is compared.
fn plain(name: &str) -> String {
    let signs = |c: &char| !(c.is_whitespace() || matches!(c, '_' | '-'));
    name.chars().filter(signs).map(|c| c.to_ascii_lowercase()).collect()
}
