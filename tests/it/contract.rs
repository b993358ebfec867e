//! Contract: what each provider sends, its vendor (as the simulator plays it)
//! takes, and what the vendor answers, the provider understands: for plain,
//! over-long and hostile alerts, in both forms, over real HTTP.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tocsin_core::Timestamp;
use tocsin_core::delivery::DeliveryId;
use tocsin_core::destination::DestinationId;
use tocsin_core::outcome::{Outcome, Receipt};
use tocsin_core::provider::{
    AccessToken, Detail, Lookup, Provider, RequestContext, Secrets, read_settings,
};
use tocsin_sender::{AddressPolicy, HttpClient};
use tocsin_testing::samples;
use tocsin_tests::simulator::Simulator;
use url::Url;

pub(crate) struct Vendor {
    pub(crate) base: Url,
    pub(crate) http: HttpClient,
    pub(crate) simulator: Simulator,
}

impl Vendor {
    pub(crate) async fn start() -> Self {
        let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
        let simulator = Simulator::default();
        let (address, serving) = simulator.clone().listen(any_port).await.unwrap();
        tokio::spawn(serving);
        Self {
            base: format!("http://{address}").parse().unwrap(),
            http: HttpClient::new(AddressPolicy::Any).unwrap(),
            simulator,
        }
    }

    fn at(&self, path: &str) -> String {
        self.base.join(path).unwrap().into()
    }

    /// Delivers every sample in both forms; the receipts of the whole ones.
    async fn takes<P: Provider>(
        &self,
        provider: P,
        settings: Value,
        secret: Value,
    ) -> Vec<Receipt> {
        let settings: P::Settings = read_settings(settings.as_object().unwrap()).unwrap();
        let secret: P::Secret = Secrets::new(secret.to_string()).read().unwrap();
        provider.check(&settings, &secret).unwrap();
        let token = self.token(&provider, &settings, &secret).await;
        let mut receipts = Vec::new();
        for (name, alert) in samples() {
            for detail in [Detail::Full, Detail::Minimal] {
                let delivery = DeliveryId::of(&alert.alert_id, DestinationId::generate());
                let context = RequestContext {
                    alert: &alert,
                    severity: alert.severity,
                    delivery: &delivery,
                    first_delivery: &delivery,
                    detail,
                    began_at: Timestamp::now(),
                    now: Timestamp::now(),
                    settings: &settings,
                    secret: &secret,
                    token: token.as_ref(),
                };
                let request = provider.request(&context).unwrap();
                let answer = self.http.send(&request).await.unwrap();
                match provider.outcome(&context, &answer) {
                    Outcome::Delivered(receipt) if detail == Detail::Full => {
                        self.finds(&provider, &context, &receipt, &name).await;
                        receipts.push(receipt);
                    }
                    Outcome::Delivered(_) => {}
                    refused => panic!("{}: {name} {detail:?}: {refused:?}\n{request}", P::NAME),
                }
            }
        }
        receipts
    }

    /// The access token that the vendor gives, where the destination needs one.
    async fn token<P: Provider>(
        &self,
        provider: &P,
        settings: &P::Settings,
        secret: &P::Secret,
    ) -> Option<AccessToken> {
        let request = provider.token_request(settings, secret, Timestamp::now());
        let answer = self.http.send(&request.unwrap()?).await.unwrap();
        Some(provider.parse_token(&answer).unwrap())
    }

    /// What was created is found again by a provider that looks before it repeats.
    async fn finds<P: Provider>(
        &self,
        provider: &P,
        context: &RequestContext<'_, P>,
        receipt: &Receipt,
        name: &str,
    ) {
        let Some(question) = provider.lookup(context).unwrap() else {
            return;
        };
        let answer = self.http.send(&question).await.unwrap();
        match provider.parse_lookup(context, &answer) {
            Lookup::Found(found) => assert_eq!(found.id, receipt.id, "{} {name}", P::NAME),
            other => panic!("{}: {name} is not found again: {other:?}", P::NAME),
        }
    }

