//! Between here and the real API: a company's proxy and its certificate authority.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::support::process::{PATIENCE, binary};
use crate::support::sandbox::Sandbox;

const API: &str = "api.bigcommerce.com";

/// A certificate authority of a company, whose proxy reads what passes.
struct Company {
    authority: String,
    acceptor: TlsAcceptor,
}

impl Company {
    fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([API.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let chain = vec![certificate.der().clone()];
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
        Self { authority: issuer.pem(), acceptor: TlsAcceptor::from(Arc::new(config)) }
    }
}

/// Reads the head of an HTTP/1 request.
async fn head(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

async fn accept(listener: &TcpListener) -> TcpStream {
    tokio::time::timeout(PATIENCE, listener.accept()).await.expect("nobody came").unwrap().0
}

fn call_the_real_api(proxy: &TcpListener) -> Command {
    let mut command = binary(&["call", "list_coupon_codes", "promotion_id=1"]);
    command
        .env("HTTPS_PROXY", format!("http://{}", proxy.local_addr().unwrap()))
        .env("BIGCOMMERCE_STORE_HASH", "abc123")
        .env("BIGCOMMERCE_ACCESS_TOKEN", "network-test-token");
    command
}

#[tokio::test]
async fn the_real_api_is_reached_through_the_proxy_with_the_companys_authority() {
    let company = Company::new();
    let directory = tempfile::tempdir().unwrap();
    let authority = directory.path().join("authority.pem");
    std::fs::write(&authority, &company.authority).unwrap();
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut command = call_the_real_api(&proxy);
    let called = tokio::spawn(async move { command.env("SSL_CERT_FILE", authority).output().await.unwrap() });

    let mut stream = accept(&proxy).await;
    let connect = head(&mut stream).await;
    assert!(connect.starts_with(&format!("CONNECT {API}:443 ")), "{connect}");
    assert!(!connect.contains("network-test-token"), "the proxy sees no token: {connect}");
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    let mut tls = company.acceptor.accept(stream).await.unwrap();
    let request = head(&mut tls).await;
    assert!(
        request.starts_with("GET /stores/abc123/v3/promotions/1/codes?limit=50 HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(request.to_ascii_lowercase().contains("x-auth-token: network-test-token\r\n"), "{request}");
    let body =
        json!({"data": [{"id": 1, "code": "FAR", "current_uses": 0, "created": "2024-05-01T10:15:30+00:00"}],
                      "meta": {"pagination": {"total": 1, "current_page": 1, "total_pages": 1}}})
        .to_string();
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    tls.write_all(answer.as_bytes()).await.unwrap();
    tls.flush().await.unwrap();

    let output = called.await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let listed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(listed["coupon_codes"][0]["code"], "FAR");
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_refused_before_the_token_is_sent() {
    let company = Company::new();
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut command = call_the_real_api(&proxy);
    let called = tokio::spawn(async move { command.output().await.unwrap() });
    for _ in 0..3 {
        let mut stream = accept(&proxy).await;
        head(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        assert!(company.acceptor.accept(stream).await.is_err(), "the client must break off");
    }
    let output = called.await.unwrap();
    let error: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(error["code"], "connection_failed");
    assert!(error["message"].as_str().unwrap().contains("certificate"), "{error}");
}

#[tokio::test]
async fn loopback_is_never_reached_through_a_proxy() {
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", proxy.local_addr().unwrap());
    let sandbox = Sandbox::start(&[]).await;
    for arguments in [
        vec!["call", "list_coupon_codes", "promotion_id=1"],
        vec!["call", "list_coupon_codes", "promotion_id=1", "--sandbox"],
    ] {
        let mut command = sandbox.client_of(&arguments);
        for variable in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
            command.env(variable, &address);
        }
        let output = command.output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let nobody = tokio::time::timeout(std::time::Duration::ZERO, proxy.accept()).await;
    assert!(nobody.is_err(), "the proxy was used");
}
