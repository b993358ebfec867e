//! The memory that the worst batch takes: ten alerts with contexts of 200 KiB, each to
//! destinations of four providers. Alone in its process, whose peak is measured.

use std::fs;
use std::process::Command;
use std::time::{Duration, SystemTime};

use aws_lambda_events::event::sqs::SqsEvent;
use serde_json::{Value, json};
use tocsin_aws::Clients;
use tocsin_router::{Config, Router};
use tocsin_testing::aws::{Answer, Replay};

const ALERTS: usize = 10;
const CONTEXT: usize = 200 * 1024;
const PROVIDERS: [&str; 4] = ["jira", "pagerduty", "slack", "webhook"];

/// The most that the batch may take in addition to what the process has with the
/// event, in MiB. It takes 20, of which the fake AWS, which keeps the calls, has some 9.
const LIMIT: usize = 40;

/// The contexts, each of 200 KiB. They are made as text, because memory that a test
/// takes and frees would hide what the router takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Context {
    /// Its tree of values is as large as can be: an object for each seven bytes.
    Tree,
    /// It does not compress: digits of random numbers.
    Random,
}

impl Context {
    const ALL: [Self; 2] = [Self::Tree, Self::Random];

    fn text(self, number: usize) -> String {
        match self {
            Self::Tree => {
                let objects = vec![r#"{"":0}"#; CONTEXT / 7 - 10].join(",");
                format!(r#"{{"a":[{objects}]}}"#)
            }
            Self::Random => {
                // Printable, without a quotation mark or a backslash.
                let mut random = number as u64 + 1;
                let next = |_| {
                    random ^= random << 13;
                    random ^= random >> 7;
                    random ^= random << 17;
                    char::from(b'#' + (random % 57) as u8)
                };
                let text: String = (0..CONTEXT - 20).map(next).collect();
                format!(r#"{{"a":"{text}"}}"#)
            }
        }
    }
}

fn batch(context: Context) -> serde_json::Result<SqsEvent> {
    let record = |number: usize| {
        let mut alert = tocsin_testing::full_json();
        alert["alertId"] = json!(format!("alert-{number}"));
        alert["alertContext"] = json!("CONTEXT");
        let body = alert
            .to_string()
            .replace(r#""CONTEXT""#, &context.text(number));
        json!({
            "messageId": number.to_string(), "body": body,
            "eventSourceARN": "arn:alerts", "attributes": {"SentTimestamp": "1767225600000"},
        })
    };
    let records: Vec<_> = (0..ALERTS).map(record).collect();
    serde_json::from_value(json!({"Records": records}))
}

/// The destinations' table: one destination of each provider.
fn destinations() -> Value {
    let item = |(at, provider): (usize, &&str)| {
        json!({
            "destinationId": {"S": format!("7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d{at:02}")},
            "displayName": {"S": provider}, "type": {"S": provider},
            "severities": {"L": [{"S": "HIGH"}]},
            "createdAt": {"S": "2026-01-01T00:00:00Z"}, "createdBy": {"S": "a"},
            "updatedAt": {"S": "2026-01-01T00:00:00Z"}, "updatedBy": {"S": "a"},
            "revision": {"N": "1"},
        })
    };
    let items: Vec<_> = PROVIDERS.iter().enumerate().map(item).collect();
    json!({"Items": items, "Count": items.len(), "ScannedCount": items.len()})
}

/// What AWS answers, in the order of the calls.
fn answers() -> Vec<Answer> {
    let json = |body: &Value| {
        Answer::new(200, body.to_string()).header("content-type", "application/x-amz-json-1.0")
    };
    let written = |statements: usize| json(&json!({"Responses": vec![json!({}); statements]}));
    let mut answers = vec![
        json(&destinations()),
        written(ALERTS),
        json(&json!({"Responses": {"ledger": []}, "UnprocessedKeys": {}})),
        written(25),
        written(ALERTS * PROVIDERS.len() - 25),
    ];
    // Four alerts fit into a payload: three invokes of each sender.
    answers.extend(vec![Answer::new(202, ""); 3 * PROVIDERS.len()]);
    answers
}

fn config() -> Config {
    Config {
        destinations_table: "destinations".to_owned(),
        ledger_table: "ledger".to_owned(),
        retention: Duration::from_hours(24),
        alerts_dlq_url: "https://sqs.test/alerts-dlq".to_owned(),
        retry_dlq_url: "https://sqs.test/retry-dlq".to_owned(),
        retry_queue_url: "https://sqs.test/retry".to_owned(),
        retry_queue_arn: "arn:retry".to_owned(),
        sender_prefix: "tocsin-".to_owned(),
        default_destination: None,
    }
}

/// A line of the process's status, in MiB.
fn status(name: &str) -> Option<usize> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(name))?;
    let kib: usize = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024)
}

/// Names the context of a process that measures.
const MEASURED: &str = "TOCSIN_TEST_CONTEXT";

/// The peak of each context is measured in a process of its own: memory that the first
/// one has freed would hide what the second one takes.
#[test]
fn the_worst_batch_takes_some_tens_of_mib() {
    if let Ok(measured) = std::env::var(MEASURED) {
        let is_measured = |one: &Context| format!("{one:?}") == measured;
        measure(Context::ALL.into_iter().find(is_measured).unwrap());
        return;
    }
    for context in Context::ALL {
        let process = Command::new(std::env::current_exe().unwrap())
            .args(["--nocapture", "--test-threads", "1"])
            .env(MEASURED, format!("{context:?}"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&process.stdout);
        let failed = String::from_utf8_lossy(&process.stderr);
        assert!(process.status.success(), "{context:?}: {said}{failed}");
        assert!(said.contains("MiB"), "{context:?}: {said}");
        print!("{said}");
    }
}

#[expect(clippy::unwrap_used, reason = "part of the test")]
fn measure(context: Context) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let aws = Replay::of(answers());
    let event = batch(context).unwrap();
    // The peak so far is forgotten: building the batch is not measured.
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = status("VmRSS").unwrap();
    let response = runtime.block_on(async {
        let router = Router::new(&Clients::of(aws.config()), config());
        let deadline = SystemTime::now() + Duration::from_mins(5);
        router.handle(event, deadline).await
    });
    let peak = status("VmHWM").unwrap() - before;
    println!("{context:?}: {peak} MiB in addition to {before} MiB");
    assert!(response.batch_item_failures.is_empty(), "{response:?}");
    let invokes = aws.asked();
    let invokes = invokes
        .iter()
        .filter(|call| call.url.contains("/functions/tocsin-"));
    assert_eq!(invokes.count(), 3 * PROVIDERS.len());
    assert!(peak <= LIMIT, "{peak} MiB");
}
