//! What a new store holds.
//!
//! Promotions are written as the API sends them. Ids of new promotions and codes continue above these.

pub(super) mod legacy;

use super::store::CouponCode;

/// Promotions 1 to 6, in the form of `SavedCouponPromotion` and `SavedAutomaticPromotion` in the vendor's
/// OpenAPI file.
pub(super) const PROMOTIONS: &str = r#"[
  {
    "id": 1,
    "redemption_type": "COUPON",
    "name": "Summer Sale",
    "display_name": "20% off your order",
    "created_from": "react_ui",
    "channels": [],
    "customer": { "group_ids": [], "minimum_order_count": 0, "excluded_group_ids": [], "segments": null },
    "rules": [
      {
        "action": { "cart_value": { "discount": { "percentage_amount": "20" } } },
        "apply_once": true, "stop": false
      }
    ],
    "current_uses": 3,
    "max_uses": null,
    "status": "ENABLED",
    "start_date": "2024-05-01T00:00:00+00:00",
    "end_date": null,
    "stop": false,
    "can_be_used_with_other_promotions": true,
    "currency_code": "USD",
    "notifications": [],
    "shipping_address": null,
    "schedule": null,
    "coupon_type": "BULK",
    "coupon_overrides_other_promotions": false,
    "coupon_overrides_automatic_when_offering_higher_discounts": false,
    "multiple_codes": { "has_multiple_codes": true }
  },
  {
    "id": 2,
    "redemption_type": "COUPON",
    "name": "First Order",
    "display_name": "$10 off orders of $50 and more",
    "created_from": "react_ui",
    "channels": [],
    "customer": { "group_ids": [], "minimum_order_count": 0, "excluded_group_ids": [], "segments": null },
    "rules": [
      {
        "action": { "cart_value": { "discount": { "fixed_amount": "10.00" } } },
        "apply_once": true, "stop": false,
        "condition": { "cart": { "minimum_spend": "50.00" } }
      }
    ],
    "current_uses": 12,
    "max_uses": 500,
    "status": "ENABLED",
    "start_date": "2024-01-15T09:00:00+00:00",
    "end_date": null,
    "stop": false,
    "can_be_used_with_other_promotions": false,
    "currency_code": "USD",
    "notifications": [],
    "shipping_address": null,
    "schedule": null,
    "coupon_type": "SINGLE",
    "coupon_overrides_other_promotions": false,
    "coupon_overrides_automatic_when_offering_higher_discounts": false,
    "multiple_codes": { "has_multiple_codes": false }
  },
  {
    "id": 3,
    "redemption_type": "AUTOMATIC",
    "name": "Free Shipping Over 100",
    "display_name": "Free shipping on orders of $100 and more",
    "created_from": "react_ui",
    "channels": [],
    "customer": { "group_ids": [], "minimum_order_count": 0, "excluded_group_ids": [], "segments": null },
    "rules": [
      {
        "action": { "shipping": { "free_shipping": true, "zone_ids": "*" } },
        "apply_once": true, "stop": false,
        "condition": { "cart": { "minimum_spend": "100.00" } }
      }
    ],
    "current_uses": 87,
    "max_uses": null,
    "status": "ENABLED",
    "start_date": "2024-01-01T00:00:00+00:00",
    "end_date": null,
    "stop": false,
    "can_be_used_with_other_promotions": true,
    "currency_code": "USD",
    "notifications": [],
    "shipping_address": null,
    "schedule": null
  },
  {
    "id": 4,
    "redemption_type": "COUPON",
    "name": "Loyalty Rewards",
    "display_name": "15% off for loyal customers",
    "created_from": "api",
    "channels": [],
    "customer": { "group_ids": [], "minimum_order_count": 0, "excluded_group_ids": [], "segments": null },
    "rules": [
      {
        "action": { "cart_value": { "discount": { "percentage_amount": "15" } } },
        "apply_once": true, "stop": false
      }
    ],
    "current_uses": 600,
    "max_uses": 5000,
    "status": "ENABLED",
    "start_date": "2025-01-15T00:00:00+00:00",
    "end_date": null,
    "stop": false,
    "can_be_used_with_other_promotions": true,
    "currency_code": "USD",
    "notifications": [],
    "shipping_address": null,
    "schedule": null,
    "coupon_type": "BULK",
    "coupon_overrides_other_promotions": false,
    "coupon_overrides_automatic_when_offering_higher_discounts": false,
    "multiple_codes": { "has_multiple_codes": true }
  },
  {
    "id": 5,
    "redemption_type": "COUPON",
    "name": "Spring Clearance",
    "display_name": "30% off your order",
    "created_from": "react_ui",
    "channels": [],
    "customer": { "group_ids": [], "minimum_order_count": 0, "excluded_group_ids": [], "segments": null },
    "rules": [
      {
        "action": { "cart_value": { "discount": { "percentage_amount": "30" } } },
        "apply_once": true, "stop": false
      }
    ],
    "current_uses": 41,
    "max_uses": null,
    "status": "ENABLED",
    "start_date": "2024-03-01T00:00:00+00:00",
    "end_date": "2024-04-01T00:00:00+00:00",
    "stop": false,
    "can_be_used_with_other_promotions": true,
    "currency_code": "USD",
    "notifications": [],
    "shipping_address": null,
    "schedule": null,
    "coupon_type": "SINGLE",
    "coupon_overrides_other_promotions": false,
    "coupon_overrides_automatic_when_offering_higher_discounts": false,
    "multiple_codes": { "has_multiple_codes": false }
  },
  {
    "id": 6,
    "redemption_type": "COUPON",
    "name": "Autumn Preview",
    "display_name": "25% off your order",
    "created_from": "api",
    "channels": [],
    "customer": { "group_ids": [], "minimum_order_count": 0, "excluded_group_ids": [], "segments": null },
    "rules": [
      {
        "action": { "cart_value": { "discount": { "percentage_amount": "25" } } },
        "apply_once": true, "stop": false
      }
    ],
    "current_uses": 0,
    "max_uses": 100,
    "status": "DISABLED",
    "start_date": "2024-08-15T00:00:00+00:00",
    "end_date": null,
    "stop": false,
    "can_be_used_with_other_promotions": true,
    "currency_code": "USD",
    "notifications": [],
    "shipping_address": null,
    "schedule": null,
    "coupon_type": "SINGLE",
    "coupon_overrides_other_promotions": false,
    "coupon_overrides_automatic_when_offering_higher_discounts": false,
    "multiple_codes": { "has_multiple_codes": false }
  }
]"#;

