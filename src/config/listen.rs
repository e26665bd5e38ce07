//! Where a server listens: `127.0.0.1:8080`, `localhost:8080`, `[::1]:8080`, or `:8080` for 127.0.0.1.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

/// An address, or a name that is looked up when the server starts, with a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen(String);

/// Why a server cannot listen there.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The name is of no address.
    #[error("the name in {listen} cannot be looked up: {source}")]
    Unknown {
        /// What was asked for.
        listen: Listen,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// Others on the network could reach it.
    #[error("{listen} is not a loopback address{}", if listen.is_address() { String::new() } else { format!(": it leads to {address}") })]
    BeyondLoopback {
        /// What was asked for.
        listen: Listen,
        /// Where that leads.
        address: SocketAddr,
    },
}

impl Listen {
    /// The addresses it stands for, the first to be tried first.
    ///
    /// # Errors
    /// A name that is of no address.
    pub async fn addresses(&self) -> Result<Vec<SocketAddr>, ListenError> {
        let unknown = |source| ListenError::Unknown { listen: self.clone(), source };
        let found: Vec<_> = tokio::net::lookup_host(&self.0).await.map_err(unknown)?.collect();
        if found.is_empty() {
            return Err(unknown(std::io::ErrorKind::NotFound.into()));
        }
        Ok(found)
    }

    /// As [`Self::addresses`], of this machine alone.
    ///
    /// # Errors
    /// A name that is of no address, or an address that others on the network can reach.
    pub async fn loopback(&self) -> Result<Vec<SocketAddr>, ListenError> {
        let found = self.addresses().await?;
        match found.iter().find(|address| !address.ip().is_loopback()) {
            Some(&address) => Err(ListenError::BeyondLoopback { listen: self.clone(), address }),
            None => Ok(found),
        }
    }

    fn is_address(&self) -> bool {
        self.0.parse::<SocketAddr>().is_ok()
    }
}

impl FromStr for Listen {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const SUCH_AS: &str = "give a host and a port, such as 127.0.0.1:8080, localhost:8080 or :8080";
        let (host, port) = text.trim().rsplit_once(':').ok_or(SUCH_AS)?;
        port.parse::<u16>().map_err(|_| SUCH_AS)?;
        let is_name =
            |host: &str| host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'));
        match host {
            "" => Ok(Self(format!("127.0.0.1:{port}"))),
            _ if is_name(host) || text.trim().parse::<SocketAddr>().is_ok() => {
                Ok(Self(format!("{host}:{port}")))
            }
            _ => Err(SUCH_AS),
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listen(text: &str) -> Listen {
        text.parse().unwrap()
    }

    #[test]
    fn a_host_and_a_port_are_wanted() {
        assert_eq!(listen(":8080"), listen("127.0.0.1:8080"));
        assert_eq!(listen("[::1]:0").to_string(), "[::1]:0");
        for text in [
            "",
            "8080",
            "localhost",
            "localhost:",
            "localhost:port",
            "::1:80 80",
            "a b:80",
            "http://x:80",
            "x:70000",
        ] {
            assert!(text.parse::<Listen>().is_err(), "{text}");
        }
    }

    #[tokio::test]
    async fn a_name_is_judged_by_where_it_leads() {
        assert!(
            listen("localhost:8080").loopback().await.unwrap().iter().all(|address| address.port() == 8080)
        );
        assert!(listen("[::1]:8080").loopback().await.is_ok());
        let beyond = listen("0.0.0.0:8080").loopback().await.unwrap_err();
        assert_eq!(beyond.to_string(), "0.0.0.0:8080 is not a loopback address");
        assert!(listen("0.0.0.0:8080").addresses().await.is_ok());
        let unknown = listen("a..b:8080").loopback().await.unwrap_err();
        assert!(unknown.to_string().starts_with("the name in a..b:8080 cannot be looked up"), "{unknown}");
    }
}
