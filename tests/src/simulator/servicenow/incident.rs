//! Incidents by the Table API:
//! <https://www.servicenow.com/docs/r/api-reference/rest-apis/c_TableAPI.html>.
//!
//! The lengths are those of the columns of an instance as it is delivered. Whether
//! an instance cuts or refuses longer values is its own setting; this one refuses.
//! It also has the usual data policy: the short description is mandatory.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::{PROVIDER, is_spoken_to_in_json, refuse, words};
use crate::simulator::asked::{Asked, Verdict};
use crate::simulator::created::{Things, now};
use crate::simulator::rules::{Rules, Why, Wrong};

const SCOPE: &str = "incident";

pub(super) fn answer(asked: &Asked<'_>, things: &mut Things) -> Verdict {
    if !is_spoken_to_in_json(asked) {
        return refuse(
            StatusCode::BAD_REQUEST,
            "Accept and Content-Type must be application/json",
            "",
        );
    }
    match (asked.is_get(), asked.is_post()) {
        (true, _) => list(asked, things),
        (_, true) => create(asked, things),
        _ => refuse(StatusCode::METHOD_NOT_ALLOWED, "Method not supported", ""),
    }
}

fn create(asked: &Asked<'_>, things: &mut Things) -> Verdict {
    // "Only one record can be inserted with each request."
    let Some(mut incident) = asked.object() else {
        return refuse(
            StatusCode::BAD_REQUEST,
            "Exception while reading request",
            "The payload is not valid JSON.",
        );
    };
    let wrong = problems(&incident);
    if wrong.iter().any(|wrong| wrong.why == Why::Missing) {
        return refuse(
            StatusCode::FORBIDDEN,
            "Operation Failed",
            "Data Policy Exception: The following fields are mandatory: Short description",
        );
    }
    if let Some(wrong) = wrong.first() {
        return refuse(
            StatusCode::BAD_REQUEST,
            "Invalid field value",
            &words(wrong),
        );
    }
    let sys_id = things.hex();
    let number = format!("INC{:07}", 10_000 + things.next(PROVIDER, SCOPE));
    for (column, value) in [
        ("sys_id", sys_id.as_str()),
        ("number", &number),
        ("state", "1"),
        ("active", "true"),
        ("sys_created_on", &now()),
    ] {
        incident[column] = json!(value);
    }
    let answer = json!({"result": shown(&incident, asked)});
    things.add(PROVIDER, SCOPE, vec![number, sys_id.clone()], incident);
    Verdict::json(StatusCode::CREATED, &answer).header(
        "location",
        format!("{}{}/{sys_id}", asked.base(), asked.route()),
    )
}

/// "Updates the specified record with the name-value pairs included in the request body."
/// A work note is added to those that there are; a resolved incident stays active, a
/// closed one does not.
pub(super) fn update(sys_id: &str, asked: &Asked<'_>, things: &mut Things) -> Verdict {
    if !asked.is_put() {
        return refuse(StatusCode::METHOD_NOT_ALLOWED, "Method not supported", "");
    }
    if !is_spoken_to_in_json(asked) {
        return refuse(
            StatusCode::BAD_REQUEST,
            "Accept and Content-Type must be application/json",
            "",
        );
    }
    let Some(changes) = asked.object() else {
        return refuse(
            StatusCode::BAD_REQUEST,
            "Exception while reading request",
            "The payload is not valid JSON.",
        );
    };
    if let Some(wrong) = lengths(&changes).end().first() {
        return refuse(
            StatusCode::BAD_REQUEST,
            "Invalid field value",
            &words(wrong),
        );
    }
    let Some(found) = things.find_mut(PROVIDER, sys_id, |one| one.scope == SCOPE) else {
        return refuse(
            StatusCode::NOT_FOUND,
            "No Record found",
            "Record doesn't exist or ACL restricts the record retrieval",
        );
    };
    for (column, value) in changes.as_object().into_iter().flatten() {
        if column == "work_notes" {
            let before = found.thing["work_notes"].as_str().unwrap_or_default();
            let note = value.as_str().unwrap_or_default();
            found.thing["work_notes"] = json!(format!("{note}\n\n{before}"));
        } else {
            found.thing[column.as_str()] = value.clone();
        }
    }
    if matches!(found.thing["state"].as_str(), Some("7" | "8")) {
        found.thing["active"] = json!("false");
    }
    found.repeat(changes);
    Verdict::json(
        StatusCode::OK,
        &json!({"result": shown(&found.thing, asked)}),
    )
}

fn problems(incident: &Value) -> Vec<Wrong> {
    lengths(incident).need("short_description", 160).end()
}

