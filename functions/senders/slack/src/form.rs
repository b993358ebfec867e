//! What to ask for to configure a Slack destination.

use tocsin_core::provider::form::{AuthMethod, Form, FormField};

pub(crate) fn form() -> Form {
    let webhook = AuthMethod::new(
        "incoming webhook",
        vec![
            FormField::text("webhookUrl", "Slack webhook URL")
                .help("the app's Incoming Webhooks page, Copy")
                .example("https://hooks.slack.com/services/T0/B0/example"),
        ],
    );
    let bot = AuthMethod::new(
        "bot token",
        vec![
            FormField::text("botToken", "Bot User OAuth Token")
                .help("the app's OAuth & Permissions page, xoxb-…")
                .example("xoxb-0-example"),
        ],
    )
    .with_settings(vec![
        FormField::text("channelId", "Id of the channel")
            .help("at the end of the channel's details, such as C0123ABCD")
            .example("C0123ABCD"),
    ]);
    Form {
        settings: Vec::new(),
        auth_methods: vec![webhook, bot],
    }
}
