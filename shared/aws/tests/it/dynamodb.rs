//! `DynamoDB` inside this process: the crate `dynoxide-rs`, whose answers are checked
//! against the real service's. The SDK's client calls it in place of HTTP.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::time::SystemTimeSource;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use dynoxide::Database;
use dynoxide::errors::DynoxideError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tocsin_aws::{Clients, DestinationStore, Ledger};

const TABLE: &str = "ledger";

const DESTINATIONS: &str = "destinations";

/// An empty ledger, and no destinations, in tables like the template's.
#[derive(Clone)]
pub(crate) struct DynamoDb(Arc<Database>);

impl DynamoDb {
    pub(crate) fn new() -> Self {
        let database = Database::memory().unwrap();
        let keys = [
            "alertId",
            "item",
            "day",
            "receivedAt",
            "attention",
            "attentionSince",
            "outbox",
            "due",
        ];
        let attributes = keys.map(|key| json!({"AttributeName": key, "AttributeType": "S"}));
        let table = json!({
            "TableName": TABLE,
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [
                {"AttributeName": "alertId", "KeyType": "HASH"},
                {"AttributeName": "item", "KeyType": "RANGE"},
            ],
            "AttributeDefinitions": attributes,
            "GlobalSecondaryIndexes": [
                index("attention", ["attention", "attentionSince"], &["displayName", "provider", "state", "detectionId", "title", "severity"]),
                index("timeline", ["day", "receivedAt"], &["title", "severity", "detectionId", "type", "disposition"]),
                index("due", ["outbox", "due"], &["detectionId"]),
            ],
        });
        database
            .create_table(serde_json::from_value(table).unwrap())
            .unwrap();
        let table = json!({
            "TableName": DESTINATIONS,
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{"AttributeName": "destinationId", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "destinationId", "AttributeType": "S"}],
        });
        database
            .create_table(serde_json::from_value(table).unwrap())
            .unwrap();
        Self(Arc::new(database))
    }

    pub(crate) fn destinations(&self) -> DestinationStore {
        DestinationStore::new(&Clients::of(self.config()), DESTINATIONS)
    }

    pub(crate) fn ledger(&self) -> Ledger {
        let clients = Clients::of(self.config());
        Ledger::new(&clients, TABLE, Duration::from_hours(24))
    }

    /// Writes an item in its JSON form, as another version would.
    pub(crate) fn put(&self, item: &Value) {
        let request = json!({"TableName": TABLE, "Item": item});
        self.0
            .put_item(serde_json::from_value(request).unwrap())
            .unwrap();
    }

    /// An item in its JSON form; `null` if there is none.
    pub(crate) fn item(&self, alert_id: &str, item: &str) -> Value {
        let key = json!({"alertId": {"S": alert_id}, "item": {"S": item}});
        let request = json!({"TableName": TABLE, "Key": key});
        let answer = self
            .0
            .get_item(serde_json::from_value(request).unwrap())
            .unwrap();
        serde_json::to_value(answer).unwrap()["Item"].take()
    }

    fn config(&self) -> SdkConfig {
        let connector = SharedHttpConnector::new(self.clone());
        let credentials = Credentials::new("AKIATEST", "planted", None, None, "test");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .retry_config(RetryConfig::disabled())
            .time_source(SystemTimeSource::new())
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build()
    }

    fn answer(&self, operation: &str, body: &[u8]) -> (u16, String) {
        let database = &self.0;
        match operation {
            "BatchExecuteStatement" => run(body, |one| database.batch_execute_statement(one)),
            "BatchGetItem" => run(body, |one| database.batch_get_item(one)),
            "GetItem" => run(body, |one| database.get_item(one)),
            "Query" => run(body, |one| database.query(one)),
            "Scan" => run(body, |one| database.scan(one)),
            "TransactWriteItems" => run(body, |one| database.transact_write_items(one)),
            other => panic!("neither the ledger nor the destinations need {other}"),
        }
    }
}

fn index(name: &str, [hash, range]: [&str; 2], attributes: &[&str]) -> Value {
    json!({
        "IndexName": name,
        "KeySchema": [
            {"AttributeName": hash, "KeyType": "HASH"},
            {"AttributeName": range, "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": attributes},
    })
}

fn run<Q: DeserializeOwned, A: Serialize>(
    body: &[u8],
    call: impl FnOnce(Q) -> Result<A, DynoxideError>,
) -> (u16, String) {
    match call(serde_json::from_slice(body).unwrap()) {
        Ok(answer) => (200, serde_json::to_string(&answer).unwrap()),
        Err(error) => (error.status_code(), error.to_json()),
    }
}

impl fmt::Debug for DynamoDb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DynamoDb")
    }
}

impl HttpConnector for DynamoDb {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let (_, operation) = target.split_once('.').unwrap();
        let (status, body) = self.answer(operation, request.body().bytes().unwrap_or_default());
        let status = StatusCode::try_from(status).unwrap();
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(body))))
    }
}
