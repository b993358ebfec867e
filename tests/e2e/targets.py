"""What the end-to-end tests send to besides the demo's targets: a FIFO topic,
a FIFO queue, and a queue that only a role of its own may send to."""

import json
import sys

import boto3

topic, queue, queue_by_role, role, external_id, sender_role = sys.argv[1:]
sqs, sns, iam = boto3.client("sqs"), boto3.client("sns"), boto3.client("iam")
fifo = {"FifoQueue": "true"}
arn = sns.create_topic(Name=topic, Attributes={"FifoTopic": "true"})["TopicArn"]
url = sqs.create_queue(QueueName=queue, Attributes=fifo)["QueueUrl"]
by_role = sqs.create_queue(QueueName=queue_by_role)["QueueUrl"]
trust = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": sender_role},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
        }
    ],
}
try:
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(trust))
except iam.exceptions.EntityAlreadyExistsException:
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(trust))
allow = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "sqs:SendMessage",
            "Resource": f"arn:aws:sqs:us-east-1:000000000000:{queue_by_role}",
        }
    ],
}
iam.put_role_policy(RoleName=role, PolicyName="send", PolicyDocument=json.dumps(allow))
print(json.dumps({"topic": arn, "queue": url, "queueByRole": by_role}))
