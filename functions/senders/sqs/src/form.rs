//! What to ask for to configure an SQS destination.

use tocsin_core::provider::form::{Form, FormField};
use tocsin_sender::messaging::form_fields;

pub(crate) fn form() -> Form {
    let mut settings = vec![
        FormField::text("queueUrl", "URL of the queue")
            .help("it must be in the stack's AllowedQueueArns")
            .example("https://sqs.eu-central-1.amazonaws.com/123456789012/alerts"),
        FormField::text("region", "Region of the queue")
            .advanced()
            .help("needed where the URL's host does not name it")
            .default("the region in the URL")
            .example("eu-central-1"),
        FormField::text("messageGroupId", "The message group")
            .advanced()
            .help("FIFO queues: alerts of one group are delivered in order; standard queues: makes them fair")
            .default("FIFO queues: the detection's id")
            .example("tocsin"),
    ];
    settings.extend(form_fields("1048576"));
    Form {
        settings,
        auth_methods: Vec::new(),
    }
}
