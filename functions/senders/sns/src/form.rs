//! What to ask for to configure an SNS destination.

use tocsin_core::provider::form::{Form, FormField};
use tocsin_sender::messaging::form_fields;

pub(crate) fn form() -> Form {
    let mut settings = vec![
        FormField::text("topicArn", "ARN of the topic")
            .help("it must be in the stack's AllowedTopicArns")
            .example("arn:aws:sns:eu-central-1:123456789012:alerts"),
        FormField::text("messageGroupId", "FIFO topics: the message group")
            .advanced()
            .help("alerts of one group are delivered in order")
            .default("the detection's id")
            .together_with(
                "topicArn",
                "arn:aws:sns:eu-central-1:123456789012:alerts.fifo",
            )
            .example("tocsin"),
    ];
    settings.extend(form_fields("262144"));
    Form {
        settings,
        auth_methods: Vec::new(),
    }
}
