//! A little checkout after BigCommerce's documents (`promotions.v3.yml`), independent of the server: it says what the
//! rules of a promotion take off a cart. Where the documents leave a question open, it takes a [`Reading`].

use serde_json::Value;

/// One item of a cart, and what is left of its price.
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// What brands, categories, products and variants it is: one small number for all of them.
    pub(super) kind: u64,
    pub(super) price: f64,
    pub(super) on_sale: bool,
}

/// What the documents do not say.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    /// In which order the rules run.
    pub(super) order: Vec<usize>,
    /// A percentage is one of the full price, not of what earlier rules left of it.
    pub(super) of_full_price: bool,
    /// A condition looks at the full prices, not at what earlier rules left of them.
    pub(super) spends_full_price: bool,
    /// A rule that repeats begins anew with the same items, until nothing is left.
    pub(super) repeats_on_the_same: bool,
}

/// What is paid less.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Taken {
    /// By discounts.
    pub(super) off: f64,
    /// By gifts, free items and fixed prices.
    pub(super) given: f64,
    /// What all of it costs at full price, gifts included.
    pub(super) full_price: f64,
}

struct Checkout<'a> {
    items: &'a [Item],
    left: Vec<f64>,
    /// What an item costs that is put into the cart for nothing.
    gift_price: f64,
    reading: &'a Reading,
    taken: Taken,
}

/// What `rules` take off `items`.
pub(super) fn checkout(rules: &[Value], items: &[Item], gift_price: f64, reading: &Reading) -> Taken {
    let left: Vec<f64> = items.iter().map(|item| item.price).collect();
    let taken = Taken { full_price: left.iter().sum(), ..Taken::default() };
    let mut checkout = Checkout { items, left, gift_price, reading, taken };
    for rule in reading.order.iter().map(|&index| &rules[index]) {
        if checkout.run(rule) && rule["stop"] == true {
            break;
        }
    }
    checkout.taken
}

