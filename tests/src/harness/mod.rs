//! # The deployed stack, as the end-to-end and chaos tests see it
//!
//! [`Stack`] knows the local stack that `TOCSIN_TEST_STACK` names: its AWS clients,
//! its API, its simulator. Methods that wait end with a panic when what they wait
//! for does not happen within a minute and a half.

mod destinations;
mod samples;
mod simulator;
mod waiting;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_lambda::primitives::Blob;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

pub use samples::{Receipt, Sample, providers, samples};

/// In every planted secret, so that a leak can be searched for.
pub const PLANTED: &str = "PLANTED-c0ffee-PLANTED";

/// The FIFO topic and the FIFO queue that the stack of the tests may send to, as in
/// `tests/local/test_fixtures.py`.
pub const FIFO: &str = "tests.fifo";

/// The local stack and everything a test asks of it.
#[derive(Debug)]
pub struct Stack {
    /// The configuration of AWS clients that may do everything.
    pub config: SdkConfig,
    /// The stack's name: functions are called `<name>-<function>`.
    pub name: String,
    simulator: String,
    outputs: HashMap<String, String>,
}

/// Whether the stack sweeps by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// Only when a test asks for it.
    Off,
    /// Every minute, as deployed.
    On,
}

impl Stack {
    /// The stack, with the tests' destinations in force.
    pub async fn ready() -> Self {
        static PREPARED: OnceCell<()> = OnceCell::const_new();
        let stack = Self::connect().await;
        PREPARED.get_or_init(|| destinations::prepare(&stack)).await;
        stack
    }

    /// The stack as it is.
    pub async fn connect() -> Self {
        let env = Self::file("env.json");
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
            .region(Region::new(text(&variables["AWS_REGION"])))
            .credentials_provider(credentials)
            .load()
            .await;
        let outputs = env["outputs"].as_object().unwrap();
        Self {
            config,
            name: text(&env["stack"]),
            simulator: format!("http://127.0.0.1:{}", Self::file("simulator.json")["port"]),
            outputs: outputs
                .iter()
                .map(|(name, value)| (name.clone(), text(value)))
                .collect(),
        }
    }

    /// The folder of the stack's files.
    #[must_use]
    pub fn folder() -> PathBuf {
        let name = std::env::var("TOCSIN_TEST_STACK").unwrap_or_else(|_| {
            panic!("these tests need the local stack: run `make e2e`, which starts it")
        });
        root().join(".local").join(name)
    }

    /// The content of one of the stack's JSON files.
    #[must_use]
    pub fn file(name: &str) -> Value {
        let text = std::fs::read_to_string(Self::folder().join(name)).unwrap_or_else(|error| {
            panic!("the local stack is not up ({name}: {error}): run `make e2e`")
        });
        serde_json::from_str(&text).unwrap()
    }

    /// The environment variables that point a command at the stack.
    #[must_use]
    pub fn environment() -> Vec<(String, String)> {
        let env = Self::file("env.json");
        let variables = env["environment"].as_object().unwrap().iter();
        variables
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
            .collect()
    }

    /// An output of the template.
    #[must_use]
    pub fn output(&self, name: &str) -> &str {
        &self.outputs[name]
    }

    /// A client of SQS.
    #[must_use]
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.config)
    }

    /// A client of Lambda.
    #[must_use]
    pub fn lambda(&self) -> aws_sdk_lambda::Client {
        aws_sdk_lambda::Client::new(&self.config)
    }

    /// Puts a body on the alerts queue.
    pub async fn send(&self, body: &str) {
        self.put_on("AlertsQueueUrl", body).await;
    }

    /// Puts a message on the retry queue.
    pub async fn send_to_retry_queue(&self, message: &Value) {
        self.put_on("RetryQueueUrl", &message.to_string()).await;
    }

    /// Asks for a sweep now, and not at the next minute.
    pub async fn sweep(&self) {
        self.send_to_retry_queue(&json!({"sweep": {}})).await;
    }

    async fn put_on(&self, queue: &str, body: &str) {
        self.sqs()
            .send_message()
            .queue_url(self.output(queue))
            .message_body(body)
            .send()
            .await
            .unwrap();
    }

    /// Invokes the router with alerts as its event source does: in a batch of their own,
    /// so that faults of that batch affect no others.
    pub async fn route(&self, alerts: &[Value]) {
        let queue = self.output("AlertsQueueArn");
        self.invoke_router(queue, alerts).await;
    }

    /// Invokes the router as the event source of the retry queue does.
    pub async fn route_from_retry_queue(&self, message: &Value) {
        let alerts = self.output("AlertsQueueArn");
        let queue = alerts.strip_suffix("-alerts").unwrap();
        let messages = std::slice::from_ref(message);
        self.invoke_router(&format!("{queue}-retry"), messages)
            .await;
    }

    async fn invoke_router(&self, queue_arn: &str, messages: &[Value]) {
        let record = |message: &Value| {
            json!({
                "messageId": unique("message"), "body": message.to_string(),
                "eventSource": "aws:sqs", "eventSourceARN": queue_arn,
            })
        };
        let records: Vec<_> = messages.iter().map(record).collect();
        let answer = self.invoke("router", &json!({"Records": records})).await;
        assert_eq!(answer["batchItemFailures"], json!([]));
    }

    /// Stops or starts the schedule of the sweeps.
    pub fn schedule_sweeps(&self, schedule: Schedule) {
        let command = match schedule {
            Schedule::Off => "disable-rule",
            Schedule::On => "enable-rule",
        };
        Self::script("aws_client.py", &[command, &format!("{}-sweep", self.name)]);
    }

    /// Invokes a function and waits for its answer; panics when the function fails.
    pub async fn invoke(&self, function: &str, payload: &Value) -> Value {
        let answer = self
            .lambda()
            .invoke()
            .function_name(format!("{}-{function}", self.name))
            .payload(Blob::new(payload.to_string()))
            .send()
            .await
            .unwrap();
        let text = answer.payload.unwrap();
        let text = String::from_utf8_lossy(text.as_ref()).into_owned();
        assert!(answer.function_error.is_none(), "{function} failed: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// The logs of all functions, each line after the name of its log group.
    #[must_use]
    pub fn logs() -> String {
        let output = Self::script("aws_client.py", &["logs"]);
        String::from_utf8_lossy(&output).into_owned()
    }

    /// The output of a script in `tests/local` that needs SAM's Python.
    fn script(name: &str, arguments: &[&str]) -> Vec<u8> {
        let output = Command::new(root().join(".local/venv/sam/bin/python"))
            .arg(root().join("tests/local").join(name))
            .args(arguments)
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .envs(Self::environment())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{name}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        output.stdout
    }

    /// The configuration of clients that have a function's role.
    pub async fn in_the_role_of(&self, function: &str) -> SdkConfig {
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

    /// The ARN of a function's role.
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

/// The root of the repository.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// An id that no other test and no earlier run has.
#[must_use]
pub fn unique(label: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let nanos = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_nanos();
    format!("{label}-{nanos:x}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// An alert for these destinations.
#[must_use]
pub fn alert_for(alert_id: &str, destinations: &[&str]) -> Value {
    json!({
        "id": "Tests.EndToEnd", "createdAt": "2026-01-01T00:00:00Z", "severity": "LOW", "type": "RULE",
        "title": format!("Alert {alert_id}"), "alertId": alert_id,
        "routing": {"destinations": destinations},
    })
}
