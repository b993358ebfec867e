//! What to ask for to configure a ServiceNow destination.

use tocsin_core::provider::form::{AuthMethod, Form, FormField};

pub(crate) fn form() -> Form {
    Form {
        settings: settings(),
        auth_methods: vec![
            AuthMethod::new(
                "inbound REST API key",
                vec![FormField::text("apiKey", "Inbound REST API key").example("now_example")],
            ),
            AuthMethod::new(
                "OAuth access token",
                vec![FormField::text("token", "OAuth access token").example("example")],
            ),
            AuthMethod::new(
                "user and password",
                vec![
                    FormField::text("username", "User name").example("tocsin"),
                    FormField::text("password", "Password").example("example"),
                ],
            ),
        ],
    }
}

fn settings() -> Vec<FormField> {
    let of_incidents = |field: FormField| field.advanced().together_with("mode", "incident");
    let of_events = |field: FormField| field.advanced().together_with("mode", "event");
    vec![
        FormField::text("instance", "The instance's URL")
            .help("https://example.service-now.com")
            .unless("instanceUrl")
            .example("https://example.service-now.com"),
        FormField::text(
            "instanceUrl",
            "Custom URL of the instance, in place of instance",
        )
        .advanced()
        .help("any https host; the credential is sent there")
        .default("instance is used")
        .unless("instance")
        .example("https://support.example.com"),
        FormField::choice("mode", "What to create", &["incident", "event"])
            .optional()
            .default("incident"),
        of_incidents(FormField::text(
            "assignmentGroup",
            "Incidents: sys_id of the assignment group",
        ))
        .default("as the instance decides")
        .example("d625dccec0a8016700a222a0f7900d06"),
        of_incidents(FormField::text(
            "category",
            "Incidents: value of the category",
        ))
        .default("as the instance decides")
        .example("security"),
        of_incidents(FormField::text(
            "callerId",
            "Incidents: sys_id of the caller",
        ))
        .default("the user of the credential")
        .example("6816f79cc0a8016401c5a33be04be441"),
        of_incidents(FormField::text(
            "contactType",
            "Incidents: value of the contact type (channel)",
        ))
        .default("as the instance decides")
        .example("integration"),
        of_incidents(FormField::json(
            "fields",
            "Incidents: values of further columns",
        ))
        .help("up to 50, by the column's name in lower case")
        .default("no further columns")
        .example(r#"{"u_team": "SecOps"}"#),
        of_events(FormField::text("source", "Events: the source"))
            .default("Tocsin")
            .example("Tocsin production"),
        of_events(FormField::text(
            "node",
            "Events: the host that they are about",
        ))
        .help("binds an event to a configuration item")
        .default("no host")
        .example("aws-production"),
    ]
}
