//! What the order has to do with it: the shopper, the channel, the currency, the cart, other promotions.

use rust_decimal::Decimal;

use crate::coupons::check_code::{ReasonCode, cart};
use crate::coupons::rules::Rule;

use super::Judgement;

impl Judgement<'_> {
    pub(super) fn customers(&mut self) {
        let (subject, customers) = (self.subject(), &self.promotion.customers);
        let (groups, excluded) = (&customers.groups, &customers.excluded_groups);
        let (minimum_orders, has_segments) = (customers.minimum_orders, customers.has_segments);
        let in_control_panel = "Who may use a promotion is set in the control panel; create_promotion with \
                                customer_group_ids and copy_from_promotion_id makes one for other groups.";
        if !groups.is_empty() && !excluded.is_empty() {
            self.refuse(
                ReasonCode::NeverFires,
                format!(
                    "{subject} names customer groups and excluded groups at once, and BigCommerce then gives it \
                     to nobody."
                ),
                "Leave one of the two lists empty in the control panel.".to_owned(),
            );
        } else if !groups.is_empty() || !excluded.is_empty() {
            let restriction = if excluded.is_empty() {
                format!("{subject} is only for customer groups {}", joined(groups))
            } else {
                format!("{subject} is not for customer groups {}", joined(excluded))
            };
            match self.circumstances.group {
                Some(group)
                    if excluded.contains(&group) || (excluded.is_empty() && !groups.contains(&group)) =>
                {
                    self.refuse(
                        ReasonCode::WrongCustomerGroup,
                        format!("{restriction}, and the shopper's is {group}."),
                        in_control_panel.to_owned(),
                    );
                }
                Some(_) => {}
                None => {
                    let why = format!(
                        "{restriction}; give customer_group_id (0 = guests and customers without one)."
                    );
                    self.leave_open("customer_group", why);
                }
            }
        }
        if minimum_orders > 0 {
            let why =
                format!("{subject} is only for customers with at least {minimum_orders} earlier orders.");
            self.leave_open("earlier_orders", why);
        }
        if has_segments {
            self.leave_open("customer_segments", format!("{subject} is only for some customer segments."));
        }
    }

    pub(super) fn channel(&mut self) {
        let (subject, channels) = (self.subject(), &self.promotion.channels);
        if channels.is_empty() {
            return;
        }
        let restriction = format!("{subject} is only for channels {}", joined(channels));
        match self.circumstances.channel {
            Some(channel) if channels.contains(&channel) => {}
            Some(channel) => self.refuse(
                ReasonCode::WrongChannel,
                format!("{restriction}, and the order is in channel {channel}."),
                "Order in one of these channels; they are set in the control panel.".to_owned(),
            ),
            None => self.leave_open("channel", format!("{restriction}; give channel_id.")),
        }
    }

    pub(super) fn currency(&mut self) {
        let Some(currency) = self.promotion.currency.clone().filter(|currency| currency != "*") else {
            return;
        };
        let subject = self.subject();
        match self.circumstances.currency.as_deref() {
            Some(given) if given.eq_ignore_ascii_case(&currency) => {}
            Some(given) => self.refuse(
                ReasonCode::WrongCurrency,
                format!("{subject} is for orders in {currency}, and this one is in {given}."),
                format!(
                    "Pay in {currency}; create_promotion with currency_code {given} makes one for the other."
                ),
            ),
            // Without a word on it, an order is in the store's own currency.
            None if self.surroundings.store_currency == Some(currency.as_str()) => {}
            None => {
                let why = format!("{subject} is for orders in {currency}; give currency_code.");
                self.leave_open("currency", why);
            }
        }
    }

    pub(super) fn cart(&mut self) {
        let (rules, currency) = (&self.promotion.rules, self.promotion.currency.as_deref());
        let subtotal = self.circumstances.subtotal;
        match cart::applies(rules, subtotal) {
            Some(true) => {}
            None => {
                let unchecked = cart::unchecked(rules, subtotal, currency);
                self.findings.unchecked.extend(unchecked);
            }
            // Of no rules something else is said.
            Some(false) if rules.is_empty() => {}
            Some(false) => {
                let subtotal = money(subtotal.unwrap_or_default(), self.circumstances.currency.as_deref());
                let least = rules.iter().map(Rule::minimum_spend).collect::<Option<Vec<_>>>();
                let needed = least.and_then(|least| least.into_iter().min());
                let message = match needed {
                    Some(needed) => format!(
                        "{} is for carts of at least {}, and this one has {subtotal}.",
                        self.subject(),
                        money(needed, currency)
                    ),
                    None => format!("No rule of it applies to a cart of {subtotal}."),
                };
                let fix = format!(
                    "The shopper changes the cart; update_promotion with promotion_id {} and minimum_spend \
                     changes a simple promotion.",
                    self.promotion.id
                );
                self.refuse(ReasonCode::MinimumSpend, message, fix);
            }
        }
        let address = self.promotion.document.get("shipping_address");
        if address.is_some_and(|address| !address.is_null()) {
            let why = format!("{} is for some shipping addresses only; get_promotion tells.", self.subject());
            self.leave_open("shipping_address", why);
        }
    }

    pub(super) fn others(&mut self) {
        if !self.promotion.stacks && !self.promotion.overrides {
            let why = format!(
                "{} does not apply beside other promotions, so one that applies to the cart already may keep it \
                 out; list_promotions with kind automatic and effective_state active shows which run.",
                self.subject()
            );
            self.leave_open("stacking", why);
        }
        match self.surroundings.coupons_at_checkout {
            Some(1) => self.findings.notes.push(
                "A checkout takes one coupon: with another one in the cart, this one is refused.".to_owned(),
            ),
            Some(most) => self.findings.notes.push(format!("A checkout takes at most {most} coupons.")),
            None => {}
        }
    }
}

fn joined(ids: &[u64]) -> String {
    ids.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")
}

/// `50.00 USD`
fn money(amount: Decimal, currency: Option<&str>) -> String {
    let mut amount = amount.normalize();
    if amount.scale() < 2 {
        amount.rescale(2);
    }
    match currency.filter(|currency| *currency != "*") {
        Some(currency) => format!("{amount} {currency}"),
        None => amount.to_string(),
    }
}
