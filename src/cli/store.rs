//! From settings to tools: the one place that knows both the API client and the practice store.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::bigcommerce::{Client, ClientSettings, Connect, Endpoint, EndpointError};
use crate::changes::{Desk, Files, Rules};
use crate::clock::Clock;
use crate::config::{ConfigError, GuardArgs, Guards, JobArgs, PracticeData, StoreArgs, StoreConfig};
use crate::coupons::{CallLimits, Store};
use crate::jobs::{JobSettings, Jobs, Journal, Scope};
use crate::policy::Policy;
use crate::sandbox::{self, Sandbox, SandboxOptions};
use crate::server::{CallCaps, CouponServer};
use crate::state::{self, AuditLog, Location, State, StateSettings};
use crate::tools::{ErrorCode, ToolError, Toolbox};

use super::output;

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
    #[command(flatten)]
    pub(super) jobs: JobArgs,
}

/// The store of these settings.
fn open(
    args: &ServeArgs,
    config: StoreConfig,
    location: &Location,
    clock: &Clock,
) -> Result<Arc<Store>, ConfigError> {
    let zone = args.store.time_zone()?;
    let settings = ClientSettings {
        request_timeout: args.store.request_timeout(),
        job_reserve_percent: args.jobs.job_reserve_percent,
        ..ClientSettings::default()
    };
    let client = Client::new(connect(config, location.clone(), clock.clone()), settings);
    let limits = CallLimits { total: CALL_TOTAL, rate_limit_wait: args.store.rate_limit_wait() };
    Ok(Arc::new(Store::new(client, limits).in_zone(zone).on_clock(clock.clone())))
}

/// The tools over these settings' store, and its jobs.
pub(super) fn toolbox(args: &ServeArgs) -> anyhow::Result<(Toolbox, Arc<Jobs>)> {
    let guards = args.guard.resolve()?;
    let desk = desk(args, &guards)?;
    let jobs = Arc::clone(desk.jobs());
    Ok((Toolbox::new(Ok(Arc::new(desk)), &guards.policy), jobs))
}

/// The desk over these settings' store.
pub(super) fn desk(args: &ServeArgs, guards: &Guards) -> Result<Desk, ConfigError> {
    let clock = Clock::system();
    let config = args.store.resolve()?;
    let location = location(args, guards)?;
    let store = open(args, config.clone(), &location, &clock)?;
    let (store_key, label) = match config {
        StoreConfig::Sandbox(_) => ("sandbox".to_owned(), "practice store".to_owned()),
        StoreConfig::Remote { api, hash, .. } => {
            let authority = api.authority().to_owned();
            (format!("{authority}/{hash}"), format!("store {hash}"))
        }
    };
    let journal = Journal::new(location.clone(), Scope::Store(store_key.clone())).on_clock(clock);
    let audit_log = guards.audit_log.clone().map_or(AuditLog::Default, AuditLog::File);
    let state = Arc::new(State::new(StateSettings { location, store_key, audit_log }));
    let rules = Rules {
        policy: guards.policy.clone(),
        confirm: guards.confirm.clone(),
        mode: guards.mode,
        audit_required: guards.audit_required,
        files: Files { readable: args.jobs.allow_dir.clone(), exports: args.jobs.exports() },
    };
    let settings = JobSettings { settle: args.jobs.settle(), reserve_percent: args.jobs.job_reserve_percent };
    let jobs = Arc::new(Jobs::new(Arc::clone(&store), Arc::clone(&state), journal, settings));
    Ok(Desk::new(store, state, jobs, rules, label))
}

/// Where the server's state is.
pub(super) fn location(args: &ServeArgs, guards: &Guards) -> Result<Location, ConfigError> {
    Ok(match &guards.state_dir {
        Some(directory) => Location::Directory(directory.clone()),
        // What a practice store forgets at exit, its state does too; and a file of its own may be any store's.
        None if args.store.sandbox && args.store.practice_data() != PracticeData::BesideState => {
            Location::Memory
        }
        None => Location::Directory(state::default_directory().ok_or(ConfigError::NoStateDirectory)?),
    })
}

/// Whether what these settings' server remembers outlives its process.
pub(super) fn is_kept(args: &ServeArgs) -> anyhow::Result<bool> {
    Ok(location(args, &args.guard.resolve()?)? != Location::Memory)
}

/// Says what of the practice store is forgotten at exit.
pub(super) fn note_what_is_forgotten(args: &ServeArgs) -> anyhow::Result<()> {
    if !args.store.sandbox {
        return Ok(());
    }
    let forgotten = match (args.store.practice_data(), is_kept(args)?) {
        (PracticeData::Memory, _) => {
            "this practice store is in memory and forgotten at exit; --sandbox-data keeps it"
        }
        (PracticeData::File(_), false) => {
            "what undo, jobs and confirmations need is in memory only; --state-dir DIR keeps it"
        }
        (PracticeData::File(_) | PracticeData::BesideState, _) => return Ok(()),
    };
    output::note(&format!("note: {forgotten}"));
    Ok(())
}

/// The MCP server over these settings' store.
pub(super) fn server(args: &ServeArgs, caps: CallCaps) -> anyhow::Result<(CouponServer, Arc<Jobs>)> {
    let (toolbox, jobs) = toolbox(args)?;
    Ok((CouponServer::new(toolbox, args.store.sandbox, caps), jobs))
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

fn connect(config: StoreConfig, location: Location, clock: Clock) -> Connect {
    Arc::new(move || {
        let (config, location, clock) = (config.clone(), location.clone(), clock.clone());
        Box::pin(async move {
            match config {
                StoreConfig::Remote { api, hash, token } => Endpoint::new(&api, &hash, token),
                StoreConfig::Sandbox(data) => {
                    start_sandbox(practice_file(data, location).await?, clock).await
                }
            }
        })
    })
}

/// The file of the practice store; `None` = memory.
async fn practice_file(data: PracticeData, location: Location) -> Result<Option<PathBuf>, EndpointError> {
    match (data, location) {
        (PracticeData::Memory, _) | (PracticeData::BesideState, Location::Memory) => Ok(None),
        (PracticeData::File(file), _) => Ok(Some(file)),
        (PracticeData::BesideState, Location::Directory(directory)) => state::practice_store(directory)
            .await
            .map(Some)
            .map_err(|error| EndpointError::Sandbox(error.to_string())),
    }
}

/// Starts the practice store inside this process, on a free loopback port, until the process ends.
async fn start_sandbox(data: Option<PathBuf>, clock: Clock) -> Result<Endpoint, EndpointError> {
    let fault = |error: &dyn std::fmt::Display| EndpointError::Sandbox(error.to_string());
    let sandbox = Sandbox::open(SandboxOptions { data, clock, ..SandboxOptions::default() })
        .await
        .map_err(|error| fault(&error))?;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(|error| fault(&error))?;
    let address = listener.local_addr().map_err(|error| fault(&error))?;
    tokio::spawn(sandbox.serve(listener, CancellationToken::new()));
    let api = Url::parse(&format!("http://{address}")).map_err(|error| fault(&error))?;
    Endpoint::new(&api, sandbox::STORE_HASH, sandbox::TOKEN.into())
}
