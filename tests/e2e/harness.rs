//! The deployed stack, as tests see it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_sqs::types::Message;
use serde_json::{Value, json};
use tocsin_tests::simulator::{Fault, Received};
use tokio::sync::OnceCell;

/// Longer than anything here takes; only a broken stack gets there.
const PATIENCE: Duration = Duration::from_secs(90);

/// What every planted secret holds, so that a leak can be searched for.
pub(crate) const PLANTED: &str = "PLANTED-c0ffee-PLANTED";

pub(crate) const EXTERNAL_ID: &str = "tests-external-id";

/// Prints all functions' logs, each line after its group.
const SEARCH_LOGS: &str = r#"
import boto3, sys
logs = boto3.client("logs")
for group in logs.describe_log_groups()["logGroups"]:
    for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"]):
        for event in page["events"]:
            print(group["logGroupName"], event["message"])
"#;

/// The local stack and everything a test asks of it.
pub(crate) struct Stack {
    pub(crate) config: SdkConfig,
    pub(crate) name: String,
    simulator: String,
    outputs: HashMap<String, String>,
}

impl Stack {
    /// The stack, with the tests' destinations in force.
    pub(crate) async fn ready() -> Self {
        static PREPARED: OnceCell<()> = OnceCell::const_new();
        let stack = Self::connect().await;
        PREPARED.get_or_init(|| prepare(&stack)).await;
        stack
    }

    /// The stack as it is.
    pub(crate) async fn connect() -> Self {
        let folder = Self::folder();
        let read = |file: &str| -> Value {
            let text = std::fs::read_to_string(folder.join(file)).unwrap_or_else(|error| {
                panic!("the local stack is not up ({file}: {error}): run `make e2e`")
            });
            serde_json::from_str(&text).unwrap()
        };
        let env = read("env.json");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let variables = &env["environment"];
        let credentials = Credentials::new(
            text(&variables["AWS_ACCESS_KEY_ID"]),
            text(&variables["AWS_SECRET_ACCESS_KEY"]),
            None,
            None,
            "local stack",
        );
        let config = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .endpoint_url(text(&variables["AWS_ENDPOINT_URL"]))
            .region(Region::new("us-east-1"))
            .credentials_provider(credentials)
            .load()
            .await;
        let outputs = env["outputs"].as_object().unwrap();
        Self {
            config,
            name: text(&env["stack"]),
            simulator: format!("http://127.0.0.1:{}", read("simulator.json")["port"]),
            outputs: outputs
                .iter()
                .map(|(name, value)| (name.clone(), text(value)))
                .collect(),
        }
    }

    /// The folder of the stack's files.
    pub(crate) fn folder() -> PathBuf {
        let name = std::env::var("TOCSIN_TEST_STACK").unwrap_or_else(|_| {
            panic!("these tests need the local stack: run `make e2e`, which starts it")
        });
        root().join(".local").join(name)
    }

    pub(crate) fn output(&self, name: &str) -> &str {
        &self.outputs[name]
    }

    pub(crate) fn simulator(&self, path: &str) -> String {
        format!("{}{path}", self.simulator)
    }

