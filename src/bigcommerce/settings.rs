//! The promotion-settings endpoints, which have an OpenAPI file of their own.

use serde_json::{Map, Value};

use super::client::{Answered, Client, Request};
use super::error::ApiError;
use super::operation::Operation;
use super::patience::Patience;
use super::wire::Settings;

const PATH: &str = "promotions/settings";

impl Client {
    /// `GET /promotions/settings` (`getGlobalPromotionSettings`).
    ///
    /// # Errors
    /// Any [`ApiError`].
    pub async fn settings(&self, patience: &Patience) -> Result<Map<String, Value>, ApiError> {
        let request = Request {
            operation: Operation::GetSettings,
            path: PATH.to_owned(),
            query: Vec::new(),
            body: None,
        };
        self.send::<Settings>(&request, patience).await.map(Map::from)
    }

    /// `PUT /promotions/settings` (`updateGlobalPromotionSettings`): all of them, as they shall be.
    ///
    /// # Errors
    /// Any [`ApiError`]; the plan may not permit a change (Enterprise only for three of the four).
    pub async fn update_settings(
        &self,
        settings: &Map<String, Value>,
        patience: &Patience,
    ) -> Result<Answered<Map<String, Value>>, ApiError> {
        let request = Request {
            operation: Operation::UpdateSettings,
            path: PATH.to_owned(),
            query: Vec::new(),
            body: Some(Value::Object(settings.clone())),
        };
        let Answered { status, value } = self.exchange::<Settings>(&request, patience).await?;
        Ok(Answered { status, value: value.into() })
    }
}

impl From<Settings> for Map<String, Value> {
    fn from(settings: Settings) -> Self {
        match settings {
            Settings::Enveloped { data } | Settings::Bare(data) => data,
        }
    }
}
