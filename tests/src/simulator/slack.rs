//! Slack: incoming webhooks answer in plain text, the Web API in JSON with 200.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::asked::{Asked, Verdict};

/// `POST /services/T…/B…/…`
pub(super) fn webhook(asked: &Asked<'_>) -> Verdict {
    if asked.path.split('/').count() != 5 {
        return Verdict::new(StatusCode::NOT_FOUND, "no_service");
    }
    match problem(asked) {
        Some(problem) => Verdict::new(StatusCode::BAD_REQUEST, problem),
        None => Verdict::new(StatusCode::OK, "ok"),
    }
}

/// `POST /api/chat.postMessage`
pub(super) fn bot(asked: &Asked<'_>) -> Verdict {
    let refuse = |error: &str| {
        Verdict::new(
            StatusCode::OK,
            json!({"ok": false, "error": error}).to_string(),
        )
    };
    if !asked.header("authorization").starts_with("Bearer xoxb-") {
        return refuse("invalid_auth");
    }
    let Some(message) = asked.json() else {
        return refuse("invalid_json");
    };
    let Some(channel) = message["channel"]
        .as_str()
        .filter(|channel| !channel.is_empty())
    else {
        return refuse("channel_not_found");
    };
    match problem(asked) {
        Some(problem) => refuse(problem),
        None => Verdict::new(
            StatusCode::OK,
            json!({"ok": true, "channel": channel, "ts": "1602560124.000100"}).to_string(),
        ),
    }
}

/// What Slack would refuse: <https://docs.slack.dev/reference/block-kit/blocks>.
fn problem(asked: &Asked<'_>) -> Option<&'static str> {
    if !asked.header("content-type").starts_with("application/json") {
        return Some("invalid_payload");
    }
    let Some(message) = asked.json() else {
        return Some("invalid_payload");
    };
    let attachments = message["attachments"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let blocks: Vec<Value> = attachments
        .iter()
        .chain([&message])
        .filter_map(|holder| holder["blocks"].as_array())
        .flatten()
        .cloned()
        .collect();
    let text = message["text"].as_str().unwrap_or_default();
    if text.is_empty() && blocks.is_empty() {
        return Some("no_text");
    }
    if blocks.len() > 50 || !blocks.iter().all(is_sound) {
        return Some("invalid_blocks");
    }
    let size = serde_json::to_string(&blocks)
        .unwrap_or_default()
        .encode_utf16()
        .count();
    (size > 12_000).then_some("msg_blocks_too_long")
}

fn is_sound(block: &Value) -> bool {
    let within = |text: &Value, most: usize| {
        text.as_str()
            .is_some_and(|text| (1..=most).contains(&text.encode_utf16().count()))
    };
    match block["type"].as_str() {
        Some("header") => {
            block["text"]["type"] == "plain_text" && within(&block["text"]["text"], 150)
        }
        Some("section") => {
            let fields = block["fields"].as_array();
            let text = block["text"].is_object() && within(&block["text"]["text"], 3000);
            text || fields.is_some_and(|fields| {
                (1..=10).contains(&fields.len())
                    && fields.iter().all(|field| within(&field["text"], 2000))
            })
        }
        Some("context") => block["elements"]
            .as_array()
            .is_some_and(|all| (1..=10).contains(&all.len())),
        Some("actions") => block["elements"].as_array().is_some_and(|all| {
            (1..=25).contains(&all.len())
                && all
                    .iter()
                    .all(|one| within(&one["text"]["text"], 75) && within(&one["url"], 3000))
        }),
        Some("rich_text" | "divider") => true,
        _ => false,
    }
}
