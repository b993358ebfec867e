//! Servers that cannot be reached, for now.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

/// A connection that is not made within this is never made.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(300);

/// An address without a server, until it is opened.
pub(crate) struct UnreachableServer {
    pub(crate) address: SocketAddr,
    state: Mutex<State>,
}

enum State {
    /// No server listens.
    Refuses,
    /// A server listens and never accepts; these connections fill its queue.
    AcceptsNever(TcpListener, Vec<TcpStream>),
    Open,
}

impl UnreachableServer {
    /// Refuses connections.
    pub(crate) async fn refuse() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self {
            address: listener.local_addr().unwrap(),
            state: Mutex::new(State::Refuses),
        }
    }

    /// Leaves connections hanging before they are made.
    pub(crate) async fn accept_never() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let listener = socket.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let mut waiting = Vec::new();
        while let Ok(stream) =
            tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await
        {
            waiting.push(stream.unwrap());
            assert!(waiting.len() < 100, "the queue of {address} does not fill");
        }
        Self {
            address,
            state: Mutex::new(State::AcceptsNever(listener, waiting)),
        }
    }

    /// From now on, leads to `target`.
    pub(crate) async fn open(&self, target: SocketAddr) {
        let state = std::mem::replace(&mut *self.state.lock().unwrap(), State::Open);
        let listener = match state {
            State::Refuses => TcpListener::bind(self.address).await.unwrap(),
            State::AcceptsNever(listener, waiting) => {
                drop(waiting);
                listener
            }
            State::Open => panic!("the address already leads to {target}"),
        };
        tokio::spawn(async move {
            loop {
                let (mut from, _) = listener.accept().await.unwrap();
                tokio::spawn(async move {
                    let mut to = TcpStream::connect(target).await.unwrap();
                    // An error means that one side hung up, which ends the connection.
                    let _ = copy_bidirectional(&mut from, &mut to).await;
                });
            }
        });
    }
}

/// A server with a certificate that is not trusted. A client that goes on all the
/// same reaches `target`, where the test would see it.
pub(crate) async fn untrusted(target: SocketAddr) -> SocketAddr {
    let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key.into())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // A client is expected to hang up when it sees the certificate.
                if let Ok(mut from) = acceptor.accept(stream).await {
                    let mut to = TcpStream::connect(target).await.unwrap();
                    let _ = copy_bidirectional(&mut from, &mut to).await;
                }
            });
        }
    });
    address
}
