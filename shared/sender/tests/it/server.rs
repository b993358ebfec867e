//! A server on the loopback interface that gives prepared replies in order.

use std::collections::VecDeque;
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use tokio::net::TcpListener;

/// One prepared reply.
pub(crate) enum Reply {
    /// A status and a body.
    Plain(u16, String),
    /// A status, a header and a body.
    WithHeader(u16, &'static str, &'static str, String),
    /// A status, and after this many bytes everything that was in the request.
    Echo(u16, usize),
    /// 200 and a body that never ends.
    Endless,
    /// 200, the beginning of a body, and nothing more.
    Stalled,
    /// No response at all.
    Silence,
}

/// One received request.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Arrived {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

/// The server; it lives as long as its runtime.
#[derive(Clone)]
pub(crate) struct Server {
    address: SocketAddr,
    script: Script,
}

#[derive(Clone, Default)]
struct Script {
    replies: Arc<Mutex<VecDeque<Reply>>>,
    arrived: Arc<Mutex<Vec<Arrived>>>,
}

impl Server {
    pub(crate) async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let script = Script {
            replies: Arc::new(Mutex::new(replies.into_iter().collect())),
            arrived: Arc::default(),
        };
        let router = Router::new().fallback(answer).with_state(script.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, script }
    }

    /// Its URL, with a path that is a credential.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook/PLANTED-PATH", self.address)
    }

    pub(crate) fn arrived(&self) -> Vec<Arrived> {
        self.script.arrived.lock().unwrap().clone()
    }
}

async fn answer(
    State(script): State<Script>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let arrived = Arrived {
        method,
        path: uri.to_string(),
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    script.arrived.lock().unwrap().push(arrived.clone());
    let reply = script.replies.lock().unwrap().pop_front();
    // More requests than replies.
    let reply = reply.unwrap_or_else(|| Reply::Plain(599, "not expected".to_owned()));
    let with = |status: u16, body: Body| Response::builder().status(status).body(body).unwrap();
    match reply {
        Reply::Plain(status, body) => with(status, body.into()),
        Reply::WithHeader(status, name, value, body) => {
            let mut response = with(status, body.into());
            response.headers_mut().insert(name, value.parse().unwrap());
            response
        }
        Reply::Echo(status, before) => with(status, echo(&arrived, before).into()),
        Reply::Endless => {
            let chunks = futures::stream::repeat_with(|| {
                Ok::<_, std::io::Error>(Bytes::from_static(&[b' '; 16 * 1024]))
            });
            with(200, Body::from_stream(chunks))
        }
        Reply::Stalled => {
            let first = futures::stream::iter([Ok::<_, std::io::Error>(Bytes::from("{"))]);
            let rest = futures::stream::pending();
            with(
                200,
                Body::from_stream(futures::StreamExt::chain(first, rest)),
            )
        }
        Reply::Silence => std::future::pending().await,
    }
}

/// The response of a provider that repeats the whole request.
fn echo(arrived: &Arrived, before: usize) -> String {
    let mut said = "-".repeat(before);
    for name in ["authorization", "host"] {
        let _ = write!(said, "{} {name} ", arrived.header(name));
    }
    let _ = write!(said, "{} {}", arrived.path, arrived.body);
    said
}
