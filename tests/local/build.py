"""From the workspace to what `sam build` would have made."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

from common import ROOT, Failed, Instance
from tools import ask

TEMPLATE = ROOT / "template.yaml"


def cargo_build() -> None:
    """Builds all functions in one go: SAM would start cargo once for each."""
    try:
        code = subprocess.run(
            ["cargo", "build", "--workspace", "--bins"], cwd=ROOT, check=False
        ).returncode
    except FileNotFoundError:
        raise Failed("cargo is not installed.", "Install Rust: https://rustup.rs") from None
    if code != 0:
        raise Failed("cargo build failed.", "Its messages are above.")


def target_folder() -> Path:
    """Cargo's target folder, which the configuration of the machine may have moved."""
    answer = subprocess.run(
        ["cargo", "metadata", "--format-version", "1", "--no-deps", "--offline"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        raise Failed(f"cargo metadata failed: {answer.stderr.strip()}")
    return Path(json.loads(answer.stdout)["target_directory"])


def binaries() -> Path:
    """Where `cargo_build` leaves the binaries."""
    return target_folder() / "debug"


def strip(source: Path, stripped: Path) -> bool:
    """Writes a binary without its debug information, which is most of it; True on success."""
    tool = shutil.which("strip")
    if tool is None:
        return False
    command = [tool, "-o", str(stripped), str(source)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def install_binary(source: Path, bootstrap: Path) -> None:
    """Puts a binary where a function expects it, without debug information if possible."""
    try:
        built = source.stat()
    except FileNotFoundError:
        raise Failed(f"There is no {source}.", "Run `up` without --no-build.") from None
    if bootstrap.exists() and bootstrap.stat().st_mtime_ns == built.st_mtime_ns:
        return
    bootstrap.parent.mkdir(parents=True, exist_ok=True)
    bootstrap.unlink(missing_ok=True)
    if not strip(source, bootstrap):
        shutil.copyfile(source, bootstrap)
    bootstrap.chmod(0o755)
    # The next run sees by the time that nothing changed.
    os.utime(bootstrap, ns=(built.st_atime_ns, built.st_mtime_ns))


def assemble(
    instance: Instance,
    *,
    template: Path = TEMPLATE,
    built: Path | None = None,
    bootstrap: Path | None = None,
) -> Path:
    """Makes what `sam build` would have made: a folder for each binary, and the template.

    The binaries come from the folder `built`, by default cargo's; `bootstrap` is one
    executable for all functions.
    """
    instance.build.mkdir(parents=True, exist_ok=True)
    names = ask("sam_files.py", "assemble", template, instance.build)["binaries"]
    for name in names:
        source = bootstrap or (built or binaries()) / name
        install_binary(source, instance.build / name / "bootstrap")
    return instance.build / "template.yaml"
