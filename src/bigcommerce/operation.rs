//! The endpoints that this client calls.

use enum_map::Enum;
use http::Method;

/// One endpoint. Each is paced by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enum)]
pub enum Operation {
    /// `GET /promotions`
    ListPromotions,
    /// `GET /promotions/{id}`
    GetPromotion,
    /// `POST /promotions`
    CreatePromotion,
    /// `PUT /promotions/{id}`
    UpdatePromotion,
    /// `DELETE /promotions/{id}`
    DeletePromotion,
    /// `DELETE /promotions?id:in=`
    DeletePromotions,
    /// `GET /promotions/{promotion_id}/codes`
    ListCodes,
    /// `POST /promotions/{promotion_id}/codes`
    CreateCode,
    /// `POST /promotions/{promotion_id}/codegen`
    GenerateCodes,
    /// `DELETE /promotions/{promotion_id}/codes?id:in=`
    DeleteCodes,
    /// `DELETE /promotions/{promotion_id}/codes/{code_id}`
    DeleteCode,
    /// `GET /promotions/codes?code=`
    FindCode,
    /// `DELETE /promotions/codes?code=`
    DeleteCodeByText,
    /// `GET /promotions/settings`
    GetSettings,
    /// `PUT /promotions/settings`
    UpdateSettings,
    /// `GET /v2/store`
    GetStore,
    /// `GET /v2/coupons?code=`
    FindLegacyCoupon,
}

impl Operation {
    /// The HTTP method.
    pub fn method(self) -> Method {
        match self {
            Self::CreateCode | Self::GenerateCodes | Self::CreatePromotion => Method::POST,
            Self::UpdatePromotion | Self::UpdateSettings => Method::PUT,
            Self::DeletePromotion
            | Self::DeletePromotions
            | Self::DeleteCodes
            | Self::DeleteCode
            | Self::DeleteCodeByText => Method::DELETE,
            Self::ListPromotions
            | Self::GetPromotion
            | Self::ListCodes
            | Self::FindCode
            | Self::GetSettings
            | Self::GetStore
            | Self::FindLegacyCoupon => Method::GET,
        }
    }

    /// How many requests may run at once, per store ("default rate limit" in the OpenAPI file; what it does
    /// not name gets the usual 40).
    pub fn concurrency(self) -> usize {
        match self {
            Self::ListCodes | Self::GenerateCodes => 10,
            _ => 40,
        }
    }

    /// The version of the API that has it.
    pub(crate) fn version(self) -> &'static str {
        match self {
            Self::GetStore | Self::FindLegacyCoupon => "v2",
            _ => "v3",
        }
    }
}
