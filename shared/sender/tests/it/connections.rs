//! Connections that fail, break, hang, or never end.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use tocsin_core::delivery::PriorAttempt;
use tocsin_core::outcome::{FailureKind, Outcome};
use tocsin_sender::{AddressPolicy, Limits};

use crate::fixture::{
    Fixture, SHORT, attempted, delivered, plain, rejected, secret, stored, transient,
};
use crate::server::{Reply, Server};

fn at(url: &str) -> Fixture {
    Fixture::new([stored(&secret(url, "PLANTED-TOKEN"))])
}

/// A server that reads `read` bytes of a request, writes `words` and closes.
fn closing_after(read: usize, words: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let mut buffer = vec![0; read];
        let _ = connection.read(&mut buffer);
        let _ = connection.write_all(words.as_bytes());
    });
    format!("http://{address}/PLANTED-PATH")
}

#[tokio::test]
async fn a_refused_connection_is_retried() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/PLANTED-PATH", free.local_addr().unwrap());
    drop(free);
    let failure = transient(at(&url).attempt().await, FailureKind::Unreachable);
    assert!(!failure.kind.may_have_arrived());
    assert!(!failure.detail.contains("PLANTED"), "{failure}");
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_retried() {
    let outcome = at("http://nowhere.invalid/PLANTED-PATH").attempt().await;
    let failure = transient(outcome, FailureKind::Unreachable);
    assert!(!failure.detail.contains("PLANTED"), "{failure}");
}

#[tokio::test]
async fn a_response_that_does_not_come_times_out() {
    let started = Instant::now();
    let (outcome, arrived) = attempted(PriorAttempt::NotDelivered, SHORT, [Reply::Silence]).await;
    let failure = transient(outcome, FailureKind::TimedOut);
    assert!(failure.kind.may_have_arrived());
    assert_eq!(arrived.len(), 1);
    let waited = started.elapsed();
    assert!(
        waited >= SHORT.request && waited < Duration::from_secs(5),
        "{waited:?}"
    );
}

#[tokio::test]
async fn a_success_whose_body_stalls_or_breaks_off_is_a_success() {
    let (outcome, arrived) = attempted(PriorAttempt::NotDelivered, SHORT, [Reply::Stalled]).await;
    assert!(matches!(outcome, Outcome::Delivered(_)), "{outcome:?}");
    assert_eq!(arrived.len(), 1);
    let words = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{";
    let outcome = at(&closing_after(64 * 1024, words)).attempt().await;
    assert!(matches!(outcome, Outcome::Delivered(_)), "{outcome:?}");
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_request_may_have_delivered_it() {
    for (read, words) in [
        // With unread bytes the system resets the connection; without, it closes it.
        (1, ""),
        (64 * 1024, ""),
        (64 * 1024, "no HTTP at all\r\n\r\n"),
    ] {
        let outcome = at(&closing_after(read, words)).attempt().await;
        let failure = transient(outcome, FailureKind::Interrupted);
        assert!(failure.kind.may_have_arrived());
        assert!(!failure.detail.contains("PLANTED"), "{failure}");
    }
}

#[tokio::test]
async fn of_a_large_response_64_kib_are_read() {
    let large = plain(200, &" ".repeat(10 * 1024 * 1024));
    for reply in [large, Reply::Endless] {
        let server = Server::start([reply]).await;
        let url = server.url();
        let receipt = delivered(at(&url).attempt().await);
        assert_eq!(receipt.remark.as_deref(), Some("65536 bytes"));
    }
}

#[tokio::test]
async fn forbidden_addresses_are_not_called() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    for url in [
        format!("http://127.0.0.1:{port}/PLANTED-PATH"),
        format!("https://127.0.0.1:{port}/PLANTED-PATH"),
        format!("https://[::ffff:127.0.0.1]:{port}/PLANTED-PATH"),
        // Only its resolution shows that it is forbidden.
        format!("https://localhost:{port}/PLANTED-PATH"),
        "https://169.254.169.254/PLANTED-PATH".to_owned(),
    ] {
        let answers = [stored(&secret(&url, "t"))];
        let fixture = Fixture::with(AddressPolicy::PublicHttps, Limits::default(), answers);
        let failure = rejected(fixture.attempt().await, FailureKind::Forbidden);
        assert!(!failure.detail.contains("PLANTED"), "{failure}");
    }
    assert!(listener.accept().is_err(), "somebody called");
}
