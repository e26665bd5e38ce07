//! Whether a promotion can take the codes that are to be made on it.

use crate::bigcommerce::{CodeQuery, Patience};
use crate::coupons::promotion::{CouponType, Kind};
use crate::coupons::{CodeText, Promotion, quoted};

use super::{ChangeError, Desk};

impl Desk {
    /// Refuses before anything is sent what BigCommerce would refuse: any code of an automatic promotion, and a second
    /// one of a promotion of type SINGLE. `known` may be its one code already. One request for a SINGLE one.
    ///
    /// # Errors
    /// [`ChangeError::Invalid`]; the API.
    pub(super) async fn must_take(
        &self,
        promotion: &Promotion,
        codes: u64,
        known: Option<&CodeText>,
        patience: &Patience,
    ) -> Result<(), ChangeError> {
        let subject = format!("Promotion {} {}", promotion.id, promotion.quoted_name());
        if promotion.kind == Kind::Automatic {
            return Err(ChangeError::invalid(
                format!("{subject} is automatic: it takes no codes."),
                "Choose a coupon promotion; list_promotions shows them.",
            ));
        }
        if promotion.coupon_type != Some(CouponType::Single) {
            return Ok(());
        }
        let another = format!(
            "create_promotion with copy_from_promotion_id {} makes one of type BULK, which takes any number.",
            promotion.id
        );
        if codes > 1 {
            return Err(ChangeError::invalid(
                format!("{subject} is of type SINGLE: it takes one code, and {codes} are asked for."),
                another,
            ));
        }
        let page = self.store().client().list_codes(promotion.id, &CodeQuery::first(1), patience).await?;
        let there = page.codes.first().filter(|there| !known.is_some_and(|known| known.matches(&there.code)));
        there.map_or(Ok(()), |there| {
            Err(ChangeError::invalid(
                format!("{subject} is of type SINGLE and has its one code already: {}.", quoted(&there.code)),
                format!("replace_coupon_code gives that code another text or other limits. {another}"),
            ))
        })
    }
}
