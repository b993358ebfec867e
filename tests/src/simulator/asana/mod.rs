//! Asana, tasks: <https://developers.asana.com/reference/createtask> and
//! `…/gettasks`; errors: <https://developers.asana.com/docs/errors>; rich text:
//! <https://developers.asana.com/docs/rich-text>. Limits are documented for
//! `external` only; those of name and notes here are what is commonly assumed.
//! Every project of a well-formed gid exists.

mod rich_text;

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::asked::{Asked, Verdict};
use super::created::{Things, is_moment, now};
use super::rules::{Rules, Why, Wrong, is_number};
use super::vendors::Vendor;

const PROVIDER: &str = "asana";
const HELP: &str = "For more information on API status codes and how to handle them, read the docs on errors: https://developers.asana.com/docs/errors";

/// Its place among the vendors.
pub(super) const VENDOR: Vendor = Vendor {
    provider: PROVIDER,
    is_asked: |_, parts| matches!(parts, ["api", "1.0", ..]),
    answer,
};

/// `/api/1.0/tasks`
pub(super) fn answer(asked: &Asked<'_>, things: &mut Things) -> Verdict {
    if asked.credential("Bearer").is_none() {
        return refuse(StatusCode::UNAUTHORIZED, "Not Authorized");
    }
    match (&asked.parts()[..], asked.is_post(), asked.is_get()) {
        (["api", "1.0", "tasks"], true, _) => create(asked, things),
        (["api", "1.0", "tasks"], _, true) => list(asked, things),
        _ => refuse(StatusCode::NOT_FOUND, "No matching route for request"),
    }
}

fn refuse(status: StatusCode, message: &str) -> Verdict {
    Verdict::json(
        status,
        &json!({"errors": [{"message": message, "help": HELP}]}),
    )
}

fn create(asked: &Asked<'_>, things: &mut Things) -> Verdict {
    let bad = |message: &str| refuse(StatusCode::BAD_REQUEST, message);
    if !asked.brings_json() {
        return bad("Content-Type must be application/json");
    }
    let Some(body) = asked.object() else {
        return bad("Could not parse request data, invalid JSON");
    };
    let mut task = body["data"].clone();
    if !task.is_object() {
        return bad("data: Missing input");
    }
    if let Some(wrong) = problems(&task).first() {
        return bad(&words(wrong));
    }
    if let Some(html) = task["html_notes"].as_str() {
        match rich_text::text(html) {
            Ok(text) => task["notes"] = json!(text),
            Err(problem) => return bad(&format!("XML is invalid: {problem}")),
        }
    }
    let gid = (1_210_000_000_000_000 + things.next(PROVIDER, "")).to_string();
    let at = now();
    for (field, value) in [
        ("gid", gid.as_str()),
        ("resource_type", "task"),
        ("permalink_url", &asked.page(PROVIDER, &gid)),
        ("created_at", &at),
        ("modified_at", &at),
    ] {
        task[field] = json!(value);
    }
    let shown = shown(&task, asked, &[]);
    things.add(PROVIDER, "", vec![gid], task);
    Verdict::json(StatusCode::CREATED, &json!({"data": shown}))
}

fn problems(task: &Value) -> Vec<Wrong> {
    let gids = |list: &Value| list.as_array().is_some_and(|all| all.iter().all(is_number));
    let people = |list: &Value| list.as_array().is_some_and(|all| all.iter().all(is_person));
    let mut wrong = Rules::of(task)
        .text("name", 1_024)
        .text("notes", 65_535)
        .text("html_notes", 65_535)
        .check("projects", Why::Value, gids)
        .check("tags", Why::Value, gids)
        .check("workspace", Why::Value, is_number)
        .check("parent", Why::Value, is_number)
        .check("assignee", Why::Value, is_person)
        .check("followers", Why::Value, people)
        .check("custom_fields", Why::Value, |fields| {
            let mut names = fields.as_object().into_iter().flatten();
            fields.is_object() && names.all(|(gid, _)| is_number(&json!(gid)))
        })
        .text("external.gid", 1_024)
        .text("external.data", 32_768)
        .end();
    let projects = task["projects"]
        .as_array()
        .is_some_and(|all| !all.is_empty());
    if !projects && task["workspace"].is_null() && task["parent"].is_null() {
        wrong.push(Wrong {
            field: "workspace".to_owned(),
            why: Why::Missing,
        });
    }
    wrong
}

/// A gid, an e-mail address, or `me`.
fn is_person(value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    is_number(value) || text == "me" || text.contains('@')
}

fn words(wrong: &Wrong) -> String {
    let field = &wrong.field;
    match wrong.why {
        Why::Missing => "You should specify one of workspace, parent, projects".to_owned(),
        Why::Value => format!("{field}: Not a recognized ID"),
        Why::Kind(kind) => format!("{field}: Value is not a {kind}"),
        Why::TooLong(most) | Why::TooMany(most) => {
            format!("{field}: Value is too long, the limit is {most}")
        }
    }
}

/// The fields that `opt_fields` asks for, always with gid and type; `usual` when
/// it asks for none, and all when there are none usual.
fn shown(task: &Value, asked: &Asked<'_>, usual: &[&str]) -> Value {
    let wanted = asked.query("opt_fields");
    let mut wanted: Vec<&str> = match &wanted {
        Some(fields) => fields.split(',').map(str::trim).collect(),
        None if usual.is_empty() => return task.clone(),
        None => usual.to_vec(),
    };
    wanted.extend(["gid", "resource_type"]);
    let fields = task.as_object().into_iter().flatten();
    let fields = fields.filter(|(name, _)| wanted.contains(&name.as_str()));
    Value::Object(
        fields
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect::<Map<_, _>>(),
    )
}

