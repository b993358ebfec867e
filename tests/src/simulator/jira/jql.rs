//! As much of JQL as finding an issue again takes: `field = value` joined by `AND`,
//! and an order by creation
//! (<https://support.atlassian.com/jira-software-cloud/docs/use-advanced-search-with-jql/>).

use serde_json::Value;

/// A query that was understood.
pub(super) struct Query {
    /// Fields and what they must be.
    pub(super) conditions: Vec<(String, String)>,
    pub(super) newest_first: bool,
}

pub(super) fn parse(jql: &str) -> Result<Query, String> {
    let (conditions, order) = jql.split_once("ORDER BY").unwrap_or((jql, "created ASC"));
    let newest_first = match order.trim() {
        "created ASC" | "created" => false,
        "created DESC" => true,
        other => {
            return Err(format!(
                "Error in the JQL Query: cannot order by '{other}'."
            ));
        }
    };
    let conditions = conditions
        .split(" AND ")
        .map(str::trim)
        .filter(|condition| !condition.is_empty())
        .map(condition)
        .collect::<Result<_, _>>()?;
    Ok(Query {
        conditions,
        newest_first,
    })
}

fn condition(text: &str) -> Result<(String, String), String> {
    let wrong = || format!("Error in the JQL Query: '{text}' cannot be read.");
    let (field, value) = text.split_once('=').ok_or_else(wrong)?;
    let (field, value) = (field.trim(), value.trim());
    if !["project", "labels", "key", "issuekey"].contains(&field) {
        return Err(format!(
            "Field '{field}' does not exist or you do not have permission to view it."
        ));
    }
    let quoted = value.strip_prefix('"').map(|rest| rest.strip_suffix('"'));
    let value = match quoted {
        Some(inner) => inner.ok_or_else(wrong)?,
        None => value,
    };
    let plain = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    let sound = !value.is_empty() && !value.contains('"');
    if !sound || (quoted.is_none() && !value.chars().all(plain)) {
        return Err(wrong());
    }
    Ok((field.to_owned(), value.to_owned()))
}

impl Query {
    /// Whether an issue is what is looked for.
    pub(super) fn matches(&self, issue: &Value) -> bool {
        let fields = &issue["fields"];
        self.conditions.iter().all(|(field, value)| {
            let value = value.as_str();
            match field.as_str() {
                "project" => fields["project"]["key"] == value,
                "labels" => {
                    let labels = fields["labels"].as_array();
                    labels.is_some_and(|labels| labels.iter().any(|label| label == value))
                }
                _ => issue["key"] == value,
            }
        })
    }
}
