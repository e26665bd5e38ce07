//! The endpoints of the older version of the API. Their answers have no envelope, and their refusals are
//! arrays of `{status, message}`.

pub(super) mod coupons;
pub(super) mod store;