/// The defaults of the settings' OpenAPI file.
pub(super) const SETTINGS: &str = r#"{
  "promotions_triggered_by_products_with_zero_product_price": false,
  "promotions_apply_on_products_with_custom_product_price": false,
  "promotions_applied_on_original_product_price": true,
  "number_of_coupons_allowed_at_checkout": 1
}"#;

/// One code with its promotion.
struct SeedCode {
    promotion: i64,
    id: i64,
    code: &'static str,
    current_uses: i64,
    max_uses: i64,
    max_uses_per_customer: i64,
    created: &'static str,
}

/// The codes outside of the loyalty series. Code 1024 is the sample of List Coupon Codes in the API
/// documentation.
const CODES: [SeedCode; 4] = [
    SeedCode {
        promotion: 1,
        id: 1024,
        code: "SUMMER_SALE_2024",
        current_uses: 3,
        max_uses: 100,
        max_uses_per_customer: 2,
        created: "2024-05-01T10:15:30+00:00",
    },
    SeedCode {
        promotion: 2,
        id: 1025,
        code: "FIRST_ORDER_10",
        current_uses: 12,
        max_uses: 0,
        max_uses_per_customer: 1,
        created: "2024-01-15T09:00:00+00:00",
    },
    SeedCode {
        promotion: 5,
        id: 1026,
        code: "SPRING_2024",
        current_uses: 41,
        max_uses: 200,
        max_uses_per_customer: 1,
        created: "2024-02-20T08:30:00+00:00",
    },
    SeedCode {
        promotion: 6,
        id: 1027,
        code: "AUTUMN_PREVIEW_2024",
        current_uses: 0,
        max_uses: 50,
        max_uses_per_customer: 1,
        created: "2024-08-01T12:00:00+00:00",
    },
];

/// The promotion that holds the loyalty series, `LOYAL-0001` to `LOYAL-1000`.
const LOYALTY_PROMOTION: i64 = 4;

/// The number of codes in the series.
const LOYALTY_CODES: i64 = 1000;

/// The id of `LOYAL-0001`; the others follow without a gap.
const FIRST_LOYALTY_ID: i64 = 2001;

/// How often each loyalty code can be used, in all and by one customer.
const LOYALTY_MAX_USES: i64 = 2;

/// When the series was created.
const LOYALTY_CREATED: &str = "2025-01-15T09:00:00+00:00";

/// The uses of five successive loyalty codes: three are unused, one is used, one is used up. In all that
/// makes 600 unused, 200 used and 200 used up codes, and 600 uses.
const LOYALTY_USES: [i64; 5] = [0, 0, 0, 1, 2];

/// Every code with its promotion: 1,004 of them, of which 1,000 belong to promotion 4.
pub(super) fn codes() -> Vec<(i64, CouponCode)> {
    let single = CODES.into_iter().map(|seed| {
        let code = CouponCode {
            id: seed.id,
            code: seed.code.to_owned(),
            current_uses: seed.current_uses,
            created: seed.created.to_owned(),
            max_uses: seed.max_uses,
            max_uses_per_customer: seed.max_uses_per_customer,
        };
        (seed.promotion, code)
    });
    single.chain(loyalty_codes()).collect()
}

fn loyalty_codes() -> impl Iterator<Item = (i64, CouponCode)> {
    (1..=LOYALTY_CODES).zip(LOYALTY_USES.into_iter().cycle()).map(|(number, current_uses)| {
        let code = CouponCode {
            id: FIRST_LOYALTY_ID + number - 1,
            code: format!("LOYAL-{number:04}"),
            current_uses,
            created: LOYALTY_CREATED.to_owned(),
            max_uses: LOYALTY_MAX_USES,
            max_uses_per_customer: LOYALTY_MAX_USES,
        };
        (LOYALTY_PROMOTION, code)
    })
}
