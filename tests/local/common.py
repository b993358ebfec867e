"""What all parts of the local stack share: places, errors, steps, files."""

from __future__ import annotations

import contextlib
import fcntl
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LOCAL = ROOT / ".local"
REGION = "us-east-1"
ROOT_KEY = "test"


class Failed(Exception):
    """A step failed; says why and what to do next."""

    def __init__(self, reason: str, advice: str = "", log: Path | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.advice = advice
        self.log = log


@dataclass(frozen=True)
class Instance:
    """The folder of one local stack and what is in it."""

    name: str

    @property
    def folder(self) -> Path:
        return LOCAL / self.name

    @property
    def state_file(self) -> Path:
        """What `up` has to remember: process, port and what was deployed."""
        return self.folder / "state.json"

    @property
    def env_file(self) -> Path:
        """What others need to use the stack."""
        return self.folder / "env.json"

    @property
    def simulator_file(self) -> Path:
        """The provider simulator of the demo: process and port."""
        return self.folder / "simulator.json"

    @property
    def proxy_file(self) -> Path:
        """The fault proxy, where there is one: process and port."""
        return self.folder / "proxy.json"

    @property
    def build(self) -> Path:
        return self.folder / "build"

    @property
    def temporary(self) -> Path:
        return self.folder / "tmp"

    @property
    def emulator_log(self) -> Path:
        return self.folder / "emulator.log"

    @property
    def deploy_log(self) -> Path:
        return self.folder / "deploy.log"


# ── Small tools ──────────────────────────────────────────────────────────────


@contextlib.contextmanager
def step(title: str) -> Iterator[None]:
    """Announces a step, then says how long it took or that it is the one that failed."""
    print(f"• {title} …", flush=True)
    start = time.monotonic()
    try:
        yield
    except Failed:
        print(f"✗ {title}: failed after {time.monotonic() - start:.1f} s", flush=True)
        raise
    except KeyboardInterrupt:
        print(f"\n✗ {title}: interrupted", flush=True)
        raise
    print(f"✓ {title}: {time.monotonic() - start:.1f} s", flush=True)


@contextlib.contextmanager
def lock(name: str, *, wait: bool, busy: str = "") -> Iterator[None]:
    """Holds a lock that the kernel releases when this process ends, however it ends."""
    folder = LOCAL / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / name, "w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise Failed(busy, "Wait until it has finished, then try again.") from None
        yield


def run(command: Sequence[str | Path], *, log: Path, env: dict[str, str] | None = None) -> bool:
    """Runs a command with its output in a log file; whether it succeeded."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "w", encoding="utf-8") as output:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    return done.returncode == 0


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file; empty when there is none or it is damaged."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Writes a JSON file so that a reader sees the old or the new one, never half."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    part.replace(path)


def tail(path: Path, lines: int = 25) -> str:
    try:
        return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


def reporting(work: Callable[[], int]) -> int:
    """Does the work; what fails is told in words, not in a traceback."""
    try:
        return work()
    except KeyboardInterrupt:
        print("Interrupted. `up` goes on from here, `down` removes everything.", file=sys.stderr)
        return 130
    except Failed as failure:
        if failure.log:
            print(
                f"\n── end of {failure.log.relative_to(ROOT)}\n{tail(failure.log)}\n──",
                file=sys.stderr,
            )
        print(f"{failure.reason} {failure.advice}".strip(), file=sys.stderr)
        return 1
