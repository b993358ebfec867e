//! Runs the fault proxy by itself: `fault-proxy PORT EMULATOR`.

use std::net::SocketAddr;

use anyhow::Context;
use tocsin_tests::proxy::Proxy;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let port = arguments.next().context("which port?")?.parse()?;
    let emulator = arguments.next().context("where is the emulator?")?;
    let (address, serving) = Proxy::new(emulator)?
        .listen(SocketAddr::from(([127, 0, 0, 1], port)))
        .await?;
    println!("listening on http://{address}");
    serving.await;
    Ok(())
}
