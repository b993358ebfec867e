//! What to ask for to configure an Asana destination.

use tocsin_core::provider::form::{AuthMethod, Form, FormField};

const USER: &str = "a gid, an e-mail address, or me";

pub(crate) fn form() -> Form {
    Form {
        settings: vec![
            FormField::list("projects", "Gids of the projects that get the tasks")
                .help("the long number in a project's URL; one task, in all of them")
                .example("1204567890123456"),
            FormField::text("workspace", "Gid of the workspace")
                .advanced()
                .default("the workspace of the projects")
                .example("1200000000000001"),
            FormField::text("assignee", "User who gets the tasks")
                .advanced()
                .help(USER)
                .default("nobody")
                .example("soc@example.com"),
            FormField::list("followers", "Users who follow the tasks")
                .advanced()
                .help(USER)
                .default("nobody")
                .example("soc@example.com,1200000000000002"),
            FormField::list("tags", "Gids of the tasks' tags")
                .advanced()
                .default("no tags")
                .example("1200000000000003"),
            FormField::json("customFields", "Values of custom fields by the field's gid")
                .advanced()
                .help("as Asana's API takes them")
                .default("no custom fields")
                .example(r#"{"1200000000000004": "1200000000000005"}"#),
        ],
        auth_methods: vec![AuthMethod::new(
            "access token",
            vec![
                FormField::text("accessToken", "Access token")
                    .help("Settings, Apps, View developer console")
                    .example("2/1200000000000001/1200000000000002:example"),
            ],
        )],
    }
}
