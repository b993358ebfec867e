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
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True

import build
import common
import emulation
import stack
from stack import Failed, Instance, step

EVENTS = stack.ROOT / "events"
TOPIC = "soc-oncall"
QUEUE = "siem-archive"
# What the end-to-end tests use besides.
TEST_TOPIC = "tests.fifo"
TEST_QUEUES = ("tests.fifo", "tests-by-role")
TEST_ROLE = "tocsin-tests"
TEST_CANARY = "e2e-plain"
ACCOUNT = "000000000000"
# As in tests/src/simulator/webhook.rs.
SIGNING_KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
WAIT_SECONDS = 60
# The providers that the simulator stands in for; custom webhooks name it themselves.
STOOD_IN = (
    "asana",
    "github",
    "jira",
    "opsgenie",
    "pagerduty",
    "servicenow",
    "slack",
    "teams",
)
# Their receipts have no address, but an id that the simulator knows.
KNOWN_BY_ID = {"opsgenie", "pagerduty", "slack", "teams"}
# Their answers name nothing that was created.
WITHOUT_RECEIPT = {"dev-general", "tines-okta-user-lock-out"}
# Their receipts are AWS's message ids.
AWS = {"sns", "sqs"}
# How the remark begins after a provider refused the whole message.
SHORTENED = "only title, severity and link"

# Destinations that every severity from MEDIUM up reaches, and from HIGH up.
FROM_MEDIUM = {"siem-archive", "soc-asana", "soc-github", "soc-jira", "soc-servicenow", "soc-teams"}
FROM_HIGH = FROM_MEDIUM | {"soc-oncall", "soc-opsgenie", "soc-pagerduty"}

