//! A change as data: what will be sent, to what, and what a person should know before.
//!
//! Because a change is data, one place judges it, one shows it, one carries it out and one turns it round.

use base64::Engine;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::coupons::text::count;
use crate::coupons::{CodeText, CouponCode, NewCode, Promotion, UseLimits};
use crate::jobs::spec::WorkSpec;
use crate::jobs::{Kind, NewUnit};
use crate::policy::Counts;

use super::inverse::terms_of;
use super::job;

/// One thing to do. Steps are done in order, and the first that fails ends the change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// `POST /promotions`
    CreatePromotion {
        /// The body.
        document: Map<String, Value>,
        /// Promotions of that name that are there already: after a lost answer, another one is ours.
        namesakes: Vec<u64>,
    },
    /// `PUT /promotions/{id}`
    UpdatePromotion {
        /// Which one.
        promotion_id: u64,
        /// The fields that change, as they shall be.
        patch: Map<String, Value>,
        /// The same fields as they were.
        before: Map<String, Value>,
    },
    /// `DELETE /promotions/{id}`, or `DELETE /promotions?id:in=` for several. Their codes must be gone.
    DeletePromotions {
        /// The promotions as they were.
        documents: Vec<Map<String, Value>>,
    },
    /// `POST /promotions/{promotion_id}/codes`, one by one.
    CreateCodes {
        /// Where.
        promotion: PromotionRef,
        /// What.
        codes: Vec<CodeRow>,
        /// Whether a refusal is tried again: the same text has just been deleted.
        insist: bool,
    },
    /// Codes of one promotion go.
    DeleteCodes {
        /// Where they are.
        promotion_id: u64,
        /// The codes as they were.
        codes: Vec<CodeRow>,
        /// By which endpoint.
        route: Route,
    },
    /// `PUT /promotions/settings`
    UpdateSettings {
        /// All settings, as they shall be.
        settings: Map<String, Value>,
        /// All settings, as they were.
        before: Map<String, Value>,
    },
}

/// A promotion that is there, or one that an earlier step of the same change makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromotionRef {
    /// It is there.
    Id(u64),
    /// The promotion made by this `CreatePromotion`, counted from 0.
    Made(usize),
}

/// Which endpoint deletes codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// `DELETE /promotions/codes?code=`: one code, by its text.
    Text,
    /// `DELETE /promotions/{promotion_id}/codes/{code_id}`: one code, by its id.
    Id,
    /// `DELETE /promotions/{promotion_id}/codes?id:in=`: many.
    Ids,
}

/// A code as it was, or as it shall be (then `id` and `current_uses` are 0).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeRow {
    /// Identifier.
    pub id: u64,
    /// The text.
    pub code: String,
    /// Uses recorded.
    pub current_uses: u64,
    /// 0 = unlimited.
    pub max_uses: u64,
    /// 0 = unlimited.
    pub max_uses_per_customer: u64,
}

impl From<CouponCode> for CodeRow {
    fn from(code: CouponCode) -> Self {
        Self {
            id: code.id,
            code: code.code,
            current_uses: code.current_uses,
            max_uses: code.limits.max_uses,
            max_uses_per_customer: code.limits.max_uses_per_customer,
        }
    }
}

impl CodeRow {
    /// A code to make.
    pub fn new(code: &CodeText, limits: UseLimits) -> Self {
        Self {
            id: 0,
            code: code.as_str().to_owned(),
            current_uses: 0,
            max_uses: limits.max_uses,
            max_uses_per_customer: limits.max_uses_per_customer,
        }
    }

    /// What to create; `None` for a text or a limit that the API does not take.
    pub(super) fn to_create(&self, promotion_id: u64) -> Option<NewCode> {
        Some(NewCode {
            promotion_id,
            code: CodeText::parse(&self.code).ok()?,
            max_uses: u32::try_from(self.max_uses).ok()?,
            max_uses_per_customer: u32::try_from(self.max_uses_per_customer).ok()?,
        })
    }
}

impl Step {
    /// What must be the same between a preview and the change: which things, and what becomes of them. Uses
    /// are left out: they go on while a person decides.
    fn identity(&self) -> Value {
        let mut identity = json!(self);
        let mut set = |name: &str, value: Value| {
            identity.as_object_mut().map(|identity| identity.insert(name.to_owned(), value));
        };
        if let Self::CreateCodes { codes, .. } | Self::DeleteCodes { codes, .. } = self {
            set("codes", codes.iter().map(|row| json!([row.id, row.code, row.max_uses])).collect());
        }
        if let Self::DeletePromotions { documents } = self {
            set("documents", documents.iter().map(|document| json!(document.get("id"))).collect());
        }
        identity
    }

    /// Whether the step stops a promotion.
    pub fn stops_a_promotion(&self) -> bool {
        let Self::UpdatePromotion { patch, .. } = self else { return false };
        patch.get("status").is_some_and(|status| status == "DISABLED")
    }

    /// What the step does, for a sentence.
    pub fn in_words(&self) -> String {
        let codes = |codes: &[CodeRow]| match codes {
            [only] => format!("the code {}", crate::coupons::quoted(&only.code)),
            several => count(several.len(), "code"),
        };
        match self {
            Self::CreatePromotion { document, .. } => {
                let name = document.get("name").and_then(Value::as_str).unwrap_or_default();
                format!("making the promotion {}", crate::coupons::quoted(name))
            }
            Self::UpdatePromotion { promotion_id, .. } => format!("changing promotion {promotion_id}"),
            Self::DeletePromotions { documents } => match documents.as_slice() {
                [only] => format!("deleting promotion {}", only.get("id").unwrap_or(&Value::Null)),
                several => format!("deleting {}", count(several.len(), "promotion")),
            },
            Self::CreateCodes { codes: rows, .. } => format!("making {}", codes(rows)),
            Self::DeleteCodes { codes: rows, .. } => format!("deleting {}", codes(rows)),
            Self::UpdateSettings { .. } => "changing the promotion settings".to_owned(),
        }
    }