/// The rules for the columns that there are.
fn lengths(incident: &Value) -> Rules<'_> {
    const WEIGHTS: [&str; 3] = ["1", "2", "3"];
    Rules::of(incident)
        .texts(&["description", "work_notes", "comments"], 4_000)
        .texts(&["correlation_id", "correlation_display"], 100)
        .texts(&["category", "contact_type"], 40)
        .texts(&["assignment_group", "caller_id"], 32)
        .choice("impact", &WEIGHTS)
        .choice("urgency", &WEIGHTS)
}

/// The columns that `sysparm_fields` asks for; all when it asks for none.
fn shown(incident: &Value, asked: &Asked<'_>) -> Value {
    let Some(fields) = asked.query("sysparm_fields") else {
        return incident.clone();
    };
    let columns = fields.split(',').map(|name| {
        (
            name.to_owned(),
            incident.get(name).cloned().unwrap_or(json!("")),
        )
    });
    Value::Object(columns.collect::<Map<_, _>>())
}

/// The incidents that match all conditions of `sysparm_query`.
fn list(asked: &Asked<'_>, things: &Things) -> Verdict {
    let Some(conditions) = conditions(&asked.query("sysparm_query").unwrap_or_default()) else {
        return refuse(
            StatusCode::BAD_REQUEST,
            "Invalid query",
            "only = and STARTSWITH are understood here",
        );
    };
    let limit = asked.query("sysparm_limit");
    let limit = limit.and_then(|text| text.parse().ok()).unwrap_or(10_000);
    let found: Vec<_> = things
        .of(PROVIDER)
        .filter(|one| one.scope == SCOPE)
        .filter(|one| {
            let holds = |(column, operator, value): &Condition| {
                let have = one.thing[column.as_str()].as_str().unwrap_or_default();
                match operator {
                    Operator::Is => have == value,
                    Operator::StartsWith => have.starts_with(value.as_str()),
                }
            };
            conditions.iter().all(holds)
        })
        .rev()
        .take(limit)
        .map(|one| shown(&one.thing, asked))
        .collect();
    Verdict::json(StatusCode::OK, &json!({"result": found}))
}

/// A column, how it is compared, and with what.
type Condition = (String, Operator, String);

#[derive(Clone, Copy)]
enum Operator {
    Is,
    StartsWith,
}

