"""The `tocsin` command on a local stack, and what the demo and the tests do with it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from build import binaries
from common import Failed, Instance, read_json, write_json
from samples import EVENTS, Sample

WAIT_SECONDS = 60


class Tocsin:
    """The built command, pointed at an instance of the local stack."""

    def __init__(self, instance: Instance, folder: Path | None = None) -> None:
        self.instance = instance
        self.environment = {**os.environ, **read_json(instance.env_file)["environment"]}
        self.binary = (folder or binaries()) / "tocsin"

    def __call__(self, *arguments: str | Path, stdin: str | None = None) -> str:
        """Its standard output; fails when the command fails."""
        done = subprocess.run(
            [self.binary, *arguments],
            env=self.environment,
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode:
            command = " ".join(["tocsin", *map(str, arguments)])[:200]
            raise Failed(
                f"`{command}` failed: {done.stderr.strip()}", "The functions' logs say more."
            )
        return done.stdout

    def json(self, *arguments: str | Path) -> Any:
        return json.loads(self(*arguments, "--output", "json"))

    def destinations(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.json("destinations", "list")
        return listed

    def add(self, samples: Sequence[Sample]) -> None:
        """Adds the destinations that are not there yet."""
        known = {one["displayName"] for one in self.destinations()}
        for sample in samples:
            if sample.name in known:
                continue
            described = self.instance.folder / sample.path.name
            write_json(described, sample.destination)
            add = ("destinations", "add", "--file", described)
            if sample.secret is None:
                printed = self(*add)
            else:
                printed = self(*add, "--secret-stdin", stdin=json.dumps(sample.secret))
            print(f"  {printed.splitlines()[0]}")

    def send(self, names: Sequence[str]) -> dict[str, str]:
        """Puts sample alerts on the queue, with new ids; the ids by file name."""
        printed = self("send", "--fresh", *(EVENTS / name for name in names))
        rows = [line.split("\t") for line in printed.splitlines()]
        return {Path(path).name: alert_id for alert_id, _, path in rows}

    def settled(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """Everything about these alerts, when their deliveries have ended."""
        reports: list[dict[str, Any]] = self.json(
            "alerts", "show", "--wait", str(WAIT_SECONDS), *ids
        )
        return reports


def misrouted(
    expected: dict[str, set[str]], ids: dict[str, str], reports: list[dict[str, Any]]
) -> list[str]:
    """The alerts that did not reach exactly the destinations that they should."""
    by_id = {report["alert"]["alertId"]: report for report in reports}
    found = []
    for name, wanted in expected.items():
        report = by_id[ids[name]]
        routed = {target["displayName"] for target in report["routing"]["targets"]}
        delivered = {
            one["displayName"] for one in report["deliveries"] if one["state"] == "DELIVERED"
        }
        if routed != wanted or delivered != wanted:
            found.append(
                f"{name}: expected {sorted(wanted)}, "
                f"routed {sorted(routed)}, delivered {sorted(delivered)}"
            )
    return found
