"""Runs the main job on a local stack and shows where every alert went.

Deploys template.yaml onto the local emulator, adds the destinations of
events/destination-*.json against the provider simulator, puts the alerts of
events/alert-*.json on the queue, waits, and prints where each went and why.
Ends with 1 if an alert did not arrive where it belongs.
"""

from __future__ import annotations

import argparse
import json
import sys
import urllib.error
import urllib.request
from typing import Any

sys.dont_write_bytecode = True

import stack
import test_fixtures
from build import cargo_build
from command import Tocsin, misrouted
from common import REGION, Failed, Instance, lock, read_json, reporting, step
from samples import Sample, destinations, routes
from simulator import Simulator, ensure_simulator
from tools import ask

ACCOUNT = "000000000000"
# How the remark of a delivery begins when a provider refused the whole message.
SHORTENED = "only title, severity and link"


# ── The stack ────────────────────────────────────────────────────────────────


def arns(service: str, *names: str) -> str:
    return ",".join(f"arn:aws:{service}:{REGION}:{ACCOUNT}:{name}" for name in names)


def resource_name(address: str) -> str:
    """The last part of a topic's ARN or of a queue's URL."""
    return address.replace("/", ":").rpartition(":")[2]


def targets(samples: list[Sample]) -> tuple[list[str], list[str]]:
    """The topics and queues that the samples send to."""
    settings = [one.destination.get("settings", {}) for one in samples]
    topics = {resource_name(one["topicArn"]) for one in settings if "topicArn" in one}
    queues = {resource_name(one["queueUrl"]) for one in settings if "queueUrl" in one}
    return sorted(topics), sorted(queues)


def parameters(simulator: Simulator, samples: list[Sample], *, for_tests: bool) -> list[str]:
    """The template's parameters: vendors at the simulator, the samples' targets allowed."""
    topics, queues = targets(samples)
    base_urls = [f"{provider}@{simulator.address}" for provider in simulator.providers()]
    given = [f"BaseUrls={','.join(base_urls)}"]
    if for_tests:
        topics.append(test_fixtures.FIFO_TOPIC)
        queues.append(test_fixtures.FIFO_QUEUE)
        given += [
            f"AllowedRoleArns=arn:aws:iam::{ACCOUNT}:role/{test_fixtures.ROLE}",
            f"CanaryDestination={test_fixtures.CANARY_DESTINATION}",
        ]
    return [
        *given,
        f"AllowedTopicArns={arns('sns', *topics)}",
        f"AllowedQueueArns={arns('sqs', *queues)}",
    ]


def create_targets(instance: Instance, samples: list[Sample]) -> None:
    environment = read_json(instance.env_file)["environment"]
    topics, queues = targets(samples)
    for command, names in (("create-topic", topics), ("create-queue", queues)):
        for name in names:
            ask("aws_client.py", command, name, env=environment)


# ── What arrived ─────────────────────────────────────────────────────────────


def receipt_page(sample: Sample, attempt: dict[str, Any], simulator: Simulator) -> str | None:
    """Where the simulator shows what this attempt's receipt names; None if it names nothing."""
    if sample.receipt == "url":
        url = attempt.get("url") or ""
        return url if url.startswith(f"{simulator.address}/") else None
    if sample.receipt == "id" and attempt.get("id"):
        return simulator.url_of(sample.destination["type"], attempt["id"])
    return None


def problem_with(url: str, alert_id: str) -> str | None:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            text = answer.read().decode()
        failed = json.loads(text).get("failed")
    except (urllib.error.URLError, OSError, ValueError) as error:
        return f"{url}: {error}"
    if failed:
        return f"{url}: accepted, but failed afterwards: {failed}"
    return None if alert_id in text else f"{url}: does not mention alert {alert_id}"


