//! The stack: its API function and its alerts queue, found by their names.

mod hint;

use anyhow::{Context, anyhow, bail};
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_lambda::config::{ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_lambda::primitives::Blob;
use tocsin_api::{Answer, Operation, Request};

use crate::args::Target;
use crate::exit::Usage;
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
        let mut config = loader.load().await;
        if let Some(profile) = &target.profile {
            config = with_profile(config, profile).await?;
        }
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
        let mut invoke = self
            .lambda
            .invoke()
            .function_name(&function)
            .payload(Blob::new(serde_json::to_vec(&request)?))
            .customize();
        if !may_be_repeated(&request) {
            let once = aws_sdk_lambda::config::Builder::new().retry_config(RetryConfig::disabled());
            invoke = invoke.config_override(once);
        }
        let answer = invoke
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
            Answer::Error(error) => {
                let field = error.field.clone();
                match field.filter(|field| !error.message.contains(field.as_str())) {
                    Some(field) => Err(anyhow!(error).context(field)),
                    None => Err(anyhow!(error)),
                }
            }
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

    /// What AWS said, and what to do about it.
    fn explain<E, R>(&self, error: &SdkError<E, R>) -> anyhow::Error
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        R: std::fmt::Debug + 'static,
    {
        let mut said = Vec::new();
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(error) = cause {
            said.push(error.to_string());
            cause = error.source();
        }
        said.dedup();
        let said = said.join(": ");
        match hint::of(&said, error.code(), &self.name) {
            Some(hint) => anyhow!("{said} ({hint})"),
            None => anyhow!(said),
        }
    }
}

/// The same with the credentials of this profile, even where variables give
/// others: who names a profile means it.
async fn with_profile(config: SdkConfig, profile: &str) -> anyhow::Result<SdkConfig> {
    let provider = ProfileFileCredentialsProvider::builder()
        .profile_name(profile)
        .configure(&ProviderConfig::without_region().with_region(config.region().cloned()))
        .build();
    let provider = SharedCredentialsProvider::new(provider);
    // Asked for once before anything is done: a misspelt name is the likeliest error.
    provider.provide_credentials().await.map_err(|error| {
        let mut said = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            said = format!("{said}: {error}");
            cause = error.source();
        }
        Usage::error(format!(
            "the profile {profile:?} gives no credentials: {said} (`aws configure list-profiles` lists the profiles there are; `aws sso login --profile {profile}` signs in)"
        ))
    })?;
    Ok(config.into_builder().credentials_provider(provider).build())
}

/// Whether a request may be sent again when its answer was lost: of these, each
/// would do one thing more.
fn may_be_repeated(request: &Request) -> bool {
    !matches!(
        request,
        Request::AddDestination(_)
            | Request::SendTestAlert(_)
            | Request::ResendAlert(_)
            | Request::RedriveDeadLetters(_)
    )
}

/// Who does this, for the record: the name that the machine knows them by.
pub(crate) fn actor() -> Option<String> {
    ["USER", "LOGNAME", "USERNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok())
        .filter(|name| !name.is_empty())
}
