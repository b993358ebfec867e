//! The destinations' table.

use serde_json::json;
use tocsin_aws::{RevisionConflict, StoreError, StoredDestination};
use tocsin_core::destination::Destination;

use crate::dynamodb::DynamoDb;

fn destination(revision: u64) -> Destination {
    let json = json!({
        "destinationId": "7a0b0b5c-1f0e-4b8e-9f05-a3ad4a9b0d11", "displayName": "one",
        "type": "slack", "createdAt": "2026-01-01T00:00:00Z", "createdBy": "a",
        "updatedAt": "2026-01-01T00:00:00Z", "updatedBy": "b", "revision": revision,
    });
    serde_json::from_value(json).unwrap()
}

#[tokio::test]
async fn a_destination_is_confirmed_until_somebody_changes_it() {
    let store = DynamoDb::new().destinations();
    let (first, second) = (destination(1), destination(2));
    store
        .add(&StoredDestination::from(first.clone()))
        .await
        .unwrap();
    store.confirm(&first).await.unwrap();
    let all = store.stored().await.unwrap();
    assert_eq!(all, [StoredDestination::from(first.clone())]);

    let changed = StoredDestination::from(second.clone());
    store.replace(&first, &changed).await.unwrap();
    let Err(StoreError::RevisionConflict(conflict)) = store.confirm(&first).await else {
        panic!("it has another revision");
    };
    assert_eq!(*conflict, RevisionConflict::of(&second));
    store.confirm(&second).await.unwrap();

    store.remove(&second).await.unwrap();
    let Err(StoreError::RevisionConflict(conflict)) = store.confirm(&second).await else {
        panic!("it is deleted");
    };
    assert_eq!(*conflict, RevisionConflict::Deleted);
}