impl Checkout<'_> {
    /// Runs a rule; gives whether it was applied.
    fn run(&mut self, rule: &Value) -> bool {
        const ENDLESS: usize = 40;
        let condition = &rule["condition"];
        if !self.holds(condition) {
            return false;
        }
        let times = match (rule["apply_once"] == false, self.reading.repeats_on_the_same) {
            (false, _) => 1,
            (true, true) => ENDLESS,
            (true, false) => self.matches(condition).clamp(1, ENDLESS),
        };
        (0..times).fold(false, |applied, _| self.apply(rule) || applied)
    }

    fn holds(&self, condition: &Value) -> bool {
        let parts = |name: &str| condition[name].as_array().unwrap();
        if condition.is_null() {
            true
        } else if !condition["and"].is_null() {
            parts("and").iter().all(|part| self.holds(part))
        } else if !condition["or"].is_null() {
            parts("or").iter().any(|part| self.holds(part))
        } else if !condition["not"].is_null() {
            !self.holds(&condition["not"])
        } else {
            self.times(&condition["cart"]) >= 1.0
        }
    }

    /// How often a condition is met.
    fn matches(&self, condition: &Value) -> usize {
        let parts = |name: &str| condition[name].as_array().into_iter().flatten();
        let of_cart = if condition["cart"].is_null() { None } else { Some(self.times(&condition["cart"])) };
        let all = parts("and").map(|part| self.matches(part)).min();
        let any = parts("or").map(|part| self.matches(part)).sum::<usize>();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small count")]
        let times = of_cart.map_or(0, |times| times.min(1000.0) as usize);
        all.unwrap_or(0).max(any).max(times)
    }

    /// How often a cart condition is met; below 1 it is not.
    fn times(&self, cart: &Value) -> f64 {
        let counted = (0..self.items.len()).filter(|&index| is_matched(&cart["items"], &self.items[index]));
        let (mut spend, mut quantity) = (0.0, 0.0);
        for index in counted {
            let item = &self.items[index];
            spend += if self.reading.spends_full_price { item.price } else { self.left[index] };
            quantity += 1.0;
        }
        let by_spend = amount(&cart["minimum_spend"]).filter(|least| *least > 0.0).map(|least| spend / least);
        // Without items it has no effect.
        let least =
            cart["minimum_quantity"].as_f64().filter(|least| *least > 0.0 && !cart["items"].is_null());
        let by_quantity = least.map(|least| quantity / least);
        by_spend.into_iter().chain(by_quantity).reduce(f64::min).unwrap_or(1.0)
    }

    fn apply(&mut self, rule: &Value) -> bool {
        let action = &rule["action"];
        let (before, before_given) = (self.taken.off, self.taken.given);
        if !action["cart_value"].is_null() {
            self.off_cart(&action["cart_value"]);
        } else if !action["cart_items"].is_null() {
            self.off_items(&action["cart_items"], &rule["condition"]);
        } else if !action["fixed_price_set"].is_null() {
            self.sell_set(&action["fixed_price_set"], &rule["condition"]);
        } else if let Some(quantity) = action["gift_item"]["quantity"].as_f64() {
            self.give(quantity * self.gift_price);
        }
        self.taken.off > before || self.taken.given > before_given
    }

    fn give(&mut self, value: f64) {
        self.taken.full_price += value;
        self.taken.given += value;
    }

    fn off_cart(&mut self, action: &Value) {
        let base: f64 = (0..self.items.len()).map(|index| self.base(index)).sum();
        let wanted = match amount(&action["discount"]["percentage_amount"]) {
            Some(percent) => base * percent / 100.0,
            None => amount(&action["discount"]["fixed_amount"]).unwrap(),
        };
        let all: Vec<usize> = (0..self.items.len()).collect();
        self.spread(&all, wanted.min(maximum(action)));
    }

    fn off_items(&mut self, action: &Value, condition: &Value) {
        let include = action["include_items_considered_by_condition"] == true;
        let mut chosen = self.chosen(action, condition, include);
        if let Some(quantity) = action["quantity"].as_u64() {
            chosen.truncate(usize::try_from(quantity).unwrap());
        }
        if action["add_free_item"] == true {
            self.give(self.gift_price);
        }
        let fixed = amount(&action["discount"]["fixed_amount"]);
        let mut rest = maximum(action);
        if let (Some(fixed), true) = (fixed, action["as_total"] == true) {
            self.spread(&chosen, fixed.min(rest));
            return;
        }
        for index in chosen {
            let percent = || amount(&action["discount"]["percentage_amount"]).unwrap();
            let wanted = fixed.unwrap_or_else(|| self.base(index) * percent() / 100.0);
            let off = wanted.min(self.left[index]).min(rest);
            self.left[index] -= off;
            self.taken.off += off;
            rest -= off;
        }
    }

    fn sell_set(&mut self, action: &Value, condition: &Value) {
        let include = action["include_items_considered_by_condition"] != false;
        let mut chosen = self.chosen(action, condition, include);
        let size = usize::try_from(action["quantity"].as_u64().unwrap()).unwrap();
        if size == 0 || chosen.len() < size {
            return;
        }
        chosen.truncate(size);
        let cost: f64 = chosen.iter().map(|&index| self.left[index]).sum();
        let off = (cost - amount(&action["fixed_price"]).unwrap()).max(0.0);
        let before = self.taken.off;
        self.spread(&chosen, off);
        self.taken.given += self.taken.off - before;
        self.taken.off = before;
    }

    /// The items that an action is for, those first that its strategy takes first.
    fn chosen(&self, action: &Value, condition: &Value, include: bool) -> Vec<usize> {
        let mut chosen: Vec<usize> = (0..self.items.len())
            .filter(|&index| {
                let item = &self.items[index];
                is_matched(&action["items"], item)
                    && !(action["exclude_items_on_sale"] == true && item.on_sale)
                    && (include || !considers(condition, item))
            })
            .collect();
        let by_price =
            |one: &usize, other: &usize| self.items[*one].price.total_cmp(&self.items[*other].price);
        chosen.sort_by(by_price);
        let strategy = action["strategy"].as_str().unwrap_or_default();
        if strategy.starts_with("MOST") {
            chosen.reverse();
        }
        if strategy.ends_with("ONLY")
            && let Some(price) = chosen.first().map(|&index| self.items[index].price)
        {
            chosen.retain(|&index| self.items[index].price.total_cmp(&price).is_eq());
        }
        chosen
    }

    /// What a percentage is one of.
    fn base(&self, index: usize) -> f64 {
        if self.reading.of_full_price { self.items[index].price } else { self.left[index] }
    }

    /// Takes `wanted` off these items, each by its part of what is left of them.
    fn spread(&mut self, chosen: &[usize], wanted: f64) {
        let left: f64 = chosen.iter().map(|&index| self.left[index]).sum();
        if left <= 0.0 {
            return;
        }
        let part = (wanted / left).min(1.0);
        for &index in chosen {
            let off = self.left[index] * part;
            self.left[index] -= off;
            self.taken.off += off;
        }
    }
}

fn amount(value: &Value) -> Option<f64> {
    value.as_str().map(|text| text.parse().unwrap())
}

fn maximum(action: &Value) -> f64 {
    amount(&action["maximum_allowed_discount_amount"]).unwrap_or(f64::INFINITY)
}

fn is_matched(matcher: &Value, item: &Item) -> bool {
    let Some(matcher) = matcher.as_object() else { return true };
    matcher.iter().all(|(name, value)| match name.as_str() {
        "and" => value.as_array().unwrap().iter().all(|part| is_matched(part, item)),
        "or" => value.as_array().unwrap().iter().any(|part| is_matched(part, item)),
        "not" => !is_matched(value, item),
        "product_option" | "product_custom_field" => {
            value["values"].as_array().unwrap().iter().any(|value| value == &item.kind.to_string())
        }
        _ => value.as_array().unwrap().iter().any(|id| id == item.kind),
    })
}

/// Whether a condition counts the item.
fn considers(condition: &Value, item: &Item) -> bool {
    let parts = ["and", "or"].into_iter().filter_map(|name| condition[name].as_array()).flatten();
    let mut parts = parts.chain(condition.get("not"));
    condition.get("cart").is_some_and(|cart| !cart["items"].is_null() && is_matched(&cart["items"], item))
        || parts.any(|part| considers(part, item))
}
