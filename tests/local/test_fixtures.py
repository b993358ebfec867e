"""What the end-to-end tests need on AWS besides the demo's targets.

A FIFO topic, a FIFO queue, and a queue that only a role of its own may send to.
The stack of the tests allows them by its parameters; the tests create them, with
the Python of SAM's virtual environment:

    test_fixtures.py EXTERNAL_ID SENDER_ROLE   creates them; prints their addresses as JSON
"""

from __future__ import annotations

import json
import sys
from typing import Any

FIFO_TOPIC = "tests.fifo"
FIFO_QUEUE = "tests.fifo"
# Not among the queues that the stack allows: only the role reaches it.
QUEUE_BY_ROLE = "tests-by-role"
ROLE = "tocsin-tests"
# No schedule sends canaries in the tests; one of them sends one.
CANARY_DESTINATION = "e2e-plain"


def create(external_id: str, sender_role: str) -> dict[str, Any]:
    """Creates what does not exist yet."""
    # Only SAM's virtual environment has it; the names above are read without.
    import boto3

    sqs, sns, iam, sts = (boto3.client(name) for name in ("sqs", "sns", "iam", "sts"))
    topic = sns.create_topic(Name=FIFO_TOPIC, Attributes={"FifoTopic": "true"})
    queue = sqs.create_queue(QueueName=FIFO_QUEUE, Attributes={"FifoQueue": "true"})
    by_role = sqs.create_queue(QueueName=QUEUE_BY_ROLE)
    trust = policy(
        "sts:AssumeRole",
        Principal={"AWS": sender_role},
        Condition={"StringEquals": {"sts:ExternalId": external_id}},
    )
    try:
        iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=trust)
    except iam.exceptions.EntityAlreadyExistsException:
        iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=trust)
    account = sts.get_caller_identity()["Account"]
    queue_arn = f"arn:aws:sqs:{sqs.meta.region_name}:{account}:{QUEUE_BY_ROLE}"
    allowed = policy("sqs:SendMessage", Resource=queue_arn)
    iam.put_role_policy(RoleName=ROLE, PolicyName="send", PolicyDocument=allowed)
    return {
        "topic": topic["TopicArn"],
        "queue": queue["QueueUrl"],
        "queueByRole": by_role["QueueUrl"],
        "role": f"arn:aws:iam::{account}:role/{ROLE}",
        "canaryDestination": CANARY_DESTINATION,
    }


def policy(action: str, **rest: Any) -> str:
    """A policy of one statement that allows this action."""
    statement = {"Effect": "Allow", "Action": action, **rest}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


if __name__ == "__main__":
    print(json.dumps(create(*sys.argv[1:])))
