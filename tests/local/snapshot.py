"""The snapshot of the advisories: a part of the RustSec database in a folder.

    snapshot.json          the commit of the database, its date, and the crates that it
                           was filtered for, with advisories or without
    crates/NAME/ID.md      the advisories about these crates, as they are in the database
    LICENSE.txt            the licence of the database
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from common import Failed

DATABASE = "https://github.com/RustSec/advisory-db"
ABOUT = "snapshot.json"
LICENSE = "LICENSE.txt"


@dataclass(frozen=True)
class Snapshot:
    folder: Path
    commit: str
    date: datetime
    crates: frozenset[str]

    def not_covered(self, crates: Iterable[str]) -> list[str]:
        """Crates that the snapshot was not filtered for: it says nothing about them."""
        return sorted(set(crates) - self.crates)


def read_snapshot(folder: Path) -> Snapshot | None:
    """The snapshot in a folder; none if nobody has written one."""
    about = folder / ABOUT
    if not about.exists():
        return None
    try:
        content = json.loads(about.read_text(encoding="utf-8"))
        date = datetime.fromisoformat(content["date"])
        return Snapshot(folder, content["commit"], date, frozenset(content["crates"]))
    except (ValueError, KeyError, TypeError) as damage:
        raise Failed(f"{about} is damaged: {damage!r}.", "`make advisories` writes it.") from None


def git(source: Path, *arguments: str) -> bytes:
    done = subprocess.run(
        ["git", "-C", source, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        raise Failed(f"git could not read {source}: {done.stderr.decode().strip()}")
    return done.stdout


def write_snapshot(source: Path, folder: Path, crates: list[str]) -> Snapshot:
    """Takes what concerns these crates from the newest commit of the database."""
    commit, time = git(source, "show", "--no-patch", "--format=%H %ct", "HEAD").decode().split()
    # Python 3.10 does not read the `Z` that git writes for UTC.
    date = datetime.fromtimestamp(int(time), timezone.utc).isoformat()
    known = git(source, "ls-tree", "--name-only", "HEAD", "crates/").decode().splitlines()
    wanted = sorted({f"crates/{name}" for name in crates} & set(known))
    if not wanted:
        # cargo-deny refuses an empty database, and rightly: this is not the right one.
        raise Failed(f"{source} has no advisory about any of {len(crates)} crates.")
    archive = git(source, "archive", "--format=tar", "HEAD", LICENSE, *wanted)
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        for member in files.getmembers():
            if member.isfile():
                target = part / member.name
                target.parent.mkdir(parents=True, exist_ok=True)
                content = files.extractfile(member)
                target.write_bytes(content.read() if content else b"")
    about = {"database": DATABASE, "commit": commit, "date": date, "crates": crates}
    (part / ABOUT).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)
    snapshot = read_snapshot(folder)
    assert snapshot is not None, "it was written just now"
    return snapshot
