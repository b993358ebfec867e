//! The stack: its API function and its alerts queue, found by their names.

use anyhow::{Context, anyhow, bail};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_lambda::primitives::Blob;
use serde_json::Value;
use tocsin_api::{Answer, Request};

use crate::args::Target;

/// A deployed stack.
pub(crate) struct Stack {
    name: String,
    config: SdkConfig,
}

impl Stack {
    /// Reads the AWS configuration; calls nothing.
    pub(crate) async fn connect(target: &Target) -> Self {
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12());
        if let Some(region) = &target.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(profile) = &target.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(url) = &target.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        Self {
            name: target.stack.clone(),
            config: loader.load().await,
        }
    }

    /// Asks the API function.
    pub(crate) async fn call(&self, request: &Request) -> anyhow::Result<Value> {
        let function = format!("{}-api", self.name);
        let answer = aws_sdk_lambda::Client::new(&self.config)
            .invoke()
            .function_name(&function)
            .payload(Blob::new(serde_json::to_vec(request)?))
            .send()
            .await
            .map_err(|error| self.explain(&error))
            .with_context(|| format!("the function {function} could not be invoked"))?;
        let payload = answer.payload.unwrap_or_else(|| Blob::new([]));
        if answer.function_error.is_some() {
            bail!(
                "the function {function} failed: {}; its log group says more",
                String::from_utf8_lossy(payload.as_ref())
            );
        }
        match serde_json::from_slice(payload.as_ref())
            .with_context(|| format!("the function {function} answered something else than this version of tocsin expects; deploy the stack again or use the matching tocsin"))?
        {
            Answer::Ok(value) => Ok(value),
            Answer::Error(error) => Err(anyhow!(error)),
        }
    }

    /// Puts a message on the alerts queue.
    pub(crate) async fn enqueue(&self, body: &str) -> anyhow::Result<()> {
        let client = aws_sdk_sqs::Client::new(&self.config);
        let queue = format!("{}-alerts", self.name);
        let url = client
            .get_queue_url()
            .queue_name(&queue)
            .send()
            .await
            .map_err(|error| self.explain(&error))
            .with_context(|| format!("the queue {queue} was not found"))?
            .queue_url
            .context("SQS gave no URL for the alerts queue")?;
        client
            .send_message()
            .queue_url(url)
            .message_body(body)
            .send()
            .await
            .map_err(|error| self.explain(&error))
            .with_context(|| format!("the queue {queue} did not take the alert"))?;
        Ok(())
    }

    fn explain<E: std::error::Error + 'static>(&self, error: &E) -> anyhow::Error {
        let mut said = Vec::new();
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(error) = cause {
            said.push(error.to_string());
            cause = error.source();
        }
        said.dedup();
        anyhow!(
            "{} (is the stack {:?} deployed in this account and region? see --stack, --region, --profile)",
            said.join(": "),
            self.name
        )
    }
}
