//! The HTTP clients: one for requests without a client certificate, and one for each
//! certificate, since a connection belongs to the identity that opened it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Certificate, Client, Identity, redirect, retry};
use tocsin_core::provider::ClientIdentity;
use tokio::sync::Mutex;

use super::Limits;
use crate::ssrf::{AddressPolicy, GuardedResolver};

/// How long an idle connection is kept. A Lambda sandbox that was frozen resumes with
/// connections that the server has closed in the meantime.
const IDLE_LIMIT: Duration = Duration::from_secs(20);

/// The most identities whose clients are kept: a rotated certificate leaves one behind.
const MAX_IDENTITIES: usize = 32;

#[derive(Debug)]
pub(super) struct Clients {
    make: MakeClient,
    plain: Client,
    /// By the PEM text of the identity.
    identified: Mutex<HashMap<String, Client>>,
}

/// What all clients have in common.
#[derive(Debug)]
pub(super) struct MakeClient {
    pub(super) addresses: AddressPolicy,
    pub(super) limits: Limits,
    /// What is trusted besides the system's roots: the certificates of tests.
    pub(super) roots: Vec<Certificate>,
}

impl MakeClient {
    fn client(&self, identity: Option<&ClientIdentity>) -> Result<Client, reqwest::Error> {
        let mut builder = Client::builder()
            .user_agent(concat!("tocsin/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(self.limits.connect)
            .timeout(self.limits.request)
            .pool_idle_timeout(IDLE_LIMIT)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .no_proxy();
        if self.addresses == AddressPolicy::PublicHttps {
            builder = builder
                .https_only(true)
                .dns_resolver(Arc::new(GuardedResolver));
        }
        if !self.roots.is_empty() {
            builder = builder.tls_certs_merge(self.roots.clone());
        }
        if let Some(identity) = identity {
            builder = builder.identity(Identity::from_pem(identity.expose().as_bytes())?);
        }
        builder.build()
    }
}

impl Clients {
    pub(super) fn new(make: MakeClient) -> Result<Self, reqwest::Error> {
        Ok(Self {
            plain: make.client(None)?,
            make,
            identified: Mutex::default(),
        })
    }

    pub(super) const fn addresses(&self) -> AddressPolicy {
        self.make.addresses
    }

    /// The client that presents `identity`, if there is one.
    pub(super) async fn get(
        &self,
        identity: Option<&ClientIdentity>,
    ) -> Result<Client, reqwest::Error> {
        let Some(identity) = identity else {
            return Ok(self.plain.clone());
        };
        let mut identified = self.identified.lock().await;
        if let Some(client) = identified.get(identity.expose()) {
            return Ok(client.clone());
        }
        let client = self.make.client(Some(identity))?;
        if identified.len() >= MAX_IDENTITIES {
            identified.clear();
        }
        identified.insert(identity.expose().to_owned(), client.clone());
        Ok(client)
    }
}

/// Whether certificate and key of an identity belong together.
#[must_use]
pub fn is_usable(identity: &ClientIdentity) -> bool {
    let built = Identity::from_pem(identity.expose().as_bytes()).and_then(|identity| {
        // Without roots, which take longer to load than all else.
        let builder = Client::builder().tls_certs_only([]);
        builder.identity(identity).build()
    });
    built.is_ok()
}
