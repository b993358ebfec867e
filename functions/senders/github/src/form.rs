//! What to ask for to configure a GitHub destination.

use tocsin_core::provider::form::{AuthMethod, Form, FormField};

pub(crate) fn form() -> Form {
    Form {
        settings: vec![
            FormField::text("repository", "Repository that gets the issues")
                .help("owner/name")
                .example("octo-org/security-alerts"),
            FormField::text("apiUrl", "URL of the API")
                .advanced()
                .help("Enterprise Server: https://HOST/api/v3; data residency: https://api.TENANT.ghe.com")
                .default("https://api.github.com")
                .example("https://github.example.com/api/v3"),
            FormField::list("labels", "Labels of each issue")
                .advanced()
                .help("at most 100; GitHub drops them if the token's account cannot push")
                .default("no labels")
                .example("security,alert"),
            FormField::list("assignees", "Logins of the users who get the issues")
                .advanced()
                .help("at most 10; GitHub drops them if the token's account cannot push")
                .default("nobody")
                .example("octocat"),
            FormField::text("issueType", "Issue type of each issue")
                .advanced()
                .help("one of the organization's types; GitHub drops it if the token's account cannot push")
                .default("none")
                .example("Bug"),
        ],
        auth_methods: vec![AuthMethod::new(
            "fine-grained token",
            vec![
                FormField::text("token", "Fine-grained personal access token")
                    .help("with write access to issues")
                    .example("github_pat_11AAAAAAA0example"),
            ],
        )],
    }
}
