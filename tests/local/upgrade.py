"""Updates the stack of an earlier release in place, and checks that nothing is lost.

Deploys the template of the earlier release onto a local stack of its own, adds the
sample destinations, sends the sample alerts, then updates the stack with the
template of today. Destinations, secrets, ledger and the resources that hold them
must be the same as before, and alerts must be delivered as before.

Both stacks run today's binaries, unless --binaries names a folder with those of the
earlier release (router, api, slack …, tocsin).
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True

import stack
from build import TEMPLATE, cargo_build
from command import Tocsin, misrouted
from common import HERE, Failed, Instance, lock, read_json, reporting, step
from demo import create_targets, parameters
from samples import Sample, destinations, routes
from simulator import ensure_simulator
from tools import ask

EARLIER = HERE.parent / "fixtures" / "template-0.1.0.yaml"
# The types of the resources that hold what must not be lost.
STATEFUL = {"AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::Logs::LogGroup"}


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
            if (new := getattr(after, name)) != old
        ]


def state(instance: Instance, tocsin: Tocsin, ids: dict[str, str]) -> State:
    known = read_json(instance.env_file)
    name, environment = known["stack"], known["environment"]
    resources = ask("aws_client.py", "resources", name, env=environment)
    return State(
        destinations=tocsin.destinations(),
        secrets=ask("aws_client.py", "secrets", f"{name}/", env=environment),
        resources={key: one for key, one in resources.items() if one["type"] in STATEFUL},
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


def upgrade(instance: Instance, binaries: Path | None) -> int:
    with step("build the functions"):
        cargo_build()
    instance.folder.mkdir(parents=True, exist_ok=True)
    simulator = ensure_simulator(instance)
    samples = destinations(simulator.address)
    given = parameters(simulator, samples, for_tests=False)
    print(f"The earlier release: {EARLIER.relative_to(stack.ROOT)}")
    stack.up(instance, given=given, build=False, template=EARLIER, built=binaries)
    tocsin = Tocsin(instance, binaries)
    with step("add destinations and deliver the sample alerts"):
        create_targets(instance, samples)
        tocsin.add(samples)
        ids = deliver(tocsin, samples)
        before = state(instance, tocsin, ids)
    print(f"The release of today: {TEMPLATE.relative_to(stack.ROOT)}")
    stack.up(instance, given=[], build=False)
    tocsin = Tocsin(instance)
    with step("compare the stack with the earlier one"):
        problems = before.differences(state(instance, tocsin, ids))
        if problems:
            raise Failed("The update changed something:\n  " + "\n  ".join(problems))
    with step("deliver the sample alerts again"):
        deliver(tocsin, samples)
    print(
        f"Updated in place: {len(before.destinations)} destinations, {len(before.secrets)} secrets, "
        f"{len(before.alerts)} alerts with their deliveries and {len(before.resources)} tables, "
        "queues and log groups are as they were."
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
