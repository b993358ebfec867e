//! Updates of one finding: alerts with the same given id and different contents. Each
//! vendor, as the simulator plays it, has one incident of them, with all contents.

use serde_json::{Value, json};
use tocsin_core::Timestamp;
use tocsin_core::alert::{Alert, parse};
use tocsin_core::delivery::DeliveryId;
use tocsin_core::destination::DestinationId;
use tocsin_core::outcome::{Outcome, Receipt};
use tocsin_core::provider::{
    Address, Detail, Header, Lookup, Method, Provider, Request, RequestContext, Response, Secrets,
    read_settings,
};
use tocsin_tests::simulator::{Created, Fault};

use crate::contract::Vendor;

const GIVEN_ID: &str = "case-gd-1";

fn first() -> Alert {
    parse(include_str!("cases/guardduty-first.json")).unwrap()
}

/// As the router records it: its id belongs to the first.
fn update() -> Alert {
    let update = parse(include_str!("cases/guardduty-update.json")).unwrap();
    update.with_derived_id()
}

/// One destination.
struct Place<'a, P: Provider> {
    vendor: &'a Vendor,
    provider: P,
    settings: P::Settings,
    secret: P::Secret,
    id: DestinationId,
}

impl<'a, P: Provider> Place<'a, P> {
    fn new(vendor: &'a Vendor, provider: P, settings: &Value, secret: &Value) -> Self {
        Self {
            vendor,
            provider,
            settings: read_settings(settings.as_object().unwrap()).unwrap(),
            secret: Secrets::new(secret.to_string()).read().unwrap(),
            id: DestinationId::generate(),
        }
    }

    /// What a sender sends at the first attempt, and the outcome.
    async fn deliver(&self, alert: &Alert) -> Outcome {
        self.with_context(alert, async |context| {
            let mut request = None;
            if self.provider.joins_earlier(context) {
                let lookup = self.provider.lookup(context).unwrap().unwrap();
                let answer = self.vendor.http.send(&lookup).await.unwrap();
                match self.provider.parse_lookup(context, &answer) {
                    Lookup::Found(receipt) => return Outcome::Delivered(receipt),
                    Lookup::Absent => {
                        request = self.provider.update(context, &answer).unwrap();
                    }
                    Lookup::Failed(outcome) => return outcome,
                }
            }
            let request = request.unwrap_or_else(|| self.provider.request(context).unwrap());
            let answer = self.vendor.http.send(&request).await.unwrap();
            match self.provider.outcome(context, &answer) {
                Outcome::Delivered(receipt) => self.confirmed(context, &answer, receipt).await,
                failed => failed,
            }
        })
        .await
    }

    async fn confirmed(
        &self,
        context: &RequestContext<'_, P>,
        accepted: &Response,
        receipt: Receipt,
    ) -> Outcome {
        match self.provider.confirmation(context, accepted).unwrap() {
            None => Outcome::Delivered(receipt),
            Some(request) => {
                let answer = self.vendor.http.send(&request).await.unwrap();
                self.provider.parse_confirmation(receipt, &answer)
            }
        }
    }

    /// Whether a repeated attempt would find the alert delivered.
    async fn is_found(&self, alert: &Alert) -> bool {
        self.with_context(alert, async |context| {
            let lookup = self.provider.lookup(context).unwrap().unwrap();
            let answer = self.vendor.http.send(&lookup).await.unwrap();
            matches!(
                self.provider.parse_lookup(context, &answer),
                Lookup::Found(_)
            )
        })
        .await
    }

    async fn with_context<T>(
        &self,
        alert: &Alert,
        f: impl AsyncFnOnce(&RequestContext<'_, P>) -> T,
    ) -> T {
        let context = RequestContext {
            alert,
            severity: alert.severity,
            delivery: &DeliveryId::of(&alert.alert_id, self.id),
            first_delivery: &DeliveryId::of_first(alert, self.id),
            detail: Detail::Full,
            began_at: Timestamp::now(),
            now: Timestamp::now(),
            settings: &self.settings,
            secret: &self.secret,
            token: None,
        };
        f(&context).await
    }

    async fn delivered(&self, alert: &Alert) -> String {
        match self.deliver(alert).await {
            Outcome::Delivered(receipt) => receipt.id.unwrap(),
            failed => panic!("{failed:?}"),
        }
    }

    fn created(&self, id: &str) -> Created {
        self.vendor.simulator.created(P::NAME, id).unwrap()
    }
}

#[tokio::test]
async fn pagerduty_has_one_incident() {
    let vendor = Vendor::start().await;
    let provider = tocsin_pagerduty::PagerDuty {
        base_url: Some(vendor.base.clone()),
    };
    let secret = json!({"routingKey": "0123456789abcdef0123456789abcdef"});
    let place = Place::new(&vendor, provider, &json!({}), &secret);
    for alert in [first(), update()] {
        assert_eq!(place.delivered(&alert).await, GIVEN_ID);
    }
    let incident = place.created(GIVEN_ID);
    assert_eq!(incident.count, 2);
    let details = &incident.repetitions[0]["payload"]["custom_details"];
    assert_eq!(details["alertContext"]["count"], 7);
    // The alerts themselves stay distinguishable.
    assert_eq!(details["alertId"], update().alert_id.as_str());
}

fn opsgenie(vendor: &Vendor) -> Place<'_, tocsin_opsgenie::OpsGenie> {
    let provider = tocsin_opsgenie::OpsGenie {
        base_url: Some(vendor.base.clone()),
    };
    let secret = json!({"apiKey": "7f1c3c5e-2f0a-4a57-9d0e-0123456789ab"});
    Place::new(vendor, provider, &json!({}), &secret)
}