    /// Every receipt has what its vendor promises.
    fn promise(receipts: &[Receipt], promised: fn(&Receipt) -> bool) {
        assert!(!receipts.is_empty());
        for receipt in receipts {
            assert!(promised(receipt), "{receipt:?}");
        }
    }
}

fn has_id(receipt: &Receipt) -> bool {
    receipt.id.is_some()
}

fn has_id_and_url(receipt: &Receipt) -> bool {
    receipt.id.is_some() && receipt.url.is_some()
}

#[tokio::test]
async fn slack_takes_everything_by_webhook_and_by_bot() {
    let vendor = Vendor::start().await;
    let slack = || tocsin_slack::Slack {
        base_url: Some(vendor.base.clone()),
    };
    let secret = json!({"webhookUrl": vendor.at("/services/T024BE7LD/B024BE7LD/contract")});
    vendor.takes(slack(), json!({}), secret).await;
    let receipts = vendor
        .takes(
            slack(),
            json!({"channelId": "C024BE91L"}),
            json!({"botToken": "xoxb-1-simulated"}),
        )
        .await;
    Vendor::promise(&receipts, has_id);
}

#[tokio::test]
async fn teams_takes_everything() {
    let vendor = Vendor::start().await;
    let teams = tocsin_teams::Teams {
        base_url: Some(vendor.base.clone()),
    };
    let url = vendor.at(
        "/powerautomate/automations/direct/workflows/5f0e6c1f2b7d4c0c8d6f3a1e9b2c4d70/triggers/manual/paths/invoke\
         ?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=simulated",
    );
    vendor
        .takes(teams, json!({}), json!({"webhookUrl": url}))
        .await;
}

#[tokio::test]
async fn a_restricted_workflow_of_teams_takes_everything_with_an_access_token() {
    let vendor = Vendor::start().await;
    let teams = tocsin_teams::Teams {
        base_url: Some(vendor.base.clone()),
    };
    let url = vendor.at(
        "/powerautomate/automations/direct/cu/24/workflows/5f0e6c1f2b7d4c0c8d6f3a1e9b2c4d70/triggers/manual/paths/invoke?api-version=1",
    );
    let settings = json!({
        "tenantId": "contoso.onmicrosoft.com",
        "clientId": "11112222-bbbb-3333-cccc-4444dddd5555",
    });
    let secret = json!({
        "webhookUrl": url,
        "clientSecret": tocsin_tests::simulator::teams::CLIENT_SECRET,
    });
    vendor.takes(teams, settings, secret).await;
}

#[tokio::test]
async fn pagerduty_takes_everything() {
    let vendor = Vendor::start().await;
    let pagerduty = tocsin_pagerduty::PagerDuty {
        base_url: Some(vendor.base.clone()),
    };
    let secret = json!({"routingKey": "0123456789abcdef0123456789abcdef"});
    let receipts = vendor.takes(pagerduty, json!({}), secret).await;
    Vendor::promise(&receipts, has_id);
}

#[tokio::test]
async fn opsgenie_takes_everything_in_every_region() {
    let vendor = Vendor::start().await;
    for region in ["us", "eu", "jsm"] {
        let opsgenie = tocsin_opsgenie::OpsGenie {
            base_url: Some(vendor.base.clone()),
        };
        let secret = json!({"apiKey": "7f1c3c5e-2f0a-4a57-9d0e-0123456789ab"});
        let receipts = vendor
            .takes(opsgenie, json!({"region": region}), secret)
            .await;
        Vendor::promise(&receipts, has_id);
    }
}

