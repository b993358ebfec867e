//! The Microsoft Teams sender.

use tocsin_teams::Teams;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), tocsin_sender::StartError> {
    tocsin_sender::run_http(|base_url| Teams { base_url }).await
}
