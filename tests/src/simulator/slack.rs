//! Slack: incoming webhooks answer in plain text, the Web API in JSON with 200.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::asked::{Asked, Verdict};
use super::created::Things;
use super::vendors::Vendor;

const PROVIDER: &str = "slack";

/// Its place among the vendors.
pub(super) const VENDOR: Vendor = Vendor {
    provider: PROVIDER,
    is_asked: |_, parts| matches!(parts, ["services", ..] | ["api", "chat.postMessage"]),
    answer: |asked, things| match asked.parts()[..] {
        ["services", ..] => webhook(asked),
        _ => bot(asked, things),
    },
};

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
pub(super) fn bot(asked: &Asked<'_>, things: &mut Things) -> Verdict {
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
        .filter(|channel| is_channel(channel))
    else {
        return refuse("channel_not_found");
    };
    if let Some(problem) = problem(asked) {
        return refuse(problem);
    }
    let ts = format!("1602560124.{:06}", 100 * things.next(PROVIDER, channel));
    let answer = json!({"ok": true, "channel": channel, "ts": ts}).to_string();
    let ids = vec![format!("{channel}:{ts}")];
    let channel = channel.to_owned();
    things.add(PROVIDER, &channel, ids, message);
    Verdict::new(StatusCode::OK, answer)
}

/// `C…`, `D…` or `G…`, and letters and digits.
fn is_channel(id: &str) -> bool {
    id.len() >= 9
        && id.starts_with(['C', 'D', 'G'])
        && id
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
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
        Some("rich_text") => is_sound_rich_text(block),
        Some("divider") => true,
        _ => false,
    }
}

/// Rich text is nested; what must not be is an empty list or an empty text.
fn is_sound_rich_text(element: &Value) -> bool {
    match element["type"].as_str() {
        Some(
            "rich_text"
            | "rich_text_section"
            | "rich_text_preformatted"
            | "rich_text_quote"
            | "rich_text_list",
        ) => element["elements"]
            .as_array()
            .is_some_and(|all| !all.is_empty() && all.iter().all(is_sound_rich_text)),
        Some("text") => element["text"]
            .as_str()
            .is_some_and(|text| !text.is_empty()),
        Some("link") => element["url"].as_str().is_some_and(|url| !url.is_empty()),
        Some("date") => {
            let filled = |field: &str| element[field].as_str().is_some_and(|text| !text.is_empty());
            element["timestamp"].is_u64() && filled("format") && filled("fallback")
        }
        _ => false,
    }
}
