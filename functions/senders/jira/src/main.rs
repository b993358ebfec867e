//! The Jira sender.

use tocsin_jira::Jira;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), tocsin_sender::StartError> {
    tocsin_sender::run_http(|base_url| Jira { base_url }).await
}
