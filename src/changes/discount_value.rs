//! What a discount may be: a percentage that somebody can mean, an amount that takes something off.

use rust_decimal::Decimal;

use crate::coupons::rules::{Action, Discount, Rule};

use super::ChangeError;

/// The percentage that a fraction of 1 stands for, if it is one: 20 for `0.2`.
fn meant(value: Decimal) -> Option<Decimal> {
    let meant = (value * Decimal::ONE_HUNDRED).normalize();
    (value < Decimal::ONE && meant >= Decimal::ONE).then_some(meant)
}

/// Whether every percentage in `rules` is one that somebody can mean.
///
/// # Errors
/// [`ChangeError::Invalid`] for the first rule with one below 1.
pub(super) fn check_percentages(rules: &[Rule]) -> Result<(), ChangeError> {
    for (place, rule) in rules.iter().enumerate() {
        let Some(Discount::Percent(percent)) = rule.action.known().and_then(Action::discount) else {
            continue;
        };
        if *percent <= Decimal::ZERO || *percent >= Decimal::ONE {
            continue;
        }
        let end = meant(*percent).map_or(".".to_owned(), |meant| format!(": did you mean {meant}?"));
        return Err(ChangeError::invalid(
            format!("The percentage_amount {percent} of rules[{place}] is below 1%{end}"),
            "Percentages go from 1 to 100: 20 is 20% off.",
        ));
    }
    Ok(())
}

/// A percentage that somebody can mean.
///
/// # Errors
/// [`ChangeError::Invalid`] for 0, a fraction of 1 (`0.2` for 20) and more than 100.
pub fn percent(value: Decimal) -> Result<Decimal, ChangeError> {
    if let Some(meant) = meant(value) {
        return Err(ChangeError::invalid(
            format!("discount_value {value} is a percentage below 1: did you mean {meant}?"),
            format!("Percentages go from 1 to 100: {meant} is {meant}% off."),
        ));
    }
    if value < Decimal::ONE || value > Decimal::ONE_HUNDRED {
        return Err(ChangeError::invalid(
            format!("discount_value {value} is no percentage from 1 to 100."),
            "Give a discount_value such as 20 for 20% off.",
        ));
    }
    Ok(value)
}

/// An amount that takes something off.
///
/// # Errors
/// [`ChangeError::Invalid`] for 0 and less.
pub fn amount(value: Decimal) -> Result<Decimal, ChangeError> {
    if value <= Decimal::ZERO {
        return Err(ChangeError::invalid(
            format!("discount_value {value} takes nothing off."),
            "Give an amount above 0, such as 5 or 7.50.",
        ));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_from_1_to_100_and_only_what_can_be_meant_is_proposed() {
        let said = |value: &str| percent(value.parse().unwrap()).map_err(|error| error.to_string());
        for taken in ["1", "20", "12.5", "100"] {
            assert!(said(taken).is_ok(), "{taken}");
        }
        assert!(said("0.2").unwrap_err().contains("did you mean 20?"));
        for refused in ["0", "0.005", "-5", "100.01"] {
            assert!(said(refused).unwrap_err().contains("no percentage from 1 to 100"), "{refused}");
        }
    }
}