/// `a=1^bSTARTSWITH2`; of orders only that by the time of creation, the latest first, is
/// played.
fn conditions(query: &str) -> Option<Vec<Condition>> {
    query
        .split('^')
        .filter(|part| !part.is_empty() && *part != "ORDERBYDESCsys_created_on")
        .map(|part| {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            let (column, rest) = part.split_at(part.find(|c| !plain(c))?);
            let (operator, value) = match rest.strip_prefix("STARTSWITH") {
                Some(value) => (Operator::StartsWith, value),
                None => (Operator::Is, rest.strip_prefix('=')?),
            };
            Some((column.to_owned(), operator, value.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::answer;
    use super::*;
    use crate::simulator::testing::{Call, but};

    const PATH: &str = "/api/now/table/incident";

    fn incident() -> Value {
        json!({
            "short_description": "[HIGH] x", "description": "d", "impact": "2", "urgency": "1",
            "correlation_id": "alert-1", "correlation_display": "Tocsin:d1", "work_notes": "{}",
        })
    }

    fn call(path: &str, body: &Value) -> Call {
        Call::post(path, body)
            .with("accept", "application/json")
            .with("x-sn-apikey", "key")
    }

    fn query(text: &str) -> Call {
        let fields = "&sysparm_fields=sys_id,number,correlation_id,correlation_display";
        Call::get(&format!(
            "{PATH}?sysparm_query={text}{fields}&sysparm_limit=10"
        ))
        .with("accept", "application/json")
        .with("authorization", "Bearer token")
    }

    #[test]
    fn a_good_incident_is_created_and_found_again() {
        let mut things = Things::default();
        let path = format!("{PATH}?sysparm_fields=sys_id%2Cnumber");
        let made = call(&path, &incident()).to(answer, &mut things);
        assert_eq!(made.status, 201);
        let result = &made.said()["result"];
        assert_eq!(result["number"], "INC0010001");
        assert_eq!(result.as_object().unwrap().len(), 2);
        let sys_id = result["sys_id"].as_str().unwrap();
        assert!(
            made.has("location")
                .unwrap()
                .ends_with(&format!("{PATH}/{sys_id}"))
        );

        call(
            PATH,
            &but(&incident(), "/correlation_display", json!("Tocsin:d2")),
        )
        .to(answer, &mut things);
        let found = query("correlation_id%3Dalert-1%5Ecorrelation_display%3DTocsin%3Ad1");
        let found = found.to(answer, &mut things).said();
        assert_eq!(found["result"].as_array().unwrap().len(), 1);
        assert_eq!(found["result"][0]["sys_id"], sys_id);
        let both = query("correlation_id%3Dalert-1%5Eactive%3Dtrue")
            .to(answer, &mut things)
            .said();
        assert_eq!(both["result"].as_array().unwrap().len(), 2);
        let none = query("correlation_id%3Dother").to(answer, &mut things);
        assert_eq!(
            (none.status.as_u16(), none.said()),
            (200, json!({"result": []}))
        );
    }

    #[test]
    fn an_incident_is_updated_by_its_id_and_notes_are_added() {
        let mut things = Things::default();
        let made = call(PATH, &incident()).to(answer, &mut things).said();
        let sys_id = made["result"]["sys_id"].as_str().unwrap().to_owned();
        let change = |changes: Value| {
            call(&format!("{PATH}/{sys_id}?sysparm_fields=number"), &changes).putting()
        };
        let note = json!({"work_notes": "again", "correlation_display": "Tocsin:d1~d2"});
        let said = change(note).to(answer, &mut things);
        assert_eq!(said.status, 200);
        assert_eq!(said.said(), json!({"result": {"number": "INC0010001"}}));
        let begins = "correlation_id%3Dalert-1%5Ecorrelation_displaySTARTSWITHTocsin%3Ad1";
        let found = query(begins).to(answer, &mut things).said();
        assert_eq!(found["result"][0]["correlation_display"], "Tocsin:d1~d2");
        let shown = things.find(PROVIDER, &sys_id).unwrap();
        assert_eq!(shown.thing["work_notes"], "again\n\n{}");
        assert_eq!((shown.count, shown.repetitions.len()), (2, 1));

        change(json!({"state": "7"})).to(answer, &mut things);
        let open = query("correlation_id%3Dalert-1%5Eactive%3Dtrue").to(answer, &mut things);
        assert_eq!(open.said(), json!({"result": []}));
        let long = change(json!({"work_notes": "w".repeat(4_001)}));
        assert_eq!(long.to(answer, &mut things).status, 400);
        assert_eq!(change(json!({})).ask(answer).0, 404);
    }

    #[test]
    fn the_page_of_an_incident_shows_it() {
        let mut things = Things::default();
        let made = call(PATH, &incident()).to(answer, &mut things).said();
        let sys_id = made["result"]["sys_id"].as_str().unwrap();
        let page = |asked: &Asked<'_>, things: &mut Things| super::super::page(asked, things);
        let shown = Call::get(&format!("/nav_to.do?uri=incident.do%3Fsys_id%3D{sys_id}"))
            .to(page, &mut things);
        assert_eq!(shown.said()["thing"]["correlation_id"], "alert-1");
        assert_eq!(
            Call::get("/nav_to.do?uri=incident.do%3Fsys_id%3D0")
                .ask(page)
                .0,
            404
        );
    }

    #[test]
    fn every_rule_refuses() {
        for (column, value, status) in [
            ("short_description", json!(null), 403),
            ("short_description", json!("s".repeat(161)), 400),
            ("description", json!("d".repeat(4_001)), 400),
            ("work_notes", json!("w".repeat(4_001)), 400),
            ("correlation_id", json!("c".repeat(101)), 400),
            ("correlation_display", json!("c".repeat(101)), 400),
            ("impact", json!("0"), 400),
            ("urgency", json!(1), 400),
            ("assignment_group", json!("g".repeat(33)), 400),
        ] {
            let body = but(&incident(), &format!("/{column}"), value);
            let (got, said) = call(PATH, &body).ask(answer);
            assert_eq!(got, status, "{column}");
            assert_eq!(said["status"], "failure");
        }
        let good = call(PATH, &incident());
        assert_eq!(good.clone().without("x-sn-apikey").ask(answer).0, 401);
        assert_eq!(good.clone().without("accept").ask(answer).0, 400);
        assert_eq!(
            good.clone()
                .with("content-type", "text/plain")
                .ask(answer)
                .0,
            400
        );
        assert_eq!(good.clone().saying("[{}]").ask(answer).0, 400);
        assert_eq!(query("short_descriptionLIKEx").ask(answer).0, 400);
        let elsewhere = call("/api/now/table", &incident());
        assert_eq!(elsewhere.ask(answer).0, 400);
        let basic = good
            .without("x-sn-apikey")
            .with("authorization", "Basic dXNlcjpwYXNz");
        assert_eq!(basic.ask(answer).0, 201);
    }
}
