//! What to ask for to configure a Teams destination.

use tocsin_core::provider::form::{AuthMethod, Form, FormField};

pub(crate) fn form() -> Form {
    Form {
        settings: Vec::new(),
        auth_methods: vec![AuthMethod::new(
            "workflow's webhook URL",
            vec![
                FormField::text("webhookUrl", "URL of the workflow's webhook trigger, whole")
                    .help("the channel's Workflows, \"Send webhook alerts to a channel\"")
                    .example("https://example.environment.api.powerplatform.com:443/powerautomate/x?api-version=1&sig=example"),
            ],
        )],
    }
}
