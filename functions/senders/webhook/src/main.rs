//! The webhook sender.

use tocsin_webhook::Webhook;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), tocsin_sender::StartError> {
    tocsin_sender::run_http(|_| Webhook).await
}
