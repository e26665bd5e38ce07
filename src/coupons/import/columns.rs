//! Which column of a CSV file is what, by the line that names them. One rule decides: a column is a code, a limit, or
//! ignored; what might be a limit and is not known as one is never read as one, nor silently left out.

use csv::StringRecord;

use super::ImportFault;
use super::fault::Unit;
use crate::coupons::quoted;

/// What the line must be.
pub(super) const RULE: &str =
    "the first line names the columns: code, and where wanted max_uses and max_uses_per_customer";

/// Names of the columns as [`plain`] writes them, in the words of merchants' tools and of spreadsheets.
const CODE: [&str; 20] = [
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
    "gutschein",
    "gutscheincode",
    "gutscheincodes",
    "rabattcode",
    "aktionscode",
    "codepromo",
    "codepromotionnel",
    "codedereduction",
    "codigo",
    "codigodecupon",
];
const MAX_USES: [&str; 20] = [
    "maxuses",
    "maximumuses",
    "maxuse",
    "maxusage",
    "maximumusage",
    "uselimit",
    "useslimit",
    "usagelimit",
    "usagelimitpercoupon",
    "usagelimitpercode",
    "limit",
    "redemptionlimit",
    "maxredemptions",
    "maximumredemptions",
    "maxnutzungen",
    "maximalenutzungen",
    "utilisationsmax",
    "utilisationsmaximum",
    "usosmaximos",
    "limitedeusos",
];
const MAX_USES_PER_CUSTOMER: [&str; 18] = [
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
    "redemptionlimitpercustomer",
    "maxredemptionspercustomer",
    "maxnutzungenprokunde",
    "utilisationsmaxparclient",
    "usosmaximosporcliente",
];
/// Names that may mean how often a code was used, or how often it may be.
const AMBIGUOUS: [&str; 17] = [
    "uses",
    "use",
    "usage",
    "usages",
    "totaluses",
    "totalusage",
    "usestotal",
    "numberofuses",
    "redemptions",
    "totalredemptions",
    "redemptionquantity",
    "customeruses",
    "quantity",
    "count",
    "nutzungen",
    "utilisations",
    "usos",
];
/// Parts of a name by which a column may carry a limit.
const LIMITING: [&str; 5] = ["max", "limit", "cap", "quota", "allowed"];
/// Names of other tools' exports that have such a part and are no limit on uses.
const NO_LIMIT_ON_USES: [&str; 12] = [
    "limitusagetoxitems",
    "maximumamount",
    "maximumspend",
    "maximumorderamount",
    "maximumorder",
    "maximumdiscount",
    "maximumdiscountamount",
    "maxdiscount",
    "maxdiscountamount",
    "maxamount",
    "maxspend",
    "capacity",
];

/// What a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Code,
    MaxUses,
    MaxUsesPerCustomer,
    /// May say how often a code was used, or may be.
    Ambiguous,
    /// May be a limit that is not known by this name.
    Unclear,
    Ignored,
    Unnamed,
}

impl Kind {
    fn of(name: &str) -> Self {
        let is = |names: &[&str]| names.contains(&name);
        match name {
            "" => Self::Unnamed,
            _ if is(&CODE) => Self::Code,
            _ if is(&MAX_USES) => Self::MaxUses,
            _ if is(&MAX_USES_PER_CUSTOMER) => Self::MaxUsesPerCustomer,
            _ if is(&AMBIGUOUS) => Self::Ambiguous,
            _ if is(&NO_LIMIT_ON_USES) => Self::Ignored,
            _ if LIMITING.iter().any(|part| name.contains(part)) => Self::Unclear,
            _ => Self::Ignored,
        }
    }
}

/// Where the columns of an import stand, from 0.
#[derive(Debug)]
pub(super) struct Columns {
    code: usize,
    pub(super) max_uses: Option<usize>,
    max_uses_per_customer: Option<usize>,
    /// The names, as they are compared.
    names: Vec<String>,
    /// Names of the columns that are not read.
    pub(super) ignored: Vec<String>,
}

/// What a row says; limits are `None` where there is no such column.
pub(super) struct Cells<'a> {
    pub(super) code: &'a str,
    pub(super) max_uses: Option<&'a str>,
    pub(super) max_uses_per_customer: Option<&'a str>,
}

