//! Tests of client certificates, with a server that wants one.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
};
use reqwest::Certificate;
use secrecy::SecretString;
use tocsin_core::provider::{Address, ClientIdentity, PemSection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::*;

/// An authority that signs the certificates of a test.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Self {
            issuer: Issuer::new(params, key),
            certificate,
        }
    }

    fn sign(&self, usage: ExtendedKeyUsagePurpose) -> (CertificateDer<'static>, KeyPair) {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate().unwrap();
        let signed = params.signed_by(&key, &self.issuer).unwrap();
        (signed.der().clone(), key)
    }

    fn identity(&self) -> ClientIdentity {
        let (certificate, key) = self.sign(ExtendedKeyUsagePurpose::ClientAuth);
        let pem = |label: &str, der: &[u8]| {
            let section = PemSection {
                label: label.to_owned(),
                der: der.to_vec(),
            };
            SecretString::from(section.to_text())
        };
        ClientIdentity::read(
            ("certificate", &pem("CERTIFICATE", &certificate)),
            ("key", &pem("PRIVATE KEY", &key.serialize_der())),
        )
        .unwrap()
    }
}

/// A server that answers clients with a certificate of `authority`.
async fn serve(authority: &Authority) -> String {
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate.clone()).unwrap();
    let verifier = WebPkiClientVerifier::builder(Arc::new(roots))
        .build()
        .unwrap();
    let (certificate, key) = authority.sign(ExtendedKeyUsagePurpose::ServerAuth);
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (connection, _) = listener.accept().await.unwrap();
            match acceptor.accept(connection).into_fallible().await {
                Ok(mut stream) => {
                    let _ = stream.read(&mut [0; 4_096]).await;
                    let response = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
                    let _ = stream.write_all(response).await;
                    let _ = stream.shutdown().await;
                }
                // The alert is lost if the connection is closed with bytes unread.
                Err((_, mut connection)) => {
                    let _ = connection.shutdown().await;
                    let _ = connection.read_to_end(&mut Vec::new()).await;
                }
            }
        }
    });
    format!("https://localhost:{port}/")
}

async fn send(
    authority: &Authority,
    url: &str,
    identity: Option<ClientIdentity>,
) -> Result<Response, Failure> {
    let clients = Clients::new(MakeClient {
        addresses: AddressPolicy::Any,
        limits: Limits::default(),
        roots: vec![Certificate::from_der(&authority.certificate).unwrap()],
    });
    let mut request = Request::get(Address::Public(url.parse().unwrap()));
    request.identity = identity;
    let http = HttpClient(Arc::new(clients.unwrap()));
    http.send(&request).await
}

#[tokio::test]
async fn a_server_that_wants_a_certificate_gets_it() {
    let authority = Authority::new("one");
    let url = serve(&authority).await;
    let identity = authority.identity();
    assert!(is_usable(&identity));
    let response = send(&authority, &url, Some(identity)).await.unwrap();
    assert_eq!((response.status, &*response.body), (200, &b"ok"[..]));
}

#[tokio::test]
async fn a_refused_certificate_is_a_refused_credential() {
    let authority = Authority::new("one");
    let url = serve(&authority).await;
    for identity in [None, Some(Authority::new("another").identity())] {
        let failure = send(&authority, &url, identity).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Unauthorized, "{failure}");
    }
}
