//! The SNS sender.

use tocsin_sender::messaging::AwsTransport;
use tocsin_sns::Sns;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), tocsin_sender::StartError> {
    tocsin_sender::run(|startup| Ok(AwsTransport::<Sns>::new(startup.clients.config.clone()))).await
}
