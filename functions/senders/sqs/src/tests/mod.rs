mod message;
mod outcome;
mod settings;

use serde_json::{Value, json};
use tocsin_core::alert::Severity;
use tocsin_core::provider::read_settings;
use tocsin_sender::messaging::{AwsSettings, AwsTransport, Endpoint, EndpointKind, OwnEndpoints};
use tocsin_testing::{
    MessagingFixture, check_messaging_settings, delivery, full, has_snapshot, samples,
};

use super::*;

const QUEUE: &str = "https://sqs.eu-central-1.amazonaws.com/123456789012/alerts";
const FIFO_QUEUE: &str = "https://sqs.eu-central-1.amazonaws.com/123456789012/alerts.fifo";

fn standard() -> MessagingFixture<Sqs> {
    MessagingFixture::new(&json!({"queueUrl": QUEUE}))
}

fn fifo() -> MessagingFixture<Sqs> {
    MessagingFixture::new(&json!({"queueUrl": FIFO_QUEUE}))
}

fn snapshot(name: &str, text: &str) {
    tocsin_testing::assert_snapshot!(name, text);
}
