//! What is said of a new promotion besides its terms.

use crate::coupons::rules::{Simple, SimpleDiscount};
use crate::coupons::{Promotion, quoted};

use super::NewPromotion;

pub(super) fn headline(new: &NewPromotion, twin: Option<&Promotion>) -> String {
    let code = new.code.as_ref().map(|code| format!(" with code {}", quoted(code.as_str())));
    match twin {
        Some(twin) => format!("Add the missing code to promotion {} {}", twin.id, quoted(&new.name)),
        None => format!("Create promotion {}{}", quoted(&new.name), code.unwrap_or_default()),
    }
}

pub(super) fn warnings(
    after: &Promotion,
    new: &NewPromotion,
    namesakes: &[Promotion],
    twin: Option<&Promotion>,
) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Some(twin) = twin {
        warnings.push(format!("Promotion {} of this name and content was there already.", twin.id));
    } else if let Some(namesake) = namesakes.first() {
        warnings.push(format!("Another promotion has this name: {}.", namesake.id));
    }
    if after.stacks && new.can_be_used_with_other_promotions.is_none() {
        warnings.push(match new.copy_from {
            Some(source) => format!("It works beside other promotions, as promotion {source} does."),
            None => "It works beside other promotions, as is BigCommerce's default.".to_owned(),
        });
    }
    if new.code.is_some() && new.code_limits.max_uses == 0 && after.max_uses.is_none() {
        warnings.push("The code has unlimited uses, and the promotion has no cap.".to_owned());
    }
    if let Some(Simple { discount: SimpleDiscount::Percent(percent), .. }) = &new.simple
        && *percent == rust_decimal::Decimal::ONE_HUNDRED
    {
        warnings.push("100% off: orders are free.".to_owned());
    }
    warnings
}
