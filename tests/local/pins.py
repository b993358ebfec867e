#!/usr/bin/env python3
"""Writes requirements-*.txt from requirements-*.in: `make pins`.

Each holds the complete set of packages, with the hash of every file that the index has
of them, for all platforms and for Python 3.10 and newer. What is pinned stays, as long
as the .in files allow it:

    pins.py             adds and removes what the .in files ask for
    pins.py --upgrade   also takes the newest version of every indirect package
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from common import HERE, LOCAL, ROOT, Failed, lock, reporting, step
from tools import ensure_venv

OLDEST_PYTHON = "3.10"
COMPILE = [
    *("pip", "compile", "--quiet", "--no-config", "--universal"),
    *("--python-version", OLDEST_PYTHON, "--generate-hashes"),
    # Only packages that need no build; the file says so to pip as well.
    *("--no-build", "--emit-build-options"),
    *("--custom-compile-command", "make pins"),
]


def compile_one(uv: Path, source: Path, *, upgrade: list[str]) -> None:
    target = source.with_suffix(".txt")
    with step(f"pin {target.relative_to(ROOT)}"):
        command = [str(uv), *COMPILE, *upgrade, "--output-file", target.name, source.name]
        done = subprocess.run(
            command, cwd=HERE, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
        )
        if done.returncode != 0:
            raise Failed(
                f"uv could not resolve {source.relative_to(ROOT)}:\n{done.stderr.strip()}\n",
                "It needs PyPI or a mirror of it (UV_DEFAULT_INDEX).",
            )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--upgrade", action="store_true", help="newest indirect packages")
    upgrade = ["--upgrade"] if parser.parse_args().upgrade else []
    with lock("venv", wait=True):
        ensure_venv("uv")
    uv = LOCAL / "venv" / "uv" / "bin" / "uv"
    for source in sorted(HERE.glob("requirements-*.in")):
        compile_one(uv, source, upgrade=upgrade)
    return 0


if __name__ == "__main__":
    sys.exit(reporting(main))
