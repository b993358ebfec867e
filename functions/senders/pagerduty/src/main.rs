//! The PagerDuty sender.

use tocsin_pagerduty::PagerDuty;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), tocsin_sender::StartError> {
    tocsin_sender::run_http(|base_url| PagerDuty { base_url }).await
}
