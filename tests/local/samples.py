"""The samples of events/: destinations, what each needs against the simulator, routes.

A provider is shown by its destination-*.json, with simulated/<display name>.json
beside it. Nothing here or in the demo lists providers: what a new one needs is in
these files, and a missing one fails with its name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import ROOT, Failed

EVENTS = ROOT / "events"
# As long as the tests' own token: some providers' credentials have a fixed length.
TOKEN = "simulated0simulated0"
RECEIPTS = {"url", "id", "messageId", "none"}


@dataclass(frozen=True)
class Sample:
    """A destination, as it is added to a stack that has the simulator for its vendors."""

    path: Path
    destination: dict[str, Any]
    secret: dict[str, str] | None
    # What a delivery's receipt names: the URL or the id of something at the
    # simulator, the id of an AWS message, or nothing.
    receipt: str

    @property
    def name(self) -> str:
        return str(self.destination["displayName"])

    def takes(self, severity: str, alert_type: str) -> bool:
        """Whether alerts without a list reach it, by its filters."""
        types = self.destination.get("alertTypes", [])
        if alert_type == "SYSTEM_ERROR":
            return alert_type in types
        severities = self.destination.get("severities", [])
        return severity in severities and (not types or alert_type in types)


def destinations(simulator: str) -> list[Sample]:
    """All sample destinations, for a simulator at this address."""
    return [with_simulator(path, simulator) for path in sorted(EVENTS.glob("destination-*.json"))]


def with_simulator(path: Path, simulator: str) -> Sample:
    destination = read(path)
    file = EVENTS / "simulated" / f"{destination['displayName']}.json"
    if not file.exists():
        raise Failed(
            f"{path.relative_to(ROOT)} has no {file.relative_to(ROOT)}.",
            "It says what the destination needs against the simulator: see events/README.md.",
        )
    text = file.read_text(encoding="utf-8")
    simulated = json.loads(text.replace("{simulator}", simulator).replace("{token}", TOKEN))
    if simulated.get("receipt") not in RECEIPTS:
        raise Failed(f"`receipt` of {file.relative_to(ROOT)} must be one of {sorted(RECEIPTS)}.")
    settings = {**destination.get("settings", {}), **simulated.get("settings", {})}
    if settings:
        destination["settings"] = settings
    return Sample(path, destination, simulated.get("secret"), simulated["receipt"])


def routes(samples: list[Sample]) -> dict[str, set[str]]:
    """For each sample alert, the destinations that it must reach, and no others."""
    expected = read(EVENTS / "expected-routes.json")
    alerts = {path.name for path in EVENTS.glob("alert-*.json")}
    if alerts != set(expected):
        odd = ", ".join(sorted(alerts ^ set(expected)))
        raise Failed(f"events/expected-routes.json and the sample alerts disagree on {odd}.")
    return {name: reached(name, rule, samples) for name, rule in expected.items()}


def reached(alert: str, rule: dict[str, Any], samples: list[Sample]) -> set[str]:
    if "destinations" in rule:
        return set(rule["destinations"])
    alert_type = rule.get("alertType") or read(EVENTS / alert)["type"]
    severity = rule.get("severity", "")
    return {one.name for one in samples if one.takes(severity, alert_type)}


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content
