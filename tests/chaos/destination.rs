//! Destinations of a run, each at an address of its own where its vendor has
//! addresses.

use serde_json::{Value, json};
use tocsin_tests::simulator::webhook::SIGNING_KEY;

use crate::run::Site;

/// Providers, and the ways in which they are reached here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Via {
    Webhook,
    /// One that checks signatures.
    SignedWebhook,
    SlackHook,
    SlackBot,
    PagerDuty,
    Opsgenie,
    Jira,
    GitHub,
    ServiceNow,
    Asana,
    Teams,
    /// A queue, at the URL that is its base.
    Queue,
    /// A topic, whose ARN is its base.
    Topic,
}

/// Why alerts reach a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// They name it.
    Target,
    /// It is the fallback of another one.
    Fallback,
}

/// A destination to be added.
#[derive(Clone, Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) via: Via,
    pub(crate) role: Role,
    pub(crate) name: String,
    /// Where its vendor is.
    pub(crate) base: &'a str,
    pub(crate) fallback: Option<&'a Destination>,
    pub(crate) most_attempts: Option<u32>,
}

/// A destination that was added for a run.
#[derive(Clone, Debug)]
pub(crate) struct Destination {
    pub(crate) via: Via,
    pub(crate) role: Role,
    pub(crate) name: String,
    pub(crate) id: String,
    /// Where its vendor is.
    pub(crate) base: String,
    pub(crate) secret_name: Option<String>,
    /// Where its messages arrive: requests for it have a path that begins so.
    pub(crate) path: String,
}

/// How an alert that arrived is found at the simulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trace {
    /// Each request that was accepted is a message that somebody reads.
    Requests,
    /// What the vendor created, however often it was asked.
    Creations,
    /// Not at all: it does not arrive at the simulator.
    None,
}

impl Via {
    pub(crate) const fn provider(self) -> &'static str {
        match self {
            Self::Webhook | Self::SignedWebhook => "webhook",
            Self::SlackHook | Self::SlackBot => "slack",
            Self::PagerDuty => "pagerduty",
            Self::Opsgenie => "opsgenie",
            Self::Jira => "jira",
            Self::GitHub => "github",
            Self::ServiceNow => "servicenow",
            Self::Asana => "asana",
            Self::Teams => "teams",
            Self::Queue => "sqs",
            Self::Topic => "sns",
        }
    }

    pub(crate) const fn trace(self) -> Trace {
        match self {
            Self::Webhook | Self::SignedWebhook | Self::SlackHook => Trace::Requests,
            Self::Queue | Self::Topic => Trace::None,
            _ => Trace::Creations,
        }
    }

    fn path(self, name: &str) -> String {
        match self {
            Self::Webhook => format!("/hook/{name}"),
            Self::SignedWebhook => format!("/hook/signed/{name}"),
            Self::SlackHook => format!("/services/T1/B1/{name}"),
            Self::SlackBot => "/api/chat.postMessage".to_owned(),
            Self::PagerDuty => "/v2/enqueue".to_owned(),
            Self::Opsgenie => "/v2/alerts".to_owned(),
            Self::Jira => "/rest/api/3/issue".to_owned(),
            Self::GitHub => format!("/repos/octo-org/{name}/issues"),
            Self::ServiceNow => "/api/now/table/incident".to_owned(),
            Self::Asana => "/api/1.0/tasks".to_owned(),
            Self::Teams => format!(
                "/powerautomate/automations/direct/workflows/{name}/triggers/manual/paths/invoke"
            ),
            Self::Queue | Self::Topic => format!("/{name}"),
        }
    }

    /// `base` is where the vendor is called, for those whose settings say that.
    fn settings(self, name: &str, base: &str) -> Value {
        match self {
            Self::Webhook | Self::SignedWebhook | Self::SlackHook | Self::Teams => json!({}),
            Self::SlackBot => json!({"channelId": "C024BE91L"}),
            Self::PagerDuty => json!({"region": "us", "source": "chaos"}),
            Self::Opsgenie => json!({"region": "eu"}),
            Self::Jira => json!({
                "deployment": "cloud", "siteUrl": base, "projectKey": "SEC", "issueType": "Task",
            }),
            Self::GitHub => {
                json!({"apiUrl": base, "repository": format!("octo-org/{name}")})
            }
            Self::ServiceNow => json!({
                "mode": "incident", "instance": "https://acme.service-now.com", "category": "security",
            }),
            Self::Asana => json!({"projects": ["1204567890123456"]}),
            Self::Queue => json!({"queueUrl": base}),
            Self::Topic => json!({"topicArn": base}),
        }
    }

    /// `base` is where the vendor is called, for those whose secret says that.
    /// None of those whose senders' roles are the credential.
    pub(crate) fn secret(self, path: &str, base: &str) -> Option<Value> {
        Some(match self {
            Self::Queue | Self::Topic => return None,
            Self::Webhook => json!({"url": format!("{base}{path}")}),
            Self::SignedWebhook => {
                json!({"url": format!("{base}{path}"), "signingKey": SIGNING_KEY})
            }
            Self::SlackHook => json!({"webhookUrl": format!("{base}{path}")}),
            Self::Teams => json!({
                "webhookUrl": format!(
                    "{base}{path}?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=simulated"
                ),
            }),
            Self::SlackBot => json!({"botToken": "xoxb-0000000000-simulated"}),
            Self::PagerDuty => json!({"routingKey": "0123456789abcdef0123456789abcdef"}),
            Self::Opsgenie => json!({"apiKey": "7f1c3c5e-2f0a-4a57-9d0e-0123456789ab"}),
            Self::Jira => {
                json!({"email": "tocsin@example.com", "apiToken": "ATATT3xFfGF0simulated"})
            }
            Self::GitHub => json!({"token": "github_pat_11AAAAAAA0simulated"}),
            Self::ServiceNow => json!({"apiKey": "now_simulated_0123456789"}),
            Self::Asana => json!({"accessToken": "2/1200000000000001/1200000000000002:simulated"}),
        })
    }
}

impl Destination {
    /// The secret that it was added with.
    pub(crate) fn secret(&self) -> Option<Value> {
        self.via.secret(&self.path, &self.base)
    }

    pub(crate) async fn add(site: &Site, wanted: Wanted<'_>) -> Self {
        let Wanted {
            via, name, base, ..
        } = wanted;
        let path = via.path(&name);
        let mut request = json!({
            "operation": "addDestination", "actor": "chaos",
            "destination": {
                "displayName": name, "type": via.provider(),
                "settings": via.settings(&name, base),
            },
        });
        if let Some(fallback) = wanted.fallback {
            request["destination"]["fallback"] = json!(fallback.id);
        }
        if let Some(most) = wanted.most_attempts {
            request["destination"]["retry"] = json!({"mostAttempts": most});
        }
        if let Some(secret) = via.secret(&path, base) {
            request["secret"] = secret;
        }
        let answer = site.stack.invoke("api", &request).await;
        let text = |field: &str| answer["ok"][field].as_str().map(str::to_owned);
        Self {
            via,
            role: wanted.role,
            id: text("destinationId").unwrap_or_else(|| panic!("{answer:#}")),
            base: base.to_owned(),
            secret_name: text("secretName"),
            name,
            path,
        }
    }
}
