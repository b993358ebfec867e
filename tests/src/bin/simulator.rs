//! Runs the provider simulator by itself, for the demo.

use std::net::SocketAddr;

use tocsin_tests::simulator::Simulator;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let port = match std::env::args().nth(1) {
        Some(port) => port.parse()?,
        None => 0,
    };
    let (address, serving) = Simulator::default()
        .listen(SocketAddr::from(([127, 0, 0, 1], port)))
        .await?;
    println!("listening on http://{address}");
    serving.await;
    Ok(())
}
