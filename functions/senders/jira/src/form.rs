//! What to ask for to configure a Jira destination.

use tocsin_core::provider::form::{AuthMethod, Form, FormField};

pub(crate) fn form() -> Form {
    Form {
        settings: vec![
            FormField::choice("deployment", "Which Jira it is", &["cloud", "dataCenter"]),
            FormField::text("projectKey", "Key of the project that gets the issues")
                .help("such as SEC")
                .example("SEC"),
            FormField::text("issueType", "Type of the issues")
                .help("its name, such as Task, or its id")
                .example("Task"),
            FormField::text("browseUrl", "URL of the site that people open")
                .advanced()
                .help("needed where siteUrl is at api.atlassian.com, which has no pages")
                .default("the site's URL")
                .example("https://example.atlassian.net"),
            FormField::list("labels", "Labels of each issue")
                .advanced()
                .help("without spaces")
                .default("only the label by which Tocsin finds the issue again")
                .example("security,alert"),
            FormField::text("assignee", "User who gets the issues")
                .advanced()
                .help("Cloud: an account id; Data Center: a user name")
                .default("as the project decides")
                .example("5b10ac8d82e05b22cc7d4ef5"),
            FormField::json("priority", "Priority of the issues")
                .advanced()
                .help("the name of a priority, or an object from severities to such names")
                .default("as the project decides")
                .example(r#"{"CRITICAL": "Highest", "HIGH": "High"}"#),
            FormField::text(
                "parent",
                "Key of the issue that becomes the parent of the issues",
            )
            .advanced()
            .default("no parent")
            .example("SEC-1"),
            FormField::list("components", "Names of the project's components")
                .advanced()
                .default("no components")
                .example("Detection"),
            FormField::json(
                "customFields",
                "Values of other fields by customfield_NNNNN",
            )
            .advanced()
            .help("as Jira's API takes them")
            .default("no other fields")
            .example(r#"{"customfield_10010": "Security"}"#),
        ],
        auth_methods: vec![cloud(), service_account(), data_center()],
    }
}

fn cloud() -> AuthMethod {
    let secret = vec![
        FormField::text("email", "E-mail address of the token's account")
            .example("tocsin@example.com"),
        FormField::text("apiToken", "API token")
            .help("https://id.atlassian.com/manage-profile/security/api-tokens")
            .example("ATATT3xFfGF0example"),
    ];
    AuthMethod::new("Jira Cloud: an account's API token", secret)
        .implying("deployment", "cloud")
        .with_settings(vec![
            FormField::text("siteUrl", "The site's URL")
                .help(
                    "https://example.atlassian.net, for scoped tokens https://api.atlassian.com/ex/jira/CLOUD_ID",
                )
                .example("https://example.atlassian.net"),
        ])
}

fn service_account() -> AuthMethod {
    let secret = vec![
        FormField::text("token", "API token of the service account")
            .help("with the scopes read:jira-work and write:jira-work")
            .example("ATSTT3xFfGF0example"),
    ];
    AuthMethod::new("Jira Cloud: a service account's API token", secret)
        .implying("deployment", "cloud")
        .with_settings(vec![
            FormField::text("siteUrl", "The site's URL")
                .help("https://api.atlassian.com/ex/jira/CLOUD_ID")
                .example("https://api.atlassian.com/ex/jira/11111111-2222"),
        ])
}

fn data_center() -> AuthMethod {
    let secret = vec![
        FormField::text("token", "Personal access token")
            .help("Profile, Personal Access Tokens")
            .example("NDM4example"),
    ];
    AuthMethod::new("Jira Data Center: a personal access token", secret)
        .implying("deployment", "dataCenter")
        .with_settings(vec![
            FormField::text("siteUrl", "The site's URL")
                .help("with its context path, if there is one")
                .example("https://jira.example.com"),
        ])
}
