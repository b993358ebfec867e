//! What Asana's answers mean (<https://developers.asana.com/docs/errors>).

use serde_json::Value;
use tocsin_core::link::web_url;
use tocsin_core::outcome::{Outcome, Receipt};
use tocsin_core::provider::{Lookup, Provider, RequestContext, Response};

use crate::Asana;
use crate::request::marker;
use crate::settings::is_gid;

/// The answer to the creation: 201 with the task's gid is success, nothing else.
pub(crate) fn created(response: &Response) -> Outcome {
    match response.status {
        201 => receipt(&response.json()["data"])
            .map_or_else(|| Outcome::not_understood(response), Outcome::Delivered),
        200..=299 => Outcome::not_understood(response),
        _ => failed(response),
    }
}

/// The answer to the list: the task whose notes have this delivery's marker.
pub(crate) fn found(context: &RequestContext<'_, Asana>, response: &Response) -> Lookup {
    if response.status != 200 {
        return Lookup::Failed(match response.status {
            200..=299 => Outcome::not_understood(response),
            _ => failed(response).of_lookup(),
        });
    }
    let answer = response.json();
    let Some(tasks) = answer["data"].as_array() else {
        return Lookup::Failed(Outcome::not_understood(response));
    };
    let marker = marker(context);
    // Anywhere: people write below it, and nobody can guess it beforehand.
    let ours = |task: &&Value| {
        let notes = task["notes"].as_str();
        notes.is_some_and(|notes| notes.contains(&marker))
    };
    tasks.iter().find(ours).and_then(receipt).map_or_else(
        || Lookup::missing_from(response, Asana::LOOKUP_ANSWER),
        Lookup::Found,
    )
}

fn receipt(task: &Value) -> Option<Receipt> {
    let gid = task["gid"].as_str().filter(|gid| is_gid(gid))?;
    let page = task["permalink_url"]
        .as_str()
        .and_then(web_url)
        .unwrap_or_else(|| format!("https://app.asana.com/0/0/{gid}"));
    Some(Receipt {
        id: Some(gid.to_owned()),
        url: Some(page),
        remark: None,
    })
}

fn failed(response: &Response) -> Outcome {
    let outcome = Outcome::from_status(response);
    match detail(&response.json()) {
        Some(detail) => outcome.with_detail(detail),
        None => outcome,
    }
}

/// What each of `errors` says; `phrase` is what Asana's support asks for after a 500.
fn detail(answer: &Value) -> Option<String> {
    let errors = answer["errors"].as_array()?;
    let said: Vec<String> = errors
        .iter()
        .filter_map(|error| {
            let message = error["message"].as_str()?;
            Some(match error["phrase"].as_str() {
                Some(phrase) => format!("{message} (phrase: {phrase})"),
                None => message.to_owned(),
            })
        })
        .collect();
    (!said.is_empty()).then(|| said.join("; "))
}
