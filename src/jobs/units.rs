//! The units that a job's work is made of.

use std::collections::HashSet;

use serde_json::json;

use crate::bigcommerce::codes::{MAX_BATCH, MAX_DELETED_CODES};
use crate::coupons::CouponCode;

use super::NewUnit;
use super::spec::{Doomed, DoomedCode, GenerateSpec, SingleCode};

/// The units for so many new codes: a batch each where `codegen` makes them, else a code each. Texts that are drawn here are all different.
pub fn of_generation(spec: &GenerateSpec, codes: u64) -> Vec<NewUnit> {
    if spec.by_codegen { batches(codes) } else { drawn(spec, codes) }
}

fn batches(codes: u64) -> Vec<NewUnit> {
    let unit = |size: u32| NewUnit { size, payload: "{}".to_owned() };
    let rest = u32::try_from(codes % u64::from(MAX_BATCH)).unwrap_or_default();
    let full = (0..codes / u64::from(MAX_BATCH)).map(|_| unit(MAX_BATCH));
    full.chain((rest > 0).then(|| unit(rest))).collect()
}

fn drawn(spec: &GenerateSpec, codes: u64) -> Vec<NewUnit> {
    let uses = |uses: u64| u32::try_from(uses).unwrap_or(u32::MAX);
    let mut texts = HashSet::new();
    // The shape was found to have a million times as many, so this ends.
    while (texts.len() as u64) < codes {
        texts.insert(spec.shape.draw().as_str().to_owned());
    }
    let single = |code| SingleCode {
        code,
        max_uses: uses(spec.limits.max_uses),
        max_uses_per_customer: uses(spec.limits.max_uses_per_customer),
    };
    texts.into_iter().map(|code| NewUnit { size: 1, payload: json!(single(code)).to_string() }).collect()
}

/// The texts of units of single creation; none of batches.
pub fn texts(units: &[NewUnit]) -> Vec<String> {
    let singles = units.iter().filter_map(|unit| serde_json::from_str::<SingleCode>(&unit.payload).ok());
    singles.map(|single| single.code).collect()
}

/// The units for the deletion of these codes, each a request.
pub fn of_deletion(codes: &[CouponCode]) -> Vec<NewUnit> {
    codes
        .chunks(MAX_DELETED_CODES)
        .map(|chunk| {
            let doomed = Doomed { codes: chunk.iter().map(DoomedCode::from).collect(), ..Doomed::default() };
            NewUnit {
                size: u32::try_from(chunk.len()).unwrap_or(u32::MAX),
                payload: json!(doomed).to_string(),
            }
        })
        .collect()
}
