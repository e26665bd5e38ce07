//! How many sessions an address may open.
//!
//! Everybody on this machine, or behind one proxy, has one address: the limit is for floods, not for people.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{ConnectInfo, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;

const MINUTE: Duration = Duration::from_mins(1);
/// Addresses remembered before those are forgotten that have opened nothing for a minute.
const REMEMBERED: usize = 1_024;

/// The sessions that each address opened in the last minute.
#[derive(Debug)]
pub(super) struct Openings {
    per_minute: usize,
    recent: Mutex<HashMap<IpAddr, VecDeque<Instant>>>,
}

impl Openings {
    pub(super) fn new(per_minute: usize) -> Self {
        Self { per_minute, recent: Mutex::default() }
    }

    /// Counts one more.
    ///
    /// # Errors
    /// How long to wait, when there were as many as may be in a minute.
    pub(super) fn count(&self, address: IpAddr) -> Result<(), Duration> {
        let now = Instant::now();
        let is_old = |opened: &Instant| now.duration_since(*opened) >= MINUTE;
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.len() >= REMEMBERED {
            recent.retain(|_, opened| opened.back().is_some_and(|last| !is_old(last)));
        }
        let opened = recent.entry(address).or_default();
        while opened.front().is_some_and(is_old) {
            opened.pop_front();
        }
        if opened.len() >= self.per_minute {
            let first = opened.front().map_or(MINUTE, |first| MINUTE.saturating_sub(now - *first));
            return Err(first);
        }
        opened.push_back(now);
        Ok(())
    }
}

/// The answer to a client that must wait so long.
pub(super) fn too_fast(wait: Duration) -> Response {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let sentence = "Too many sessions were opened from this address within a minute.";
    (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, seconds.to_string())], sentence).into_response()
}

/// The address that a request comes from. An IPv6 host has a network of its own to choose addresses from, so
/// the network counts.
pub(super) fn address(request: &Request) -> IpAddr {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    match peer.map(|ConnectInfo(peer)| peer.ip().to_canonical()) {
        Some(IpAddr::V6(address)) => IpAddr::V6((address.to_bits() & (u128::MAX << 64)).into()),
        Some(address) => address,
        None => Ipv4Addr::UNSPECIFIED.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn request_from(peer: &str) -> Request {
        let peer = ConnectInfo(SocketAddr::new(ip(peer), 1));
        axum::http::Request::builder().extension(peer).body(axum::body::Body::empty()).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_opens_so_many_sessions_in_any_minute() {
        let openings = Openings::new(2);
        let (one, other) = (ip("192.0.2.1"), ip("192.0.2.2"));
        assert_eq!(openings.count(one), Ok(()));
        tokio::time::advance(Duration::from_secs(20)).await;
        assert_eq!(openings.count(one), Ok(()));
        assert_eq!(openings.count(one), Err(Duration::from_secs(40)));
        assert_eq!(openings.count(other), Ok(()));
        tokio::time::advance(Duration::from_secs(40)).await;
        assert_eq!(openings.count(one), Ok(()));
        assert_eq!(openings.count(one), Err(Duration::from_secs(20)));
    }

    #[tokio::test(start_paused = true)]
    async fn addresses_that_went_away_are_forgotten() {
        let openings = Openings::new(1);
        for last in 0..REMEMBERED {
            openings.count(Ipv4Addr::from_bits(u32::try_from(last).unwrap()).into()).unwrap();
        }
        tokio::time::advance(MINUTE).await;
        openings.count(ip("192.0.2.1")).unwrap();
        assert_eq!(openings.recent.lock().unwrap().len(), 1);
    }

    #[test]
    fn the_addresses_of_one_network_are_one() {
        assert_eq!(address(&request_from("2001:db8::1")), address(&request_from("2001:db8::2:1")));
        assert_ne!(address(&request_from("2001:db8::1")), address(&request_from("2001:db8:0:1::1")));
        assert_eq!(address(&request_from("::ffff:192.0.2.1")), ip("192.0.2.1"));
    }
}
