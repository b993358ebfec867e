//! What to ask for to configure a PagerDuty destination.

use tocsin_core::provider::form::{AuthMethod, Form, FormField};

pub(crate) fn form() -> Form {
    Form {
        settings: vec![
            FormField::choice("region", "Service region of the account", &["us", "eu"])
                .optional()
                .default("us"),
            FormField::text("source", "What the alerts are about")
                .advanced()
                .help("an account, a host or a product")
                .default("Tocsin")
                .example("production"),
            FormField::text("group", "Logical group that the source belongs to")
                .advanced()
                .default("the alert's log types")
                .example("cloud-security"),
        ],
        auth_methods: vec![AuthMethod::new(
            "integration key",
            vec![
                FormField::text(
                    "routingKey",
                    "Integration key of an Events API v2 integration",
                )
                .help("the service's Integrations tab")
                .example("0123456789abcdef0123456789abcdef"),
            ],
        )],
    }
}
