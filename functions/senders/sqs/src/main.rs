//! The SQS sender.

use tocsin_sqs::Sqs;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), tocsin_sender::StartError> {
    tocsin_sender::run_aws::<Sqs>().await
}
