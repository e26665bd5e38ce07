//! The changes made through the server: written before the first request goes out, so that what was under way
//! when a process died can still be told, and kept for undo.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde_json::Value;
use sqlx::query::{Query, QueryAs};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{FromRow, Row, Sqlite};

use super::{State, StateError, random, restored, stored};

const PREFIX: &str = "chg_";
const ID_LENGTH: usize = 12;

/// A query for changes; the argument says which.
macro_rules! select {
    ($which:literal) => {
        concat!(
            "SELECT id, caller, tool, at, summary, status, before, progress, after, inverse, undone_by
             FROM changes ",
            $which
        )
    };
}

/// The name of a change: `chg_` and 12 small letters and digits, none of `i`, `l`, `o`, `u`; 60 random bits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ChangeId(String);

/// A text that is no [`ChangeId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a change id is chg_ and 12 letters and digits, as the answer to a write gave it")]
pub struct ChangeIdError;

impl ChangeId {
    fn random() -> Self {
        Self(format!("{PREFIX}{}", random::speakable(ID_LENGTH)))
    }

    /// `chg_...`
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ChangeId {
    type Err = ChangeIdError;

    /// Takes capitals and blanks at the ends too, and an `o` for 0 or an `i` or `l` for 1: people type these.
    fn from_str(text: &str) -> Result<Self, ChangeIdError> {
        random::read_aloud(PREFIX, ID_LENGTH, text).map(Self).ok_or(ChangeIdError)
    }
}

impl fmt::Display for ChangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A change about to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct NewChange {
    /// Who asked for it.
    pub caller: String,
    /// The tool.
    pub tool: String,
    /// When.
    pub at: Timestamp,
    /// What it is, in a sentence.
    pub summary: String,
    /// What is there now; the shape is the tool's own.
    pub before: Value,
}

/// How a change ended.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangeEnd {
    /// Whether all of it was done.
    pub ending: Ending,
    /// What is there now; the shape is the tool's own.
    pub after: Value,
    /// What an undo would have to do; `None` if nothing can or need be undone.
    pub inverse: Option<Value>,
}

/// Whether all of a change was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// All of it.
    Done,
    /// Some of it.
    Partial,
    /// None of it.
    Failed,
}

impl Ending {
    /// `done`, `partial` or `failed`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Partial => "partial",
            Self::Failed => "failed",
        }
    }
}

/// A change as it is remembered.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Its name.
    pub id: ChangeId,
    /// Who asked for it.
    pub caller: String,
    /// The tool.
    pub tool: String,
    /// When it began, in whole milliseconds.
    pub at: Timestamp,
    /// What it is, in a sentence.
    pub summary: String,
    /// What was there before.
    pub before: Value,
    /// How far it came, as last recorded.
    pub progress: Option<Value>,
    /// `None` while it is under way, and for good if the process died meanwhile.
    pub ending: Option<Ending>,
    /// What was there after it; `None` until it ended.
    pub after: Option<Value>,
    /// What an undo would have to do.
    pub inverse: Option<Value>,
    /// The change that undid this one.
    pub undone_by: Option<ChangeId>,
}

impl FromRow<'_, SqliteRow> for Change {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let ending = match row.try_get("status")? {
            "pending" => None,
            "done" => Some(Ending::Done),
            "partial" => Some(Ending::Partial),
            _ => Some(Ending::Failed),
        };
        Ok(Self {
            id: ChangeId(row.try_get("id")?),
            caller: row.try_get("caller")?,
            tool: row.try_get("tool")?,
            at: restored(row.try_get("at")?),
            summary: row.try_get("summary")?,
            before: decode(row.try_get("before")?)?,
            progress: row.try_get::<Option<&str>, _>("progress")?.map(decode).transpose()?,
            ending,
            after: row.try_get::<Option<&str>, _>("after")?.map(decode).transpose()?,
            inverse: row.try_get::<Option<&str>, _>("inverse")?.map(decode).transpose()?,
            undone_by: row.try_get::<Option<String>, _>("undone_by")?.map(ChangeId),
        })
    }
}

/// A document that does not parse: only a hand in the file can have done that.
fn decode(document: &str) -> Result<Value, sqlx::Error> {
    serde_json::from_str(document).map_err(|error| sqlx::Error::Decode(error.into()))
}

impl State {
    /// Records a change before it is made.
    ///
    /// # Errors
    /// The database cannot be written: then the change must not be made.
    pub async fn begin_change(&self, new: NewChange) -> Result<ChangeId, StateError> {
        let id = ChangeId::random();
        sqlx::query(
            "INSERT INTO changes (id, store, caller, tool, at, summary, status, before)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'pending', ?7)",
        )
        .bind(id.as_str())
        .bind(self.store_key())
        .bind(new.caller)
        .bind(new.tool)
        .bind(stored(new.at))
        .bind(new.summary)
        .bind(new.before.to_string())
        .execute(self.for_writing().await?)
        .await
        .map_err(|error| self.database_error(&error))?;
        Ok(id)
    }

