//! Each role may do what its function does, and nothing else.

use aws_sdk_lambda::config::SharedCredentialsProvider;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use serde_json::json;
use tocsin_tests::harness::{Stack, providers, unique};

/// The error code of a call that must have been denied.
macro_rules! denied {
    ($call:expr) => {{
        use aws_sdk_dynamodb::error::ProvideErrorMetadata;
        let error = $call.send().await.expect_err("this must be denied");
        let code = error.code().unwrap_or_default().to_owned();
        assert!(
            code.contains("AccessDenied") || code.contains("AuthorizationError"),
            "denied for another reason: {error:?}"
        );
    }};
}

async fn secret_of(stack: &Stack, name: &str) -> String {
    let all = stack
        .invoke("api", &json!({"operation": "listDestinations"}))
        .await;
    let one = all["ok"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["displayName"] == name)
        .unwrap_or_else(|| panic!("there is no {name}"));
    one["secretName"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_sender_reads_its_own_secrets_and_no_others() {
    let stack = Stack::ready().await;
    let own = secret_of(&stack, "e2e-slack").await;
    let foreign = secret_of(&stack, "e2e-plain").await;
    let client = aws_sdk_secretsmanager::Client::new(&stack.in_the_role_of("slack").await);
    client
        .get_secret_value()
        .secret_id(&own)
        .send()
        .await
        .unwrap();
    denied!(client.get_secret_value().secret_id(&foreign));
    let system = ["router", "api"].map(str::to_owned);
    let others = providers().into_iter().chain(system);
    for other in others.filter(|one| one != "slack" && one != "webhook") {
        let client = aws_sdk_secretsmanager::Client::new(&stack.in_the_role_of(&other).await);
        denied!(client.get_secret_value().secret_id(&own));
        denied!(client.get_secret_value().secret_id(&foreign));
    }
}

#[tokio::test]
async fn the_router_neither_publishes_nor_invokes_the_api_nor_scans_the_ledger() {
    let stack = Stack::ready().await;
    let config = stack.in_the_role_of("router").await;
    let dynamodb = aws_sdk_dynamodb::Client::new(&config);
    let ledger = stack.output("LedgerTable");
    denied!(dynamodb.scan().table_name(ledger));
    denied!(dynamodb.scan().table_name(ledger).index_name("timeline"));
    // The sweep scans what waits.
    let outbox = dynamodb.scan().table_name(ledger).index_name("due");
    outbox.send().await.unwrap();
    let topics = aws_sdk_sns::Client::new(&config);
    denied!(
        topics
            .publish()
            .topic_arn("arn:aws:sns:us-east-1:000000000000:soc-oncall")
            .message("no")
    );
    let lambda = aws_sdk_lambda::Client::new(&config);
    denied!(
        lambda
            .invoke()
            .function_name(format!("{}-api", stack.name))
            .invocation_type(InvocationType::Event)
            .payload(Blob::new("{}"))
    );
    let queue = aws_sdk_sqs::Client::new(&config);
    let archive = stack
        .sqs()
        .get_queue_url()
        .queue_name("siem-archive")
        .send()
        .await
        .unwrap();
    denied!(
        queue
            .send_message()
            .queue_url(archive.queue_url.unwrap())
            .message_body("no")
    );
}

#[tokio::test]
async fn senders_neither_read_destinations_nor_put_alerts_on_the_queue() {
    let stack = Stack::ready().await;
    for sender in providers() {
        let config = stack.in_the_role_of(&sender).await;
        let dynamodb = aws_sdk_dynamodb::Client::new(&config);
        denied!(
            dynamodb
                .scan()
                .table_name(stack.output("DestinationsTable"))
        );
        let ledger = stack.output("LedgerTable");
        denied!(dynamodb.scan().table_name(ledger));
        denied!(dynamodb.scan().table_name(ledger).index_name("due"));
        let sqs = aws_sdk_sqs::Client::new(&config);
        denied!(
            sqs.send_message()
                .queue_url(stack.output("AlertsQueueUrl"))
                .message_body(unique("forged"))
        );
    }
}

#[tokio::test]
async fn the_api_neither_reads_secrets_nor_deletes_from_the_ledger_nor_takes_alerts_off_their_way()
{
    let stack = Stack::ready().await;
    let config = stack.in_the_role_of("api").await;
    let secrets = aws_sdk_secretsmanager::Client::new(&config);
    let own = secret_of(&stack, "e2e-slack").await;
    denied!(secrets.get_secret_value().secret_id(&own));
    denied!(
        secrets
            .create_secret()
            .name("elsewhere/x")
            .secret_string("x")
    );
    let dynamodb = aws_sdk_dynamodb::Client::new(&config);
    let ledger = stack.output("LedgerTable");
    let key = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned());
    denied!(
        dynamodb
            .delete_item()
            .table_name(ledger)
            .key("alertId", key("x"))
            .key("item", key("ALERT"))
    );
    denied!(dynamodb.scan().table_name(ledger));
    let queues = aws_sdk_sqs::Client::new(&config);
    for live in ["AlertsQueueUrl", "RetryQueueUrl"] {
        denied!(queues.receive_message().queue_url(stack.output(live)));
        denied!(queues.purge_queue().queue_url(stack.output(live)));
    }
    for dead in ["AlertsDlqUrl", "RetryDlqUrl", "FailedHandOversQueueUrl"] {
        denied!(
            queues
                .send_message()
                .queue_url(stack.output(dead))
                .message_body("no")
        );
    }
    let lambda = aws_sdk_lambda::Client::new(&config);
    denied!(
        lambda
            .invoke()
            .function_name(format!("{}-router", stack.name))
            .payload(Blob::new("{}"))
    );
}

#[tokio::test]
async fn those_who_look_change_nothing() {
    let stack = Stack::ready().await;
    let role = aws_config::sts::AssumeRoleProvider::builder(stack.output("ReadOnlyRoleArn"))
        .session_name("tests")
        .configure(&stack.config)
        .build()
        .await;
    let reader = stack.config.clone().into_builder();
    let reader = reader
        .credentials_provider(SharedCredentialsProvider::new(role))
        .build();
    let lambda = aws_sdk_lambda::Client::new(&reader);
    let invoke = |function: &str, request: serde_json::Value| {
        lambda
            .invoke()
            .function_name(format!("{}-{function}", stack.name))
            .payload(Blob::new(request.to_string()))
    };
    denied!(invoke("api", json!({"operation": "listDestinations"})));
    denied!(invoke("router", json!({"Records": []})));
    for request in [
        json!({"operation": "listDestinations"}),
        json!({"operation": "listProviders"}),
        json!({"operation": "getDestination", "destination": "e2e-slack"}),
        json!({"operation": "listAlerts"}),
        json!({"operation": "listDeliveries"}),
        json!({"operation": "audit"}),
    ] {
        let answer = invoke("api-read", request.clone()).send().await.unwrap();
        let answer = String::from_utf8(answer.payload.unwrap().into_inner()).unwrap();
        assert!(answer.starts_with("{\"ok\""), "{request}: {answer}");
    }
    let request =
        json!({"operation": "deleteDestination", "destination": "e2e-slack", "revision": 1});
    let answer = invoke("api-read", request).send().await.unwrap();
    let answer = String::from_utf8(answer.payload.unwrap().into_inner()).unwrap();
    assert!(answer.contains("which only reads"), "{answer}");

    // Nor could the function.
    let config = stack.in_the_role_of("api-read").await;
    let dynamodb = aws_sdk_dynamodb::Client::new(&config);
    let key = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned());
    denied!(
        dynamodb
            .put_item()
            .table_name(stack.output("DestinationsTable"))
            .item("destinationId", key("x"))
    );
    let secrets = aws_sdk_secretsmanager::Client::new(&config);
    let own = secret_of(&stack, "e2e-slack").await;
    denied!(secrets.get_secret_value().secret_id(&own));
    let queues = aws_sdk_sqs::Client::new(&config);
    for queue in ["AlertsQueueUrl", "RetryQueueUrl"] {
        denied!(
            queues
                .send_message()
                .queue_url(stack.output(queue))
                .message_body("no")
        );
    }
    denied!(
        queues
            .receive_message()
            .queue_url(stack.output("AlertsDlqUrl"))
    );
}

#[tokio::test]
async fn no_destination_leads_to_the_stack_itself() {
    let stack = Stack::ready().await;
    for queue in [
        "AlertsQueueUrl",
        "AlertsDlqUrl",
        "RetryQueueUrl",
        "RetryDlqUrl",
    ] {
        let url = stack.output(queue);
        let request = json!({
            "operation": "addDestination", "actor": "tests",
            "destination": {"displayName": unique("own"), "type": "sqs", "settings": {"queueUrl": url}},
        });
        let answer = stack.invoke("api", &request).await;
        assert_eq!(answer["error"]["field"], "settings.queueUrl", "{answer:#}");
    }
    let queues = aws_sdk_sqs::Client::new(&stack.in_the_role_of("sqs").await);
    for queue in [
        "AlertsQueueUrl",
        "AlertsDlqUrl",
        "RetryDlqUrl",
        "FailedHandOversQueueUrl",
    ] {
        denied!(
            queues
                .send_message()
                .queue_url(stack.output(queue))
                .message_body("no")
        );
    }
}
