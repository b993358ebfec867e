//! What a person is asked for to configure a destination of each provider: the
//! settings and credentials that the provider's own check insists on, and where
//! to find them. A test holds the two together.

use clap::builder::PossibleValuesParser;
use serde_json::{Map, Value};

/// A kind of destination.
#[derive(Debug)]
pub(crate) struct Provider {
    /// Its name.
    pub(crate) name: &'static str,
    /// What is asked of every such destination.
    pub(crate) settings: &'static [Question],
    /// The ways to authenticate, of which one is chosen; none where IAM decides.
    pub(crate) credentials: &'static [Credential],
}

/// One way to authenticate.
#[derive(Debug)]
pub(crate) struct Credential {
    /// What it is called.
    pub(crate) title: &'static str,
    /// Settings that choosing it decides.
    pub(crate) implies: &'static [(&'static str, &'static str)],
    /// Settings that only this one needs.
    pub(crate) settings: &'static [Question],
    /// The secret's fields.
    pub(crate) secret: &'static [Question],
}

/// One thing to know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question {
    /// The field.
    pub(crate) key: &'static str,
    /// What it is, and where to find it.
    pub(crate) label: &'static str,
    /// Whether it can be left out.
    pub(crate) need: Need,
    /// What the answer is.
    pub(crate) form: Form,
    /// One that passes the provider's check.
    pub(crate) example: &'static str,
}

/// Whether an answer is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// The destination does not come about without.
    Required,
    /// It may be left empty.
    Optional,
}

/// What an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A text, even where it looks like a number.
    Text,
    /// Texts separated by commas.
    Words,
    /// One of these; the first is usual.
    Choice(&'static [&'static str]),
}

const fn text(key: &'static str, label: &'static str, example: &'static str) -> Question {
    Question {
        key,
        label,
        need: Need::Required,
        form: Form::Text,
        example,
    }
}

const fn words(key: &'static str, label: &'static str, example: &'static str) -> Question {
    Question {
        form: Form::Words,
        ..text(key, label, example)
    }
}

const fn choice(
    key: &'static str,
    label: &'static str,
    among: &'static [&'static str],
) -> Question {
    Question {
        need: Need::Optional,
        form: Form::Choice(among),
        ..text(key, label, among[0])
    }
}

const fn optional(question: Question) -> Question {
    Question {
        need: Need::Optional,
        ..question
    }
}

const fn only(title: &'static str, secret: &'static [Question]) -> Credential {
    Credential {
        title,
        implies: &[],
        settings: &[],
        secret,
    }
}

/// Every provider, by name.
pub(crate) const PROVIDERS: [Provider; 11] = [
    Provider {
        name: "asana",
        settings: &[words(
            "projects",
            "Gids of the projects that get the tasks (the long number in a project's URL)",
            "1204567890123456",
        )],
        credentials: &[only(
            "access token",
            &[text(
                "accessToken",
                "Access token (Settings, Apps, View developer console)",
                "2/1200000000000001/1200000000000002:example",
            )],
        )],
    },
    Provider {
        name: "github",
        settings: &[text(
            "repository",
            "Repository that gets the issues (owner/name)",
            "octo-org/security-alerts",
        )],
        credentials: &[only(
            "fine-grained token",
            &[text(
                "token",
                "Fine-grained personal access token with write access to issues",
                "github_pat_11AAAAAAA0example",
            )],
        )],
    },
    Provider {
        name: "jira",
        settings: &[
            text(
                "projectKey",
                "Key of the project that gets the issues (SEC)",
                "SEC",
            ),
            text("issueType", "Type of the issues (Task)", "Task"),
        ],
        credentials: &[
            Credential {
                title: "Jira Cloud: an account's API token",
                implies: &[("deployment", "cloud")],
                settings: &[text(
                    "siteUrl",
                    "The site's URL (https://example.atlassian.net)",
                    "https://example.atlassian.net",
                )],
                secret: &[
                    text(
                        "email",
                        "E-mail address of the token's account",
                        "tocsin@example.com",
                    ),
                    text(
                        "apiToken",
                        "API token (https://id.atlassian.com/manage-profile/security/api-tokens)",
                        "ATATT3xFfGF0example",
                    ),
                ],
            },
            Credential {
                title: "Jira Data Center: a personal access token",
                implies: &[("deployment", "dataCenter")],
                settings: &[text(
                    "siteUrl",
                    "The site's URL (https://jira.example.com)",
                    "https://jira.example.com",
                )],
                secret: &[text(
                    "token",
                    "Personal access token (Profile, Personal Access Tokens)",
                    "NDM4example",
                )],
            },
        ],
    },
    Provider {
        name: "opsgenie",
        settings: &[choice(
            "region",
            "Where the account is (jsm: Jira Service Management, OpsGenie's successor)",
            &["us", "eu", "jsm"],
        )],
        credentials: &[only(
            "API key",
            &[text(
                "apiKey",
                "API key of an API integration (the team's Integrations tab)",
                "7f1c3c5e-2f0a-4a57-9d0e-0123456789ab",
            )],
        )],
    },
    Provider {
        name: "pagerduty",
        settings: &[choice(
            "region",
            "Service region of the account",
            &["us", "eu"],
        )],
        credentials: &[only(
            "integration key",
            &[text(
                "routingKey",
                "Integration key of an Events API v2 integration (the service's Integrations tab)",
                "0123456789abcdef0123456789abcdef",
            )],
        )],
    },
    Provider {
        name: "servicenow",
        settings: &[
            text(
                "instance",
                "The instance's URL (https://example.service-now.com)",
                "https://example.service-now.com",
            ),
            choice("mode", "What to create", &["incident", "event"]),
        ],
        credentials: &[
            only(
                "inbound REST API key",
                &[text("apiKey", "Inbound REST API key", "now_example")],
            ),
            only(
                "OAuth access token",
                &[text("token", "OAuth access token", "example")],
            ),
            only(
                "user and password",
                &[
                    text("username", "User name", "tocsin"),
                    text("password", "Password", "example"),
                ],
            ),
        ],
    },
    Provider {
        name: "slack",
        settings: &[],
        credentials: &[
            only(
                "incoming webhook",
                &[text(
                    "webhookUrl",
                    "Slack webhook URL (the app's Incoming Webhooks page, Copy)",
                    "https://hooks.slack.com/services/T0/B0/example",
                )],
            ),
            Credential {
                title: "bot token",
                implies: &[],
                settings: &[text(
                    "channelId",
                    "Id of the channel (at the end of the channel's details, C0123ABCD)",
                    "C0123ABCD",
                )],
                secret: &[text(
                    "botToken",
                    "Bot User OAuth Token (the app's OAuth & Permissions page, xoxb-…)",
                    "xoxb-0-example",
                )],
            },
        ],
    },
    Provider {
        name: "sns",
        settings: &[text(
            "topicArn",
            "ARN of the topic (it must be in the stack's AllowedTopicArns)",
            "arn:aws:sns:eu-central-1:123456789012:alerts",
        )],
        credentials: &[],
    },
    Provider {
        name: "sqs",
        settings: &[text(
            "queueUrl",
            "URL of the queue (it must be in the stack's AllowedQueueArns)",
            "https://sqs.eu-central-1.amazonaws.com/123456789012/alerts",
        )],
        credentials: &[],
    },
    Provider {
        name: "teams",
        settings: &[],
        credentials: &[only(
            "workflow's webhook URL",
            &[text(
                "webhookUrl",
                "URL of the workflow's webhook trigger, whole (the channel's Workflows, \"Send webhook alerts to a channel\")",
                "https://example.environment.api.powerplatform.com:443/powerautomate/x?api-version=1&sig=example",
            )],
        )],
    },
    Provider {
        name: "webhook",
        settings: &[],
        credentials: &[only(
            "URL",
            &[
                text("url", "URL to post to", "https://example.com/hook"),
                optional(text(
                    "signingKey",
                    "Key that signs the requests, whsec_… (empty: none)",
                    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                )),
            ],
        )],
    },
];

