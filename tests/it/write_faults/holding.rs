//! What a store holds, read behind the server's back, without what changes when a thing is made again.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::sandbox::Sandbox;

/// Promotions with their codes, and the settings.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Holding {
    /// In no order of meaning: what is made again gets another id.
    promotions: Vec<Held>,
    pub(super) settings: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Held {
    pub(super) id: u64,
    pub(super) document: Value,
    /// By text: `max_uses` and `max_uses_per_customer`.
    pub(super) codes: BTreeMap<String, [u64; 2]>,
}

/// Fields that the API sets.
const SET_BY_THE_API: [&str; 3] = ["id", "current_uses", "created_from"];

impl Holding {
    /// The codes of the promotion `but` are not read.
    pub(super) async fn of(sandbox: &Sandbox, but: Option<u64>) -> Self {
        let listed = sandbox.get("/promotions?limit=250").await;
        let mut promotions = Vec::new();
        for document in listed["data"].as_array().unwrap() {
            let id = document["id"].as_u64().unwrap();
            let has_codes = document["redemption_type"] == "COUPON" && but != Some(id);
            let codes = if has_codes { codes_of(sandbox, id).await } else { BTreeMap::new() };
            let mut document = document.clone();
            document.as_object_mut().unwrap().retain(|name, _| !SET_BY_THE_API.contains(&name.as_str()));
            promotions.push(Held { id, document, codes });
        }
        Self { promotions, settings: sandbox.get("/promotions/settings").await }
    }

    /// The same whatever the ids and the order.
    pub(super) fn same_as(&self, other: &Self) -> bool {
        self.settings == other.settings && self.sorted() == other.sorted()
    }

    fn sorted(&self) -> Vec<String> {
        let text = |held: &Held| format!("{} {:?}", held.document, held.codes);
        let mut sorted: Vec<_> = self.promotions.iter().map(text).collect();
        sorted.sort();
        sorted
    }

    /// What the other one has otherwise, for a message.
    pub(super) fn difference(&self, other: &Self) -> String {
        let (these, those) = (self.sorted(), other.sorted());
        let only = |here: &[String], there: &[String]| -> Vec<String> {
            let missing = here.iter().filter(|row| !there.contains(row));
            missing.map(|row| row.chars().take(1_200).collect()).collect()
        };
        format!(
            "only in the first: {:#?}\nonly in the second: {:#?}",
            only(&these, &those),
            only(&those, &these)
        )
    }

    pub(super) fn promotion(&self, id: u64) -> Option<&Held> {
        self.promotions.iter().find(|held| held.id == id)
    }

    pub(super) fn named(&self, name: &str) -> Vec<&Held> {
        self.promotions.iter().filter(|held| held.document["name"] == name).collect()
    }

    /// The limits of a code, wherever it is.
    pub(super) fn code(&self, text: &str) -> Option<[u64; 2]> {
        self.promotions.iter().find_map(|held| held.codes.get(text).copied())
    }

    pub(super) fn texts(&self) -> Vec<&str> {
        self.promotions.iter().flat_map(|held| held.codes.keys().map(String::as_str)).collect()
    }

    pub(super) fn count(&self) -> usize {
        self.promotions.len()
    }
}

async fn codes_of(sandbox: &Sandbox, promotion: u64) -> BTreeMap<String, [u64; 2]> {
    let mut codes = BTreeMap::new();
    for page in 1.. {
        let listed = sandbox.get(&format!("/promotions/{promotion}/codes?limit=250&page={page}")).await;
        let rows = listed["data"].as_array().unwrap();
        for row in rows {
            let number = |name: &str| row[name].as_u64().unwrap();
            let limits = [number("max_uses"), number("max_uses_per_customer")];
            let twice = codes.insert(row["code"].as_str().unwrap().to_owned(), limits);
            assert_eq!(twice, None, "a code is there twice: {row}");
        }
        if rows.len() < 250 {
            break;
        }
    }
    codes
}
