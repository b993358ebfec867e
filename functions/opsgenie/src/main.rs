//! The OpsGenie sender.

use tocsin_opsgenie::OpsGenie;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), tocsin_sender::Error> {
    tocsin_sender::run_http(|stand_in| OpsGenie { stand_in }).await
}
