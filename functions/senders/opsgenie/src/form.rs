//! What to ask for to configure an OpsGenie destination.

use tocsin_core::provider::form::{AuthMethod, Form, FormField};

pub(crate) fn form() -> Form {
    Form {
        settings: vec![
            FormField::choice("region", "Where the account is", &["us", "eu", "jsm"])
                .optional()
                .help("jsm: Jira Service Management, OpsGenie's successor")
                .default("us"),
            FormField::json("responders", "Who is notified, besides the integration's responders")
                .advanced()
                .help(
                    "up to 50; type is team, user, escalation or schedule, with an id, a name or, for users, a username",
                )
                .default("only the integration's responders")
                .example(r#"[{"type": "team", "name": "SecOps"}]"#),
            FormField::json("priorities", "Priorities by severity, where they differ from the default")
                .advanced()
                .default("CRITICAL P1, HIGH P2, MEDIUM P3, LOW P4, INFO P5")
                .example(r#"{"HIGH": "P1"}"#),
        ],
        auth_methods: vec![AuthMethod::new(
            "API key",
            vec![
                FormField::text("apiKey", "API key of an API integration")
                    .help("the team's Integrations tab")
                    .example("7f1c3c5e-2f0a-4a57-9d0e-0123456789ab"),
            ],
        )],
    }
}
