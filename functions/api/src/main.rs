//! The API function.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use tocsin_api::Api;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let api = Api::start().await?;
    let api = &api;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        Ok::<_, Error>(api.handle(event.payload).await)
    }))
    .await
}
