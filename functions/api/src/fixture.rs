//! An API without a stack, for tests: the ledger is in memory, the destinations come
//! from a file, and AWS is a fake.

use serde_json::{Value, json};
use tocsin_aws::{Clients, DestinationStore, Env, Queue, SecretStore};
use tocsin_testing::aws::{Answer, Replay};

use crate::Api;

/// An API with these destinations, and its retry queue, which takes a message.
pub(crate) async fn api(destinations: &Value) -> (Api, Replay) {
    let name = format!("tocsin-api-{}.json", uuid::Uuid::new_v4());
    let file = std::env::temp_dir().join(name);
    let offline = json!({"destinations": destinations, "secrets": {}});
    std::fs::write(&file, offline.to_string()).unwrap();
    let queue = "https://sqs.example.com/123456789012/tests-retry".to_owned();
    let queues = [
        "TOCSIN_ALERTS_QUEUE_URL",
        "TOCSIN_ALERTS_DLQ_URL",
        "TOCSIN_RETRY_QUEUE_URL",
        "TOCSIN_RETRY_DLQ_URL",
        "TOCSIN_FAILED_HAND_OVERS_URL",
    ];
    let queues = queues.map(|name| (name, queue.as_str()));
    let others = [
        ("TOCSIN_STACK", "tests"),
        ("TOCSIN_DESTINATIONS_TABLE", "tests-destinations"),
        ("TOCSIN_LEDGER_TABLE", "tests-ledger"),
        ("TOCSIN_OFFLINE", file.to_str().unwrap()),
    ];
    let env: Env = queues
        .into_iter()
        .chain(others)
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let mut api = Api::of(&env).await.unwrap();
    std::fs::remove_file(&file).unwrap();
    let taken =
        r#"{"Successful": [{"Id": "0", "MessageId": "m", "MD5OfMessageBody": ""}], "Failed": []}"#;
    let sent = Replay::of(vec![Answer::new(200, taken)]);
    api.queues.retries = Queue::new(&Clients::of(sent.config()), queue);
    (api, sent)
}

/// An API whose destinations' table and secrets answer like this, one call after the
/// other. The first call is always the read of the table: see [`table`].
pub(crate) async fn api_with_aws(answers: Vec<Answer>) -> (Api, Replay) {
    let (mut api, _) = api(&json!([])).await;
    let aws = Replay::of(answers);
    let clients = Clients::of(aws.config());
    api.store = DestinationStore::new(&clients, "tests-destinations");
    api.secrets = SecretStore::new(&clients);
    (api, aws)
}

/// The whole table, with these items.
pub(crate) fn table(items: &[Value]) -> Answer {
    let items: Vec<Value> = items
        .iter()
        .map(|item| attribute(item)["M"].take())
        .collect();
    Answer::new(
        200,
        json!({"Items": items, "Count": items.len()}).to_string(),
    )
}

/// A value as DynamoDB writes it.
fn attribute(value: &Value) -> Value {
    match value {
        Value::Null => json!({"NULL": true}),
        Value::Bool(yes) => json!({"BOOL": yes}),
        Value::Number(number) => json!({"N": number.to_string()}),
        Value::String(text) => json!({"S": text}),
        Value::Array(list) => json!({"L": list.iter().map(attribute).collect::<Vec<_>>()}),
        Value::Object(map) => {
            let members = map.iter().map(|(name, one)| (name.clone(), attribute(one)));
            json!({"M": members.collect::<serde_json::Map<_, _>>()})
        }
    }
}
