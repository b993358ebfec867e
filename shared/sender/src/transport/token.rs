//! Access tokens, kept in memory until shortly before they expire.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret;
use tocsin_core::Timestamp;
use tocsin_core::outcome::Outcome;
use tocsin_core::provider::{AccessToken, Secrets};
use tokio::sync::Mutex;

/// How long a failed request answers for later ones. Deliveries that wait for the same
/// token would otherwise ask one after the other, and run out of time together.
const FAILURE_TTL: Duration = Duration::from_secs(1);

/// The access tokens of a sender's destinations. There is one request at a time for each,
/// however many deliveries wait for its token.
#[derive(Clone, Debug, Default)]
pub(super) struct TokenStore {
    entries: Arc<Mutex<HashMap<String, Entry>>>,
}

type Entry = Arc<Mutex<Option<Answered>>>;

/// The latest request.
#[derive(Debug)]
struct Answered {
    /// The secret that it was made with.
    secrets: Secrets,
    result: Result<AccessToken, Outcome>,
    /// Until when the result is used. By the clock of the wall: that of the process stands
    /// still while Lambda has frozen it.
    until: Timestamp,
}

/// A token, and whether it was used before.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) token: AccessToken,
    pub(super) source: TokenSource,
}

/// Where a token comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenSource {
    /// The store had it.
    Cached,
    /// It was requested just now.
    New,
}

impl TokenStore {
    /// The token for `key`: the stored one if it was requested with the same secret and is
    /// still usable, otherwise the result of `request`.
    pub(super) async fn get(
        &self,
        key: &str,
        secrets: &Secrets,
        request: impl Future<Output = Result<AccessToken, Outcome>> + Send,
    ) -> Result<Taken, Outcome> {
        let entry = self.entry(key).await;
        let mut answered = entry.lock().await;
        if let Some(known) = &*answered
            && known.secrets.same_as(secrets)
            && Timestamp::now() < known.until
        {
            return known.result.clone().map(|token| Taken {
                token,
                source: TokenSource::Cached,
            });
        }
        let result = request.await;
        let ttl = match &result {
            Ok(token) => token.usable_for(),
            Err(_) => FAILURE_TTL,
        };
        *answered = Some(Answered {
            secrets: secrets.clone(),
            result: result.clone(),
            until: Timestamp::now().plus(ttl),
        });
        result.map(|token| Taken {
            token,
            source: TokenSource::New,
        })
    }

    /// Forgets a token that the destination refused, unless another one has replaced it.
    pub(super) async fn forget(&self, key: &str, refused: &AccessToken) {
        let entry = self.entry(key).await;
        let mut answered = entry.lock().await;
        let text = refused.secret.expose_secret();
        let is_it = |known: &Answered| {
            let token = known.result.as_ref();
            token.is_ok_and(|token| token.secret.expose_secret() == text)
        };
        if answered.as_ref().is_some_and(is_it) {
            *answered = None;
        }
    }

    async fn entry(&self, key: &str) -> Entry {
        let mut entries = self.entries.lock().await;
        entries.entry(key.to_owned()).or_default().clone()
    }
}
