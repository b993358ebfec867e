mod answers;
mod messages;

use serde_json::{Value, json};
use tocsin_core::alert::Alert;
use tocsin_core::provider::{Detail, Secrets, read_settings};
use tocsin_testing::{delivery, full};

use super::*;

fn settings(json: &Value) -> Settings {
    read_settings(json.as_object().unwrap()).unwrap()
}

fn secret(json: &Value) -> Secret {
    Secrets::new(json.to_string()).read().unwrap()
}

/// A destination of each of the two kinds.
struct Destination(Settings, Secret);

fn webhook() -> Destination {
    let url = "https://hooks.slack.com/services/T0PLANTED/B0PLANTED/PLANTED";
    Destination(settings(&json!({})), secret(&json!({"webhookUrl": url})))
}

fn bot() -> Destination {
    Destination(
        settings(&json!({"channelId": "C0123ABCD"})),
        secret(&json!({"botToken": "xoxb-1-2-PLANTED"})),
    )
}

impl Destination {
    fn with_context<T>(
        &self,
        alert: &Alert,
        detail: Detail,
        run: impl FnOnce(&RequestContext<'_, Slack>) -> T,
    ) -> T {
        run(&RequestContext {
            alert,
            severity: alert.severity,
            delivery: &delivery(),
            detail,
            began_at: "2020-10-13T03:35:24Z".parse().unwrap(),
            now: "2020-10-13T03:35:30Z".parse().unwrap(),
            settings: &self.0,
            secret: &self.1,
        })
    }

    fn request(&self, alert: &Alert, detail: Detail) -> Request {
        Slack::default().check(&self.0, &self.1).unwrap();
        self.with_context(alert, detail, |context| {
            Slack::default().request(context).unwrap()
        })
    }
}

fn assert_refused(given: &Value, hidden: &Value, field: &str) {
    let destination = Destination(settings(given), secret(hidden));
    let error = Slack::default()
        .check(&destination.0, &destination.1)
        .unwrap_err();
    assert_eq!(error.field, field, "{given} {hidden}");
    assert!(!error.to_string().contains("PLANTED"), "{error}");
    // What the check refuses is refused at the attempt as well.
    destination.with_context(&full(), Detail::Full, |context| {
        assert_eq!(Slack::default().request(context).unwrap_err(), error);
    });
}

#[test]
fn a_destination_has_one_of_the_two_credentials_and_what_goes_with_it() {
    let url = "https://hooks.slack.com/services/T1/B1/PLANTED";
    let channel = json!({"channelId": "C0123ABCD"});
    let both = json!({"webhookUrl": url, "botToken": "xoxb-PLANTED"});
    let token = json!({"botToken": "xoxb-PLANTED"});
    assert_refused(&json!({}), &json!({}), "secret.webhookUrl");
    assert_refused(&channel, &both, "secret.botToken");
    assert_refused(&channel, &json!({"webhookUrl": url}), "settings.channelId");
    assert_refused(&json!({}), &token, "settings.channelId");
}

#[test]
fn only_slacks_webhook_urls_are_taken() {
    for url in [
        "https://hooks.slack.com/services/T1/B1",
        "https://hooks.slack.com/services/T1//PLANTED",
        "https://hooks.slack.com/triggers/T1/2/PLANTED",
        "https://hooks.slack.com/workflows/T1/A1/2/PLANTED",
        "https://hooks.slack.com/services/T1/B1/PLANTED?x=1",
        "https://hooks.slack.com/services/T1/B1/PLANTED#x",
        "https://hooks.slack.com:8443/services/T1/B1/PLANTED",
        "http://hooks.slack.com/services/T1/B1/PLANTED",
        "https://hooks.slack.com.example/services/T1/B1/PLANTED",
        "https://u:PLANTED@hooks.slack.com/services/T1/B1/x",
    ] {
        assert_refused(&json!({}), &json!({"webhookUrl": url}), "secret.webhookUrl");
    }
}

#[test]
fn only_bots_tokens_and_channels_ids_are_taken() {
    let channel = json!({"channelId": "C0123ABCD"});
    let long = format!("xoxb-{}", "P".repeat(300));
    for token in [
        "xoxp-PLANTED",
        "xoxe.xoxb-1-PLANTED",
        "xoxb-",
        "xoxb-PLANTED\r\nX: y",
        &long,
    ] {
        assert_refused(&channel, &json!({"botToken": token}), "secret.botToken");
    }
    for id in ["#alerts", "alerts", "U0123ABCD", "c0123abcd", "C", ""] {
        let token = json!({"botToken": "xoxb-PLANTED"});
        assert_refused(&json!({"channelId": id}), &token, "settings.channelId");
    }
}

#[test]
fn unknown_fields_are_refused() {
    let settings = json!({"channel": "C0123ABCD"});
    assert!(read_settings::<Settings>(settings.as_object().unwrap()).is_err());
    let secret = Secrets::new(r#"{"token": "xoxb-PLANTED"}"#.to_owned());
    let error = secret.read::<Secret>().unwrap_err();
    assert!(!error.to_string().contains("PLANTED"));
}

#[test]
fn both_webhook_hosts_are_slacks() {
    for host in ["hooks.slack.com", "hooks.slack-gov.com"] {
        let secret = secret(&json!({"webhookUrl": format!("https://{host}/services/T1/B1/x")}));
        assert_eq!(
            Slack::default().check(&Settings::default(), &secret),
            Ok(())
        );
    }
}

#[test]
fn a_stand_in_takes_the_place_of_slack_and_of_nothing_else() {
    for base in ["http://127.0.0.1:4000", "http://127.0.0.1:4000/slack/"] {
        let slack = Slack {
            base_url: Some(Url::parse(base).unwrap()),
        };
        let local = secret(&json!({"webhookUrl": "http://127.0.0.1:4000/any"}));
        assert_eq!(slack.check(&Settings::default(), &local), Ok(()));
        assert!(
            Slack::default()
                .check(&Settings::default(), &local)
                .is_err()
        );
        let other = secret(&json!({"webhookUrl": "http://127.0.0.1:4001/any"}));
        assert!(slack.check(&Settings::default(), &other).is_err());
        let to = bot().with_context(&full(), Detail::Full, |context| {
            slack.request(context).unwrap().address
        });
        let expected = format!("{}/api/chat.postMessage", base.trim_end_matches('/'));
        assert_eq!(to.expose().as_str(), expected);
    }
}

#[test]
fn secrets_are_shown_nowhere() {
    for destination in [webhook(), bot()] {
        let request = destination.request(&full(), Detail::Full);
        let shown = format!(
            "{request:?} {request} {:?} {:?}",
            destination.0, destination.1
        );
        assert!(!shown.contains("PLANTED"), "{shown}");
        let sent: String = request
            .headers
            .iter()
            .map(|(_, value)| value.expose())
            .collect();
        assert!(format!("{sent}{}", request.address.expose()).contains("PLANTED"));
    }
}