#[tokio::test]
async fn opsgenie_has_one_alert_whose_id_is_the_receipt() {
    let vendor = Vendor::start().await;
    let place = opsgenie(&vendor);
    let receipt = place.delivered(&first()).await;
    assert_eq!(place.delivered(&update()).await, receipt);
    let alert = place.created(GIVEN_ID);
    assert_eq!(alert.count, 2);
    assert_eq!(alert.thing["id"], receipt.as_str());
}

#[tokio::test]
async fn an_alert_that_opsgenie_accepts_and_does_not_create_is_refused() {
    let vendor = Vendor::start().await;
    let failed = json!({"data": {
        "success": false, "action": "Create", "isSuccess": false, "alertId": "", "alias": "",
        "processedAt": "2026-03-02T22:41:10Z", "status": "Responders could not be found",
    }, "took": 0.02, "requestId": "r"});
    vendor.simulator.inject(Fault {
        body: failed.to_string(),
        ..Fault::once("/v2/alerts/requests/", "", 200)
    });
    let outcome = opsgenie(&vendor).deliver(&first()).await;
    let failure = outcome.failure().unwrap();
    assert!(
        failure.detail.contains("Responders could not be found"),
        "{failure}"
    );
    assert!(matches!(outcome, Outcome::Refused { .. }), "{outcome:?}");
}

fn servicenow<'a>(vendor: &'a Vendor, mode: &str) -> Place<'a, tocsin_servicenow::ServiceNow> {
    let provider = tocsin_servicenow::ServiceNow {
        base_url: Some(vendor.base.clone()),
    };
    let settings = json!({"mode": mode, "instance": "https://acme.service-now.com"});
    Place::new(
        vendor,
        provider,
        &settings,
        &json!({"apiKey": "now_simulated_0123456789"}),
    )
}

#[tokio::test]
async fn servicenow_has_one_alert_of_its_events() {
    let vendor = Vendor::start().await;
    let place = servicenow(&vendor, "event");
    for alert in [first(), update()] {
        assert_eq!(place.delivered(&alert).await, GIVEN_ID);
    }
    assert_eq!(place.created(GIVEN_ID).count, 2);
}

#[tokio::test]
async fn servicenow_has_one_incident_with_a_note_about_the_update() {
    let vendor = Vendor::start().await;
    let place = servicenow(&vendor, "incident");
    let number = place.delivered(&first()).await;
    assert!(place.is_found(&first()).await);
    // It is not there before it was sent.
    assert!(!place.is_found(&update()).await);
    assert_eq!(place.delivered(&update()).await, number);
    assert!(place.is_found(&update()).await);
    let incident = place.created(&number);
    assert_eq!(incident.count, 2);
    let notes = incident.thing["work_notes"].as_str().unwrap();
    assert!(
        notes.contains("\"count\": 7") && notes.contains("\"count\": 1"),
        "{notes}"
    );
    assert_eq!(incident.thing["correlation_id"], GIVEN_ID);

    // Another destination of the same instance has an incident of its own.
    let other = servicenow(&vendor, "incident");
    assert!(!other.is_found(&first()).await);
    assert_ne!(other.delivered(&update()).await, number);
}

#[tokio::test]
async fn an_update_after_the_end_of_an_incident_opens_another() {
    let vendor = Vendor::start().await;
    let place = servicenow(&vendor, "incident");
    let number = place.delivered(&first()).await;
    let sys_id = place.created(&number).thing["sys_id"].clone();
    let path = format!("api/now/table/incident/{}", sys_id.as_str().unwrap());
    let url = vendor.base.join(&path).unwrap();
    let plain = |value: &str| Header::Plain(value.to_owned());
    let request = Request {
        method: Method::Put,
        ..Request::post_json(Address::Public(url), r#"{"state": "6"}"#)
    };
    let request = request.header("accept", plain("application/json"));
    let request = request.header("x-sn-apikey", plain("key"));
    let resolved = vendor.http.send(&request).await.unwrap();
    assert_eq!(resolved.status, 200);
    let second = place.delivered(&update()).await;
    assert_ne!(second, number);
    assert!(place.is_found(&update()).await);
    // The first one is not taken for the second, nor the second for the first.
    assert_eq!(place.created(&number).count, 2);
}
