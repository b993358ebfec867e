//! The HTTP client. It sends one request, never retries, and follows no redirects.

mod clients;

use std::error::Error;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use tocsin_core::Timestamp;
use tocsin_core::outcome::{Failure, FailureKind};
use tocsin_core::provider::{
    Entries, EntryReader, Extent, Method, RESPONSE_LIMIT, Request, Response, TIME_LIMIT,
};

use url::Url;

use crate::ssrf::{AddressPolicy, BlockedAddress};
use clients::{Clients, MakeClient};

pub use clients::is_usable;

/// How long a request may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Name resolution, TCP and TLS together.
    pub connect: Duration,
    /// The whole request, from name resolution to the last byte of the response.
    pub request: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            request: TIME_LIMIT,
        }
    }
}

/// The client that calls providers.
#[derive(Clone, Debug)]
pub struct HttpClient(Arc<Clients>);

impl HttpClient {
    /// A client that calls only the addresses that `addresses` allows, with the default
    /// [`Limits`]: 3 s to connect, 10 s for the whole request.
    ///
    /// # Errors
    ///
    /// When the system has no usable root certificates.
    pub fn new(addresses: AddressPolicy) -> Result<Self, reqwest::Error> {
        Self::with_limits(addresses, Limits::default())
    }

    /// The same with other limits.
    ///
    /// # Errors
    ///
    /// As for [`HttpClient::new`].
    pub fn with_limits(addresses: AddressPolicy, limits: Limits) -> Result<Self, reqwest::Error> {
        let clients = Clients::new(MakeClient {
            addresses,
            limits,
            roots: Vec::new(),
        })?;
        Ok(Self(Arc::new(clients)))
    }

    /// Sends one request and reads of the response what the request needs.
    ///
    /// # Errors
    ///
    /// When no response came. The failure says how far the request got.
    pub async fn send(&self, request: &Request) -> Result<Response, Failure> {
        let url = request.address.expose();
        self.0
            .addresses()
            .check(url)
            .map_err(|blocked| Failure::new(FailureKind::Forbidden, blocked.to_string()))?;
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
        };
        let identity = request.identity.as_ref();
        let host = host(url);
        let failure = |error| failure(error, &host);
        let client = self.0.get(identity).await.map_err(failure)?;
        let mut builder = client
            .request(method, url.clone())
            .body(request.body.clone());
        for (name, value) in &request.headers {
            builder = builder.header(name, value.expose());
        }
        if let Some(time_limit) = request.time_limit {
            builder = builder.timeout(time_limit);
        }
        let response = builder.send().await.map_err(failure)?;
        Ok(read(response, request.entries.as_ref()).await)
    }
}

/// The host of a URL, with its port if that is not the usual one.
fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// Reads as much of the body as arrives. The status already says what the provider
/// did: a connection that breaks during the body must not turn a success into a failed
/// attempt. A reader that needs the body finds that it is incomplete.
async fn read(response: reqwest::Response, entries: Option<&Entries>) -> Response {
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        })
        .collect();
    let status = response.status().as_u16();
    let (body, extent) = match entries {
        Some(entries) if status == 200 => read_entries(response, entries).await,
        _ => read_beginning(response).await,
    };
    Response {
        status,
        headers,
        body,
        extent,
        received_at: Timestamp::now(),
    }
}

async fn read_beginning(mut response: reqwest::Response) -> (Vec<u8>, Extent) {
    let mut body = Vec::new();
    loop {
        let chunk = match response.chunk().await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => return (body, Extent::Whole),
            Err(_) => return (body, Extent::Interrupted),
        };
        let room = RESPONSE_LIMIT - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            return (body, Extent::OverLimit(RESPONSE_LIMIT));
        }
    }
}

async fn read_entries(mut response: reqwest::Response, entries: &Entries) -> (Vec<u8>, Extent) {
    let mut reader = EntryReader::new(entries);
    // If the connection breaks, the reader knows that the end of the list is missing.
    while let Ok(Some(chunk)) = response.chunk().await {
        if reader.push(&chunk).is_break() {
            break;
        }
    }
    reader.finish()
}

