//! The Slack sender.

use tocsin_slack::Slack;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), tocsin_sender::StartError> {
    tocsin_sender::run_http(|base_url| Slack { base_url }).await
}