#[tokio::test]
async fn jira_takes_everything_on_cloud_and_data_center_and_finds_it_again() {
    let vendor = Vendor::start().await;
    let kinds = [
        (
            "cloud",
            json!({"email": "tocsin@example.com", "apiToken": "ATATT3xFfGF0simulated"}),
        ),
        ("dataCenter", json!({"token": "NDA0simulated0000000000"})),
    ];
    for (deployment, secret) in kinds {
        let jira = tocsin_jira::Jira {
            base_url: Some(vendor.base.clone()),
        };
        let settings = json!({
            "deployment": deployment, "siteUrl": vendor.base.as_str().trim_end_matches('/'),
            "projectKey": "SEC", "issueType": "Task", "labels": ["security"],
        });
        let receipts = vendor.takes(jira, settings, secret).await;
        Vendor::promise(&receipts, has_id_and_url);
    }
}

#[tokio::test]
async fn github_takes_everything_and_finds_it_again() {
    let vendor = Vendor::start().await;
    let github = tocsin_github::GitHub {
        base_url: Some(vendor.base.clone()),
    };
    let settings = json!({
        "repository": "octo-org/security-alerts", "labels": ["alert"], "issueType": "Bug",
        "apiUrl": vendor.base.as_str().trim_end_matches('/'),
    });
    let secret = json!({"token": "github_pat_11AAAAAAA0simulated"});
    let receipts = vendor.takes(github, settings, secret).await;
    Vendor::promise(&receipts, has_id_and_url);
}

#[tokio::test]
async fn github_takes_everything_from_an_app() {
    use tocsin_tests::simulator::github::app;

    let vendor = Vendor::start().await;
    let github = tocsin_github::GitHub {
        base_url: Some(vendor.base.clone()),
    };
    let settings = json!({
        "repository": "octo-org/security-alerts",
        "apiUrl": vendor.base.as_str().trim_end_matches('/'),
        "appId": app::APP_ID, "installationId": app::INSTALLATION_ID,
    });
    let secret = json!({"privateKey": app::PRIVATE_KEY});
    let receipts = vendor.takes(github, settings, secret).await;
    Vendor::promise(&receipts, has_id_and_url);
}

#[tokio::test]
async fn asana_takes_everything_and_finds_it_again() {
    let vendor = Vendor::start().await;
    let asana = tocsin_asana::Asana {
        base_url: Some(vendor.base.clone()),
    };
    let secret = json!({"accessToken": "2/1200000000000001/1200000000000002:simulated"});
    let receipts = vendor
        .takes(asana, json!({"projects": ["1200000000000010"]}), secret)
        .await;
    Vendor::promise(&receipts, has_id_and_url);
}

#[tokio::test]
async fn servicenow_takes_everything_as_incidents_and_as_events() {
    let vendor = Vendor::start().await;
    for mode in ["incident", "event"] {
        let servicenow = tocsin_servicenow::ServiceNow {
            base_url: Some(vendor.base.clone()),
        };
        let settings = json!({"mode": mode, "instance": "https://acme.service-now.com"});
        let secret = json!({"apiKey": "now_simulated_0123456789"});
        let receipts = vendor.takes(servicenow, settings, secret).await;
        Vendor::promise(&receipts, has_id);
    }
}

#[tokio::test]
async fn a_webhook_receiver_takes_everything_signed() {
    let vendor = Vendor::start().await;
    let secret = json!({
        "url": vendor.at("/hook/signed/contract"),
        "signingKey": tocsin_tests::simulator::webhook::SIGNING_KEY,
    });
    vendor
        .takes(tocsin_webhook::Webhook, json!({}), secret)
        .await;
}

#[tokio::test]
async fn a_webhook_receiver_takes_everything_with_an_access_token() {
    let vendor = Vendor::start().await;
    for authentication in ["client_secret_basic", "client_secret_post"] {
        let settings = json!({
            "tokenUrl": vendor.at("/oauth2/token"),
            "clientId": tocsin_tests::simulator::webhook::CLIENT_ID,
            "clientAuthentication": authentication, "scope": "alerts.write",
        });
        let secret = json!({
            "url": vendor.at("/hook/oauth/contract"),
            "clientSecret": tocsin_tests::simulator::webhook::CLIENT_SECRET,
        });
        vendor
            .takes(tocsin_webhook::Webhook, settings, secret)
            .await;
    }
}