def check_receipts(
    reports: list[dict[str, Any]], samples: list[Sample], simulator: Simulator
) -> tuple[int, list[str]]:
    """Follows the receipts; gives how many were followed, and the problems."""
    by_name = {one.name: one for one in samples}
    followed, problems = 0, []
    for report in reports:
        alert_id = report["alert"]["alertId"]
        for one in report["deliveries"]:
            if one["state"] != "DELIVERED":
                continue
            sample, attempt = by_name[one["displayName"]], one["attempts"][-1]
            if (attempt.get("remark") or "").startswith(SHORTENED):
                problems.append(f"{sample.name}: {attempt['remark']}")
            page = receipt_page(sample, attempt, simulator)
            if page:
                followed += 1
                problem = problem_with(page, alert_id)
                problems += [problem] if problem else []
            elif sample.receipt in ("url", "id"):
                problems.append(f"{sample.name}: delivered without a receipt")
            elif sample.receipt == "messageId" and not attempt.get("id"):
                problems.append(f"{sample.name}: delivered without a message id")
    return followed, problems


def show_arrivals(
    instance: Instance, samples: list[Sample], simulator: Simulator, ids: dict[str, str]
) -> None:
    print("\nRequests of these alerts that the provider simulator received:")
    for one in simulator.received() or []:
        text = json.dumps(one["body"])
        if any(alert_id in text for alert_id in ids.values()):
            print(f"  {one['provider']:10} {one['status']}  {one['path']}")
    environment = read_json(instance.env_file)["environment"]
    for queue in targets(samples)[1]:
        count = ask("aws_client.py", "count-messages", queue, env=environment)
        print(f"The queue {queue} holds {count} messages.")


# ── All of it ────────────────────────────────────────────────────────────────


def demo(instance: Instance, *, through_proxy: bool, for_tests: bool) -> int:
    instance.folder.mkdir(parents=True, exist_ok=True)
    busy = f"Another `up` or `down` of {instance.name} is under way."
    with lock(instance.name, wait=False, busy=busy):
        with step("build the functions"):
            cargo_build()
        # Before the stack, whose parameters name its address.
        with step("start the provider simulator"):
            simulator = ensure_simulator(instance)
        samples = destinations(simulator.address)
        expected = routes(samples)
        stack.up(
            instance,
            given=parameters(simulator, samples, for_tests=for_tests),
            through_proxy=through_proxy,
            build=False,
        )
    tocsin = Tocsin(instance)
    with step("add destinations"):
        create_targets(instance, samples)
        tocsin.add(samples)
    with step(f"send {len(expected)} sample alerts"):
        ids = tocsin.send(list(expected))
    with step("wait until every delivery has ended"):
        reports = tocsin.settled(list(ids.values()))
    print(tocsin("alerts", "show", *ids.values()))
    show_arrivals(instance, samples, simulator, ids)
    problems = misrouted(expected, ids, reports)
    if problems:
        raise Failed("Not every alert went where it belongs:\n  " + "\n  ".join(problems))
    followed, problems = check_receipts(reports, samples, simulator)
    if problems:
        raise Failed("Not every receipt leads to its alert:\n  " + "\n  ".join(problems))
    print("\nEvery alert went exactly where it belongs.")
    print(
        f"{followed} receipts name what a provider created; each was followed and holds its alert."
    )
    print(
        f"""
Look further:
  eval "$({stack.command_line("env", instance)})"
  target/debug/tocsin destinations list
  target/debug/tocsin route events/alert-okta-lockout-username.json
  curl {simulator.address}/_received
Again:  make demo
Stop:   make down"""
    )
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--name", type=stack.instance_name, default="demo")
    parser.add_argument(
        "--through-proxy",
        action="store_true",
        help="put the fault proxy between the functions and the emulator",
    )
    parser.add_argument(
        "--for-tests",
        action="store_true",
        help="allow what the end-to-end tests need besides",
    )
    options = parser.parse_args()
    return demo(
        Instance(options.name),
        through_proxy=options.through_proxy,
        for_tests=options.for_tests,
    )


if __name__ == "__main__":
    sys.exit(reporting(main))
