//! Planning the generation of codes: by BigCommerce's `codegen` where it can make them, else drawn here and created
//! one by one.

use crate::bigcommerce::Patience;
use crate::coupons::code_shape::{CodeShape, Maker, ShapeRequest, pattern};
use crate::coupons::promotion::CouponType;
use crate::coupons::text::{count, times};
use crate::coupons::{CouponCode, Promotion, UseLimits, quoted};
use crate::jobs::spec::{GenerateSpec, Spec, WorkSpec};
use crate::jobs::units;
use crate::jobs::{JobId, Kind};

use super::plan::{Order, Plan};
use super::{ChangeError, Desk, create_code};

/// Most codes that one job makes.
pub const MOST_CODES: u64 = 250_000;
/// Most uses that `codegen` takes.
const MOST_CODEGEN_USES: u64 = 100_000;
/// Letters and digits that people take for each other.
const LOOK_ALIKES: &str = "0O1IL";
/// Texts as BigCommerce will draw them, that the operator's pattern is held against.
const SAMPLES: usize = 32;

/// What to make.
#[derive(Debug, Clone)]
pub struct Generation {
    /// Where.
    pub promotion_id: u64,
    /// How many.
    pub amount: Amount,
    /// How they look; what is not said is as in `like`, or else the API's default.
    pub shape: ShapeRequest,
    /// 0 = unlimited. Default 1.
    pub max_uses: Option<u32>,
    /// 0 = unlimited. Default 1.
    pub max_uses_per_customer: Option<u32>,
    /// A job that generated codes like these.
    pub like: Option<JobId>,
    /// Whether they are wanted as a file.
    pub export: bool,
}

/// How many codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// So many.
    Count(u64),
    /// As many as are missing to so many unused ones.
    UntilUnused(u64),
}

impl Amount {
    /// Codes to make, at most.
    pub fn most(self) -> u64 {
        match self {
            Self::Count(codes) | Self::UntilUnused(codes) => codes,
        }
    }
}

impl Desk {
    /// Plans a generation. One request, and one more for a promotion of type SINGLE or to see how its codes look.
    ///
    /// # Errors
    /// A [`ChangeError`]: the texts cannot be had or could be guessed, or the promotion takes no codes.
    pub async fn plan_generate_codes(
        &self,
        mut generation: Generation,
        patience: &Patience,
    ) -> Result<Plan, ChangeError> {
        if let Some(like) = generation.like.take() {
            self.take_after(&like, &mut generation).await?;
        }
        let codes = generation.amount.most();
        // What is wrong with the arguments is told before anything is read.
        CodeShape::parse(&generation.shape)?.0.check(codes)?;
        let promotion = self.load_promotion(generation.promotion_id, patience).await?;
        self.must_take(&promotion, codes, None, patience).await?;
        let unused = self.unused_already(&generation, patience).await?;
        let followed = follow_pattern(&mut generation, &unused);
        let (mut shape, mut notes) = CodeShape::parse(&generation.shape)?;
        notes.extend(followed);
        let limits = UseLimits {
            max_uses: generation.max_uses.unwrap_or(1).into(),
            max_uses_per_customer: generation.max_uses_per_customer.unwrap_or(1).into(),
        };
        notes.extend(other_limits(&unused, limits));
        let is_bulk = promotion.coupon_type == Some(CouponType::Bulk);
        let within_codegen = limits.max_uses.max(limits.max_uses_per_customer) <= MOST_CODEGEN_USES;
        let by_codegen = is_bulk && within_codegen && shape.maker() == Maker::Codegen;
        if !by_codegen && shape.maker() == Maker::Codegen {
            // What is drawn here is drawn for people's eyes.
            generation.shape.exclude_characters.push(LOOK_ALIKES.to_owned());
            (shape, notes) = CodeShape::parse(&generation.shape)?;
            shape.check(codes)?;
        }
        let spec = GenerateSpec {
            promotion_id: promotion.id,
            by_codegen,
            limits,
            until_unused: match generation.amount {
                Amount::Count(_) => None,
                Amount::UntilUnused(target) => Some(target),
            },
            takes_one: !is_bulk,
            shape,
        };
        notes.extend(create_code::state_warning(&promotion, self.now()));
        if !spec.by_codegen {
            notes.push(
                "BigCommerce cannot generate these codes, so they are drawn here and created one by one."
                    .to_owned(),
            );
        }
        let file = generation.export.then(|| promotion.name.clone());
        Ok(plan(&promotion, spec, codes, notes, file))
    }

    /// The first unused codes of a promotion that is to be filled up.
    async fn unused_already(
        &self,
        generation: &Generation,
        patience: &Patience,
    ) -> Result<Vec<CouponCode>, ChangeError> {
        let Amount::UntilUnused(_) = generation.amount else { return Ok(Vec::new()) };
        let page = self.store().walk_codes(generation.promotion_id, None).next(patience).await?;
        Ok(page.unwrap_or_default().into_iter().filter(|code| code.current_uses == 0).collect())
    }

