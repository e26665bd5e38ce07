//! Hosts and origins as they stand in `Host`, `:authority` and `Origin`, parsed and never matched as text.

use url::Host;

/// A host and its port, as in `localhost:8080`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Authority {
    pub(super) host: Host,
    pub(super) port: Option<u16>,
}

/// An origin as browsers write it, such as `https://app.example`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) scheme: String,
    pub(super) host: Host,
    /// The scheme's own port where none is written; schemes of applications have none.
    pub(super) port: Option<u16>,
}

impl Authority {
    /// Returns what `text` says, if it is exactly a host with or without a port: no user, no spelling of an
    /// address that only some parsers understand, nothing after it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (host, port) = match text.rfind(']') {
            Some(end) => text.split_at_checked(end + 1)?,
            None => text.split_at_checked(text.find(':').unwrap_or(text.len()))?,
        };
        let port = match port.strip_prefix(':') {
            Some(digits) => Some(parse_port(digits)?),
            None if port.is_empty() => None,
            None => return None,
        };
        Some(Self { host: parse_host(host)?, port })
    }
}

impl Origin {
    /// Returns what `text` says, if it is exactly an origin; `null` is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (scheme, authority) = text.split_once("://")?;
        let usual = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
        if !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) || !scheme.chars().all(usual) {
            return None;
        }
        let scheme = scheme.to_ascii_lowercase();
        let Authority { host, port } = Authority::parse(authority)?;
        let own = match scheme.as_str() {
            "http" => Some(80),
            "https" => Some(443),
            _ => None,
        };
        Some(Self { scheme, host, port: port.or(own) })
    }
}

fn parse_port(digits: &str) -> Option<u16> {
    let plain = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

/// Parses a host that is written the usual way. The URL standard also takes `0x7f.1`, `%6c`, full-width
/// letters and the like; what is spelled so wants to be mistaken for something else.
fn parse_host(text: &str) -> Option<Host> {
    let host = Host::parse(text).ok()?;
    let usual = match &host {
        Host::Ipv6(_) => true,
        Host::Ipv4(address) => address.to_string() == text,
        Host::Domain(name) => *name == text.to_ascii_lowercase() && is_domain(name),
    };
    usual.then_some(host)
}

fn is_domain(name: &str) -> bool {
    let usual = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    name.len() <= 253
        && name.split('.').all(|label| !label.is_empty() && label.len() <= 63 && label.chars().all(usual))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authority(text: &str) -> Option<(String, Option<u16>)> {
        Authority::parse(text).map(|found| (found.host.to_string(), found.port))
    }

    #[test]
    fn a_host_with_or_without_a_port_is_understood() {
        for (text, host, port) in [
            ("localhost", "localhost", None),
            ("LocalHost:8080", "localhost", Some(8080)),
            ("127.0.0.1:1", "127.0.0.1", Some(1)),
            ("[::1]", "[::1]", None),
            ("[0:0::1]:65535", "[::1]", Some(65_535)),
            ("mcp_1.shop-a.example", "mcp_1.shop-a.example", None),
            ("xn--bcher-kva.example", "xn--bcher-kva.example", None),
        ] {
            assert_eq!(authority(text), Some((host.to_owned(), port)), "{text}");
        }
    }

    #[test]
    fn what_is_no_host_is_not_taken_for_one() {
        let odd = [
            "",
            ":",
            ":80",
            "localhost:",
            "localhost:0",
            "localhost:080",
            "localhost:+80",
            "localhost:99999",
            "127.0.0.1:80:80",
            "localhost:80:evil.example",
            "localhost:80@evil.example",
            "user@localhost",
            "user:word@localhost",
            "localhost.",
            "localhost..",
            ".localhost",
            "a..b",
            "localhost/",
            "localhost#x",
            "localhost?x",
            "localhost\\x",
            " localhost",
            "localhost ",
            "local host",
            "localhost,evil.example",
            "[::1",
            "::1",
            "::1]",
            "[]",
            "[::1].evil.example",
            "[::1]evil",
            "[::1]evil:80",
            "[::1]:80:80",
            "[::1]:",
            "[::1]:x",
            "x[::1]",
            "[[::1]]",
            "[::1]]",
            "[::1%25lo]",
            "[localhost]",
            "[127.0.0.1]",
            "0x7f.1",
            "127.1",
            "2130706433",
            "0177.0.0.1",
            "127.0.0.1.",
            "%6cocalhost",
            "ｌocalhost",
            "löcal",
            "localhost\0",
            "localhost\t",
            "loc\u{ad}alhost",
        ];
        for text in odd {
            assert_eq!(authority(text), None, "{text}");
        }
        assert_eq!(authority(&format!("{}.example", "a".repeat(64))), None);
        assert_eq!(authority(&"a.".repeat(200)), None);
    }

    #[test]
    fn an_origin_has_a_scheme_a_host_and_a_port() {
        for (text, scheme, host, port) in [
            ("http://localhost", "http", "localhost", Some(80)),
            ("https://App.example", "https", "app.example", Some(443)),
            ("https://app.example:8443", "https", "app.example", Some(8443)),
            ("http://[::1]:3000", "http", "[::1]", Some(3000)),
            ("chrome-extension://abcdef", "chrome-extension", "abcdef", None),
        ] {
            let found = Origin::parse(text).unwrap();
            assert_eq!(
                (found.scheme.as_str(), found.host.to_string(), found.port),
                (scheme, host.to_owned(), port)
            );
        }
        let odd = [
            "",
            "null",
            "localhost",
            "file://",
            "http:/localhost",
            "http:localhost",
            "://localhost",
            "1http://a",
            "http://localhost/",
            "http://localhost/path",
            "http://user@localhost",
            "http://localhost#x",
            "http://localhost http://evil.example",
            "http://[::1].evil.example",
            "http://localhost:99999",
            "ht tp://localhost",
            "http:////localhost",
            "http://http://localhost",
        ];
        for text in odd {
            assert_eq!(Origin::parse(text), None, "{text}");
        }
    }
}
