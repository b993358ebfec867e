//! Addresses where no proper connection comes about, for now.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

/// A connection that does not come about within this does not come about.
const DEAF: Duration = Duration::from_millis(300);

/// An address that leads nowhere until it is opened.
pub(crate) struct Door {
    pub(crate) address: SocketAddr,
    state: Mutex<State>,
}

enum State {
    /// Nobody listens.
    Shut,
    /// Somebody listens and never accepts; these fill the queue.
    Deaf(TcpListener, Vec<TcpStream>),
    Open,
}

impl Door {
    /// Refuses connections.
    pub(crate) async fn shut() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self {
            address: listener.local_addr().unwrap(),
            state: Mutex::new(State::Shut),
        }
    }

    /// Leaves connections hanging before they are made.
    pub(crate) async fn deaf() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let listener = socket.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let mut waiting = Vec::new();
        while let Ok(stream) = tokio::time::timeout(DEAF, TcpStream::connect(address)).await {
            waiting.push(stream.unwrap());
            assert!(waiting.len() < 100, "the queue of {address} does not fill");
        }
        Self {
            address,
            state: Mutex::new(State::Deaf(listener, waiting)),
        }
    }

    /// From now on, leads to `target`.
    pub(crate) async fn open(&self, target: SocketAddr) {
        let state = std::mem::replace(&mut *self.state.lock().unwrap(), State::Open);
        let listener = match state {
            State::Shut => TcpListener::bind(self.address).await.unwrap(),
            State::Deaf(listener, waiting) => {
                drop(waiting);
                listener
            }
            State::Open => panic!("the door to {target} is open already"),
        };
        tokio::spawn(async move {
            loop {
                let (mut from, _) = listener.accept().await.unwrap();
                tokio::spawn(async move {
                    let mut to = TcpStream::connect(target).await.unwrap();
                    // Whoever hangs up first ends it: that is no matter of the door.
                    let _ = copy_bidirectional(&mut from, &mut to).await;
                });
            }
        });
    }
}

/// An address that shows a certificate nobody trusts. A client that goes on all
/// the same is led to `target`, where it would be seen.
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
                // A client that hangs up at the sight of the certificate is what is wanted.
                if let Ok(mut from) = acceptor.accept(stream).await {
                    let mut to = TcpStream::connect(target).await.unwrap();
                    let _ = copy_bidirectional(&mut from, &mut to).await;
                }
            });
        }
    });
    address
}
