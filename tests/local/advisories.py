#!/usr/bin/env python3
"""Known vulnerabilities of what Tocsin depends on.

advisories/ is the place of a snapshot: the advisories of the RustSec database about the
crates in Cargo.lock. With it cargo-deny answers without a network, and the same for
everyone who has the same commit.

    advisories.py check             Cargo.lock against the snapshot; no network (`make deny`)
    advisories.py now               Cargo.lock and requirements-*.txt against the databases
                                    of today (`make audit`)
    advisories.py refresh           writes the snapshot from the database of today
    advisories.py refresh --from D  writes it from a copy of the database, a git directory

Exit status: 0 nothing found, 1 found, 2 not checked, such as without a network.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

from common import HERE, LOCAL, ROOT, Failed, lock, reporting
from snapshot import DATABASE, Snapshot, read_snapshot, write_snapshot
from tools import ensure_venv

SNAPSHOT = ROOT / "advisories"
# cargo-deny reads databases below this folder: deny.toml.
DATABASES = "TOCSIN_ADVISORIES"
# The name that cargo-deny gives to the folder of a database: a hash of its address.
FOLDER = "advisory-db-3157b0e258782691"
FETCHED = LOCAL / "advisories" / "fetched"

FOUND = 1
NOT_CHECKED = 2


def crates_of(lock_file: Path) -> list[str]:
    """The crates of a Cargo.lock, which Cargo writes with one `name` on a line of its own."""
    lines = lock_file.read_text(encoding="utf-8").splitlines()
    names = {line.split('"')[1] for line in lines if line.startswith('name = "')}
    if not names:
        raise Failed(f"{lock_file} names no crate.")
    return sorted(names)


def cargo_deny(deny: Path, *arguments: str, databases: Path, capture: bool = False) -> int:
    """Runs cargo-deny on databases below a folder. Its output is shown, or kept for a failure."""
    done = subprocess.run(
        [deny, *arguments],
        cwd=ROOT,
        env=os.environ | {DATABASES: str(databases)},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE if capture else None,
        text=True,
        check=False,
    )
    if capture and done.returncode != 0:
        print(done.stderr.strip(), file=sys.stderr)
    return done.returncode


# ── The snapshot ─────────────────────────────────────────────────────────────


def as_database(snapshot: Snapshot, databases: Path) -> Path:
    """Lays a snapshot out as the copy that cargo-deny would have fetched on that day."""
    database = databases / FOLDER
    (database / ".git").mkdir(parents=True, exist_ok=True)
    # cargo-deny takes the time of this file for the age of the database.
    fetched = database / ".git" / "FETCH_HEAD"
    fetched.touch()
    os.utime(fetched, (snapshot.date.timestamp(), snapshot.date.timestamp()))
    crates = database / "crates"
    crates.unlink(missing_ok=True)
    crates.symlink_to(snapshot.folder / "crates", target_is_directory=True)
    return databases


def check(deny: Path, folder: Path = SNAPSHOT, lock_file: Path = ROOT / "Cargo.lock") -> int:
    snapshot = read_snapshot(folder)
    if snapshot is None:
        print(
            "Advisories: NOT CHECKED. The repository has no snapshot of them. "
            "`make advisories` writes it; `make audit` asks the databases of today."
        )
        return 0
    missing = snapshot.not_covered(crates_of(lock_file))
    if missing:
        raise Failed(
            f"The snapshot of the advisories does not cover {', '.join(missing)}.",
            "It was made for an earlier Cargo.lock. `make advisories` writes it again.",
        )
    with lock("advisories", wait=True):
        databases = as_database(snapshot, LOCAL / "advisories" / "snapshot")
        arguments = ("--offline", "--log-level", "error", "check", "advisories")
        if cargo_deny(deny, *arguments, databases=databases) != 0:
            return FOUND
    age = (datetime.now(timezone.utc) - snapshot.date).days
    print(f"Advisories: none of {snapshot.date:%Y-%m-%d} ({age} days old) applies to Cargo.lock.")
    return 0


def fetch(deny: Path) -> Path:
    """Today's database of RustSec."""
    if cargo_deny(deny, "fetch", "db", databases=FETCHED, capture=True) != 0:
        raise Failed(
            f"The database of RustSec was not reached ({DATABASE}).",
            "This needs the network, and git.",
        )
    return FETCHED / FOLDER


def refresh(deny: Path, copy: Path | None) -> int:
    with lock("advisories", wait=True):
        source = copy or fetch(deny)
        snapshot = write_snapshot(source, SNAPSHOT, crates_of(ROOT / "Cargo.lock"))
    print(f"{SNAPSHOT.relative_to(ROOT)}: as of {snapshot.date:%Y-%m-%d}, {snapshot.commit[:12]}.")
    return check(deny)


# ── The databases of today ───────────────────────────────────────────────────


def rust_now(deny: Path) -> int:
    try:
        with lock("advisories", wait=True):
            fetch(deny)
    except Failed as failure:
        print(f"✗ Cargo.lock: NOT CHECKED. {failure.reason} {failure.advice}", file=sys.stderr)
        return NOT_CHECKED
    if cargo_deny(deny, "--log-level", "error", "check", "advisories", databases=FETCHED) != 0:
        print("✗ Cargo.lock: found, see above.", file=sys.stderr)
        return FOUND
    print("✓ Cargo.lock: no advisory applies.")
    return 0


def python_now(requirements: Path) -> int:
    """Asks OSV: mirrors of PyPI often have the packages, but not the advisories."""
    name = requirements.relative_to(ROOT)
    done = subprocess.run(
        [
            *(LOCAL / "venv" / "pip-audit" / "bin" / "pip-audit", "--strict"),
            *("--vulnerability-service", "osv", "--progress-spinner", "off"),
            *("--require-hashes", "--disable-pip", "--no-deps", "--requirement", requirements),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        print(f"✓ {name}: no advisory applies.")
        return 0
    # pip-audit has one status for all; only what it found goes to standard output.
    if done.stdout.strip():
        print(f"{done.stdout.strip()}\n✗ {name}: found, see above.", file=sys.stderr)
        return FOUND
    reason = (done.stderr.strip().splitlines() or ["pip-audit printed nothing"])[-1]
    print(f"✗ {name}: NOT CHECKED. {reason}", file=sys.stderr)
    return NOT_CHECKED


def now(deny: Path) -> int:
    with lock("venv", wait=True):
        ensure_venv("pip-audit")
    results = [rust_now(deny), *map(python_now, sorted(HERE.glob("requirements-*.txt")))]
    if FOUND in results:
        return FOUND
    return NOT_CHECKED if NOT_CHECKED in results else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--deny", type=Path, required=True, help="the executable of cargo-deny")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check", help="Cargo.lock against the snapshot")
    commands.add_parser("now", help="everything against the databases of today")
    renew = commands.add_parser("refresh", help="write the snapshot")
    renew.add_argument("--from", dest="copy", type=Path, help="a git directory with the database")
    options = parser.parse_args()
    deny = options.deny.resolve()
    if options.command == "now":
        return now(deny)
    if options.command == "refresh":
        return refresh(deny, options.copy)
    return check(deny)


if __name__ == "__main__":
    sys.exit(reporting(main))
