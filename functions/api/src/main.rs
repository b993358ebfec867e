//! The API function.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::value::RawValue;
use tocsin_api::Api;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let api = Api::start().await?;
    let api = &api;
    // As text: a tree of values would have the runtime refuse what is nested deeply.
    lambda_runtime::run(service_fn(
        move |event: LambdaEvent<Box<RawValue>>| async move {
            Ok::<_, Error>(api.handle(&event.payload).await)
        },
    ))
    .await
}
