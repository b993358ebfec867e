//! The call: `SendMessage`
//! (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>).

use aws_sdk_sqs::Client;
use aws_sdk_sqs::operation::send_message::SendMessageError;
use aws_sdk_sqs::types::MessageAttributeValue;
use tocsin_sender::messaging::{OutgoingMessage, SendError, sdk_attributes};

pub(crate) async fn send(
    client: &Client,
    message: OutgoingMessage,
) -> Result<Option<String>, SendError<SendMessageError>> {
    let attributes = sdk_attributes(&message.attributes, |value| {
        MessageAttributeValue::builder()
            .data_type("String")
            .string_value(value)
            .build()
    })
    .map_err(SendError::construction_failure)?;
    let output = client
        .send_message()
        .queue_url(message.to)
        .message_body(message.body)
        .set_message_attributes(Some(attributes))
        .set_message_group_id(message.group_id)
        .set_message_deduplication_id(message.deduplication_id)
        .send()
        .await?;
    Ok(output.message_id)
}
