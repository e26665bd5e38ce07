//! Which items a condition counts or an action discounts.

use serde::{Deserialize, Serialize};

use super::Reading;

/// `ItemMatcher` of the OpenAPI file, nested as deep as it comes (the file allows three levels). Ids are those
/// of the store's catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ItemMatcher {
    /// Of one of these brands.
    Brands(Vec<u64>),
    /// In one of these categories.
    Categories(Vec<u64>),
    /// One of these products.
    Products(Vec<u64>),
    /// One of these variants.
    Variants(Vec<u64>),
    /// With an option that the shopper chose.
    ProductOption(ProductOption),
    /// With a custom field of the product.
    ProductCustomField(CustomField),
    /// Matched by every one.
    And(Vec<Reading<Self>>),
    /// Matched by at least one.
    Or(Vec<Reading<Self>>),
    /// Not matched by it.
    Not(Box<Reading<Self>>),
}

/// A product option and the values that match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProductOption {
    /// How values are compared; `string_match` is the only way that is documented.
    #[serde(rename = "type")]
    pub kind: String,
    /// The option's name, as the store sent it.
    pub name: String,
    /// The values, as the store sent them.
    pub values: Vec<String>,
}

/// A custom field of a product and the values that match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomField {
    /// The field's name, as the store sent it.
    pub name: String,
    /// The values, as the store sent them.
    pub values: Vec<String>,
}

impl ItemMatcher {
    pub(super) fn has_raw_parts(&self) -> bool {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().any(|part| part.has_raw(Self::has_raw_parts)),
            Self::Not(part) => part.has_raw(Self::has_raw_parts),
            _ => false,
        }
    }
}
