//! What to ask for to configure a Teams destination.

use tocsin_core::provider::form::{AuthMethod, Form, FormField};

pub(crate) fn form() -> Form {
    let anyone = AuthMethod::new(
        "workflow's webhook URL",
        vec![
            url("https://example.environment.api.powerplatform.com:443/powerautomate/x?api-version=1&sig=example")
                .help("the channel's Workflows, \"Send webhook alerts to a channel\""),
        ],
    );
    let tenant = AuthMethod::new(
        "workflow that only the tenant may use, with an Entra application",
        vec![
            url("https://example.environment.api.powerplatform.com:443/powerautomate/x?api-version=1")
                .help("it has no sig=…"),
            FormField::text("clientSecret", "Secret of the application").example("example"),
        ],
    )
    .with_settings(vec![
        FormField::text("tenantId", "Id of the tenant")
            .help("the directory id, or a domain of the tenant")
            .example("contoso.onmicrosoft.com"),
        FormField::text("clientId", "Id of the application")
            .help("the application (client) id in Entra")
            .example("11112222-bbbb-3333-cccc-4444dddd5555"),
    ]);
    Form {
        settings: Vec::new(),
        auth_methods: vec![anyone, tenant],
    }
}

fn url(example: &str) -> FormField {
    FormField::text("webhookUrl", "URL of the workflow's webhook trigger, whole").example(example)
}
