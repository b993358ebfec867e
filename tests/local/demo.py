"""Runs the main job on a local stack and shows what became of every alert.

Deploys template.yaml onto the local emulator, adds the destinations of
events/destination-*.json against the provider simulator, puts the alerts of
events/alert-*.json on the queue, waits, and prints where each went and why.
Ends with 1 if an alert did not arrive where it belongs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True

import stack
from stack import Failed, Instance, step

EVENTS = stack.ROOT / "events"
TOPIC = "soc-oncall"
QUEUE = "siem-archive"
# What the end-to-end tests use besides.
TEST_TOPIC = "tests.fifo"
TEST_QUEUES = ("tests.fifo", "tests-by-role")
TEST_ROLE = "tocsin-tests"
ACCOUNT = "000000000000"
# As in tests/src/simulator/webhook.rs.
SIGNING_KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
WAIT_SECONDS = 60

# The destinations that each sample must reach, and no others.
EXPECTED: dict[str, set[str]] = {
    "alert-okta-lockout-username.json": {"dev-alert-destinations", "tines-okta-user-lock-out"},
    "alert-okta-lockout-someone.json": {"dev-general"},
    "alert-suspicious-ips.json": {"dev-general", "siem-archive"},
    "alert-root-console-login.json": {"soc-oncall", "siem-archive"},
    "alert-bucket-public.json": {"dev-alert-destinations", "siem-archive"},
    "alert-community-edition.json": {"dev-alert-destinations", "soc-oncall", "siem-archive"},
    "alert-system-error.json": {"soc-oncall"},
    "alert-skipped.json": set(),
}

CREATE_TARGETS = """
import boto3, sys
topic, queue = sys.argv[1:]
arn = boto3.client("sns").create_topic(Name=topic)["TopicArn"]
url = boto3.client("sqs").create_queue(QueueName=queue)["QueueUrl"]
import json
print(json.dumps({"topic": arn, "queue": url}))
"""

COUNT_MESSAGES = """
import boto3, json, sys
sqs = boto3.client("sqs")
url = sqs.get_queue_url(QueueName=sys.argv[1])["QueueUrl"]
answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
print(json.dumps({"messages": int(answer["Attributes"]["ApproximateNumberOfMessages"])}))
"""


# ── The provider simulator ───────────────────────────────────────────────────


def simulator_port(instance: Instance) -> int:
    """The port the destinations know, or a new one."""
    return stack.read_json(instance.simulator_file).get("port") or stack.free_port(usual=4700)


def received(port: int) -> list[dict[str, Any]] | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_received", timeout=5) as answer:
            return json.load(answer)
    except (urllib.error.URLError, OSError, ValueError):
        return None


def ensure_simulator(instance: Instance, port: int) -> None:
    if received(port) is not None:
        return
    log = instance.folder / "simulator.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            # It does not use the folder; `down` recognises it by that.
            [stack.target_folder() / "debug" / "simulator", str(port), instance.folder],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    stack.write_json(instance.simulator_file, {"port": port, "group": process.pid})
    deadline = time.monotonic() + 10
    while received(port) is None:
        if process.poll() is not None or time.monotonic() > deadline:
            raise Failed("The provider simulator does not answer.", "See its log.", log)
        time.sleep(0.05)


# ── Destinations ─────────────────────────────────────────────────────────────


def secrets(port: int) -> dict[str, dict[str, str]]:
    base = f"http://127.0.0.1:{port}"
    return {
        "dev-general": {"webhookUrl": f"{base}/services/T024BE7LD/B024BE7LD/devgeneral"},
        "dev-alert-destinations": {"botToken": "xoxb-0000000000-simulated"},
        "tines-okta-user-lock-out": {
            "url": f"{base}/hook/signed/tines-okta-user-lock-out",
            "signingKey": SIGNING_KEY,
        },
    }


class Tocsin:
    """The `tocsin` command, pointed at the local stack."""

    def __init__(self, instance: Instance) -> None:
        self.environment = {**os.environ, **stack.read_json(instance.env_file)["environment"]}
        self.binary = stack.target_folder() / "debug" / "tocsin"

    def __call__(self, *arguments: str | Path, given: str | None = None) -> str:
        done = subprocess.run(
            [self.binary, *arguments],
            env=self.environment,
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode:
            what = " ".join(["tocsin", *map(str, arguments)])[:200]
            raise Failed(f"`{what}` failed: {done.stderr.strip()}", "The stack's logs say more.")
        return done.stdout


def add_destinations(tocsin: Tocsin, port: int) -> None:
    known = {one["displayName"] for one in json.loads(tocsin("destinations", "list", "--output", "json"))}
    for path in sorted(EVENTS.glob("destination-*.json")):
        name = json.loads(path.read_text())["displayName"]
        if name in known:
            continue
        secret = secrets(port).get(name)
        if secret:
            said = tocsin("destinations", "add", path, "--secret-file", "-", given=json.dumps(secret))
        else:
            said = tocsin("destinations", "add", path)
        print(f"  {said.strip()}")


# ── Alerts ───────────────────────────────────────────────────────────────────


def send_samples(tocsin: Tocsin) -> dict[str, str]:
    """Puts the samples on the queue; gives their ids by file name."""
    said = tocsin("send", "--fresh", *(EVENTS / name for name in EXPECTED))
    rows = [line.split("\t") for line in said.splitlines()]
    return {Path(path).name: alert_id for alert_id, _, path in rows}


def settled(tocsin: Tocsin, ids: list[str]) -> list[dict[str, Any]]:
    return json.loads(
        tocsin("alerts", "show", "--wait", str(WAIT_SECONDS), "--output", "json", *ids)
    )


def mistakes(ids: dict[str, str], reports: list[dict[str, Any]]) -> list[str]:
    found = []
    by_id = {report["alert"]["alertId"]: report for report in reports}
    for name, wanted in EXPECTED.items():
        report = by_id[ids[name]]
        targets = {target["displayName"] for target in report["routing"]["targets"]}
        arrived = {
            one["displayName"] for one in report["deliveries"] if one["state"] == "DELIVERED"
        }
        if targets != wanted or arrived != wanted:
            found.append(f"{name}: wanted {sorted(wanted)}, routed {sorted(targets)}, delivered {sorted(arrived)}")
    return found


def show_arrivals(instance: Instance, port: int, ids: dict[str, str]) -> None:
    mine = set(ids.values())
    print("\nWhat the provider simulator got of these:")
    for one in received(port) or []:
        text = json.dumps(one["body"])
        if any(alert_id in text for alert_id in mine):
            print(f"  {one['provider']:8} {one['status']}  {one['path']}")
    environment = stack.read_json(instance.env_file)["environment"]
    count = stack.ask("sam", COUNT_MESSAGES, QUEUE, env=environment)["messages"]
    print(f"The queue {QUEUE} holds {count} messages.")


# ── The whole ────────────────────────────────────────────────────────────────


def arns(service: str, *names: str) -> str:
    return ",".join(f"arn:aws:{service}:{stack.REGION}:{ACCOUNT}:{name}" for name in names)


def demo(instance: Instance) -> int:
    instance.folder.mkdir(parents=True, exist_ok=True)
    port = simulator_port(instance)
    parameters = [
        f"BaseUrls=slack=http://127.0.0.1:{port}",
        f"AllowedTopicArns={arns('sns', TOPIC, TEST_TOPIC)}",
        # The third queue is reached by the role only.
        f"AllowedQueueArns={arns('sqs', QUEUE, TEST_QUEUES[0])}",
        f"AllowedRoleArns=arn:aws:iam::{ACCOUNT}:role/{TEST_ROLE}",
    ]
    busy = f"Another `up` or `down` of {instance.name} is under way."
    with stack.lock(instance.name, wait=False, busy=busy):
        stack.up(instance, build=True, bootstrap=None, given=parameters)
        with step("start the provider simulator"):
            ensure_simulator(instance, port)
    tocsin = Tocsin(instance)
    with step("add destinations"):
        environment = stack.read_json(instance.env_file)["environment"]
        stack.ask("sam", CREATE_TARGETS, TOPIC, QUEUE, env=environment)
        add_destinations(tocsin, port)
    with step(f"send {len(EXPECTED)} sample alerts"):
        ids = send_samples(tocsin)
    with step("wait until every delivery has ended"):
        reports = settled(tocsin, list(ids.values()))
    print(tocsin("alerts", "show", *ids.values()))
    show_arrivals(instance, port, ids)
    wrong = mistakes(ids, reports)
    if wrong:
        raise Failed("Not every alert went where it belongs:\n  " + "\n  ".join(wrong))
    print("\nEvery alert went exactly where it belongs.")
    print(
        f"""
Look further:
  eval "$({stack.command_line("env", instance)})"
  target/debug/tocsin destinations list
  target/debug/tocsin route events/alert-okta-lockout-username.json
  curl http://127.0.0.1:{port}/_received
Again:  make demo
Stop:   make down"""
    )
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--name", type=stack.instance_name, default="demo")
    return demo(Instance(parser.parse_args().name))


if __name__ == "__main__":
    sys.exit(stack.reporting(main))
