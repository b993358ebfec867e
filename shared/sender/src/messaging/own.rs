//! The queues of the stack itself, and the topics that feed it: no alert is delivered to
//! them. It would be read as a message of the stack, or come back as a new alert, while
//! the ledger calls it delivered.

use tocsin_aws::{Env, EnvError};
use tocsin_core::provider::FieldError;
use url::Url;

use super::settings::{Endpoint, Resource};

/// The ends of the names of the stack's queues, as in the template.
const QUEUES: [&str; 5] = [
    "alerts",
    "alerts-dlq",
    "retry",
    "retry-dlq",
    "failed-handovers",
];

/// What a destination must not lead to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnEndpoints {
    queues: Vec<Resource>,
    /// The region of the queues; `None` where the function does not know its own.
    region: Option<String>,
    topics: Vec<String>,
}

impl OwnEndpoints {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// When the retry queue's URL is not one of SQS.
    pub fn read(env: &Env) -> Result<Self, EnvError> {
        const RETRY_QUEUE: &str = "TOCSIN_RETRY_QUEUE_URL";
        let invalid = || EnvError::invalid(RETRY_QUEUE, "it is not the URL of a queue");
        let url = Url::parse(&env.required(RETRY_QUEUE)?).map_err(|_| invalid())?;
        let mut path = url.path_segments().into_iter().flatten();
        let account = path.next().ok_or_else(invalid)?;
        let retry_queue = path.next().ok_or_else(invalid)?;
        // Of the same stack, by the template.
        let stack = retry_queue.strip_suffix("-retry").ok_or_else(invalid)?;
        let queues = QUEUES.map(|end| Resource::Queue {
            account: account.to_owned(),
            name: format!("{stack}-{end}"),
        });
        let sources = env.optional("TOCSIN_ALERT_SOURCE_ARNS").unwrap_or_default();
        Ok(Self {
            queues: queues.into(),
            region: env.optional("AWS_REGION").map(str::to_owned),
            topics: sources.split(',').map(str::to_owned).collect(),
        })
    }

    /// Refuses an endpoint of the stack.
    ///
    /// # Errors
    ///
    /// Names the setting that leads to it.
    pub(super) fn check(&self, endpoint: &Endpoint) -> Result<(), FieldError> {
        match &endpoint.resource {
            queue @ Resource::Queue { .. } => {
                // Without a region it is the function's own.
                let elsewhere =
                    matches!((&endpoint.region, &self.region), (Some(a), Some(b)) if a != b);
                if self.queues.contains(queue) && !elsewhere {
                    return Err(FieldError::new(
                        "settings.queueUrl",
                        "is a queue of this stack, whose messages are not for a destination: use a queue of your own",
                    ));
                }
            }
            Resource::Topic(arn) => {
                if self.topics.contains(arn) {
                    return Err(FieldError::new(
                        "settings.topicArn",
                        "is a topic that feeds this stack's alerts queue (`AlertSourceArns`), so that the alert would come back: use another topic",
                    ));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::settings::EndpointKind;
    use super::*;

    fn own() -> OwnEndpoints {
        let env = [
            (
                "TOCSIN_RETRY_QUEUE_URL",
                "https://sqs.eu-west-1.amazonaws.com/123456789012/soc-retry",
            ),
            (
                "TOCSIN_ALERT_SOURCE_ARNS",
                "arn:aws:events:eu-west-1:123456789012:rule/x,arn:aws:sns:eu-west-1:123456789012:in",
            ),
            ("AWS_REGION", "eu-west-1"),
        ];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned()));
        OwnEndpoints::read(&env.into_iter().collect()).unwrap()
    }

    #[test]
    fn queues_of_the_stack_and_topics_that_feed_it_are_refused() {
        let check = |resource, region: Option<&str>| {
            let endpoint = Endpoint {
                address: String::new(),
                region: region.map(str::to_owned),
                kind: EndpointKind::Standard,
                resource,
            };
            own().check(&endpoint).map_err(|error| error.field)
        };
        let queue = |account: &str, name: &str, region| {
            let (account, name) = (account.to_owned(), name.to_owned());
            check(Resource::Queue { account, name }, region)
        };
        let refused = Err("settings.queueUrl".to_owned());
        for name in [
            "soc-alerts",
            "soc-alerts-dlq",
            "soc-retry",
            "soc-retry-dlq",
            "soc-failed-handovers",
        ] {
            for region in [None, Some("eu-west-1")] {
                assert_eq!(queue("123456789012", name, region), refused, "{name}");
            }
            assert_eq!(queue("123456789012", name, Some("eu-west-2")), Ok(()));
            assert_eq!(queue("210987654321", name, None), Ok(()));
        }
        assert_eq!(queue("123456789012", "soc-archive", None), Ok(()));
        let topic = |name: &str| {
            let arn = format!("arn:aws:sns:eu-west-1:123456789012:{name}");
            check(Resource::Topic(arn), Some("eu-west-1"))
        };
        assert_eq!(topic("in"), Err("settings.topicArn".to_owned()));
        assert_eq!(topic("soc-alerts"), Ok(()));
    }

    #[test]
    fn a_url_that_is_not_of_a_retry_queue_stops_the_function() {
        for url in ["x", "https://sqs/1", "https://sqs/1/alerts"] {
            let env = [("TOCSIN_RETRY_QUEUE_URL".to_owned(), url.to_owned())];
            assert!(
                OwnEndpoints::read(&env.into_iter().collect()).is_err(),
                "{url}"
            );
        }
    }
}
