//! How the HTTP transports listen and whom they answer.

use std::time::Duration;

use clap::Args;

use crate::transport::HttpSettings;

use super::Listen;

/// The flags of `http`.
#[derive(Debug, Clone, Args)]
pub struct HttpArgs {
    /// Address or name, and port to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", env = "COUPON_MCP_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: Listen,
    /// A further name (or name:port) that the Host header may hold, besides loopback. May be repeated.
    #[arg(long, value_name = "HOST", env = "COUPON_MCP_ALLOWED_HOSTS", value_delimiter = ',')]
    pub allowed_host: Vec<String>,
    /// A further origin whose pages may call, such as `https://app.example.com`, besides loopback. May be
    /// repeated.
    #[arg(long, value_name = "ORIGIN", env = "COUPON_MCP_ALLOWED_ORIGINS", value_delimiter = ',')]
    pub allowed_origin: Vec<String>,
    /// Listen beyond loopback although nothing authenticates the callers: whoever reaches the port can
    /// manage the store's coupons.
    #[arg(long)]
    pub insecure_no_auth: bool,
    /// Hours until an idle session is forgotten.
    #[arg(long, value_name = "HOURS", env = "COUPON_MCP_SESSION_IDLE_H", default_value_t = 8,
          value_parser = clap::value_parser!(u64).range(1..=168))]
    pub session_idle_h: u64,
    /// Sessions kept at once, per transport; one more closes the one that was idle longest (on /sse, and when
    /// none is idle, it is refused).
    #[arg(long, value_name = "N", env = "COUPON_MCP_MAX_SESSIONS", default_value_t = 1_000)]
    pub max_sessions: usize,
    /// Sessions that one address may open in a minute; more are refused with 429. Everybody behind one proxy
    /// has one address.
    #[arg(long, value_name = "N", env = "COUPON_MCP_SESSIONS_PER_MINUTE", default_value_t = 1_200,
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub sessions_per_minute: u32,
    /// Connections served at once; further ones wait. 64 of the files that the process may open are kept free,
    /// so that limit may allow fewer.
    #[arg(long, value_name = "N", env = "COUPON_MCP_MAX_CONNECTIONS", default_value_t = 4_096,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub max_connections: u32,
    /// Calls of one client worked on at once, of 64 in all; never so many that none is left over for the others.
    /// A client is a session, without sessions an address.
    #[arg(long, value_name = "N", env = "COUPON_MCP_MAX_CALLS_PER_CLIENT", default_value_t = 8,
          value_parser = clap::value_parser!(u8).range(1..=64))]
    pub max_calls_per_client: u8,
    /// Further calls of one client that may wait (for 2 s) for their turn; others are answered `busy` at once.
    #[arg(long, value_name = "N", env = "COUPON_MCP_MAX_WAITING_PER_CLIENT", default_value_t = 256,
          value_parser = clap::value_parser!(u16).range(0..=10_000))]
    pub max_waiting_per_client: u16,
}

impl HttpArgs {
    /// The transport's settings.
    pub fn settings(&self) -> HttpSettings {
        let mut settings = HttpSettings {
            session_idle: Duration::from_hours(self.session_idle_h),
            max_sessions: self.max_sessions,
            sessions_per_minute: usize::try_from(self.sessions_per_minute).unwrap_or(usize::MAX),
            max_connections: usize::try_from(self.max_connections).unwrap_or(usize::MAX),
            ..HttpSettings::default()
        };
        settings.allowed_hosts.extend(self.allowed_host.iter().cloned());
        settings.allowed_origins.extend(self.allowed_origin.iter().cloned());
        settings
    }
}