impl Columns {
    /// Reads the line that names the columns. `has_limit` tells whether the call itself says how often a code may be
    /// used: only then can a column be left out that might say something about it.
    pub(super) fn read(line: u64, header: &StringRecord, has_limit: bool) -> Result<Self, ImportFault> {
        let names: Vec<String> = header.iter().map(plain).collect();
        let mut places = [None; 3];
        let mut ignored = Vec::new();
        let mut fault = ImportFault::of(Unit::Line);
        if !names.iter().any(|name| Kind::of(name) == Kind::Code) {
            let written: Vec<_> = header.iter().take(6).collect();
            let problem = format!("no column is named code in {}; {RULE}", quoted(&written.join(", ")));
            return Err(ImportFault::single(Some(line), problem));
        }
        for ((place, name), written) in names.iter().enumerate().zip(header) {
            let shown = quoted(unquoted(written));
            let column = match Kind::of(name) {
                Kind::Code => 0,
                Kind::MaxUses => 1,
                Kind::MaxUsesPerCustomer => 2,
                Kind::Unclear => {
                    let problem = format!(
                        "column {} is {shown}, which may be a limit and is not known as one",
                        place + 1
                    );
                    fault.add(
                        Some(line),
                        format!("{problem}: name it max_uses or max_uses_per_customer, or take it out"),
                    );
                    continue;
                }
                Kind::Ambiguous if !has_limit => {
                    let problem = format!(
                        "column {} is {shown}, which may mean uses so far or uses allowed",
                        place + 1
                    );
                    fault.add(
                        Some(line),
                        format!(
                            "{problem}: name it max_uses if it is the limit, or give max_uses in the call"
                        ),
                    );
                    continue;
                }
                Kind::Ambiguous | Kind::Ignored => {
                    ignored.push(super::super::clean(unquoted(written)));
                    continue;
                }
                Kind::Unnamed => continue,
            };
            if let Some(slot) = places.get_mut(column) {
                match *slot {
                    Some(first) => {
                        let earlier = quoted(unquoted(header.get(first).unwrap_or_default()));
                        fault.add(Some(line), format!("{earlier} and {shown} are the same column"));
                    }
                    None => *slot = Some(place),
                }
            }
        }
        match places {
            [Some(code), max_uses, max_uses_per_customer] if fault.count() == 0 => {
                Ok(Self { code, max_uses, max_uses_per_customer, names, ignored })
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
        // Spreadsheets add empty columns, and leave empty cells out.
        let is_named = |place: usize| self.names.get(place).is_some_and(|name| !name.is_empty());
        let unnamed =
            record.iter().enumerate().any(|(place, cell)| !is_named(place) && !cell.trim().is_empty());
        let missing = (record.len()..self.names.len()).any(is_named);
        if unnamed || missing {
            let columns = self.names.iter().filter(|name| !name.is_empty()).count();
            return Err(format!("there are {} cells, and {columns} columns", record.len()));
        }
        let cell = |place: usize| record.get(place).map(unquoted);
        let code = cell(self.code).unwrap_or_default();
        if self.is_header(record) {
            return Err("it repeats the line that names the columns; take it out".to_owned());
        }
        if is_footer(code) {
            return Err(format!("{} looks like a sum below the codes; take the line out", quoted(code)));
        }
        Ok(Cells {
            code,
            max_uses: self.max_uses.and_then(cell),
            max_uses_per_customer: self.max_uses_per_customer.and_then(cell),
        })
    }

    /// Whether there is white space at the ends of the code, other than what sets a quoted cell apart.
    pub(super) fn has_white_space(&self, record: &StringRecord) -> bool {
        record
            .get(self.code)
            .is_some_and(|cell| cell.trim().len() != cell.len() && !cell.trim().starts_with('"'))
    }

    fn is_header(&self, record: &StringRecord) -> bool {
        self.names
            .iter()
            .enumerate()
            .all(|(place, name)| plain(record.get(place).unwrap_or_default()) == *name)
    }
}

/// Words by which spreadsheets and reports name the last line.
fn is_footer(code: &str) -> bool {
    const FOOTERS: [&str; 12] = [
        "total",
        "totals",
        "grandtotal",
        "subtotal",
        "sum",
        "summe",
        "gesamt",
        "gesamtsumme",
        "totalgeneral",
        "totale",
        "somme",
        "suma",
    ];
    FOOTERS.contains(&plain(code).trim_end_matches(':'))
}

/// A cell without blanks around it, and without quotes that stood behind a blank.
pub(super) fn unquoted(cell: &str) -> &str {
    let cell = cell.trim();
    let inner = cell.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.map_or(cell, str::trim)
}

/// A name as it is compared: letters and digits, without accents.
fn plain(name: &str) -> String {
    let letter = |c: char| match c {
        'á' | 'à' | 'â' | 'ä' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'ó' | 'ò' | 'ô' | 'ö' => 'o',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        'ç' => 'c',
        'ñ' => 'n',
        c => c,
    };
    unquoted(name).chars().flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric()).map(letter).collect()
}
