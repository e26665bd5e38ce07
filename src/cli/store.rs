//! From settings to tools: the one place that knows both the API client and the practice store.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::bigcommerce::{Client, ClientSettings, Connect, Endpoint, EndpointError};
use crate::changes::{Desk, Rules};
use crate::config::{ConfigError, GuardArgs, Guards, StoreArgs, StoreConfig};
use crate::coupons::{CallLimits, Store};
use crate::policy::Policy;
use crate::sandbox::{self, Sandbox, SandboxOptions};
use crate::server::{CallCaps, CouponServer};
use crate::state::{self, AuditLog, Location, State, StateSettings};
use crate::tools::{ErrorCode, ToolError, Toolbox};

/// Every call answers within 50 s; this leaves time to say so.
const CALL_TOTAL: Duration = Duration::from_secs(45);

/// A setting that cannot be used as it is; the message says what to change.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Unusable(pub(super) String);

/// All that decides what the tools do: the store, and what guards it.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    pub(super) store: StoreArgs,
    #[command(flatten)]
    pub(super) guard: GuardArgs,
}

/// The store of these settings.
pub(super) fn open(args: &StoreArgs) -> Result<Arc<Store>, ConfigError> {
    let config = args.resolve()?;
    let zone = args.time_zone()?;
    let settings = ClientSettings { request_timeout: args.request_timeout(), ..ClientSettings::default() };
    let client = Client::new(connect(config), settings);
    let limits = CallLimits { total: CALL_TOTAL, rate_limit_wait: args.rate_limit_wait() };
    Ok(Arc::new(Store::new(client, limits).in_zone(zone)))
}

/// The tools over these settings' store.
pub(super) fn toolbox(args: &ServeArgs) -> anyhow::Result<Toolbox> {
    let guards = args.guard.resolve()?;
    let desk = desk(&args.store, &guards)?;
    Ok(Toolbox::new(Ok(Arc::new(desk)), &guards.policy))
}

fn desk(args: &StoreArgs, guards: &Guards) -> Result<Desk, ConfigError> {
    let store = open(args)?;
    let (store_key, label) = match args.resolve()? {
        StoreConfig::Sandbox { .. } => ("sandbox".to_owned(), "practice store".to_owned()),
        StoreConfig::Remote { api, hash, .. } => {
            let authority = api.authority().to_owned();
            (format!("{authority}/{hash}"), format!("store {hash}"))
        }
    };
    let location = match &guards.state_dir {
        Some(directory) => Location::Directory(directory.clone()),
        // What a practice store forgets at exit, its state does too.
        None if args.sandbox => Location::Memory,
        None => Location::Directory(state::default_directory().ok_or(ConfigError::NoStateDirectory)?),
    };
    let audit_log = guards.audit_log.clone().map_or(AuditLog::Default, AuditLog::File);
    let state = State::new(StateSettings { location, store_key, audit_log });
    let rules = Rules {
        policy: guards.policy.clone(),
        confirm: guards.confirm.clone(),
        mode: guards.mode,
        audit_required: guards.audit_required,
    };
    Ok(Desk::new(store, state, rules, label))
}

/// The MCP server over these settings' store.
pub(super) fn server(args: &ServeArgs) -> anyhow::Result<CouponServer> {
    Ok(CouponServer::new(toolbox(args)?, args.store.sandbox, CallCaps::default()))
}

/// A server that answers every call with what is wrong with the configuration.
pub(super) fn server_without_store(error: &ConfigError) -> CouponServer {
    let toolbox = Toolbox::new(Err(not_configured(error)), &Policy::default());
    CouponServer::new(toolbox, false, CallCaps::default())
}

fn not_configured(error: &ConfigError) -> ToolError {
    let code = match error {
        ConfigError::Placeholder { .. } => ErrorCode::PlaceholderCredentials,
        _ => ErrorCode::NotConfigured,
    };
    let hint = "Ask the user to put BIGCOMMERCE_STORE_HASH and BIGCOMMERCE_ACCESS_TOKEN into this server's \
                environment in the host's MCP settings and to restart it, or to add --sandbox to its arguments \
                for a practice store.";
    ToolError::lasting(code, error.to_string(), hint)
}

fn connect(config: StoreConfig) -> Connect {
    Arc::new(move || {
        let config = config.clone();
        Box::pin(async move {
            match config {
                StoreConfig::Remote { api, hash, token } => Endpoint::new(&api, &hash, token),
                StoreConfig::Sandbox { data } => start_sandbox(data).await,
            }
        })
    })
}

/// Starts the practice store inside this process, on a free loopback port, until the process ends.
async fn start_sandbox(data: Option<PathBuf>) -> Result<Endpoint, EndpointError> {
    let fault = |error: &dyn std::fmt::Display| EndpointError::Sandbox(error.to_string());
    let sandbox = Sandbox::open(SandboxOptions { data, ..SandboxOptions::default() })
        .await
        .map_err(|error| fault(&error))?;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(|error| fault(&error))?;
    let address = listener.local_addr().map_err(|error| fault(&error))?;
    tokio::spawn(sandbox.serve(listener, CancellationToken::new()));
    let api = Url::parse(&format!("http://{address}")).map_err(|error| fault(&error))?;
    Endpoint::new(&api, sandbox::STORE_HASH, sandbox::TOKEN.into())
}
