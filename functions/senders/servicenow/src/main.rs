//! The ServiceNow sender.

use tocsin_servicenow::ServiceNow;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), tocsin_sender::StartError> {
    tocsin_sender::run_http(|base_url| ServiceNow { base_url }).await
}
