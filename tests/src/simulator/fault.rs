//! Answers that a test injections instead of the vendor's own, or instead of any.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::process::kill_peer;
use crate::wire::Connection;

/// The size of an answer of [`Mishap::Flood`], bytes.
const FLOOD: usize = 10 * 1024 * 1024;

/// How long an answer of [`Mishap::Slow`] takes: longer than a vendor's API may take, and
/// shorter than a webhook.
const SLOW: Duration = Duration::from_secs(12);

/// What `PUT /_faults` injects; the fields tell which one it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Injection {
    /// See [`Limit`].
    Limit(Limit),
    /// See [`Breakage`].
    Breakage(Breakage),
    /// See [`Fault`].
    Fault(Fault),
}

impl From<Fault> for Injection {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Breakage> for Injection {
    fn from(breakage: Breakage) -> Self {
        Self::Breakage(breakage)
    }
}

/// An answer for the next requests below a path.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fault {
    /// Requests whose path begins with this.
    pub path: String,
    /// And whose body holds this, such as an alert's id: tests run side by side.
    #[serde(default)]
    pub about: String,
    /// The status to answer with.
    pub status: u16,
    /// How many requests.
    #[serde(default = "once")]
    pub times: usize,
    /// Headers to answer with.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body to answer with.
    #[serde(default)]
    pub body: String,
    /// Whether the vendor does first what it was asked: then only its own answer
    /// is lost, as when a connection breaks too late.
    #[serde(default)]
    pub late: bool,
}

impl Fault {
    /// Answers the next request below `path` that is about this with a status.
    #[must_use]
    pub fn once(path: &str, about: &str, status: u16) -> Self {
        Self {
            path: path.to_owned(),
            about: about.to_owned(),
            status,
            times: once(),
            headers: BTreeMap::new(),
            body: format!("a test injected {status}"),
            late: false,
        }
    }
}

/// No proper answer for the next requests below a path.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Breakage {
    /// Requests whose path begins with this.
    pub path: String,
    /// And whose body holds this.
    #[serde(default)]
    pub about: String,
    /// How many requests.
    #[serde(default = "once")]
    pub times: usize,
    /// What happens to them.
    pub mishap: Mishap,
    /// Whether the vendor does first what it was asked.
    #[serde(default)]
    pub late: bool,
}

/// What can happen to a request that gets no proper answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mishap {
    /// The connection is reset.
    Reset,
    /// No answer is ever sent.
    Hang,
    /// The answer comes after 12 s.
    Slow,
    /// The answer comes byte by byte.
    Drip,
    /// The answer is 10 MB long.
    Flood,
    /// The function that sent the request is killed.
    Kill,
}

/// So many requests a second below a path, and 429 to all others. Stays until it
/// is removed with `DELETE /_faults`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Limit {
    /// Requests whose path begins with this.
    pub path: String,
    /// How many requests of a second are let through; as many at once at most,
    /// and one at least.
    pub per_second: f64,
    /// What the others are told to wait, seconds.
    #[serde(default)]
    pub retry_after: Option<u64>,
}

/// What is wrong with one request.
pub(super) enum AppliedFault {
    Fault(Fault),
    Breakage(Breakage),
    Limit(Limit),
}

/// All injected faults that are not used up.
#[derive(Debug, Default)]
pub(super) struct Injections {
    injections: Vec<Injection>,
    buckets: Vec<Bucket>,
}

/// A limit, and how much of it is left at the moment.
#[derive(Debug)]
struct Bucket {
    limit: Limit,
    tokens: f64,
    filled: Instant,
}

fn once() -> usize {
    1
}

