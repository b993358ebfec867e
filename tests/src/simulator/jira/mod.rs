//! Jira: Cloud at `/rest/api/3`, Data Center at `/rest/api/2`.
//!
//! Creation: <https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/>.
//! Lengths: summary 255 without line breaks, texts 32,767 (its error says so), entity
//! properties 32,768 (its schema), labels 255 without spaces. Search:
//! <https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-search/>;
//! on Data Center it stays at `/search`. The screen of the project NOFIELDS has the
//! required fields and the description only. Projects, issue types, priorities and
//! people are whatever one asks for.

mod adf;
mod fields;
mod jql;

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::asked::{Asked, Verdict};
use super::created::{Created, Things};
use super::vendors::Vendor;

const PROVIDER: &str = "jira";

/// Which of the two Jiras is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Deployment {
    Cloud,
    DataCenter,
}

/// Its place among the vendors.
pub(super) const VENDOR: Vendor = Vendor {
    provider: PROVIDER,
    is_asked: |route, _| route.contains("/rest/api/") || route.contains("/browse/"),
    answer: |asked, things| {
        if asked.route().contains("/rest/api/") {
            answer(asked, things)
        } else {
            page(asked, things)
        }
    },
};

/// Everything below `/rest/api`, whatever context path stands in front.
pub(super) fn answer(asked: &Asked<'_>, things: &mut Things) -> Verdict {
    let (_, rest) = asked.route().split_once("/rest/api/").unwrap_or_default();
    let (deployment, rest) = match rest.split_once('/') {
        Some(("3", rest)) => (Deployment::Cloud, rest),
        Some(("2", rest)) => (Deployment::DataCenter, rest),
        _ => return refuse(StatusCode::NOT_FOUND, "null for uri"),
    };
    if !is_known(asked, deployment) {
        let message = "Client must be authenticated to access this resource.";
        return Verdict::json(
            StatusCode::UNAUTHORIZED,
            &json!({"message": message, "status-code": 401}),
        );
    }
    if asked.is_post() && !asked.brings_json() {
        return Verdict::bare(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    match (deployment, rest) {
        (_, "issue") if asked.is_post() => create(asked, deployment, things),
        (Deployment::Cloud, "search/jql") | (Deployment::DataCenter, "search") => {
            search(asked, deployment, things)
        }
        (Deployment::Cloud, "search") => refuse(
            StatusCode::GONE,
            "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API.",
        ),
        _ => refuse(StatusCode::NOT_FOUND, "null for uri"),
    }
}

/// `GET …/browse/SEC-1`: what a person would see there.
pub(super) fn page(asked: &Asked<'_>, things: &Things) -> Verdict {
    let key = asked.route().rsplit('/').next().unwrap_or_default();
    match things.find(PROVIDER, key) {
        Some(found) => Verdict::json(StatusCode::OK, &json!(found)),
        None => refuse(
            StatusCode::NOT_FOUND,
            "Issue does not exist or you do not have permission to see it.",
        ),
    }
}

/// An account's address and API token on Cloud, a personal access token on Data
/// Center, where a password does as well.
fn is_known(asked: &Asked<'_>, deployment: Deployment) -> bool {
    match deployment {
        Deployment::Cloud => asked.basic().is_some_and(|(user, _)| user.contains('@')),
        Deployment::DataCenter => asked.credential("Bearer").is_some() || asked.basic().is_some(),
    }
}

fn refuse(status: StatusCode, message: &str) -> Verdict {
    Verdict::json(status, &json!({"errorMessages": [message], "errors": {}}))
}

fn create(asked: &Asked<'_>, deployment: Deployment, things: &mut Things) -> Verdict {
    let Some(mut issue) = asked.object() else {
        return refuse(
            StatusCode::BAD_REQUEST,
            "There was an error parsing JSON. Check that your request body is valid.",
        );
    };
    if deployment == Deployment::Cloud && !adf::is_sound(&issue["fields"]["description"]) {
        return refuse(StatusCode::BAD_REQUEST, "INVALID_INPUT");
    }
    let wrong = fields::problems(&issue, deployment);
    if !wrong.is_empty() {
        return Verdict::json(
            StatusCode::BAD_REQUEST,
            &json!({"errorMessages": [], "errors": wrong}),
        );
    }
    let project = issue["fields"]["project"]["key"]
        .as_str()
        .unwrap_or("PROJ")
        .to_owned();
    let key = format!("{project}-{}", things.next(PROVIDER, &project));
    let id = (10_000 + things.of(PROVIDER).count()).to_string();
    let link = format!("{}{}/{id}", asked.base(), asked.route());
    let answer = json!({"id": id, "key": key, "self": link});
    for name in ["id", "key", "self"] {
        issue[name] = answer[name].clone();
    }
    things.add(PROVIDER, &project, vec![key, id], issue);
    Verdict::json(StatusCode::CREATED, &answer)
}

fn search(asked: &Asked<'_>, deployment: Deployment, things: &Things) -> Verdict {
    let body = asked.json().unwrap_or_default();
    let text = if asked.is_post() {
        body["jql"].as_str().map(str::to_owned)
    } else {
        asked.query("jql")
    };
    let query = match jql::parse(text.as_deref().unwrap_or_default()) {
        Ok(query) if query.conditions.is_empty() && deployment == Deployment::Cloud => {
            return refuse(
                StatusCode::BAD_REQUEST,
                "Unbounded JQL queries are not allowed here. Please add a search restriction to your query.",
            );
        }
        Ok(query) => query,
        Err(problem) => return refuse(StatusCode::BAD_REQUEST, &problem),
    };
    let mut found: Vec<_> = things
        .of(PROVIDER)
        .filter(|one| query.matches(&one.thing))
        .collect();
    if query.newest_first {
        found.reverse();
    }
    let total = found.len();
    let most = body["maxResults"].as_u64().unwrap_or(50) as usize;
    found.truncate(most);
    let wanted = wanted(asked, &body);
    let issues: Vec<_> = found
        .iter()
        .map(|one| shown(one, deployment, &wanted))
        .collect();
    let answer = match deployment {
        Deployment::Cloud => json!({"issues": issues, "isLast": total <= most}),
        Deployment::DataCenter => {
            json!({"startAt": 0, "maxResults": most, "total": total, "issues": issues})
        }
    };
    Verdict::json(StatusCode::OK, &answer)
}

/// The fields that a search asks for.
fn wanted(asked: &Asked<'_>, body: &Value) -> Vec<String> {
    let listed = body["fields"].as_array().into_iter().flatten();
    let listed = listed.filter_map(Value::as_str).map(str::to_owned);
    let query = asked.query("fields").unwrap_or_default();
    let query = query.split(',').filter(|name| !name.is_empty());
    listed.chain(query.map(str::to_owned)).collect()
}

/// Cloud gives nothing but the id unless fields are asked for.
fn shown(issue: &Created, deployment: Deployment, wanted: &[String]) -> Value {
    let thing = &issue.thing;
    if wanted.is_empty() && deployment == Deployment::Cloud {
        return json!({"id": thing["id"]});
    }
    let asked = |name: &String| wanted.is_empty() || wanted.contains(name);
    let fields = thing["fields"].as_object().into_iter().flatten();
    let fields: Map<_, _> = fields
        .filter(|(name, _)| asked(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    json!({"id": thing["id"], "key": thing["key"], "self": thing["self"], "fields": fields})
}

#[cfg(test)]
mod tests;
