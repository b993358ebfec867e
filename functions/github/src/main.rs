//! The GitHub sender.

use tocsin_github::GitHub;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), tocsin_sender::Error> {
    tocsin_sender::run_http(|stand_in| GitHub { stand_in }).await
}
