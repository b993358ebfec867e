//! The call: `Publish` (<https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>).

use aws_sdk_sns::Client;
use aws_sdk_sns::operation::publish::PublishError;
use aws_sdk_sns::types::MessageAttributeValue;
use tocsin_sender::messaging::{OutgoingMessage, SendError, sdk_attributes};

pub(crate) async fn publish(
    client: &Client,
    message: OutgoingMessage,
) -> Result<Option<String>, SendError<PublishError>> {
    let attributes = sdk_attributes(&message.attributes, |value| {
        MessageAttributeValue::builder()
            .data_type("String")
            .string_value(value)
            .build()
    })
    .map_err(SendError::construction_failure)?;
    let output = client
        .publish()
        .topic_arn(message.to)
        .message(message.body)
        .message_structure("json")
        .set_subject(message.subject)
        .set_message_attributes(Some(attributes))
        .set_message_group_id(message.group_id)
        .set_message_deduplication_id(message.deduplication_id)
        .send()
        .await?;
    Ok(output.message_id)
}
