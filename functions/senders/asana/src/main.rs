//! The Asana sender.

use tocsin_asana::Asana;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), tocsin_sender::StartError> {
    tocsin_sender::run_http(|base_url| Asana { base_url }).await
}
