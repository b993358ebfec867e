//! The SQS sender.

use tocsin_sender::messaging::AwsTransport;
use tocsin_sqs::Sqs;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), tocsin_sender::StartError> {
    tocsin_sender::run(|startup| Ok(AwsTransport::<Sqs>::new(startup.clients.config.clone()))).await
}
