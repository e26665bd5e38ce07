//! Names that only look like an allowed host or origin.

use crate::support::process::Server;
use crate::support::raw::Raw;

const PRACTICE: [&str; 4] = ["http", "--listen", "127.0.0.1:0", "--sandbox"];

async fn status(server: &Server, request: &str) -> String {
    let mut connection = Raw::connect(server.url.strip_prefix("http://").unwrap().parse().unwrap()).await;
    connection.send(request).await;
    connection.read_until("\r\n").await.split(' ').nth(1).unwrap().to_owned()
}

#[tokio::test]
async fn names_that_only_look_like_an_allowed_host_are_refused() {
    let server = Server::start(&PRACTICE).await;
    for host in [
        "[::1].evil.example",
        "[::1]evil",
        "[::1]:80:80",
        "127.0.0.1:80:80",
        "localhost:99999",
        "localhost:+80",
        "localhost.",
        "user@localhost",
        "localhost@evil.example",
        "evil.example#@localhost",
        "0x7f.1",
        "localhost/",
        "localhost,evil.example",
    ] {
        for method in ["GET", "OPTIONS"] {
            let request = format!("{method} /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n");
            assert_eq!(status(&server, &request).await, "403", "{method} {host}");
        }
    }
    for host in ["localhost", "LOCALHOST:1", "127.0.0.1:65535", "[::1]:80", "[0:0:0:0:0:0:0:1]"] {
        let request = format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n");
        assert_eq!(status(&server, &request).await, "200", "{host}");
    }
}

#[tokio::test]
async fn names_that_only_look_like_an_allowed_origin_are_refused() {
    let server = Server::start(&PRACTICE).await;
    for origin in [
        "http://[::1].evil.example",
        "http://localhost:80:80",
        "http://localhost:99999",
        "http://localhost.",
        "http://user@localhost",
        "http://localhost@evil.example",
        "http://localhost/",
        "null",
        "localhost",
        "http://localhost http://localhost",
        "http://evil.example#http://localhost",
    ] {
        let request = format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\nOrigin: {origin}\r\n\r\n");
        assert_eq!(status(&server, &request).await, "403", "{origin}");
    }
}

#[tokio::test]
async fn a_request_names_one_host_and_one_origin() {
    let server = Server::start(&PRACTICE).await;
    for (request, expected) in [
        ("GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", "400"),
        ("GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", "400"),
        ("GET /healthz HTTP/1.1\r\n\r\n", "400"),
        ("GET http://evil.example/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", "403"),
        ("GET http://localhost/healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n", "403"),
        ("GET http://localhost/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", "200"),
        (
            "GET /healthz HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\nOrigin: http://localhost\r\n\r\n",
            "400",
        ),
    ] {
        assert_eq!(status(&server, request).await, expected, "{request}");
    }
}

#[tokio::test]
async fn the_authority_of_http2_is_held_to_the_same_names() {
    let server = Server::start(&PRACTICE).await;
    let port = server.url.rsplit_once(':').unwrap().1;
    let client = |host: &str| {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let loopback = "127.0.0.1:0".parse().unwrap();
        reqwest::Client::builder().no_proxy().http2_prior_knowledge().resolve(host, loopback).build().unwrap()
    };
    for (host, expected) in [("localhost", 200), ("evil.example", 403), ("localhost.evil.example", 403)] {
        let answer = client(host).get(format!("http://{host}:{port}/healthz")).send().await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), answer.version()),
            (expected, reqwest::Version::HTTP_2),
            "{host}"
        );
    }
}
