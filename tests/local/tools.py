"""The pinned tools, each in a virtual environment of its own.

requirements-<tool>.in names what is wanted, requirements-<tool>.txt every package that
comes with it, with the hashes of its files; pins.py writes the latter from the former.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from common import HERE, LOCAL, ROOT, Failed, lock, run, step

# Nothing but the files whose hashes are pinned: no dependency that is not listed, and no
# source package, whose build would fetch tools that are not pinned.
INSTALL = [
    *("install", "--disable-pip-version-check", "--require-hashes", "--no-deps"),
    *("--only-binary", ":all:", "--requirement"),
]


def python_of(tool: str) -> Path:
    return LOCAL / "venv" / tool / "bin" / "python"


def ensure_venv(tool: str) -> None:
    """A virtual environment that holds exactly what requirements-<tool>.txt pins."""
    requirements = HERE / f"requirements-{tool}.txt"
    folder = LOCAL / "venv" / tool
    stamp = folder / "installed"
    # A virtual environment works in its folder and with its Python only.
    wanted = f"{sys.version_info[:2]} {folder}\n{requirements.read_text(encoding='utf-8')}"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return
    log = LOCAL / "venv" / f"{tool}.log"
    with step(f"install {tool} (once; log: {log.relative_to(ROOT)})"):
        shutil.rmtree(folder, ignore_errors=True)
        if not run([sys.executable, "-m", "venv", folder], log=log):
            raise Failed(
                "Python could not create a virtual environment.",
                "On Debian and Ubuntu the package python3-venv is needed.",
                log,
            )
        if not run([python_of(tool), "-m", "pip", *INSTALL, requirements], log=log):
            raise Failed(
                f"pip could not install {requirements.relative_to(ROOT)}.",
                "It needs PyPI or a mirror of it: check the network, and `pip config list`.",
                log,
            )
        if not run([python_of(tool), "-m", "pip", "check"], log=log):
            raise Failed(
                f"{requirements.relative_to(ROOT)} is not complete.",
                "`make pins` writes it.",
                log,
            )
        stamp.write_text(wanted, encoding="utf-8")


def ensure_tools() -> None:
    with lock("venv", wait=True):
        for tool in ("sam", "emulator"):
            ensure_venv(tool)


def ask(script: str, *arguments: str | Path, env: dict[str, str] | None = None) -> Any:
    """The JSON that a script of this folder prints; it runs with the libraries of SAM."""
    answer = subprocess.run(
        [python_of("sam"), HERE / script, *arguments],
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        lines = answer.stderr.strip().splitlines()
        raise Failed(f"{script} failed: {lines[-1] if lines else 'it printed nothing'}")
    return json.loads(answer.stdout)