# The destinations that each sample must reach, and no others.
EXPECTED: dict[str, set[str]] = {
    "alert-okta-lockout-username.json": {"dev-alert-destinations", "tines-okta-user-lock-out"},
    "alert-okta-lockout-someone.json": {"dev-general"},
    "alert-suspicious-ips.json": {"dev-general", "siem-archive", "soc-teams"},
    "alert-root-console-login.json": FROM_HIGH,
    "alert-bucket-public.json": FROM_MEDIUM | {"dev-alert-destinations"},
    "alert-community-edition.json": FROM_HIGH | {"dev-alert-destinations"},
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


def received(port: int) -> list[dict[str, Any]] | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_received", timeout=5) as answer:
            return json.load(answer)
    except (urllib.error.URLError, OSError, ValueError):
        return None


def ensure_simulator(instance: Instance) -> int:
    """The port of this instance's simulator: where the destinations know it, if they do."""
    known = stack.read_json(instance.simulator_file).get("port")
    if known and received(known) is not None:
        return int(known)
    if known and emulation.is_free(known):
        port = int(known)
    else:
        port = emulation.free_port(usual=4700)
    log = instance.folder / "simulator.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            # It does not use the folder; `down` recognises it by that.
            [build.target_folder() / "debug" / "simulator", str(port), instance.folder],
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
    return port


# ── Destinations ─────────────────────────────────────────────────────────────


def simulator(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def secrets(port: int) -> dict[str, dict[str, str]]:
    base = simulator(port)
    workflow = "powerautomate/automations/direct/workflows/5f0e6c1f2b7d4c0c8d6f3a1e9b2c4d70"
    return {
        "dev-general": {"webhookUrl": f"{base}/services/T024BE7LD/B024BE7LD/devgeneral"},
        "dev-alert-destinations": {"botToken": "xoxb-0000000000-simulated"},
        "tines-okta-user-lock-out": {
            "url": f"{base}/hook/signed/tines-okta-user-lock-out",
            "signingKey": SIGNING_KEY,
        },
        "soc-asana": {"accessToken": "2/1200000000000001/1200000000000002:simulated"},
        "soc-github": {"token": "github_pat_11AAAAAAA0simulated"},
        "soc-jira": {"email": "tocsin@example.com", "apiToken": "ATATT3xFfGF0simulated"},
        "soc-opsgenie": {"apiKey": "7f1c3c5e-2f0a-4a57-9d0e-0123456789ab"},
        "soc-pagerduty": {"routingKey": "0123456789abcdef0123456789abcdef"},
        "soc-servicenow": {"apiKey": "now_simulated_0123456789"},
        "soc-teams": {
            "webhookUrl": f"{base}/{workflow}/triggers/manual/paths/invoke"
            "?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=simulated",
        },
    }


def local_settings(port: int) -> dict[str, dict[str, str]]:
    """Settings that are an API's own address: nothing takes the place of these."""
    return {
        "soc-github": {"apiUrl": simulator(port)},
        "soc-jira": {"siteUrl": simulator(port)},
    }


class Tocsin:
    """The `tocsin` command, pointed at the local stack."""

    def __init__(self, instance: Instance) -> None:
        self.environment = {**os.environ, **stack.read_json(instance.env_file)["environment"]}
        self.binary = build.target_folder() / "debug" / "tocsin"

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


def add_destinations(tocsin: Tocsin, instance: Instance, port: int) -> None:
    known = {
        one["displayName"] for one in json.loads(tocsin("destinations", "list", "--output", "json"))
    }
    for path in sorted(EVENTS.glob("destination-*.json")):
        destination = json.loads(path.read_text())
        name = destination["displayName"]
        if name in known:
            continue
        described = path
        local = local_settings(port).get(name)
        if local:
            destination["settings"] = {**destination.get("settings", {}), **local}
            described = instance.folder / path.name
            stack.write_json(described, destination)
        secret = secrets(port).get(name)
        if secret:
            said = tocsin(
                "destinations", "add", "--file", described, "--secret-stdin",
                given=json.dumps(secret),
            )  # fmt: skip
        else:
            said = tocsin("destinations", "add", "--file", described)
        print(f"  {said.splitlines()[0]}")


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
            found.append(
                f"{name}: wanted {sorted(wanted)}, routed {sorted(targets)}, delivered {sorted(arrived)}"
            )
    return found


def created_at(delivery: dict[str, Any], base: str) -> str | None:
    """Where the simulator shows what a delivery's receipt speaks of, if it does."""
    receipt = delivery["attempts"][-1]
    url, name = receipt.get("url") or "", receipt.get("id")
    if url.startswith(f"{base}/"):
        return url
    if name and delivery["provider"] in KNOWN_BY_ID:
        return f"{base}/_created/{delivery['provider']}/{urllib.parse.quote(name, safe='')}"
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
    return None if alert_id in text else f"{url}: nothing of alert {alert_id}"


def check_receipts(reports: list[dict[str, Any]], port: int) -> tuple[int, list[str]]:
    """Follows the receipts; gives how many there are to follow, and what is wrong."""
    pages, wrong = 0, []
    for report in reports:
        alert_id = report["alert"]["alertId"]
        for one in report["deliveries"]:
            if one["state"] != "DELIVERED":
                continue
            remark = one["attempts"][-1].get("remark") or ""
            if remark.startswith(SHORTENED):
                wrong.append(f"{one['displayName']}: {remark}")
            page = created_at(one, simulator(port))
            promised = one["displayName"] not in WITHOUT_RECEIPT
            by_aws = one["provider"] in AWS and one["attempts"][-1].get("id")
            if promised and not page and not by_aws:
                wrong.append(f"{one['displayName']}: delivered without a receipt")
            if page:
                pages += 1
                problem = problem_with(page, alert_id)
                wrong += [problem] if problem else []
    return pages, wrong


def show_arrivals(instance: Instance, port: int, ids: dict[str, str]) -> None:
    mine = set(ids.values())
    print("\nWhat the provider simulator got of these:")
    for one in received(port) or []:
        text = json.dumps(one["body"])
        if any(alert_id in text for alert_id in mine):
            print(f"  {one['provider']:10} {one['status']}  {one['path']}")
    environment = stack.read_json(instance.env_file)["environment"]
    count = stack.ask("sam", COUNT_MESSAGES, QUEUE, env=environment)["messages"]
    print(f"The queue {QUEUE} holds {count} messages.")


# ── The whole ────────────────────────────────────────────────────────────────


def arns(service: str, *names: str) -> str:
    return ",".join(f"arn:aws:{service}:{common.REGION}:{ACCOUNT}:{name}" for name in names)


def demo(instance: Instance, *, through_proxy: bool) -> int:
    instance.folder.mkdir(parents=True, exist_ok=True)
    busy = f"Another `up` or `down` of {instance.name} is under way."
    with stack.lock(instance.name, wait=False, busy=busy):
        with step("build the functions"):
            build.cargo_build()
        # Before the stack, which is told its address.
        with step("start the provider simulator"):
            port = ensure_simulator(instance)
        parameters = [
            "BaseUrls=" + ",".join(f"{provider}@{simulator(port)}" for provider in STOOD_IN),
            f"AllowedTopicArns={arns('sns', TOPIC, TEST_TOPIC)}",
            # The third queue is reached by the role only.
            f"AllowedQueueArns={arns('sqs', QUEUE, TEST_QUEUES[0])}",
            f"AllowedRoleArns=arn:aws:iam::{ACCOUNT}:role/{TEST_ROLE}",
            # None is sent by schedule; a test sends one.
            f"CanaryDestination={TEST_CANARY}",
        ]
        stack.up(
            instance, build=False, bootstrap=None, given=parameters, through_proxy=through_proxy
        )
    tocsin = Tocsin(instance)
    with step("add destinations"):
        environment = stack.read_json(instance.env_file)["environment"]
        stack.ask("sam", CREATE_TARGETS, TOPIC, QUEUE, env=environment)
        add_destinations(tocsin, instance, port)
    with step(f"send {len(EXPECTED)} sample alerts"):
        ids = send_samples(tocsin)
    with step("wait until every delivery has ended"):
        reports = settled(tocsin, list(ids.values()))
    print(tocsin("alerts", "show", *ids.values()))
    show_arrivals(instance, port, ids)
    wrong = mistakes(ids, reports)
    if wrong:
        raise Failed("Not every alert went where it belongs:\n  " + "\n  ".join(wrong))
    followed, wrong = check_receipts(reports, port)
    if wrong:
        raise Failed("Not every receipt leads to its alert:\n  " + "\n  ".join(wrong))
    print("\nEvery alert went exactly where it belongs.")
    print(f"{followed} receipts name what a provider created; each was followed and holds its alert.")
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
    parser.add_argument(
        "--proxy", action="store_true", help="put the fault proxy before the functions' AWS"
    )
    options = parser.parse_args()
    return demo(Instance(options.name), through_proxy=options.proxy)


if __name__ == "__main__":
    sys.exit(stack.reporting(main))
