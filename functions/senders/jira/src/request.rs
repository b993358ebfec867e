//! The request that creates an issue.

use serde_json::{Map, Value, json};
use tocsin_core::message::Message;
use tocsin_core::provider::{
    Address, Detail, FieldError, Header, Reduced, Request, RequestContext, Response, api_url,
};
use tocsin_core::text::{Unit, truncate};

use crate::secret::authorization;
use crate::settings::{Deployment, Settings};
use crate::{Jira, message};

/// The field of the labels.
const LABELS: &str = "labels";

/// The key of the entity property that names the delivery of an issue.
const PROPERTY_KEY: &str = "tocsin.delivery";

/// `POST /rest/api/3/issue`
/// (<https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/>),
/// `/rest/api/2/issue` on Data Center.
pub(crate) fn create(context: &RequestContext<'_, Jira>) -> Result<Request, FieldError> {
    let path = match context.settings.deployment {
        Deployment::Cloud => "rest/api/3/issue",
        Deployment::DataCenter => "rest/api/2/issue",
    };
    let body = json!({
        "fields": fields(context),
        "properties": [{
            "key": PROPERTY_KEY,
            "value": {"delivery": context.delivery.as_str(), "alert": context.alert.alert_id.as_str()},
        }],
    });
    post(context, path, &body)
}

pub(crate) fn post(
    context: &RequestContext<'_, Jira>,
    path: &str,
    body: &Value,
) -> Result<Request, FieldError> {
    let url = api_url(context.settings.site_url.as_str(), None, path)?;
    let address = Address::Public(url);
    Ok(Request::post_json(address, body.to_string())
        .header("accept", Header::Plain("application/json".to_owned()))
        .header(
            "authorization",
            authorization(context.settings, context.secret)?,
        ))
}

/// The label by which the lookup finds the issue. JQL can search entity properties
/// only where an app has registered them.
pub(crate) fn delivery_label(context: &RequestContext<'_, Jira>) -> String {
    // 64 bits: a collision within a project is practically impossible.
    let digits = context.delivery.as_str().chars();
    let short: String = digits
        .filter(char::is_ascii_alphanumeric)
        .take(16)
        .collect();
    format!("tocsin-{short}")
}

/// What no issue can do without: Jira would refuse it anyway.
const NEEDED: [&str; 3] = ["project", "issuetype", "summary"];

/// The request without the fields that Jira refuses by their names, if it may succeed so.
/// The label of the delivery stays, unless the screen has no labels at all.
pub(crate) fn without_refused(
    context: &RequestContext<'_, Jira>,
    request: &Request,
    response: &Response,
) -> Option<Reduced> {
    let answer = response.json();
    let refused = answer["errors"]
        .as_object()
        .filter(|_| response.status == 400)?;
    let mut body: Value = serde_json::from_slice(&request.body).ok()?;
    let fields = body["fields"].as_object_mut()?;
    let mut left_out = Vec::new();
    for (name, problem) in refused {
        if NEEDED.contains(&name.as_str()) || !fields.contains_key(name) {
            // Without it, or with a value that only a person knows, none succeeds.
            return None;
        }
        let own = json!([delivery_label(context)]);
        // "Field 'labels' cannot be set. It is not on the appropriate screen, or unknown.",
        // in the language of the account: only this one names the field by its key.
        let is_absent = problem
            .as_str()
            .is_some_and(|text| text.contains("cannot be set") || text.contains("'labels'"));
        if name == LABELS && !is_absent && fields[LABELS] != own {
            fields.insert(name.clone(), own);
        } else {
            fields.shift_remove(name);
        }
        left_out.push(name.as_str());
    }
    let request = Request {
        body: body.to_string().into_bytes(),
        ..request.clone()
    };
    (!left_out.is_empty()).then(|| Reduced {
        request,
        left_out: left_out.join(", "),
    })
}

/// The fields. The minimal form leaves out what can become invalid (a priority that
/// was renamed, an assignee who left), and keeps what the project may require, and the
/// label by which the issue is found again.
fn fields(context: &RequestContext<'_, Jira>) -> Map<String, Value> {
    let settings = context.settings;
    let message = Message::of(context);
    let mut fields = Map::new();
    fields.insert("project".to_owned(), json!({"key": settings.project_key}));
    fields.insert("issuetype".to_owned(), issue_type(&settings.issue_type));
    let summary = truncate(&message.headline, message::SUMMARY_LIMIT, Unit::Characters);
    fields.insert("summary".to_owned(), json!(summary));
    let description = message::description(&message, settings.deployment);
    fields.insert("description".to_owned(), description);
    if let Some(parent) = &settings.parent {
        fields.insert("parent".to_owned(), json!({"key": parent}));
    }
    fields.extend(settings.custom_fields.clone());
    let mut labels = vec![delivery_label(context)];
    if context.detail == Detail::Full {
        labels.splice(0..0, settings.labels.iter().cloned());
        add_optional(&mut fields, context, settings);
    }
    fields.insert(LABELS.to_owned(), json!(labels));
    fields
}

fn add_optional(
    fields: &mut Map<String, Value>,
    context: &RequestContext<'_, Jira>,
    settings: &Settings,
) {
    if let Some(priority) = settings
        .priority
        .as_ref()
        .and_then(|names| names.of(context.severity))
    {
        fields.insert("priority".to_owned(), json!({"name": priority}));
    }
    if let Some(assignee) = &settings.assignee {
        let key = match settings.deployment {
            Deployment::Cloud => "id",
            Deployment::DataCenter => "name",
        };
        fields.insert("assignee".to_owned(), json!({key: assignee}));
    }
    if !settings.components.is_empty() {
        let names = settings.components.iter().map(|name| json!({"name": name}));
        fields.insert("components".to_owned(), names.collect());
    }
}

fn issue_type(name: &str) -> Value {
    let key = if name.bytes().all(|byte| byte.is_ascii_digit()) {
        "id"
    } else {
        "name"
    };
    json!({key: name})
}
