//! The stack: its API function and its alerts queue, found by their names.

use anyhow::{Context, anyhow, bail};
use aws_config::{BehaviorVersion, Region};
use aws_sdk_lambda::primitives::Blob;
use tocsin_api::{Answer, Operation, Request};

use crate::args::Target;
use crate::samconfig::SamConfig;

/// What a stack is called unless somebody says otherwise.
const USUAL_NAME: &str = "tocsin";

/// Variables that tell the AWS SDK the region.
const REGION_VARIABLES: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];

/// A deployed stack.
pub(crate) struct Stack {
    name: String,
    lambda: aws_sdk_lambda::Client,
    sqs: aws_sdk_sqs::Client,
}

impl Stack {
    /// Reads the configuration; calls nothing. What is given by flags and
    /// variables wins over samconfig.toml, and that over what else AWS knows.
    pub(crate) async fn connect(target: &Target) -> anyhow::Result<Self> {
        let region_given = target.region.is_some()
            || REGION_VARIABLES
                .iter()
                .any(|name| std::env::var_os(name).is_some());
        // A broken file is nobody's concern when nothing is wanted of it.
        let sam = if target.stack.is_some() && region_given {
            SamConfig::default()
        } else {
            SamConfig::nearest(&std::env::current_dir()?)?
        };
        let region = match &target.region {
            Some(region) => Some(region.clone()),
            None if region_given => None,
            None => sam.region,
        };
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12());
        if let Some(region) = region {
            loader = loader.region(Region::new(region));
        }
        if let Some(profile) = &target.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(url) = &target.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        let name = target.stack.clone().or(sam.stack);
        let config = loader.load().await;
        Ok(Self {
            name: name.unwrap_or_else(|| USUAL_NAME.to_owned()),
            lambda: aws_sdk_lambda::Client::new(&config),
            sqs: aws_sdk_sqs::Client::new(&config),
        })
    }

    /// Asks the API function.
    pub(crate) async fn ask<O: Operation>(&self, operation: O) -> anyhow::Result<O::Answer> {
        let request: Request = operation.into();
        let function = format!("{}-api", self.name);
        let answer = self
            .lambda
            .invoke()
            .function_name(&function)
            .payload(Blob::new(serde_json::to_vec(&request)?))
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
        let unexpected = || {
            format!(
                "the function {function} answered something else than this version of tocsin expects; deploy the stack again or use the matching tocsin"
            )
        };
        match serde_json::from_slice(payload.as_ref()).with_context(unexpected)? {
            Answer::Ok(value) => serde_json::from_value(value).with_context(unexpected),
            Answer::Error(error) => Err(anyhow!(error)),
        }
    }

    /// Puts a message on the alerts queue.
    pub(crate) async fn enqueue(&self, body: &str) -> anyhow::Result<()> {
        let queue = format!("{}-alerts", self.name);
        let url = self
            .sqs
            .get_queue_url()
            .queue_name(&queue)
            .send()
            .await
            .map_err(|error| self.explain(&error))
            .with_context(|| format!("the queue {queue} was not found"))?
            .queue_url
            .context("SQS gave no URL for the alerts queue")?;
        self.sqs
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

/// Who does this, for the record: the name that the machine knows them by.
pub(crate) fn actor() -> Option<String> {
    ["USER", "LOGNAME", "USERNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok())
        .filter(|name| !name.is_empty())
}
