//! GitHub, issues: <https://docs.github.com/en/rest/issues/issues>.
//!
//! Headers: <https://docs.github.com/en/rest/using-the-rest-api/getting-started-with-the-rest-api>
//! (a `user-agent` is compulsory) and `…/about-the-rest-api/api-versions`. The
//! limits of title (256) and body (65,536) are those that its 422 answers name.
//!
//! Every repository exists, with these exceptions of the owner `octo`: `missing`;
//! `no-issues`, where they are disabled; `no-push`, where labels, assignees and type are
//! dropped without a word; `renamed`, which is at `/repositories/1296269` now; and
//! `too-quick`, which takes no more issues for a while
//! (<https://github.com/cli/cli/issues/4801>). The only issue types are those that an
//! organization has at first: Task, Bug and Feature
//! (<https://docs.github.com/en/issues/tracking-your-work-with-issues/configuring-issues/managing-issue-types-in-an-organization>).

pub mod app;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::asked::{Asked, Verdict};
use super::created::{Things, is_moment, now};
use super::rules::{Rules, Why, Wrong};
use super::vendors::Vendor;

const PROVIDER: &str = "github";
const VERSIONS: [&str; 3] = ["", "2022-11-28", "2026-03-10"];
const TYPES: [&str; 3] = ["Task", "Bug", "Feature"];
/// The number of the repository that was renamed, and its new name.
const MOVED: (&str, &str) = ("1296269", "octo/moved");

/// Its place among the vendors.
pub(super) const VENDOR: Vendor = Vendor {
    provider: PROVIDER,
    is_asked: |_, parts| {
        matches!(
            parts,
            ["repos" | "repositories", ..] | ["app", "installations", ..] | ["api", "v3", ..]
        )
    },
    answer,
};

/// `/repos/{owner}/{repo}/issues` and `/repositories/{number}/issues`, below
/// `/api/v3` on Enterprise Server.
pub(super) fn answer(asked: &Asked<'_>, things: &mut Things) -> Verdict {
    if let Some(refusal) = unfit(asked) {
        return refusal;
    }
    let parts = asked.parts();
    let parts = parts.strip_prefix(&["api", "v3"]).unwrap_or(&parts);
    let repository = match parts {
        ["app", "installations", id, "access_tokens"] if asked.is_post() => {
            return app::give_token(asked, id);
        }
        ["repos", owner, name, "issues"] => format!("{owner}/{name}"),
        ["repositories", number, "issues"] if *number == MOVED.0 => MOVED.1.to_owned(),
        _ => return refuse(StatusCode::NOT_FOUND, "Not Found"),
    };
    match (repository.as_str(), asked.is_post(), asked.is_get()) {
        ("octo/missing", _, _) => refuse(StatusCode::NOT_FOUND, "Not Found"),
        ("octo/no-issues", _, _) => refuse(
            StatusCode::GONE,
            "Issues has been disabled in this repository.",
        ),
        ("octo/renamed", post, _) => moved(asked, post),
        ("octo/too-quick", true, _) => invalid(&[json!({
            "resource": "Issue", "code": "custom", "field": "base",
            "message": "was submitted too quickly",
        })]),
        (_, true, _) => create(asked, &repository, things),
        (_, _, true) => list(asked, &repository, things),
        _ => refuse(StatusCode::NOT_FOUND, "Not Found"),
    }
}

fn refuse(status: StatusCode, message: &str) -> Verdict {
    Verdict::json(
        status,
        &json!({
            "message": message, "documentation_url": "https://docs.github.com/rest",
            "status": status.as_u16().to_string(),
        }),
    )
}

/// Whether the credential is one: the simulator knows all personal tokens, and those that
/// it has given to the app.
fn is_known(credential: &str) -> bool {
    !credential.starts_with("ghs_") || credential == app::TOKEN
}

