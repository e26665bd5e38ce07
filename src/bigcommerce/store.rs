//! What is read of the older API, v2: the store's information and legacy coupons. Nothing is ever written
//! there: `DELETE /v2/coupons` without ids deletes every coupon.

use super::client::{Client, Request};
use super::error::ApiError;
use super::operation::Operation;
use super::patience::Patience;
use super::wire::{LegacyCoupon, StoreInformation};

impl Client {
    /// `GET /v2/store`: name, time zone, currency and plan.
    ///
    /// # Errors
    /// Any [`ApiError`]; 403 where the token lacks the scope `store_v2_information_read_only`.
    pub async fn store_information(&self, patience: &Patience) -> Result<StoreInformation, ApiError> {
        let request = Request {
            operation: Operation::GetStore,
            path: "store".to_owned(),
            query: Vec::new(),
            body: None,
        };
        self.send(&request, patience).await
    }

    /// `GET /v2/coupons?code=`: the coupons of that text, codes of v3 promotions among them.
    ///
    /// # Errors
    /// Any [`ApiError`]. None is an empty answer (204).
    pub async fn find_legacy_coupons(
        &self,
        code: &str,
        patience: &Patience,
    ) -> Result<Vec<LegacyCoupon>, ApiError> {
        let request = Request {
            operation: Operation::FindLegacyCoupon,
            path: "coupons".to_owned(),
            query: vec![("code", code.into())],
            body: None,
        };
        self.send::<Option<Vec<LegacyCoupon>>>(&request, patience).await.map(Option::unwrap_or_default)
    }
}
