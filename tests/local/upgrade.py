"""Updates the stack of an earlier release in place, and checks that nothing is lost.

Deploys the template of the earlier release onto a local stack of its own, adds the
sample destinations, sends the sample alerts, then updates the stack with the
template of today. Destinations, secrets, ledger and all resources of the stack must be
the same as before, deliveries that wait for their retries meanwhile must arrive,
and alerts must be delivered as before.

The earlier stack runs today's binaries, unless --binaries names a folder with those
of the earlier release (router, api, slack …, tocsin). What today's binaries leave in
the ledger and on the retry queue is then put into the earlier release's form.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True

import stack
from build import TEMPLATE, cargo_build
from command import WAIT_SECONDS, Tocsin, misrouted
from common import HERE, ROOT, Failed, Instance, lock, read_json, reporting, step
from demo import create_targets, parameters
from samples import Sample, destinations, routes
from simulator import Simulator, ensure_simulator
from tools import ask

EARLIER = HERE.parent / "fixtures" / "template-0.1.0.yaml"
# An alert that waits for its retry during the update, how often it is sent, and where
# it is throttled.
WAITING = "alert-okta-lockout-username.json"
TIMES = 3
THROTTLED = "/hook"
THROTTLING = {"path": THROTTLED, "status": 429, "times": 1_000, "headers": {"retry-after": "15"}}
SEE_LOGS = "The functions' logs say more."


@dataclass(frozen=True)
class State:
    """What an update must not change."""

    destinations: list[dict[str, Any]]
    secrets: list[str]
    resources: dict[str, dict[str, str]]
    alerts: list[dict[str, Any]]

    def differences(self, after: State) -> list[str]:
        return [
            f"the {name} changed:\n    before: {old}\n    after:  {new}"
            for name, old in vars(self).items()
            if not contains(new := getattr(after, name), old)
        ]


def contains(new: Any, old: Any) -> bool:
    """Whether everything is still there; a newer release may add fields to an answer."""
    if isinstance(old, dict):
        return isinstance(new, dict) and all(
            key in new and contains(new[key], value) for key, value in old.items()
        )
    if isinstance(old, list):
        return (
            isinstance(new, list)
            and len(new) == len(old)
            and all(contains(*pair) for pair in zip(new, old, strict=True))
        )
    return bool(new == old)


def without_health(destination: dict[str, Any]) -> dict[str, Any]:
    """A destination as it is configured: its health changes with every delivery."""
    return {key: value for key, value in destination.items() if key != "health"}


def state(instance: Instance, tocsin: Tocsin, ids: dict[str, str]) -> State:
    known = read_json(instance.env_file)
    name, environment = known["stack"], known["environment"]
    return State(
        destinations=[without_health(one) for one in tocsin.destinations()],
        secrets=ask("aws_client.py", "secrets", f"{name}/", env=environment),
        # By physical id: an update must not replace any of them.
        resources=ask("aws_client.py", "resources", name, env=environment),
        alerts=tocsin.settled(list(ids.values())),
    )


def deliver(tocsin: Tocsin, samples: list[Sample]) -> dict[str, str]:
    """Sends the sample alerts; fails unless each reaches its destinations. Their ids."""
    expected = routes(samples)
    ids = tocsin.send(list(expected))
    problems = misrouted(expected, ids, tocsin.settled(list(ids.values())))
    if problems:
        raise Failed("Not every alert went where it belongs:\n  " + "\n  ".join(problems))
    return ids


def send_waiting(tocsin: Tocsin, simulator: Simulator) -> list[str]:
    """Sends alerts to a destination that throttles; their ids when they wait for retries."""
    simulator.inject(THROTTLING)
    ids = [tocsin.send([WAITING])[WAITING] for _ in range(TIMES)]
    deadline = time.monotonic() + WAIT_SECONDS
    while not all(is_waiting(tocsin, one) for one in ids):
        if time.monotonic() > deadline:
            raise Failed(f"One of the alerts {ids} does not wait.", SEE_LOGS)
        time.sleep(0.5)
    return ids


def is_waiting(tocsin: Tocsin, alert_id: str) -> bool:
    try:
        return bool(states(tocsin.json("alerts", "show", alert_id)) & {"QUEUED", "RETRYING"})
    except Failed:
        return False  # It is not recorded yet.


def leave_as_earlier(instance: Instance, ids: list[str]) -> list[dict[str, Any]]:
    """Has the ledger hold what the earlier release leaves there. The messages that the
    earlier release has on its retry queue for it."""
    known = read_json(instance.env_file)
    table, environment = known["outputs"]["LedgerTable"], known["environment"]
    messages = []
    for alert_id in ids:
        left = ask("aws_client.py", "leave-retries", table, alert_id, env=environment)
        if not left:
            raise Failed(f"No delivery of the alert {alert_id} waits for a retry.", SEE_LOGS)
        messages += left
    return messages


def send_retries(instance: Instance, messages: list[dict[str, Any]]) -> None:
    """Sends retry messages of the earlier release. They are delayed until the update is
    over: only the earlier functions could process them under the earlier roles."""
    known = read_json(instance.env_file)
    queue, environment = known["outputs"]["RetryQueueUrl"], known["environment"]
    for message in messages:
        ask("aws_client.py", "send-message", queue, json.dumps(message), env=environment)


def states(reports: list[dict[str, Any]]) -> set[str]:
    return {one["state"] for report in reports for one in report["deliveries"]}


def upgrade(instance: Instance, binaries: Path | None) -> int:
    with step("build the functions"):
        cargo_build()
    instance.folder.mkdir(parents=True, exist_ok=True)
    simulator = ensure_simulator(instance)
    samples = destinations(simulator.address)
    given = parameters(simulator, samples, for_tests=False)
    print(f"The earlier release: {EARLIER.relative_to(ROOT)}")
    stack.up(instance, given=given, build=False, template=EARLIER, built=binaries)
    tocsin = Tocsin(instance, binaries)
    with step("add destinations and deliver the sample alerts"):
        create_targets(instance, samples)
        tocsin.add(samples)
        ids = deliver(tocsin, samples)
        before = state(instance, tocsin, ids)
    with step(f"send {TIMES} alerts that wait for their retries"):
        waiting = send_waiting(tocsin, simulator)
        # Functions of the earlier release leave this themselves.
        retries = [] if binaries else leave_as_earlier(instance, waiting)
    print(f"The release of today: {TEMPLATE.relative_to(ROOT)}")
    stack.up(instance, given=[], build=False)
    tocsin = Tocsin(instance)
    with step("compare the stack with the earlier one"):
        problems = before.differences(state(instance, tocsin, ids))
        if problems:
            raise Failed("The update changed something:\n  " + "\n  ".join(problems))
    with step("deliver what waited during the update"):
        simulator.remove_faults(THROTTLED)
        send_retries(instance, retries)
        if states(tocsin.settled(waiting)) != {"DELIVERED"}:
            raise Failed(f"One of the alerts {waiting} was not delivered.", SEE_LOGS)
    with step("deliver the sample alerts again"):
        deliver(tocsin, samples)
    print(
        f"Updated in place: {len(before.destinations)} destinations, "
        f"{len(before.secrets)} secrets, {len(before.alerts)} alerts with their deliveries, and "
        f"{len(before.resources)} resources are the same as before."
    )
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--name", type=stack.instance_name, default="upgrade")
    parser.add_argument("--binaries", type=Path, help="folder of the earlier release's binaries")
    options = parser.parse_args()
    instance = Instance(options.name)
    busy = f"Another `up` or `down` of {instance.name} is under way."
    with lock(instance.name, wait=False, busy=busy):
        stack.down(instance)
        try:
            return upgrade(instance, options.binaries)
        finally:
            stack.down(instance)


if __name__ == "__main__":
    sys.exit(reporting(main))
