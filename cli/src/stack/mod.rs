//! The stack: its API function and its alerts queue, found by their names.

mod hint;

use anyhow::{Context, anyhow, bail};
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_lambda::config::{ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_lambda::operation::invoke::{InvokeError, InvokeOutput};
use aws_sdk_lambda::primitives::Blob;
use tocsin_api_types::{Access, Answer, Operation, Request};
use tocsin_core::json::for_queue;

use crate::args::Target;
use crate::samconfig::SamConfig;
use crate::usage::Usage;

/// The default name of a stack.
const DEFAULT_NAME: &str = "tocsin";

/// Variables from which the AWS SDK reads the region.
const REGION_VARIABLES: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];

/// A deployed stack.
pub(crate) struct Stack {
    name: String,
    lambda: aws_sdk_lambda::Client,
    sqs: aws_sdk_sqs::Client,
}

impl Stack {
    /// Reads the configuration; calls nothing. Flags and variables win over
    /// samconfig.toml, which wins over the configuration of the AWS CLI.
    pub(crate) async fn connect(target: &Target) -> anyhow::Result<Self> {
        let region_given = target.region.is_some()
            || REGION_VARIABLES
                .iter()
                .any(|name| std::env::var_os(name).is_some());
        // A broken file must not matter if nothing is read from it.
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
            name: name.unwrap_or_else(|| DEFAULT_NAME.to_owned()),
            lambda: aws_sdk_lambda::Client::new(&config),
            sqs: aws_sdk_sqs::Client::new(&config),
        })
    }

    /// Sends a request to the API function; one that only reads, to the function for these
    /// where the first may not be invoked.
    pub(crate) async fn ask<O: Operation>(&self, operation: O) -> anyhow::Result<O::Answer> {
        let request: Request = operation.into();
        let mut function = format!("{}-api", self.name);
        let mut answer = self.invoke(&function, &request).await;
        if request.access() == Access::Read
            && let Err(error) = &answer
            && error.code() == Some("AccessDeniedException")
        {
            let reader = format!("{}-api-read", self.name);
            let read = self.invoke(&reader, &request).await;
            // The advice of the first error names the usual permission.
            if read.is_ok() {
                (function, answer) = (reader, read);
            }
        }
        let answer = answer
            .map_err(|error| self.explain(&error))
            .with_context(|| format!("the function {function} could not be invoked"))?;
        let payload = answer.payload.unwrap_or_else(|| Blob::new([]));
        if answer.function_error.is_some() {
            bail!(
                "the function {function} failed: {}; see its log group",
                String::from_utf8_lossy(payload.as_ref())
            );
        }
        let unexpected = || {
            format!(
                "the function {function} gave an answer that this version of tocsin does not understand; update the stack, or use the tocsin of its version"
            )
        };
        let Answer(answer) = serde_json::from_slice(payload.as_ref()).with_context(unexpected)?;
        match answer {
            Ok(value) => serde_json::from_str(value.get()).with_context(unexpected),
            Err(error) => {
                let field = error.field.clone();
                match field.filter(|field| !error.message.contains(field.as_str())) {
                    Some(field) => Err(anyhow!(error).context(field)),
                    None => Err(anyhow!(error)),
                }
            }
        }
    }

    async fn invoke(
        &self,
        function: &str,
        request: &Request,
    ) -> Result<InvokeOutput, SdkError<InvokeError>> {
        let body = serde_json::to_vec(request).map_err(SdkError::construction_failure)?;
        let invoke = self.lambda.invoke().function_name(function);
        let mut invoke = invoke.payload(Blob::new(body)).customize();
        if !is_idempotent(request) {
            let once = aws_sdk_lambda::config::Builder::new().retry_config(RetryConfig::disabled());
            invoke = invoke.config_override(once);
        }
        invoke.send().await
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
            .message_body(for_queue(body))
            .send()
            .await
            .map_err(|error| self.explain(&error))
            .with_context(|| format!("the queue {queue} did not accept the alert"))?;
        Ok(())
    }

    /// The error of AWS, with advice.
    fn explain<E, R>(&self, error: &SdkError<E, R>) -> anyhow::Error
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        R: std::fmt::Debug + 'static,
    {
        let mut messages = Vec::new();
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(error) = cause {
            messages.push(error.to_string());
            cause = error.source();
        }
        messages.dedup();
        let message = messages.join(": ");
        // What to do comes first. Of the layers below, the innermost one says most.
        match (
            hint::of(&message, error.code(), &self.name),
            messages.last(),
        ) {
            (Some(hint), Some(innermost)) => anyhow!("{hint} ({innermost})"),
            _ => anyhow!(message),
        }
    }
}

/// The configuration with the credentials of this profile, even if variables give
/// others: a profile that is named explicitly wins.
async fn with_profile(config: SdkConfig, profile: &str) -> anyhow::Result<SdkConfig> {
    let provider = ProfileFileCredentialsProvider::builder()
        .profile_name(profile)
        .configure(&ProviderConfig::without_region().with_region(config.region().cloned()))
        .build();
    let provider = SharedCredentialsProvider::new(provider);
    // Checked before anything else, because a misspelt name is the likeliest error.
    provider.provide_credentials().await.map_err(|error| {
        let mut message = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            message = format!("{message}: {error}");
            cause = error.source();
        }
        Usage::error(format!(
            "the profile {profile:?} gives no credentials: {message} (`aws configure list-profiles` lists the profiles; `aws sso login --profile {profile}` signs in)"
        ))
    })?;
    Ok(config.into_builder().credentials_provider(provider).build())
}

/// Whether a request can be sent again when its answer was lost. Each of these would
/// have its effect twice.
fn is_idempotent(request: &Request) -> bool {
    !matches!(
        request,
        Request::AddDestination(_)
            | Request::SendTestAlert(_)
            | Request::ResendAlert(_)
            | Request::RedriveDeadLetters(_)
    )
}

/// Who makes a change, for the record: the name of the user on this machine.
pub(crate) fn actor() -> Option<String> {
    ["USER", "LOGNAME", "USERNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok())
        .filter(|name| !name.is_empty())
}
