//! The OpsGenie sender.

use tocsin_opsgenie::OpsGenie;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), tocsin_sender::StartError> {
    tocsin_sender::run_http(|base_url| OpsGenie { base_url }).await
}