    /// Number of codes that the step makes.
    pub fn codes_created(&self) -> usize {
        if let Self::CreateCodes { codes, .. } = self { codes.len() } else { 0 }
    }

    /// Number of codes that the step deletes.
    pub fn codes_deleted(&self) -> usize {
        if let Self::DeleteCodes { codes, .. } = self { codes.len() } else { 0 }
    }
}

/// A promotion that the change touches: as it is, and as it will be.
#[derive(Debug, Clone, PartialEq)]
pub struct Resulting {
    /// As it is; `None` for a new one.
    pub before: Option<Promotion>,
    /// As it will be; `None` when it goes.
    pub after: Option<Promotion>,
}

/// Bulk work that outlasts the call: a job.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// The promotion as it is, with the uses that the new codes can add as its cap where it has none: what is judged.
    pub promotion: Promotion,
    /// What kind of job.
    pub kind: Kind,
    /// Of jobs with one lane, one runs at a time.
    pub lane: Option<String>,
    /// The work.
    pub work: WorkSpec,
    /// The units that are known before the job begins.
    pub units: Vec<NewUnit>,
    /// Codes it is about; at most so many where only the job itself finds out.
    pub requested: u64,
    /// The codes that are given, if they are: what a confirmation is bound to.
    pub digest: Option<String>,
    /// Texts of new codes, all or some of which the operator's pattern is held against.
    pub texts: Vec<String>,
    /// Where the codes are wanted as a file: the promotion's name.
    pub file: Option<String>,
}

impl Order {
    /// What it adds to the counts of a day, at most.
    pub fn counts(&self) -> Counts {
        job::counts_of(self.kind, self.requested)
    }

    /// What must be the same between a preview and the job.
    fn identity(&self) -> Value {
        json!({ "work": self.work, "requested": self.requested, "codes": self.digest })
    }
}

/// What stands for codes that are too many to keep.
pub(super) fn digest<T: AsRef<[u8]>>(codes: impl IntoIterator<Item = T>) -> String {
    let mut digest = Sha256::new();
    for code in codes {
        digest.update(code.as_ref());
        digest.update([0]);
    }
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(digest.finalize())
}

/// A whole change.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Verb, count and id first: `Delete 412 codes of promotion 7 "Summer Sale"`.
    pub headline: String,
    /// What a person should know, in sentences: before and after, what cannot be taken back.
    pub lines: Vec<String>,
    /// What to do instead, where that is gentler.
    pub alternative: Option<String>,
    /// What is done, in order.
    pub steps: Vec<Step>,
    /// What is done by a job, in place of steps.
    pub order: Option<Box<Order>>,
    /// The promotions whose rules, dates, caps or codes change.
    pub resulting: Vec<Resulting>,
    /// The promotions that stay as they are and get codes by the steps.
    pub gets_codes: Vec<Promotion>,
    /// Why a person must be asked whatever the result is, such as `it deletes 412 codes`.
    pub asks: Vec<String>,
    /// What to tell the user besides.
    pub warnings: Vec<String>,
}

impl Plan {
    /// A plan of nothing but what some promotions come to, to be judged.
    pub(super) fn of_results(resulting: Vec<Resulting>) -> Self {
        Self {
            headline: String::new(),
            lines: Vec::new(),
            alternative: None,
            steps: Vec::new(),
            order: None,
            resulting,
            asks: Vec::new(),
            warnings: Vec::new(),
            gets_codes: Vec::new(),
        }
    }

    /// What a confirmation is bound to: the steps, and the terms of each promotion as it will be (or as it is,
    /// where it goes or gets codes). Who agreed to enabling a promotion of 20% did not agree to one that gives 90% by now.
    pub fn fingerprint(&self) -> Value {
        let steps: Vec<_> = self.steps.iter().map(Step::identity).collect();
        if let Some(order) = &self.order {
            let terms = terms_of(&order.promotion.document);
            return json!({ "order": order.identity(), "terms": [terms] });
        }
        let resulting = self.resulting.iter();
        let decided = resulting.filter_map(|Resulting { before, after }| after.as_ref().or(before.as_ref()));
        let decided = decided.chain(&self.gets_codes).map(|promotion| terms_of(&promotion.document));
        json!({ "steps": steps, "terms": decided.collect::<Vec<_>>() })
    }

    /// What the journal keeps: enough to take back a change whose end it never saw.
    pub(super) fn before_and_steps(&self) -> Value {
        json!({ "before": self.before(), "steps": self.steps })
    }

    /// Everything that the change takes away or overwrites, for the record.
    pub fn before(&self) -> Value {
        let before = self.steps.iter().filter_map(|step| match step {
            Step::UpdatePromotion { promotion_id, before, .. } => {
                Some(json!({ "promotion_id": promotion_id, "fields": before }))
            }
            Step::DeletePromotions { documents } => Some(json!({ "promotions": documents })),
            Step::DeleteCodes { promotion_id, codes, .. } => {
                Some(json!({ "promotion_id": promotion_id, "codes": codes }))
            }
            Step::UpdateSettings { before, .. } => Some(json!({ "settings": before })),
            Step::CreatePromotion { .. } | Step::CreateCodes { .. } => None,
        });
        Value::Array(before.collect())
    }
}

#[cfg(test)]
mod tests;