    pub(crate) fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.config)
    }

    pub(crate) fn lambda(&self) -> aws_sdk_lambda::Client {
        aws_sdk_lambda::Client::new(&self.config)
    }

    /// Puts a body on the alerts queue.
    pub(crate) async fn send(&self, body: &str) {
        self.sqs()
            .send_message()
            .queue_url(self.output("AlertsQueueUrl"))
            .message_body(body)
            .send()
            .await
            .unwrap();
    }

    /// Invokes a function and waits for its answer.
    pub(crate) async fn invoke(&self, function: &str, payload: &Value) -> Value {
        let answer = self
            .lambda()
            .invoke()
            .function_name(format!("{}-{function}", self.name))
            .payload(Blob::new(payload.to_string()))
            .send()
            .await
            .unwrap();
        let said = answer.payload.unwrap();
        let said = String::from_utf8_lossy(said.as_ref()).into_owned();
        assert!(answer.function_error.is_none(), "{function} failed: {said}");
        serde_json::from_str(&said).unwrap()
    }

    /// What the API says of an alert, once `settled` says that it is settled.
    pub(crate) async fn report_when(
        &self,
        alert_id: &str,
        settled: impl Fn(&Value) -> bool,
    ) -> Value {
        let request = json!({"operation": "getAlert", "alertId": alert_id});
        let mut last = Value::Null;
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            last = self.invoke("api", &request).await;
            if settled(&last["ok"]) {
                return last["ok"].clone();
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("the alert {alert_id} was not settled within {PATIENCE:?}: {last:#}");
    }

    /// What the API says of an alert, once its one delivery is in this state.
    pub(crate) async fn delivery_in(&self, alert_id: &str, state: &str) -> Value {
        let report = self
            .report_when(alert_id, |report| report["deliveries"][0]["state"] == state)
            .await;
        assert_eq!(
            report["deliveries"].as_array().unwrap().len(),
            1,
            "{report:#}"
        );
        report["deliveries"][0].clone()
    }

    /// What the simulator got of an alert.
    pub(crate) async fn received(&self, alert_id: &str) -> Vec<Received> {
        let all: Vec<Received> = reqwest::get(self.simulator("/_received"))
            .await
            .unwrap()
            .bytes()
            .await
            .map(|bytes| serde_json::from_slice(&bytes).unwrap())
            .unwrap();
        all.into_iter()
            .filter(|one| one.body.to_string().contains(alert_id))
            .collect()
    }

    /// What the simulator got of an alert, once that is `enough`.
    pub(crate) async fn received_when(
        &self,
        about: &str,
        enough: impl Fn(&[Received]) -> bool,
    ) -> Vec<Received> {
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            let received = self.received(about).await;
            if enough(&received) {
                return received;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("the simulator did not get what was expected about {about} within {PATIENCE:?}");
    }

    /// Takes away a destination that others' alerts would reach as well.
    pub(crate) async fn delete_destination(&self, name: &str) {
        let request = json!({"operation": "deleteDestination", "destination": name});
        let answer = self.invoke("api", &request).await;
        assert!(answer["ok"].is_object(), "{answer:#}");
    }

    /// All functions' logs, each line after its group.
    pub(crate) fn logs(&self) -> String {
        let output = self.python(&["-c", SEARCH_LOGS]);
        String::from_utf8_lossy(&output).into_owned()
    }

    /// The first line of a function's log that is `wanted`, once there is one.
    pub(crate) async fn log_line(&self, function: &str, wanted: impl Fn(&str) -> bool) -> String {
        let group = format!("/aws/lambda/{}-{function} ", self.name);
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            let logs = self.logs();
            let mut lines = logs.lines().filter_map(|line| line.strip_prefix(&group));
            if let Some(line) = lines.find(|line| wanted(line)) {
                return line.to_owned();
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        panic!("{function} did not log what was expected within {PATIENCE:?}");
    }

    /// What a Python with the AWS library that comes with SAM prints.
    fn python(&self, arguments: &[&str]) -> Vec<u8> {
        let output = Command::new(root().join(".local/venv/sam/bin/python"))
            .args(arguments)
            .env("AWS_ENDPOINT_URL", self.config.endpoint_url().unwrap())
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        output.stdout
    }

    /// Has the simulator answer otherwise.
    pub(crate) async fn inject(&self, fault: &Fault) {
        let answer = reqwest::Client::new()
            .put(self.simulator("/_faults"))
            .header("content-type", "application/json")
            .body(serde_json::to_string(fault).unwrap())
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 204);
    }

    /// Waits for a message that `wanted` wants and takes it off the queue; the
    /// others stay for the tests they belong to.
    pub(crate) async fn take_message(
        &self,
        queue_url: &str,
        wanted: impl Fn(&Message) -> bool,
    ) -> Message {
        let sqs = self.sqs();
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            let answer = sqs
                .receive_message()
                .queue_url(queue_url)
                .message_attribute_names("All")
                .message_system_attribute_names(aws_sdk_sqs::types::MessageSystemAttributeName::All)
                .max_number_of_messages(10)
                .wait_time_seconds(1)
                // Seen again soon by the tests running beside.
                .visibility_timeout(1)
                .send()
                .await
                .unwrap();
            for message in answer.messages.unwrap_or_default() {
                if wanted(&message) {
                    sqs.delete_message()
                        .queue_url(queue_url)
                        .receipt_handle(message.receipt_handle.as_deref().unwrap())
                        .send()
                        .await
                        .unwrap();
                    return message;
                }
            }
        }
        panic!("the message did not come to {queue_url} within {PATIENCE:?}");
    }

    /// The configuration of a function's own role.
    pub(crate) async fn in_the_role_of(&self, function: &str) -> SdkConfig {
        let role = self.role_of(function).await;
        let provider = aws_config::sts::AssumeRoleProvider::builder(role)
            .session_name("tests")
            .configure(&self.config)
            .build()
            .await;
        self.config
            .clone()
            .into_builder()
            .credentials_provider(SharedCredentialsProvider::new(provider))
            .build()
    }

    async fn role_of(&self, function: &str) -> String {
        self.lambda()
            .get_function_configuration()
            .function_name(format!("{}-{function}", self.name))
            .send()
            .await
            .unwrap()
            .role
            .unwrap()
    }
}

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// An id that no other test and no earlier run has.
pub(crate) fn unique(label: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let nanos = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_nanos();
    format!("{label}-{nanos:x}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// An alert for these destinations.
pub(crate) fn alert_for(alert_id: &str, destinations: &[&str]) -> Value {
    json!({
        "id": "Tests.EndToEnd", "createdAt": "2026-01-01T00:00:00Z", "severity": "LOW", "type": "RULE",
        "title": format!("Alert {alert_id}"), "alertId": alert_id,
        "routing": {"destinations": destinations},
    })
}

/// The tests' own destinations, all reached by lists only.
async fn prepare(stack: &Stack) {
    let sender_role = stack.role_of("sqs").await;
    let script = root().join("tests/e2e/targets.py");
    let targets = stack.python(&[
        script.to_str().unwrap(),
        "tests.fifo",
        "tests.fifo",
        "tests-by-role",
        "tocsin-tests",
        EXTERNAL_ID,
        &sender_role,
    ]);
    let targets: Value = serde_json::from_slice(&targets).unwrap();
    let webhook =
        |path: &str| json!({"url": stack.simulator(path), "headers": {"Authorization": PLANTED}});
    let destinations = [
        (
            "e2e-plain",
            "webhook",
            json!({}),
            Some(webhook("/hook/plain")),
        ),
        (
            "e2e-faulty",
            "webhook",
            json!({}),
            Some(webhook(&format!("/hook/faulty/{PLANTED}"))),
        ),
        (
            "e2e-gone",
            "webhook",
            json!({}),
            Some(webhook("/nobody/here")),
        ),
        (
            "e2e-picky",
            "webhook",
            json!({}),
            Some(webhook("/hook/picky")),
        ),
        (
            "e2e-slack",
            "slack",
            json!({}),
            Some(json!({"webhookUrl": stack.simulator("/services/T1/B1/e2e")})),
        ),
        (
            "e2e-topic-fifo",
            "sns",
            json!({"topicArn": targets["topic"]}),
            None,
        ),
        (
            "e2e-queue-fifo",
            "sqs",
            json!({"queueUrl": targets["queue"], "messageGroupId": "tests"}),
            None,
        ),
        (
            "e2e-queue-by-role",
            "sqs",
            json!({
                "queueUrl": targets["queueByRole"], "region": "us-east-1",
                "assumeRoleArn": "arn:aws:iam::000000000000:role/tocsin-tests", "externalId": EXTERNAL_ID,
            }),
            None,
        ),
        (
            "e2e-queue-forbidden",
            "sqs",
            json!({"queueUrl": targets["queueByRole"], "region": "us-east-1"}),
            None,
        ),
    ];
    for (name, provider, settings, secret) in destinations {
        let mut request = json!({
            "operation": "addDestination", "actor": "tests",
            "destination": {"displayName": name, "type": provider, "settings": settings},
        });
        if let Some(secret) = secret {
            request["secret"] = secret;
        }
        let answer = stack.invoke("api", &request).await;
        let known = answer["error"]["code"] == "CONFLICT";
        assert!(known || answer["ok"].is_object(), "{name}: {answer:#}");
    }
}
