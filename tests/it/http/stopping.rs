//! A stop while calls are under way.

use std::sync::Arc;

use coupon_mcp::transport::HttpSettings;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ServerCapabilities, ServerConfig,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::sse::SseHost;
use crate::support::http_host::{HttpHost, message};
use crate::support::process::PATIENCE;
use crate::support::raw::Served;
use crate::support::{call, initialize};

/// A server whose calls last until they are let go.
#[derive(Clone)]
struct Slow {
    /// One for each call that has begun.
    begun: Arc<Semaphore>,
    /// One for each call that may end.
    go: Arc<Semaphore>,
}

impl ServerHandler for Slow {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn call_tool(
        &self,
        _: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        self.begun.add_permits(1);
        self.go.acquire().await.unwrap().forget();
        Ok(CallToolResult::success(vec![ContentBlock::text("LAST")]).into())
    }
}

#[tokio::test]
async fn calls_under_way_are_answered_on_every_transport_before_the_server_ends() {
    let slow = Slow { begun: Arc::new(Semaphore::new(0)), go: Arc::new(Semaphore::new(0)) };
    let settings = HttpSettings { finish_time: PATIENCE, ..HttpSettings::default() };
    let mut server = Served::start(slow.clone(), settings).await;
    let session = HttpHost::open(&server.url, "2025-11-25").await;
    let mut old = SseHost::connect_to(&server.url).await;
    old.request(1, "initialize", initialize("2024-11-05")).await;
    let stateless = HttpHost::new(&server.url);
    let calls = tokio::spawn(async move {
        let modern = call("slow", json!({}));
        tokio::join!(
            async { session.call("slow", json!({})).await },
            async { message(stateless.modern("tools/call", modern).await).await["result"].clone() },
            async { old.request(2, "tools/call", call("slow", json!({}))).await },
        )
    });
    slow.begun.acquire_many(3).await.unwrap().forget();
    server.stop();
    slow.go.add_permits(3);
    let (session, stateless, old): (Value, Value, Value) =
        tokio::time::timeout(PATIENCE, calls).await.unwrap().unwrap();
    for result in [session, stateless, old] {
        assert_eq!(result["content"][0]["text"], "LAST", "{result}");
    }
    server.ended().await;
}
