//! The Asana sender.

use tocsin_asana::Asana;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), tocsin_sender::Error> {
    tocsin_sender::run_http(|stand_in| Asana { stand_in }).await
}