    /// Takes over from an earlier job what is not said.
    async fn take_after(&self, like: &JobId, generation: &mut Generation) -> Result<(), ChangeError> {
        let record = self.jobs().job(like).await?;
        let spec = Spec::read(&record).map(|spec| spec.work);
        let Ok(WorkSpec::Generate(earlier)) = spec else {
            return Err(ChangeError::invalid(
                format!("The job {like} did not generate codes."),
                "Give the job_id of a generate_coupon_codes; get_job without an id lists the latest jobs.",
            ));
        };
        let ShapeRequest { prefix, suffix, delimiter, code_length, exclude_characters } =
            earlier.shape.request();
        let shape = &mut generation.shape;
        shape.prefix = shape.prefix.take().or(prefix);
        shape.suffix = shape.suffix.take().or(suffix);
        shape.delimiter = shape.delimiter.take().or(delimiter);
        shape.code_length = shape.code_length.or(code_length);
        if shape.exclude_characters.is_empty() {
            shape.exclude_characters = exclude_characters;
        }
        let uses = |uses: u64| u32::try_from(uses).ok();
        generation.max_uses = generation.max_uses.or(uses(earlier.limits.max_uses));
        generation.max_uses_per_customer =
            generation.max_uses_per_customer.or(uses(earlier.limits.max_uses_per_customer));
        Ok(())
    }
}

/// Codes that fill a promotion up look like those that it has, unless it is said how they look. The sentence that says
/// so comes back.
fn follow_pattern(generation: &mut Generation, unused: &[CouponCode]) -> Option<String> {
    let Amount::UntilUnused(target) = generation.amount else { return None };
    let asked = &generation.shape;
    if asked.prefix.is_some() || asked.suffix.is_some() || asked.delimiter.is_some() {
        return None;
    }
    let texts: Vec<_> = unused.iter().map(|code| code.code.as_str()).collect();
    let pattern = pattern::shared(&texts)?;
    let length = asked.code_length.or_else(|| pattern.safe_length(target));
    let shape = ShapeRequest { code_length: length, ..pattern.request() };
    let (parsed, _) = CodeShape::parse(&shape).ok()?;
    parsed.check(target).ok()?;
    let exclude_characters = std::mem::take(&mut generation.shape.exclude_characters);
    generation.shape = ShapeRequest { exclude_characters, ..shape };
    Some(format!(
        "The codes follow the pattern of the unused ones, such as {}: {}.",
        quoted(pattern.example()),
        parsed.example()
    ))
}

/// Says so where codes that fill a promotion up have other limits than those that it has.
fn other_limits(unused: &[CouponCode], limits: UseLimits) -> Option<String> {
    let other = unused.iter().find(|code| in_effect(code.limits) != in_effect(limits))?;
    Some(format!(
        "Unused codes that are there have other limits: {} {}, a new one {}.",
        quoted(&other.code),
        limits_in_words(other.limits),
        limits_in_words(limits)
    ))
}

/// No customer has more uses than all of them together.
fn in_effect(limits: UseLimits) -> UseLimits {
    let (all, each) = (limits.max_uses, limits.max_uses_per_customer);
    let each = if all > 0 && (each == 0 || each > all) { all } else { each };
    UseLimits { max_uses: all, max_uses_per_customer: each }
}

/// The promotion as new codes can use it: where it has no cap, the codes' own limits are one.
pub(super) fn as_codes_use_it(promotion: &Promotion, uses: Option<u64>) -> Promotion {
    Promotion { max_uses: promotion.max_uses.or(uses), ..promotion.clone() }
}

/// `can be used 5 times, by one customer once`
pub(super) fn limits_in_words(limits: UseLimits) -> String {
    match (limits.max_uses, limits.max_uses_per_customer) {
        (0, 0) => "can be used without limit".to_owned(),
        (uses, 0) => format!("can be used {}", uses_in_words(uses)),
        (uses, per_customer) => {
            format!("can be used {}, by one customer {}", uses_in_words(uses), uses_in_words(per_customer))
        }
    }
}

fn uses_in_words(max_uses: u64) -> String {
    match max_uses {
        0 => "without limit".to_owned(),
        uses => times(uses),
    }
}

fn plan(
    promotion: &Promotion,
    spec: GenerateSpec,
    codes: u64,
    warnings: Vec<String>,
    file: Option<String>,
) -> Plan {
    let max_uses = spec.limits.max_uses;
    let on = format!("promotion {} {}", promotion.id, promotion.quoted_name());
    let headline = match spec.until_unused {
        None => format!("Create {} on {on}", count(codes, "code")),
        Some(target) => format!("Fill {on} up to {}", count(target, "unused code")),
    };
    let mut lines =
        vec![format!("The codes look like {}; each {}.", spec.shape.example(), limits_in_words(spec.limits))];
    lines.push("undo with the job_id deletes those of them that are unused.".to_owned());
    let bound = (max_uses > 0).then(|| codes.saturating_mul(max_uses));
    let units = match spec.until_unused {
        None => units::of_generation(&spec, codes),
        // The job counts first.
        Some(_) => Vec::new(),
    };
    let mut texts = units::texts(&units);
    if texts.is_empty() {
        texts.extend(std::iter::repeat_with(|| spec.shape.draw().as_str().to_owned()).take(SAMPLES));
    }
    let order = Order {
        promotion: as_codes_use_it(promotion, bound),
        kind: Kind::Generate,
        lane: Some(format!("generate:{}", promotion.id)),
        units,
        requested: codes,
        digest: None,
        texts,
        file,
        work: WorkSpec::Generate(spec),
    };
    Plan {
        headline,
        lines,
        alternative: None,
        steps: Vec::new(),
        order: Some(Box::new(order)),
        resulting: Vec::new(),
        gets_codes: Vec::new(),
        asks: Vec::new(),
        warnings,
    }
}
