//! Connections that can be spoiled while a request is being answered: broken
//! off, slowed down, or without the process at their other end.
//!
//! A server that listens on a [`FaultyListener`] gives its handlers a [`Connection`] for each
//! connection. What they do with it takes effect with the next byte.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Sleep;

/// Between two bytes of an answer that drips: the head of any answer takes
/// longer than the 10 s that a sender waits.
const DRIP: Duration = Duration::from_millis(250);

/// How a connection behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Manner {
    /// As connections do.
    #[default]
    Sound,
    /// Byte by byte.
    Dripping,
    /// With a reset instead of what is still to be said.
    Broken,
}

/// One connection, as a handler knows it.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    /// The address at this end.
    pub(crate) here: SocketAddr,
    /// The address at the other end.
    pub(crate) there: SocketAddr,
    manner: Arc<Mutex<Manner>>,
}

impl Connection {
    /// The rest of the answer comes byte by byte.
    pub(crate) fn drip(&self) {
        *self.manner.lock().unwrap() = Manner::Dripping;
    }

    /// Instead of an answer, the other end gets a TCP reset.
    pub(crate) fn reset(&self) {
        *self.manner.lock().unwrap() = Manner::Broken;
    }

    fn manner(&self) -> Manner {
        *self.manner.lock().unwrap()
    }
}

impl Connected<IncomingStream<'_, FaultyListener>> for Connection {
    fn connect_info(stream: IncomingStream<'_, FaultyListener>) -> Self {
        stream.io().connection.clone()
    }
}

/// A listener whose connections can be spoiled.
#[derive(Debug)]
pub(crate) struct FaultyListener(pub(crate) TcpListener);

impl Listener for FaultyListener {
    type Io = FaultyStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (FaultyStream, SocketAddr) {
        loop {
            let (stream, there) = Listener::accept(&mut self.0).await;
            // One that is gone already has no address any more.
            let Ok(here) = stream.local_addr() else {
                continue;
            };
            let connection = Connection {
                here,
                there,
                manner: Arc::default(),
            };
            let wire = FaultyStream {
                stream,
                connection,
                pause: None,
            };
            return (wire, there);
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// A connection that can be spoiled.
#[derive(Debug)]
pub(crate) struct FaultyStream {
    stream: TcpStream,
    connection: Connection,
    pause: Option<Pin<Box<Sleep>>>,
}

impl FaultyStream {
    fn poll_drop_of(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if let Some(pause) = &mut self.pause {
            std::task::ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        let first = &bytes[..bytes.len().min(1)];
        let written = std::task::ready!(Pin::new(&mut self.stream).poll_write(cx, first))?;
        self.pause = Some(Box::pin(tokio::time::sleep(DRIP)));
        Poll::Ready(Ok(written))
    }
}

impl AsyncRead for FaultyStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(cx, into)
    }
}

impl AsyncWrite for FaultyStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        match this.connection.manner() {
            Manner::Sound => Pin::new(&mut this.stream).poll_write(cx, bytes),
            Manner::Dripping => this.poll_drop_of(cx, bytes),
            Manner::Broken => Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match this.connection.manner() {
            // A shutdown would say goodbye properly.
            Manner::Broken => Poll::Ready(Ok(())),
            Manner::Sound | Manner::Dripping => Pin::new(&mut this.stream).poll_shutdown(cx),
        }
    }
}

impl Drop for FaultyStream {
    fn drop(&mut self) {
        if self.connection.manner() == Manner::Broken
            && let Err(error) = self.stream.set_zero_linger()
        {
            eprintln!("the connection ends properly instead of with a reset: {error}");
        }
    }
}
