//! Connections that can be spoiled while a request is being answered: broken
//! off, slowed down, or bereft of the process at their other end.
//!
//! A server that listens on a [`Wires`] gives its handlers a [`Line`] for each
//! connection. What they order there takes effect with the next byte.

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
pub(crate) struct Line {
    /// The address at this end.
    pub(crate) here: SocketAddr,
    /// The address at the other end.
    pub(crate) there: SocketAddr,
    manner: Arc<Mutex<Manner>>,
}

impl Line {
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

impl Connected<IncomingStream<'_, Wires>> for Line {
    fn connect_info(stream: IncomingStream<'_, Wires>) -> Self {
        stream.io().line.clone()
    }
}

/// A listener whose connections can be spoiled.
#[derive(Debug)]
pub(crate) struct Wires(pub(crate) TcpListener);

impl Listener for Wires {
    type Io = Wire;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Wire, SocketAddr) {
        loop {
            let (stream, there) = Listener::accept(&mut self.0).await;
            // One that is gone already has no address any more.
            let Ok(here) = stream.local_addr() else {
                continue;
            };
            let line = Line {
                here,
                there,
                manner: Arc::default(),
            };
            let wire = Wire {
                stream,
                line,
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
pub(crate) struct Wire {
    stream: TcpStream,
    line: Line,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Wire {
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

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(cx, into)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        match this.line.manner() {
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
        match this.line.manner() {
            // A shutdown would say goodbye properly.
            Manner::Broken => Poll::Ready(Ok(())),
            Manner::Sound | Manner::Dripping => Pin::new(&mut this.stream).poll_shutdown(cx),
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.line.manner() == Manner::Broken
            && let Err(error) = self.stream.set_zero_linger()
        {
            eprintln!("the connection ends properly instead of with a reset: {error}");
        }
    }
}
