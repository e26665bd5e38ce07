//! Why a change was refused, in words.

use std::time::Duration;

use crate::changes::ChangeError;
use crate::coupons::quoted;
use crate::coupons::store_time::{Examples, TimeFault};
use crate::jobs::JournalError;
use crate::policy::Violation;
use crate::state::StateError;

use super::super::error::{ErrorCode, ToolError};

impl From<ChangeError> for ToolError {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Invalid { message, hint } => {
                Self::lasting(ErrorCode::InvalidArguments, message, format!("{hint} Nothing was changed."))
            }
            ChangeError::Time { argument, fault, examples } => time(argument, &fault, &examples),
            ChangeError::CodeText(error) => error.into(),
            ChangeError::Taken { code } => Self::lasting(
                ErrorCode::CodeConflict,
                format!("The code {code} is taken: a code is unique in the whole store, whatever its case."),
                "Choose another code, or look at the one that is there with check_coupon_code. Nothing was changed.",
            ),
            ChangeError::Coupon(error) => error.into(),
            ChangeError::Policy(violation) => violation.into(),
            ChangeError::DailyCeiling { rule, limit, used, amount, frees } => {
                let message = format!(
                    "The operator's ceiling {rule} = {limit} in 24 hours does not leave room for {amount}: {used} are \
                     used."
                );
                match frees {
                    Some((frees_at, wait)) => {
                        let hint = format!(
                            "Enough is free again at {frees_at}. Nothing was changed. The operator can raise the \
                             ceiling."
                        );
                        Self::passing(ErrorCode::DailyCeiling, message, hint).after(wait)
                    }
                    None => Self::lasting(
                        ErrorCode::DailyCeiling,
                        message,
                        "That many are never free at once: do less, or ask the operator to raise the ceiling. Nothing \
                         was changed.",
                    ),
                }
            }
            ChangeError::State(error) => error.into(),
            ChangeError::Audit(error) => Self::lasting(
                ErrorCode::StateUnavailable,
                format!("The audit log cannot be written, and the operator requires it: {error}."),
                "Nothing was changed. The operator must make the file of --audit-log writable.",
            ),
            ChangeError::Busy => Self::passing(
                ErrorCode::InProgress,
                "Another change of this store is still under way.",
                "Call again in a moment with the same arguments. Nothing was changed.",
            )
            .after(Duration::from_secs(5)),
            ChangeError::JobUnderWay { id } => Self::passing(
                ErrorCode::InProgress,
                format!("The job {id} is in the way: it is under way or needs attention."),
                format!(
                    "Follow it with get_job (job_id {id}), or end it with control_job. Nothing was changed."
                ),
            ),
            ChangeError::UnknownJob { id } => Self::lasting(
                ErrorCode::UnknownJob,
                format!("There is no job {id} on record for this store."),
                "get_job without an id lists the latest jobs.",
            ),
            ChangeError::Journal(error) => Self::internal(&error),
            ChangeError::Shape(error) => Self::lasting(
                ErrorCode::InvalidArguments,
                format!("{}.", super::sentence(&error)),
                "Nothing was changed. Call again with other arguments.",
            ),
            ChangeError::Import(fault) => Self::lasting(
                ErrorCode::InvalidArguments,
                format!("The codes cannot be imported as they are: {fault}."),
                "Nothing was changed. Correct what is named and call again with all of them.",
            ),
            ChangeError::UnknownChange { id } => unknown_change(id.as_deref()),
            ChangeError::AlreadyUndone { id } => Self::lasting(
                ErrorCode::NotUndoable,
                format!("The change {id} was undone already."),
                "Look at the last changes with get_store. Nothing was changed.",
            ),
            ChangeError::NotUndoable { id, why } => Self::lasting(
                ErrorCode::NotUndoable,
                format!("The change {id} cannot be undone: {why}."),
                "Look at what is there with get_promotion or list_coupon_codes. Nothing was changed.",
            ),
            ChangeError::ChangedSince { what } => Self::lasting(
                ErrorCode::ChangedSince,
                format!("Somebody has edited this since: {what}."),
                "Undoing would overwrite that, so nothing was changed. Look with get_promotion and change what is \
                 wanted by update_promotion.",
            ),
        }
    }
}

impl From<JournalError> for ToolError {
    fn from(error: JournalError) -> Self {
        ChangeError::from(error).into()
    }
}

impl From<Violation> for ToolError {
    fn from(violation: Violation) -> Self {
        Self::lasting(
            ErrorCode::PolicyViolation,
            violation.message,
            format!("{} Nothing was changed.", violation.remedy),
        )
    }
}

impl From<StateError> for ToolError {
    fn from(error: StateError) -> Self {
        Self::lasting(
            ErrorCode::StateUnavailable,
            format!("This server's own records cannot be used: {error}."),
            "Nothing was changed. The operator must make the directory of --state-dir usable.",
        )
    }
}

fn time(argument: &str, fault: &TimeFault, examples: &Examples) -> ToolError {
    let Examples { now, day, local, with_offset } = examples;
    let message = format!("Argument \"{argument}\": {fault}.");
    match fault {
        TimeFault::ZoneUnknown => ToolError::lasting(
            ErrorCode::TimezoneUnknown,
            message,
            format!(
                "Give a time with an offset, such as {with_offset}, or have the operator set BIGCOMMERCE_TIME_ZONE. \
                 Nothing was changed."
            ),
        ),
        _ => ToolError::lasting(
            ErrorCode::InvalidArguments,
            message,
            format!(
                "Give a day such as {day}, a time on the store's clocks such as {local}, or a time with its offset \
                 such as {with_offset}. It is now {now}. Nothing was changed."
            ),
        ),
    }
}

fn unknown_change(id: Option<&str>) -> ToolError {
    let message = match id {
        Some(id) => format!("There is no change {} on record for this store.", quoted(id)),
        None => "This caller has made no change that could be undone.".to_owned(),
    };
    ToolError::lasting(
        ErrorCode::UnknownChange,
        message,
        "get_store lists the last changes with their change_id. Nothing was changed.",
    )
}
