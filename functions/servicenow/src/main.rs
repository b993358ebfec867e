//! The ServiceNow sender.

use tocsin_servicenow::ServiceNow;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), tocsin_sender::Error> {
    tocsin_sender::run_http(|stand_in| ServiceNow { stand_in }).await
}
