mod answers;
mod cards;

use serde_json::{Value, json};
use tocsin_core::alert::Alert;
use tocsin_core::provider::{Detail, Secrets, read_settings};
use tocsin_testing::{delivery, full};

use super::*;

const WORKFLOW: &str = "https://default0.1a.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/PLANTED/triggers/manual/paths/invoke?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=PLANTED-%2b_a";
const OLD: &str = "https://prod-11.westeurope.logic.azure.com:443/workflows/PLANTED/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=PLANTED";

fn secret(url: &str) -> Secret {
    Secrets::new(json!({"webhookUrl": url}).to_string())
        .read()
        .unwrap()
}

fn with_context<T>(
    url: &str,
    alert: &Alert,
    detail: Detail,
    run: impl FnOnce(&RequestContext<'_, Teams>) -> T,
) -> T {
    run(&RequestContext {
        alert,
        severity: alert.severity,
        delivery: &delivery(),
        detail,
        began_at: "2020-10-13T03:35:24Z".parse().unwrap(),
        now: "2020-10-13T03:35:30Z".parse().unwrap(),
        settings: &Settings {},
        secret: &secret(url),
    })
}

fn request_of(alert: &Alert, detail: Detail) -> Request {
    with_context(WORKFLOW, alert, detail, |context| {
        Teams::default().request(context).unwrap()
    })
}

#[test]
fn workflows_urls_are_taken_and_no_others() {
    let check = |url: &str| Teams::default().check(&Settings {}, &secret(url));
    assert_eq!(check(WORKFLOW), Ok(()));
    assert_eq!(check(OLD), Ok(()));
    for url in [
        "https://example.com/?sig=PLANTED",
        "https://api.powerplatform.com.example/?sig=PLANTED",
        "https://evilapi.powerplatform.com/?sig=PLANTED",
        &WORKFLOW.replace("https", "http"),
        &WORKFLOW.replace("https://", "https://u:PLANTED@"),
        &WORKFLOW.replace("&sig=", "&gis="),
        &WORKFLOW.replace("sig=PLANTED-%2b_a", "sig="),
        &WORKFLOW.replace("api-version=1&", ""),
        &WORKFLOW.replace("api-version=1&", "api-version=&"),
        &OLD.replace("api-version", "version"),
        // Cut at the question mark, and at the first "&", as by a shell.
        &WORKFLOW[..WORKFLOW.find('?').unwrap()],
        &WORKFLOW[..WORKFLOW.find('&').unwrap()],
        &format!("{WORKFLOW}#PLANTED"),
        "https://contoso.webhook.office.com/webhookb2/PLANTED@PLANTED/IncomingWebhook/PLANTED",
        "https://outlook.office.com/webhook/PLANTED",
        "https://outlook.office365.com/webhook/PLANTED",
    ] {
        let error = check(url).unwrap_err();
        assert_eq!(error.field, "secret.webhookUrl", "{url}");
        assert!(!error.to_string().contains("PLANTED"), "{error}");
        let connector = url.contains(".office");
        assert_eq!(
            error.problem.contains("retired: in Teams, open"),
            connector,
            "{error}"
        );
        // What the check refuses is refused at the attempt as well.
        let refused = with_context(url, &full(), Detail::Full, |context| {
            Teams::default().request(context)
        });
        assert_eq!(refused.unwrap_err(), error);
    }
}

#[test]
fn a_url_of_which_a_part_is_missing_is_refused_with_what_to_copy() {
    let problem = |url: &str| {
        let error = Teams::default().check(&Settings {}, &secret(url));
        error.unwrap_err().problem
    };
    let bare = problem(&WORKFLOW[..WORKFLOW.find('?').unwrap()]);
    assert!(
        bare.contains("api-version") && bare.contains("copy the whole URL"),
        "{bare}"
    );
    let unsigned = problem(&WORKFLOW[..WORKFLOW.find('&').unwrap()]);
    assert!(
        unsigned.contains("sig=") && unsigned.contains("copy the whole URL"),
        "{unsigned}"
    );
}

#[test]
fn a_stand_in_takes_the_place_of_microsoft_and_of_nothing_else() {
    let teams = Teams {
        base_url: Some(Url::parse("http://127.0.0.1:4000/").unwrap()),
    };
    let local = secret("http://127.0.0.1:4000/teams");
    assert_eq!(teams.check(&Settings {}, &local), Ok(()));
    assert!(Teams::default().check(&Settings {}, &local).is_err());
    assert!(
        teams
            .check(&Settings {}, &secret("http://127.0.0.1:4001/teams"))
            .is_err()
    );
}

#[test]
fn unknown_fields_are_refused() {
    let settings = json!({"channel": "x"});
    assert!(read_settings::<Settings>(settings.as_object().unwrap()).is_err());
    assert!(read_settings::<Settings>(json!({}).as_object().unwrap()).is_ok());
    let unknown = Secrets::new(r#"{"url": "PLANTED"}"#.to_owned());
    let error = unknown.read::<Secret>().unwrap_err();
    assert!(!error.to_string().contains("PLANTED"));
}

/// The signature covers path and query. 443 is what https means anyway, and is
/// left out of the text of any URL.
#[test]
fn port_path_and_query_go_out_as_they_came() {
    let request = request_of(&full(), Detail::Full);
    let url = request.address.expose();
    assert_eq!(url.port_or_known_default(), Some(443));
    assert_eq!(url.as_str(), WORKFLOW.replace(":443", ""));
    let local = "http://127.0.0.1:4000/a%2fb//c?sp=%2Fx&sig=a+b%2B%20c&&=";
    let teams = Teams {
        base_url: Some(Url::parse(local).unwrap()),
    };
    let request = with_context(local, &full(), Detail::Full, |context| {
        teams.request(context).unwrap()
    });
    assert_eq!(request.address.expose().as_str(), local);
}

#[test]
fn the_url_is_shown_nowhere() {
    let request = request_of(&full(), Detail::Full);
    let shown = format!("{request} {request:?} {:?}", secret(WORKFLOW));
    assert!(
        !shown.contains("PLANTED-") && !shown.contains("sig"),
        "{shown}"
    );
    assert!(!String::from_utf8(request.body).unwrap().contains("PLANTED"));
}

/// The value at a JSON pointer, as text.
fn text_at<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap()
}
