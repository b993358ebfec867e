//! The SNS sender.

use tocsin_sns::Sns;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), tocsin_sender::StartError> {
    tocsin_sender::run_aws::<Sns>().await
}