/// What a transport error means. The URL is left out, because it may be a credential;
/// its host is not one.
fn failure(error: reqwest::Error, host: &str) -> Failure {
    let error = error.without_url();
    if let Some(blocked) = causes(&error).find_map(|cause| cause.downcast_ref::<BlockedAddress>()) {
        return Failure::new(FailureKind::Forbidden, blocked.to_string());
    }
    let messages: Vec<String> = causes(&error).map(ToString::to_string).collect();
    // The innermost cause says most; the layers above it only that there is one.
    let innermost = messages.last().map_or("", String::as_str);
    let io = causes(&error).find_map(|cause| cause.downcast_ref::<std::io::Error>());
    let refused = io.is_some_and(|error| error.kind() == ErrorKind::ConnectionRefused);
    let is_dns = |message: &String| message == "dns error";
    let (kind, detail) = if messages.iter().any(|message| refuses_certificate(message)) {
        let detail = format!("{host} does not accept the client certificate: {innermost}");
        (FailureKind::Unauthorized, detail)
    } else if error.is_builder() {
        (FailureKind::Misconfigured, messages.join(": "))
    } else if messages.iter().any(is_dns) {
        let detail = format!("the name {host} does not resolve");
        (FailureKind::Unreachable, detail)
    } else if refused {
        let detail = format!("{host} refuses connections");
        (FailureKind::Unreachable, detail)
    } else if error.is_connect() && error.is_timeout() {
        let detail = format!("{host} cannot be reached: no connection in time");
        (FailureKind::Unreachable, detail)
    } else if error.is_connect() {
        let detail = format!("{host} cannot be reached: {innermost}");
        (FailureKind::Unreachable, detail)
    } else if error.is_timeout() {
        (FailureKind::TimedOut, host.to_owned())
    } else {
        let detail = format!("{host}: {innermost}");
        (FailureKind::Interrupted, detail)
    };
    Failure::new(kind, detail)
}

/// Whether a TLS alert of the server refuses the client's certificate, or the lack of one
/// (RFC 8446 §6.2). With TLS 1.3 it comes after the handshake, and so instead of a response.
fn refuses_certificate(message: &str) -> bool {
    const ALERTS: [&str; 8] = [
        "AccessDenied",
        "BadCertificate",
        "CertificateExpired",
        "CertificateRequired",
        "CertificateRevoked",
        "CertificateUnknown",
        "UnknownCA",
        "UnsupportedCertificate",
    ];
    message
        .strip_prefix("received fatal alert: ")
        .is_some_and(|alert| ALERTS.contains(&alert))
}

/// An error and its chain of causes.
pub(crate) fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let cause = next?;
        next = cause.source();
        Some(cause)
    })
}

#[cfg(test)]
mod mutual_tls;

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;
    use tocsin_core::provider::{Address, List};

    /// A server that answers one request with `body`.
    fn serve(body: String) -> Url {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for stream in listener.incoming().take(1) {
                let mut stream = stream.unwrap();
                // The request is small, and its content does not matter.
                let _ = stream.read(&mut [0; 4_096]).unwrap();
                // A client that reads only up to its limit may close the connection.
                let _ = write!(
                    stream,
                    "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
            }
        });
        Url::parse(&url).unwrap()
    }

    #[tokio::test]
    async fn a_request_may_have_a_time_limit_of_its_own() {
        // Accepts connections and never answers.
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", silent.local_addr().unwrap());
        let mut request = Request::get(Address::Public(url.parse().unwrap()));
        request.time_limit = Some(Duration::from_millis(200));
        let http = HttpClient::new(AddressPolicy::Any).unwrap();
        let started = std::time::Instant::now();
        let failure = http.send(&request).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::TimedOut);
        assert!(started.elapsed() < TIME_LIMIT);
    }

    #[tokio::test]
    async fn a_response_is_read_up_to_the_limit() {
        let http = HttpClient::new(AddressPolicy::Any).unwrap();
        let over = Extent::OverLimit(RESPONSE_LIMIT);
        for (size, read, extent) in [
            (0, 0, Extent::Whole),
            (RESPONSE_LIMIT, RESPONSE_LIMIT, Extent::Whole),
            (RESPONSE_LIMIT + 1, RESPONSE_LIMIT, over),
            (1_000_000, RESPONSE_LIMIT, over),
        ] {
            let request = Request::get(Address::Public(serve("x".repeat(size))));
            let response = http.send(&request).await.unwrap();
            assert_eq!((response.body.len(), response.extent), (read, extent));
        }
    }

    #[tokio::test]
    async fn of_a_list_only_what_is_needed_is_kept() {
        let http = HttpClient::new(AddressPolicy::Any).unwrap();
        let list = format!(r#"[{}{{"a":"needle"}}]"#, r#"{"":0},"#.repeat(100_000));
        let request = Request::get(Address::Public(serve(list))).keeping(Entries {
            list: List::Root,
            containing: "needle".to_owned(),
        });
        let response = http.send(&request).await.unwrap();
        assert_eq!(response.body, br#"[{"a":"needle"}]"#);
        assert_eq!(response.extent, Extent::Whole);
    }
}
