//! The fields of a new issue.

use serde_json::{Map, Value, json};

use super::Deployment;
use crate::simulator::rules::length;

/// "It exceeds the allowed limit of 32,767 characters." Whether Cloud counts the
/// text of a document or its JSON is not documented; here it is the JSON.
const LONGEST: usize = 32_767;
/// The fields that are on the screen, besides `customfield_…`.
const KNOWN: [&str; 9] = [
    "project",
    "issuetype",
    "summary",
    "description",
    "labels",
    "priority",
    "assignee",
    "components",
    "parent",
];

/// A project whose screen has less.
const BARE_PROJECT: &str = "NOFIELDS";
/// What it has.
const BARE: [&str; 4] = ["project", "issuetype", "summary", "description"];

/// What is wrong, by field, in Jira's words.
pub(super) fn problems(issue: &Value, deployment: Deployment) -> Map<String, Value> {
    let fields = &issue["fields"];
    let mut wrong = Map::new();
    let mut add = |field: &str, problem: Option<&str>| {
        if let Some(problem) = problem {
            wrong.insert(field.to_owned(), json!(problem));
        }
    };
    let known = if fields["project"]["key"] == BARE_PROJECT {
        &BARE[..]
    } else {
        &KNOWN
    };
    for name in fields
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name)
    {
        let known = known.contains(&name.as_str()) || name.starts_with("customfield_");
        // As the real service words it.
        let problem = format!(
            "Field '{name}' cannot be set. It is not on the appropriate screen, or unknown."
        );
        add(name, (!known).then_some(problem.as_str()));
    }
    add("project", project(&fields["project"], deployment));
    add(
        "issuetype",
        (!is_named(&fields["issuetype"], &["id", "name"])).then_some("Specify an issue type"),
    );
    add("summary", summary(&fields["summary"]));
    add(
        "description",
        description(&fields["description"], deployment),
    );
    add("labels", labels(&fields["labels"]));
    let assignee: &[&str] = match deployment {
        Deployment::Cloud => &["id", "accountId"],
        Deployment::DataCenter => &["name"],
    };
    for (field, names) in [
        ("priority", &["id", "name"][..]),
        ("assignee", assignee),
        ("parent", &["id", "key"]),
    ] {
        let value = &fields[field];
        let sound = value.is_null() || is_named(value, names);
        add(field, (!sound).then_some("data was not an object"));
    }
    add("components", components(&fields["components"]));
    add("properties", properties(&issue["properties"]));
    wrong
}

/// An object that names something by one of these.
fn is_named(value: &Value, names: &[&str]) -> bool {
    let fields = value.as_object();
    fields.is_some_and(|fields| {
        let mut known = fields.iter();
        !fields.is_empty()
            && known.all(|(name, value)| {
                names.contains(&name.as_str())
                    && value.as_str().is_some_and(|text| !text.is_empty())
            })
    })
}

/// Keys have at most ten characters on Cloud.
fn project(value: &Value, deployment: Deployment) -> Option<&'static str> {
    let most = match deployment {
        Deployment::Cloud => 10,
        Deployment::DataCenter => 255,
    };
    let letters = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let key = value["key"].as_str();
    let sound = key.is_none_or(|key| key.len() <= most && key.chars().all(letters));
    (!sound || !is_named(value, &["id", "key"])).then_some("Specify a valid project ID or key")
}

fn summary(value: &Value) -> Option<&'static str> {
    let text = value.as_str().unwrap_or_default();
    if text.trim().is_empty() {
        return Some("You must specify a summary of the issue.");
    }
    if text.contains(['\n', '\r']) {
        return Some("The summary is invalid because it contains newline characters.");
    }
    (length(text) > 255).then_some("Summary can't exceed 255 characters.")
}

fn description(value: &Value, deployment: Deployment) -> Option<&'static str> {
    const TOO_LONG: &str =
        "The entered text is too long. It exceeds the allowed limit of 32,767 characters.";
    let text = match (deployment, value) {
        (_, Value::Null) => return None,
        (Deployment::Cloud, Value::Object(_)) => value.to_string(),
        (Deployment::DataCenter, Value::String(text)) => text.clone(),
        (Deployment::Cloud, _) => {
            return Some(
                "Operation value must be an Atlassian Document (see the Atlassian Document Format)",
            );
        }
        (Deployment::DataCenter, _) => return Some("Operation value must be a string"),
    };
    (length(&text) > LONGEST).then_some(TOO_LONG)
}

fn labels(value: &Value) -> Option<&'static str> {
    if value.is_null() {
        return None;
    }
    let Some(labels) = value.as_array() else {
        return Some("data was not an array");
    };
    for label in labels {
        let label = label.as_str().unwrap_or_default();
        if label.is_empty() || label.contains(char::is_whitespace) {
            return Some("The label contains spaces which is invalid.");
        }
        if length(label) > 255 {
            return Some("The label exceeds the limit of 255 characters.");
        }
    }
    None
}

fn components(value: &Value) -> Option<&'static str> {
    let named = |all: &Vec<Value>| all.iter().all(|one| is_named(one, &["id", "name"]));
    let sound = value.is_null() || value.as_array().is_some_and(named);
    (!sound).then_some("Component name is not valid")
}

/// Entity properties: keys of at most 255, values of at most 32,768 characters.
fn properties(value: &Value) -> Option<&'static str> {
    let sound = |one: &Value| {
        let key = one["key"].as_str().unwrap_or_default();
        (1..=255).contains(&length(key)) && length(&one["value"].to_string()) <= 32_768
    };
    let all = |all: &Vec<Value>| all.iter().all(sound);
    let sound = value.is_null() || value.as_array().is_some_and(all);
    (!sound).then_some("The property key or value is not valid.")
}
