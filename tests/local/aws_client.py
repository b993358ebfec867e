"""Asks the emulator of AWS what the local stack's scripts need to know; prints JSON.

Run with the Python of SAM's virtual environment, which has boto3, and with the
environment of the local stack:

    aws_client.py describe-stack STACK         its status and outputs
    aws_client.py resources STACK              its resources: logical id, type, physical id
    aws_client.py secrets PREFIX               the names of the secrets that begin so
    aws_client.py create-topic NAME            creates a topic; its ARN
    aws_client.py create-queue NAME            creates a queue; its URL
    aws_client.py count-messages QUEUE         how many messages wait in it
    aws_client.py purge QUEUE                  forgets all its messages
    aws_client.py disable-rule RULE            stops a schedule
    aws_client.py enable-rule RULE             starts it again
    aws_client.py leave-retries TABLE ALERT    leaves the alert's waiting deliveries as
                                               release 0.1.0 does; its retry messages
    aws_client.py send-message QUEUE BODY      puts a message on a queue, by its URL
    aws_client.py logs                         all functions' logs, as plain lines
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import Any

import boto3
from botocore.exceptions import ClientError


def describe_stack(name: str) -> dict[str, Any]:
    """Status and outputs; the status of a stack that does not exist is None."""
    try:
        stack = boto3.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        stack = {}
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}
    return {"status": stack.get("StackStatus"), "outputs": outputs}


def resources(name: str) -> dict[str, Any]:
    pages = boto3.client("cloudformation").get_paginator("list_stack_resources")
    return {
        one["LogicalResourceId"]: {"type": one["ResourceType"], "id": one["PhysicalResourceId"]}
        for page in pages.paginate(StackName=name)
        for one in page["StackResourceSummaries"]
    }


def secrets(prefix: str) -> list[str]:
    pages = boto3.client("secretsmanager").get_paginator("list_secrets")
    names = [one["Name"] for page in pages.paginate() for one in page["SecretList"]]
    return sorted(name for name in names if name.startswith(prefix))


def create_topic(name: str) -> str:
    return str(boto3.client("sns").create_topic(Name=name)["TopicArn"])


def create_queue(name: str) -> str:
    return str(boto3.client("sqs").create_queue(QueueName=name)["QueueUrl"])


def count_messages(queue: str) -> int:
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])


def purge(queue: str) -> None:
    sqs = boto3.client("sqs")
    sqs.purge_queue(QueueUrl=sqs.get_queue_url(QueueName=queue)["QueueUrl"])


def disable_rule(rule: str) -> None:
    boto3.client("events").disable_rule(Name=rule)


def enable_rule(rule: str) -> None:
    boto3.client("events").enable_rule(Name=rule)


# What the ledger has of a waiting delivery since the outbox.
SINCE_THE_OUTBOX = ("outbox", "due", "leaseUntil", "detectionId", "severity")


def leave_retries(table: str, alert: str) -> list[dict[str, Any]]:
    """Makes them items without a due time. What the retry queue holds for each."""
    dynamodb = boto3.client("dynamodb")
    key = {":id": {"S": alert}}
    found = dynamodb.query(
        TableName=table,
        KeyConditionExpression="alertId = :id",
        ExpressionAttributeValues=key,
        ConsistentRead=True,
    )
    waiting = {"QUEUED", "RETRYING"}
    items = [one for one in found["Items"] if one.get("state", {}).get("S") in waiting]
    names = {f"#{at}": name for at, name in enumerate(SINCE_THE_OUTBOX)}
    for item in items:
        dynamodb.update_item(
            TableName=table,
            Key={"alertId": item["alertId"], "item": item["item"]},
            UpdateExpression=f"SET #state = :state REMOVE {', '.join(names)}",
            ExpressionAttributeNames={**names, "#state": "state"},
            ExpressionAttributeValues={":state": {"S": "RETRYING"}},
        )
    return [
        {
            "alertId": alert,
            "destinationId": item["item"]["S"],
            "attempt": int(item["attempt"]["N"]) + 1,
            "beganAt": item["beganAt"]["S"],
            "earlier": "notArrived",
            "due": item["nextAttemptAt"]["S"],
        }
        for item in items
    ]


def send_message(queue: str, body: str) -> None:
    boto3.client("sqs").send_message(QueueUrl=queue, MessageBody=body)


def print_logs() -> None:
    """Each line of each function's log, after the name of its log group."""
    logs = boto3.client("logs")
    pages = logs.get_paginator("filter_log_events")
    for group in logs.describe_log_groups()["logGroups"]:
        name = group["logGroupName"]
        for page in pages.paginate(logGroupName=name):
            for event in page["events"]:
                print(name, event["message"])


COMMANDS: dict[str, tuple[Callable[..., Any], tuple[str, ...]]] = {
    "describe-stack": (describe_stack, ("stack",)),
    "resources": (resources, ("stack",)),
    "secrets": (secrets, ("prefix",)),
    "create-topic": (create_topic, ("name",)),
    "create-queue": (create_queue, ("name",)),
    "count-messages": (count_messages, ("queue",)),
    "leave-retries": (leave_retries, ("table", "alert")),
    "send-message": (send_message, ("queue", "body")),
    "purge": (purge, ("queue",)),
    "disable-rule": (disable_rule, ("rule",)),
    "enable-rule": (enable_rule, ("rule",)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (_, arguments) in COMMANDS.items():
        command = commands.add_parser(name)
        for argument in arguments:
            command.add_argument(argument)
    commands.add_parser("logs")
    options = parser.parse_args()
    if options.command == "logs":
        print_logs()
        return
    function, arguments = COMMANDS[options.command]
    print(json.dumps(function(*(getattr(options, argument) for argument in arguments))))


if __name__ == "__main__":
    main()
