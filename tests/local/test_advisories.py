"""The check of advisories, with cargo-deny itself and a database that is made here.

    test_advisories.py CARGO_DENY

No real advisory is needed: what is held is that one which applies is found, and that a
snapshot which cannot tell does not pass.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import advisories
from common import ROOT, Failed
from snapshot import Snapshot, read_snapshot, write_snapshot

# In Cargo.lock for as long as there is JSON.
CRATE = "serde_json"
OTHER = "tocsin-no-such-crate"
ADVISORY = """```toml
[advisory]
id = "RUSTSEC-2000-0001"
package = "{crate}"
date = "2000-01-01"

[versions]
patched = [{patched}]
```

# Made for a test

It says nothing about the crate.
"""


class Advisories(unittest.TestCase):
    deny: Path

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.database = Path(folder.name) / "database"
        self.folder = Path(folder.name) / "snapshot"

    def advisory(self, crate: str, patched: str = "") -> None:
        text = ADVISORY.format(crate=crate, patched=patched)
        path = self.database / "crates" / crate / "RUSTSEC-2000-0001.md"
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")

    def snapshot(self, crates: list[str]) -> Snapshot:
        (self.database / "LICENSE.txt").write_text("A licence.\n", encoding="utf-8")
        for command in (
            ["init", "--quiet"],
            ["add", "."],
            [
                *("-c", "user.name=test", "-c", "user.email=test@example.com"),
                *("-c", "commit.gpgsign=false", "commit", "--quiet", "--message", "test"),
            ],
        ):
            subprocess.run(["git", "-C", self.database, *command], check=True)
        return write_snapshot(self.database, self.folder, crates)

    def locked(self) -> list[str]:
        return advisories.crates_of(ROOT / "Cargo.lock")

    def test_an_advisory_that_applies_is_found(self) -> None:
        self.advisory(CRATE)
        self.snapshot(self.locked())
        self.assertEqual(advisories.check(self.deny, self.folder), advisories.FOUND)

    def test_an_advisory_about_other_versions_is_not(self) -> None:
        self.advisory(CRATE, patched='">= 0.0.0"')
        self.snapshot(self.locked())
        self.assertEqual(advisories.check(self.deny, self.folder), 0)

    def test_a_snapshot_without_a_crate_of_the_lock_file_does_not_pass(self) -> None:
        self.advisory(CRATE, patched='">= 0.0.0"')
        self.snapshot([name for name in self.locked() if name != "tokio"])
        with self.assertRaisesRegex(Failed, "does not cover tokio"):
            advisories.check(self.deny, self.folder)

    def test_a_damaged_snapshot_does_not_pass(self) -> None:
        self.folder.mkdir()
        (self.folder / "snapshot.json").write_text("{}", encoding="utf-8")
        with self.assertRaisesRegex(Failed, "damaged"):
            advisories.check(self.deny, self.folder)

    def test_a_snapshot_has_the_advisories_of_its_crates_only(self) -> None:
        self.advisory(CRATE)
        self.advisory(OTHER)
        written = self.snapshot(self.locked())
        self.assertEqual([CRATE], [path.name for path in (self.folder / "crates").iterdir()])
        self.assertTrue((self.folder / "LICENSE.txt").exists())
        self.assertEqual(written, read_snapshot(self.folder))

    def test_a_database_about_none_of_the_crates_is_refused(self) -> None:
        self.advisory(OTHER)
        with self.assertRaisesRegex(Failed, "no advisory about any"):
            self.snapshot(self.locked())


if __name__ == "__main__":
    Advisories.deny = Path(sys.argv.pop()).resolve()
    unittest.main()