impl Fault {
    pub(super) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let mut response = (self.status(), self.body).into_response();
        for (name, value) in self.headers {
            let name = axum::http::HeaderName::try_from(name);
            let value = axum::http::HeaderValue::try_from(value);
            if let (Ok(name), Ok(value)) = (name, value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

impl IntoResponse for Limit {
    fn into_response(self) -> Response {
        let mut response = (StatusCode::TOO_MANY_REQUESTS, "slow down").into_response();
        if let Some(seconds) = self.retry_after {
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl Mishap {
    /// What is left to be said on a connection after the mishap; `answer` is what
    /// the vendor said, if it was asked.
    ///
    /// # Errors
    ///
    /// When the function that sent the request cannot be killed: the reason.
    pub(super) async fn befall(
        self,
        connection: &Connection,
        answer: Option<Response>,
    ) -> Result<Response, String> {
        let answer = answer.unwrap_or_else(|| StatusCode::SERVICE_UNAVAILABLE.into_response());
        match self {
            Self::Reset => connection.reset(),
            Self::Hang => std::future::pending().await,
            Self::Slow => tokio::time::sleep(SLOW).await,
            Self::Drip => connection.drip(),
            Self::Flood => {
                let flooded = Body::from(vec![b'x'; FLOOD]);
                return Ok((answer.status(), flooded).into_response());
            }
            Self::Kill => kill_peer(connection).map_err(|error| error.to_string())?,
        }
        Ok(answer)
    }
}

impl Injections {
    pub(super) fn add(&mut self, injection: Injection) {
        match injection {
            Injection::Limit(limit) => {
                self.buckets.retain(|one| one.limit.path != limit.path);
                self.buckets.push(Bucket {
                    tokens: limit.most(),
                    limit,
                    filled: Instant::now(),
                });
            }
            injection => self.injections.push(injection),
        }
    }

    /// Removes the faults for paths that begin with this.
    pub(super) fn remove_faults(&mut self, path: &str) {
        self.injections.retain(|one| !one.path().starts_with(path));
        self.buckets.retain(|one| !one.limit.path.starts_with(path));
    }

    /// Everything that is not used up.
    pub(super) fn all(&self) -> Vec<Injection> {
        let limits = self
            .buckets
            .iter()
            .map(|one| Injection::Limit(one.limit.clone()));
        self.injections.iter().cloned().chain(limits).collect()
    }

    /// Uses up one use of the first fault for such a request.
    pub(super) fn take(&mut self, path: &str, body: &str) -> Option<AppliedFault> {
        let at = self
            .injections
            .iter()
            .position(|one| path.starts_with(one.path()) && body.contains(one.about()));
        let Some(at) = at else {
            return self.over_limit(path).map(AppliedFault::Limit);
        };
        let injection = self.injections[at].clone();
        if self.injections[at].use_up() == 0 {
            self.injections.remove(at);
        }
        match injection {
            Injection::Fault(fault) => Some(AppliedFault::Fault(fault)),
            Injection::Breakage(breakage) => Some(AppliedFault::Breakage(breakage)),
            // Limits are kept apart, see `add`.
            Injection::Limit(limit) => Some(AppliedFault::Limit(limit)),
        }
    }

    fn over_limit(&mut self, path: &str) -> Option<Limit> {
        let bucket = self
            .buckets
            .iter_mut()
            .find(|one| path.starts_with(&one.limit.path))?;
        (!bucket.grants()).then(|| bucket.limit.clone())
    }
}

impl Injection {
    fn path(&self) -> &str {
        match self {
            Self::Fault(one) => &one.path,
            Self::Breakage(one) => &one.path,
            Self::Limit(one) => &one.path,
        }
    }

    fn about(&self) -> &str {
        match self {
            Self::Fault(one) => &one.about,
            Self::Breakage(one) => &one.about,
            Self::Limit(_) => "",
        }
    }

    /// How many uses are left after this one.
    fn use_up(&mut self) -> usize {
        let times = match self {
            Self::Fault(one) => &mut one.times,
            Self::Breakage(one) => &mut one.times,
            Self::Limit(_) => return usize::MAX,
        };
        *times = times.saturating_sub(1);
        *times
    }
}

impl Limit {
    fn most(&self) -> f64 {
        self.per_second.max(1.0)
    }
}

impl Bucket {
    fn grants(&mut self) -> bool {
        let now = Instant::now();
        let gained = now.duration_since(self.filled).as_secs_f64() * self.limit.per_second;
        self.tokens = (self.tokens + gained).min(self.limit.most());
        self.filled = now;
        let granted = self.tokens >= 1.0;
        if granted {
            self.tokens -= 1.0;
        }
        granted
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn injection(json: Value) -> Injection {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn injections_are_told_apart_by_their_fields() {
        let limit = injection(json!({"path": "/", "perSecond": 1, "retryAfter": null}));
        assert!(matches!(limit, Injection::Limit(one) if one.retry_after.is_none()));
        let reset = injection(json!({"path": "/", "mishap": "reset", "late": true}));
        assert!(
            matches!(reset, Injection::Breakage(one) if one.mishap == Mishap::Reset && one.late)
        );
        let fault = injection(json!({"path": "/", "status": 503}));
        assert!(matches!(fault, Injection::Fault(one) if one.times == 1));
        assert!(serde_json::from_value::<Injection>(json!({"path": "/"})).is_err());
    }

    #[test]
    fn an_injection_is_used_up_by_the_requests_that_it_is_for() {
        let mut injections = Injections::default();
        injections.add(injection(
            json!({"path": "/a", "about": "x", "status": 503, "times": 2}),
        ));
        assert!(injections.take("/a/b", "y").is_none());
        assert!(injections.take("/b", "x").is_none());
        assert!(injections.take("/a/b", "x").is_some());
        assert_eq!(injections.all().len(), 1);
        assert!(injections.take("/a", "xx").is_some());
        assert!(injections.take("/a", "x").is_none());
        assert!(injections.all().is_empty());
    }

    #[test]
    fn a_limit_lets_its_share_through_until_it_is_removed() {
        let mut injections = Injections::default();
        injections.add(injection(json!({"path": "/a", "perSecond": 0.001})));
        assert!(injections.take("/a", "").is_none());
        assert!(matches!(
            injections.take("/a", ""),
            Some(AppliedFault::Limit(_))
        ));
        assert!(injections.take("/b", "").is_none());
        injections.remove_faults("/a");
        assert!(injections.take("/a", "").is_none());
    }
}