fn list(asked: &Asked<'_>, things: &Things) -> Verdict {
    let bad = |message: &str| refuse(StatusCode::BAD_REQUEST, message);
    let Some(project) = asked.query("project") else {
        return bad(
            "Must specify exactly one of project, tag, section, user task list, or assignee + workspace",
        );
    };
    if !is_number(&json!(project)) {
        return bad("project: Not a recognized ID");
    }
    let since = asked
        .query("modified_since")
        .unwrap_or_else(|| "0000-00-00T00:00:00Z".to_owned());
    if !is_moment(&since) {
        return bad("modified_since: Not a valid time");
    }
    let limit = asked
        .query("limit")
        .map_or(Some(100), |limit| limit.parse::<usize>().ok());
    let Some(limit) = limit.filter(|limit| (1..=100).contains(limit)) else {
        return bad("limit: Must be between 1 and 100");
    };
    let within = |task: &&Value| {
        let projects = task["projects"].as_array();
        projects.is_some_and(|all| all.iter().any(|one| *one == *project))
    };
    let found: Vec<_> = things
        .of(PROVIDER)
        .map(|one| &one.thing)
        .filter(within)
        .filter(|task| task["modified_at"].as_str().unwrap_or_default()[..19] >= since[..19])
        .take(limit)
        .map(|task| shown(task, asked, &["name", "resource_subtype"]))
        .collect();
    Verdict::json(StatusCode::OK, &json!({"data": found, "next_page": null}))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::testing::{Call, but};

    const PATH: &str = "/api/1.0/tasks?opt_fields=permalink_url";

    fn task() -> Value {
        json!({"data": {
            "name": "[HIGH] x", "projects": ["1204567890123456"], "assignee": "me", "tags": ["12"],
            "followers": ["a@b.example"], "custom_fields": {"1204": "1205"},
            "html_notes": "<body><strong>HIGH</strong> a &lt; b\nTocsin delivery 1</body>",
        }})
    }

    fn call(body: &Value) -> Call {
        Call::post(PATH, body).with("authorization", "Bearer 2/token")
    }

    fn get(query: &str) -> Call {
        Call::get(&format!("/api/1.0/tasks?{query}")).with("authorization", "Bearer 2/token")
    }

    #[test]
    fn a_good_task_is_created_and_listed() {
        let mut things = Things::default();
        let made = call(&task()).to(answer, &mut things);
        assert_eq!(made.status, 201);
        assert_eq!(
            made.said()["data"],
            json!({
                "gid": "1210000000000001", "resource_type": "task",
                "permalink_url": "http://127.0.0.1:4700/_created/asana/1210000000000001",
            })
        );
        let lately = "project=1204567890123456&modified_since=2020-10-13T03%3A25%3A24Z&limit=100";
        let said = get(&format!("{lately}&opt_fields=notes%2Cpermalink_url"))
            .to(answer, &mut things)
            .said();
        assert_eq!(said["data"][0]["notes"], "HIGH a < b\nTocsin delivery 1");
        assert_eq!(said["data"][0]["gid"], "1210000000000001");
        let said = get(lately).to(answer, &mut things).said();
        assert!(said["data"][0]["notes"].is_null());
        for none in [
            "project=1",
            "project=1204567890123456&modified_since=2999-01-01T00:00:00Z",
        ] {
            assert_eq!(
                get(none).to(answer, &mut things).said()["data"],
                json!([]),
                "{none}"
            );
        }
        for wrong in [
            "",
            "project=x",
            "project=1&limit=101",
            "project=1&modified_since=then",
        ] {
            assert_eq!(get(wrong).ask(answer).0, 400, "{wrong}");
        }
    }

    #[test]
    fn every_rule_refuses() {
        for (field, value) in [
            ("name", json!("n".repeat(1_025))),
            ("name", json!(1)),
            ("notes", json!("n".repeat(65_536))),
            (
                "html_notes",
                json!(format!("<body>{}</body>", "n".repeat(65_536))),
            ),
            ("html_notes", json!("no body")),
            ("html_notes", json!("<body><p>not allowed</p></body>")),
            ("projects", json!([])),
            ("projects", json!(["SEC"])),
            ("workspace", json!("acme")),
            ("assignee", json!("somebody")),
            ("followers", json!(["somebody"])),
            ("tags", json!("12")),
            ("custom_fields", json!({"team": "SOC"})),
            ("external", json!({"gid": "g".repeat(1_025)})),
        ] {
            let body = but(&task(), &format!("/data/{field}"), value);
            let (status, said) = call(&body).ask(answer);
            assert_eq!(status, 400, "{field}");
            assert!(said["errors"][0]["message"].is_string());
        }
        let good = call(&task());
        assert_eq!(good.clone().without("authorization").ask(answer).0, 401);
        assert_eq!(
            good.clone()
                .with("content-type", "text/plain")
                .ask(answer)
                .0,
            400
        );
        assert_eq!(good.clone().saying("{").ask(answer).0, 400);
        assert_eq!(good.saying("{}").ask(answer).0, 400);
        let elsewhere = Call::get("/api/1.0/users/me").with("authorization", "Bearer 2/token");
        assert_eq!(elsewhere.ask(answer).0, 404);
    }
}
