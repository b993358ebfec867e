mod message;
mod outcome;
mod settings;

use serde_json::{Value, json};
use tocsin_core::alert::Severity;
use tocsin_core::provider::read_settings;
use tocsin_sender::messaging::{AwsSettings, AwsTransport, EndpointKind, OwnEndpoints};
use tocsin_testing::{
    MessagingFixture, alert, check_messaging_settings, delivery, full, has_snapshot, samples,
};

use super::*;

const TOPIC: &str = "arn:aws:sns:eu-central-1:123456789012:alerts";
const FIFO_TOPIC: &str = "arn:aws:sns:eu-central-1:123456789012:alerts.fifo";

fn standard() -> MessagingFixture<Sns> {
    MessagingFixture::new(&json!({"topicArn": TOPIC}))
}

fn fifo() -> MessagingFixture<Sns> {
    MessagingFixture::new(&json!({"topicArn": FIFO_TOPIC}))
}

fn snapshot(name: &str, text: &str) {
    tocsin_testing::assert_snapshot!(name, text);
}
