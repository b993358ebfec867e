//! The outcome of Asana's responses (<https://developers.asana.com/docs/errors>).

use serde_json::Value;
use tocsin_core::link::web_url;
use tocsin_core::outcome::{Outcome, Receipt};
use tocsin_core::provider::{Response, is_provider_host};
use url::Url;

use crate::settings::is_gid;

/// The outcome of creating a task. Only 201 with the task's gid is a success.
pub(crate) fn of_response(response: &Response, base_url: Option<&Url>) -> Outcome {
    match response.status {
        201 => created(&response.json()["data"], base_url)
            .map_or_else(|| Outcome::not_understood(response), Outcome::Delivered),
        200..=299 => Outcome::not_understood(response),
        _ => failed(response),
    }
}

fn created(task: &Value, base_url: Option<&Url>) -> Option<Receipt> {
    receipt(
        task["gid"].as_str()?,
        task["permalink_url"].as_str(),
        base_url,
    )
}

/// The receipt of a task. Its page is on Asana's own host.
pub(crate) fn receipt(gid: &str, page: Option<&str>, base_url: Option<&Url>) -> Option<Receipt> {
    if !is_gid(gid) {
        return None;
    }
    let page = page
        .and_then(web_url)
        .filter(|page| {
            let page = Url::parse(page);
            page.is_ok_and(|page| is_provider_host(&page, &["app.asana.com"], base_url))
        })
        .unwrap_or_else(|| format!("https://app.asana.com/0/0/{gid}"));
    Some(Receipt {
        id: Some(gid.to_owned()),
        url: Some(page),
        remark: None,
    })
}

pub(crate) fn failed(response: &Response) -> Outcome {
    let outcome = Outcome::from_status(response);
    match detail(&response.json()) {
        Some(detail) => outcome.with_detail(detail),
        None => outcome,
    }
}

/// The messages of `errors`. Asana's support asks for the `phrase` of a 500.
fn detail(body: &Value) -> Option<String> {
    let errors = body["errors"].as_array()?;
    let messages: Vec<String> = errors
        .iter()
        .filter_map(|error| {
            let message = error["message"].as_str()?;
            Some(match error["phrase"].as_str() {
                Some(phrase) => format!("{message} (phrase: {phrase})"),
                None => message.to_owned(),
            })
        })
        .collect();
    (!messages.is_empty()).then(|| messages.join("; "))
}
