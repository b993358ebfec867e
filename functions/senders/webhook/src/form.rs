//! What to ask for to configure a webhook destination.

use tocsin_core::provider::form::{AuthMethod, Form, FormField};

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

pub(crate) fn form() -> Form {
    Form {
        settings: vec![
            FormField::json("headers", "Headers to send that are not secret")
                .advanced()
                .help("at most 20, together with those of the secret")
                .default("no headers")
                .example(r#"{"X-Source": "tocsin"}"#),
            FormField::number("timeoutSeconds", "How long a request may take, in seconds")
                .advanced()
                .help("1 to 30")
                .default("15")
                .example("30"),
        ],
        auth_methods: vec![AuthMethod::new(
            "URL",
            vec![
                FormField::text("url", "URL to post to").example("https://example.com/hook"),
                FormField::text("signingKey", "Key that signs the requests")
                    .optional()
                    .help("whsec_…; empty: none")
                    .default("requests are not signed")
                    .example(KEY),
                FormField::text("previousSigningKey", "The signing key before this one")
                    .advanced()
                    .help("while the receiver changes keys; requests carry both signatures")
                    .default("one signature")
                    .together_with("signingKey", KEY)
                    .example("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"),
                FormField::json("headers", "Headers to send that are secret")
                    .advanced()
                    .default("no headers")
                    .example(r#"{"Authorization": "Bearer example"}"#),
            ],
        )],
    }
}
