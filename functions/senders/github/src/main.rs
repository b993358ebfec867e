//! The GitHub sender.

use tocsin_github::GitHub;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), tocsin_sender::StartError> {
    tocsin_sender::run_http(|base_url| GitHub { base_url }).await
}
