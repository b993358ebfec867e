//! The Slack sender.

use tocsin_core::provider::Provider;
use tocsin_sender::Http;
use tocsin_slack::Slack;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), tocsin_sender::Error> {
    tocsin_sender::run(|startup| {
        let stand_in = startup.base_urls.of(Slack::NAME);
        Ok(Http(Slack { stand_in }))
    })
    .await
}