fn unfit(asked: &Asked<'_>) -> Option<Verdict> {
    if asked.header("user-agent").is_empty() {
        let message = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.";
        return Some(Verdict::new(StatusCode::FORBIDDEN, message));
    }
    if asked
        .credential("Bearer")
        .or(asked.credential("token"))
        .is_none()
    {
        return Some(refuse(StatusCode::UNAUTHORIZED, "Requires authentication"));
    }
    if !asked.credential("Bearer").is_none_or(is_known) {
        return Some(refuse(StatusCode::UNAUTHORIZED, "Bad credentials"));
    }
    if !asked.takes_json() {
        let message = "Unsupported 'Accept' header. Must accept 'application/json'.";
        return Some(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    if !VERSIONS.contains(&asked.header("x-github-api-version")) {
        let message = "The version of the API that was asked for is not supported.";
        return Some(refuse(StatusCode::BAD_REQUEST, message));
    }
    None
}

/// <https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects>
fn moved(asked: &Asked<'_>, post: bool) -> Verdict {
    let (status, message) = if post {
        (StatusCode::TEMPORARY_REDIRECT, "Temporary Redirect")
    } else {
        (StatusCode::MOVED_PERMANENTLY, "Moved Permanently")
    };
    let query = asked
        .path
        .split_once('?')
        .map(|(_, query)| format!("?{query}"));
    let url = format!(
        "{}/repositories/{}/issues{}",
        asked.base(),
        MOVED.0,
        query.unwrap_or_default()
    );
    let body = json!({"message": message, "url": url, "documentation_url": "https://docs.github.com/rest"});
    Verdict::json(status, &body).header("location", url)
}

fn create(asked: &Asked<'_>, repository: &str, things: &mut Things) -> Verdict {
    let Some(wanted) = asked.json() else {
        return refuse(StatusCode::BAD_REQUEST, "Problems parsing JSON");
    };
    if !wanted.is_object() {
        return refuse(StatusCode::BAD_REQUEST, "Body should be a JSON object");
    }
    let wrong = problems(&wanted);
    if !wrong.is_empty() {
        let errors: Vec<_> = wrong.iter().map(error).collect();
        return invalid(&errors);
    }
    let number = things.next(PROVIDER, repository);
    let id = format!("{repository}/{number}");
    let issue = issue(asked, repository, number, &wanted);
    things.add(PROVIDER, repository, vec![id], issue.clone());
    Verdict::json(StatusCode::CREATED, &issue)
        .header("location", issue["url"].as_str().unwrap_or_default())
}

fn invalid(errors: &[Value]) -> Verdict {
    Verdict::json(
        StatusCode::UNPROCESSABLE_ENTITY,
        &json!({"message": "Validation Failed", "errors": errors, "status": "422"}),
    )
}

fn problems(issue: &Value) -> Vec<Wrong> {
    Rules::of(issue)
        .need("title", 256)
        .text("body", 65_536)
        .list("labels", 100, 50)
        .list("assignees", 10, 100)
        .check("milestone", Why::Kind("integer"), |one| {
            one.is_u64() || one.is_string()
        })
        .check("type", Why::Value, |one| {
            one.is_null() || one.as_str().is_some_and(|name| TYPES.contains(&name))
        })
        .end()
}

fn error(wrong: &Wrong) -> Value {
    let field = &wrong.field;
    let (code, message) = match wrong.why {
        Why::Missing => ("missing_field", None),
        Why::TooLong(most) => (
            "custom",
            Some(format!(
                "{field} is too long (maximum is {most} characters)"
            )),
        ),
        Why::TooMany(most) => (
            "custom",
            Some(format!("{field} has too many entries (maximum is {most})")),
        ),
        Why::Kind(_) | Why::Value => ("invalid", None),
    };
    let mut error = json!({"resource": "Issue", "field": field, "code": code});
    if let Some(message) = message {
        error["message"] = json!(message);
    }
    error
}

fn issue(asked: &Asked<'_>, repository: &str, number: usize, wanted: &Value) -> Value {
    let may_push = repository != "octo/no-push";
    let named = |field: &str, name: &str| -> Vec<Value> {
        let all = wanted[field].as_array().into_iter().flatten();
        all.filter(|_| may_push)
            .map(|one| json!({name: one}))
            .collect()
    };
    let at = now();
    json!({
        "id": 3_000_000_000_u64 + number as u64,
        "node_id": format!("I_{number:08}"),
        "number": number,
        "url": format!("{}/repos/{repository}/issues/{number}", asked.base()),
        "html_url": asked.page(PROVIDER, &format!("{repository}/{number}")),
        "state": "open",
        "title": wanted["title"],
        "body": wanted["body"],
        "labels": named("labels", "name"),
        "assignees": named("assignees", "login"),
        "type": wanted["type"].as_str().filter(|_| may_push).map(|name| json!({"name": name})),
        "created_at": at,
        "updated_at": at,
        "user": {"login": "tocsin-bot"},
    })
}

/// <https://docs.github.com/en/rest/issues/issues#list-repository-issues>
fn list(asked: &Asked<'_>, repository: &str, things: &Things) -> Verdict {
    let query = |name: &str, usual: &str| asked.query(name).unwrap_or_else(|| usual.to_owned());
    let (state, direction) = (query("state", "open"), query("direction", "desc"));
    let since = query("since", "0000-00-00T00:00:00Z");
    let sort = query("sort", "created");
    let number = |name: &str, usual: &str| query(name, usual).parse::<usize>().ok();
    let (Some(size), Some(page)) = (number("per_page", "30"), number("page", "1")) else {
        return refuse(StatusCode::UNPROCESSABLE_ENTITY, "Validation Failed");
    };
    let known = ["open", "closed", "all"].contains(&state.as_str())
        && ["asc", "desc"].contains(&direction.as_str())
        && ["created", "updated", "comments"].contains(&sort.as_str())
        && is_moment(&since);
    if !known {
        return refuse(StatusCode::UNPROCESSABLE_ENTITY, "Validation Failed");
    }
    let mut found: Vec<_> = things
        .of(PROVIDER)
        .filter(|one| one.scope == repository)
        .map(|one| &one.thing)
        .filter(|issue| state == "all" || issue["state"] == *state)
        .filter(|issue| issue["updated_at"].as_str().unwrap_or_default()[..19] >= since[..19])
        .collect();
    if direction == "desc" {
        found.reverse();
    }
    let size = size.clamp(1, 100);
    let shown: Vec<_> = found
        .into_iter()
        .skip(page.saturating_sub(1) * size)
        .take(size)
        .collect();
    Verdict::json(StatusCode::OK, &json!(shown))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Call, but};
    use super::*;

    const PATH: &str = "/repos/octo/alerts/issues";

    fn wanted() -> Value {
        json!({"title": "[HIGH] x", "body": "<!-- tocsin-delivery:1 -->", "labels": ["alert"], "assignees": ["soc"], "type": "Bug"})
    }

    fn dressed(call: Call) -> Call {
        call.with("accept", "application/vnd.github+json")
            .with("x-github-api-version", "2022-11-28")
            .with("user-agent", "tocsin")
            .with("authorization", "Bearer github_pat_1")
    }

    fn post(path: &str, body: &Value) -> Call {
        dressed(Call::post(path, body))
    }

    fn numbers(call: &Call, things: &mut Things) -> Vec<u64> {
        let said = call.to(answer, things).said();
        let issues = said.as_array().unwrap().iter();
        issues
            .map(|issue| issue["number"].as_u64().unwrap())
            .collect()
    }

    #[test]
    fn issues_count_up_within_their_repository() {
        let mut things = Things::default();
        let made = post(PATH, &wanted()).to(answer, &mut things);
        assert_eq!(made.status, 201);
        assert_eq!(
            made.has("location"),
            Some("http://127.0.0.1:4700/repos/octo/alerts/issues/1")
        );
        assert_eq!(
            made.said()["html_url"],
            "http://127.0.0.1:4700/_created/github/octo/alerts/1"
        );
        assert_eq!(made.said()["labels"], json!([{"name": "alert"}]));
        assert_eq!(made.said()["type"]["name"], "Bug");
        let server = post(&format!("/api/v3{PATH}"), &wanted()).to(answer, &mut things);
        assert_eq!(server.said()["number"], 2);
        let other = post("/repos/octo/no-push/issues", &wanted())
            .to(answer, &mut things)
            .said();
        assert_eq!(
            (&other["number"], &other["labels"], &other["type"]),
            (&json!(1), &json!([]), &json!(null))
        );
    }

    #[test]
    fn issues_are_listed() {
        let mut things = Things::default();
        for _ in 0..3 {
            post(PATH, &wanted()).to(answer, &mut things);
        }
        let get = |query: &str| dressed(Call::get(&format!("{PATH}?{query}")));
        let lately =
            "state=all&since=2020-10-13T03%3A25%3A24Z&sort=created&direction=desc&per_page=100";
        assert_eq!(numbers(&get(lately), &mut things), [3, 2, 1]);
        assert_eq!(
            numbers(&get("direction=asc&per_page=2"), &mut things),
            [1, 2]
        );
        assert_eq!(numbers(&get("per_page=2&page=2"), &mut things), [1]);
        assert!(numbers(&get("since=2999-01-01T00:00:00Z"), &mut things).is_empty());
        assert!(numbers(&get("state=closed"), &mut things).is_empty());
        let said = get(lately).to(answer, &mut things).said();
        assert_eq!(said[0]["body"], wanted()["body"]);
        for wrong in ["state=some", "since=yesterday", "sort=title", "per_page=x"] {
            assert_eq!(get(wrong).ask(answer).0, 422, "{wrong}");
        }
    }

    #[test]
    fn a_renamed_repository_is_elsewhere() {
        let mut things = Things::default();
        let path = "/repos/octo/renamed/issues";
        let asked = post(path, &wanted()).to(answer, &mut things);
        assert_eq!(asked.status, 307);
        let there = asked.has("location").unwrap();
        assert_eq!(there, "http://127.0.0.1:4700/repositories/1296269/issues");
        let made = post("/repositories/1296269/issues", &wanted()).to(answer, &mut things);
        assert_eq!(made.status, 201);
        let listed = dressed(Call::get("/repositories/1296269/issues?state=all"));
        assert_eq!(numbers(&listed, &mut things), [1]);
        let get = dressed(Call::get(&format!("{path}?state=all"))).to(answer, &mut things);
        assert_eq!(get.status, 301);
        assert!(get.has("location").unwrap().ends_with("/issues?state=all"));
        assert_eq!(post("/repositories/1/issues", &wanted()).ask(answer).0, 404);
    }

    #[test]
    fn every_rule_refuses() {
        for (field, value, code) in [
            ("title", json!(" "), "missing_field"),
            ("title", json!("t".repeat(257)), "custom"),
            ("body", json!("b".repeat(65_537)), "custom"),
            ("labels", json!(["l".repeat(51)]), "custom"),
            ("labels", json!(vec!["l"; 101]), "custom"),
            ("labels", json!("alert"), "invalid"),
            ("assignees", json!(vec!["a"; 11]), "custom"),
            ("type", json!("Incident"), "invalid"),
        ] {
            let body = but(&wanted(), &format!("/{field}"), value);
            let (status, said) = post(PATH, &body).ask(answer);
            assert_eq!(status, 422, "{field}");
            assert_eq!(said["errors"][0]["code"], code, "{said}");
        }
        let good = post(PATH, &wanted());
        assert_eq!(good.clone().without("user-agent").ask(answer).0, 403);
        assert_eq!(good.clone().without("authorization").ask(answer).0, 401);
        assert_eq!(good.clone().with("accept", "text/html").ask(answer).0, 415);
        assert_eq!(
            good.clone()
                .with("x-github-api-version", "2020-01-01")
                .ask(answer)
                .0,
            400
        );
        assert_eq!(good.clone().saying("{").ask(answer).0, 400);
        assert_eq!(good.saying("[]").ask(answer).0, 400);
        assert_eq!(
            post("/repos/octo/missing/issues", &wanted()).ask(answer).0,
            404
        );
        assert_eq!(
            post("/repos/octo/no-issues/issues", &wanted())
                .ask(answer)
                .0,
            410
        );
        let (status, said) = post("/repos/octo/too-quick/issues", &wanted()).ask(answer);
        assert_eq!(status, 422);
        assert_eq!(said["errors"][0]["message"], "was submitted too quickly");
    }
}