/// The providers' names, for the command line.
pub(crate) fn provider_names() -> PossibleValuesParser {
    PossibleValuesParser::new(PROVIDERS.iter().map(|one| one.name))
}

/// The provider of this name.
pub(crate) fn provider(name: &str) -> Option<&'static Provider> {
    PROVIDERS.iter().find(|one| one.name == name)
}

impl Provider {
    /// The question for a setting, where there is one.
    pub(crate) fn setting(&self, key: &str) -> Option<&'static Question> {
        let own = self.settings.iter();
        let of_credentials = self.credentials.iter().flat_map(|one| one.settings);
        own.chain(of_credentials).find(|one| one.key == key)
    }

    /// The way to authenticate that these settings call for: the one that they
    /// choose, or whose own they are, else the only one that needs none.
    pub(crate) fn credential_for(
        &self,
        settings: &Map<String, Value>,
    ) -> Option<&'static Credential> {
        if let Some(called_for) = self.credentials.iter().find(|one| one.is_chosen(settings)) {
            return Some(called_for);
        }
        let mut plain = self
            .credentials
            .iter()
            .filter(|one| one.implies.is_empty() && one.settings.is_empty());
        match (plain.next(), plain.next()) {
            (Some(one), None) => Some(one),
            _ => None,
        }
    }
}

impl Credential {
    /// Whether these settings choose it, or have what only it needs.
    pub(crate) fn is_chosen(&self, settings: &Map<String, Value>) -> bool {
        if self.implies.is_empty() {
            let mut own = self.settings.iter();
            return !self.settings.is_empty() && own.all(|one| settings.contains_key(one.key));
        }
        let chosen =
            |(key, value): &(&str, &str)| settings.get(*key).is_some_and(|set| set == value);
        self.implies.iter().all(chosen)
    }

    /// The secret's only required field, where it has just one.
    pub(crate) fn only_field(&self) -> Option<&'static str> {
        let mut required = self.secret.iter().filter(|one| one.need == Need::Required);
        match (required.next(), required.next()) {
            (Some(one), None) => Some(one.key),
            _ => None,
        }
    }
}

impl Form {
    /// An answer as JSON.
    pub(crate) fn read(self, answer: &str) -> Value {
        match self {
            Self::Text | Self::Choice(_) => answer.into(),
            Self::Words => match serde_json::from_str(answer) {
                Ok(list @ Value::Array(_)) => list,
                _ => answer
                    .split(',')
                    .map(str::trim)
                    .filter(|word| !word.is_empty())
                    .collect(),
            },
        }
    }
}

#[cfg(test)]
mod tests;