    /// Records how far a change has come, in place of what was recorded before.
    ///
    /// # Errors
    /// [`StateError::NotUnderWay`], or the database cannot be written.
    pub async fn record_progress(&self, id: &ChangeId, progress: &Value) -> Result<(), StateError> {
        let update = "UPDATE changes SET progress = ?3 WHERE id = ?1 AND store = ?2 AND status = 'pending'";
        let update = sqlx::query(update).bind(id.as_str()).bind(self.store_key()).bind(progress.to_string());
        self.update_one(update, StateError::NotUnderWay(id.clone())).await
    }

    /// Records how a change ended.
    ///
    /// # Errors
    /// [`StateError::NotUnderWay`], or the database cannot be written.
    pub async fn finish_change(&self, id: &ChangeId, end: ChangeEnd) -> Result<(), StateError> {
        let update = sqlx::query(
            "UPDATE changes SET status = ?3, after = ?4, inverse = ?5
             WHERE id = ?1 AND store = ?2 AND status = 'pending'",
        )
        .bind(id.as_str())
        .bind(self.store_key())
        .bind(end.ending.as_str())
        .bind(end.after.to_string())
        .bind(end.inverse.map(|inverse| inverse.to_string()));
        self.update_one(update, StateError::NotUnderWay(id.clone())).await
    }

    /// Records that the change `by` took the change `id` back.
    ///
    /// # Errors
    /// [`StateError::NotUndoable`], or the database cannot be written.
    pub async fn mark_undone(&self, id: &ChangeId, by: &ChangeId) -> Result<(), StateError> {
        let update = sqlx::query(
            "UPDATE changes SET undone_by = ?3
             WHERE id = ?1 AND store = ?2 AND undone_by IS NULL",
        )
        .bind(id.as_str())
        .bind(self.store_key())
        .bind(by.as_str());
        self.update_one(update, StateError::NotUndoable(id.clone())).await
    }

    /// A change of this store.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn change(&self, id: &ChangeId) -> Result<Option<Change>, StateError> {
        let select = sqlx::query_as(select!("WHERE store = ?1 AND id = ?2"));
        Ok(self.select(select.bind(self.store_key()).bind(id.as_str())).await?.pop())
    }

    /// What an undo without an id means: the caller's last change that has an inverse or no end, is not undone,
    /// and was no undo itself. So one undo after another walks back; to take an undo back, name it.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn latest_change(&self, caller: &str) -> Result<Option<Change>, StateError> {
        let select = sqlx::query_as(select!(
            "WHERE store = ?1 AND caller = ?2 AND undone_by IS NULL AND tool <> 'undo'
               AND (inverse IS NOT NULL OR status = 'pending')
             ORDER BY sequence DESC LIMIT 1"
        ));
        Ok(self.select(select.bind(self.store_key()).bind(caller)).await?.pop())
    }

    /// The store's last changes, whoever asked and however they ended, the latest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn recent_changes(&self, limit: u32) -> Result<Vec<Change>, StateError> {
        let select = sqlx::query_as(select!("WHERE store = ?1 ORDER BY sequence DESC LIMIT ?2"));
        self.select(select.bind(self.store_key()).bind(limit)).await
    }

    /// The changes since `since` whose record of what was there names this promotion, the latest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn changes_of_promotion(
        &self,
        promotion_id: u64,
        since: Timestamp,
    ) -> Result<Vec<Change>, StateError> {
        let select = sqlx::query_as(select!(
            "WHERE store = ?1 AND at >= ?2 AND (instr(before, ?3) > 0 OR instr(before, ?4) > 0)
             ORDER BY sequence DESC"
        ));
        // As serde_json writes it; the number ends where the member does.
        let named = |end: char| format!("\"promotion_id\":{promotion_id}{end}");
        let select = select.bind(self.store_key()).bind(stored(since)).bind(named(',')).bind(named('}'));
        self.select(select).await
    }

    /// What this tool has changed since `since`, the latest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn changes_by(&self, tool: &str, since: Timestamp) -> Result<Vec<Change>, StateError> {
        let select =
            sqlx::query_as(select!("WHERE store = ?1 AND at >= ?2 AND tool = ?3 ORDER BY sequence DESC"));
        self.select(select.bind(self.store_key()).bind(stored(since)).bind(tool)).await
    }

    async fn select(
        &self,
        select: QueryAs<'_, Sqlite, Change, SqliteArguments>,
    ) -> Result<Vec<Change>, StateError> {
        let Some(connections) = self.for_reading().await? else { return Ok(Vec::new()) };
        select.fetch_all(connections).await.map_err(|error| self.database_error(&error))
    }

    /// Runs an update that is to meet one row.
    async fn update_one(
        &self,
        update: Query<'_, Sqlite, SqliteArguments>,
        otherwise: StateError,
    ) -> Result<(), StateError> {
        let Some(connections) = self.for_reading().await? else { return Err(otherwise) };
        let updated = update.execute(connections).await.map_err(|error| self.database_error(&error))?;
        if updated.rows_affected() == 1 { Ok(()) } else { Err(otherwise) }
    }
}
