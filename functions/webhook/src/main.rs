//! The webhook sender.

use tocsin_sender::Http;
use tocsin_webhook::Webhook;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), tocsin_sender::Error> {
    tocsin_sender::run(|_| Ok(Http(Webhook))).await
}
