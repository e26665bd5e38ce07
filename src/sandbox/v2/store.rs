//! The store's own facts: the vendor's OpenAPI file of the store information.

use crate::sandbox::answer::Answer;
use crate::sandbox::query::Query;
use crate::sandbox::routes::Call;
use crate::sandbox::wire_error::WireError;

/// `StoreInformation`, of the hash that the paths have. Every address is one that nobody can own.
const INFORMATION: &str = r#"{
  "id": "sandbox",
  "account_uuid": "00000000-0000-4000-8000-000000000000",
  "domain": "practice-store.example",
  "secure_url": "https://practice-store.example",
  "control_panel_base_url": "https://control-panel.practice-store.example",
  "status": "live",
  "name": "Practice Store",
  "first_name": "Robin",
  "last_name": "Example",
  "address": "1 Practice Lane\nNew York, NY 10001",
  "country": "United States",
  "country_code": "US",
  "infrastructure_region": "us-central1",
  "phone": "555-0100",
  "admin_email": "admin@practice-store.example",
  "order_email": "orders@practice-store.example",
  "favicon_url": "",
  "timezone": {
    "name": "America/New_York",
    "raw_offset": -18000,
    "dst_offset": -14400,
    "dst_correction": true,
    "date_format": {
      "display": "M jS Y",
      "export": "M jS Y",
      "extended_display": "M jS Y @ g:i A"
    }
  },
  "language": "en",
  "currency": "USD",
  "currency_symbol": "$",
  "decimal_separator": ".",
  "thousands_separator": ",",
  "decimal_places": 2,
  "currency_symbol_location": "left",
  "weight_units": "Ounces",
  "dimension_units": "Inches",
  "dimension_decimal_places": 2,
  "dimension_decimal_token": ".",
  "dimension_thousands_token": ",",
  "plan_name": "Enterprise Test",
  "plan_level": "Enterprise",
  "plan_is_trial": false,
  "industry": "Other",
  "logo": [],
  "is_price_entered_with_tax": false,
  "store_id": 1000,
  "default_channel_id": 1,
  "default_site_id": 1000,
  "active_comparison_modules": [],
  "features": {
    "stencil_enabled": true,
    "sitewidehttps_enabled": true,
    "facebook_catalog_id": "",
    "checkout_type": "optimized",
    "wishlists_enabled": true,
    "graphql_storefront_api_enabled": true,
    "shopper_consent_tracking_enabled": false,
    "multi_storefront_enabled": false,
    "storefront_limits": { "active": 1, "total_including_inactive": 1 }
  }
}"#;

/// `GET /store`.
pub(in crate::sandbox) fn get(call: &Call) -> Result<Answer, WireError> {
    Query::parse(&call.query, &[])?;
    Ok(Answer::text(INFORMATION))
}
