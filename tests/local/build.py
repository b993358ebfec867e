"""From the workspace to what `sam build` would have made."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from common import ROOT, Failed, Instance

TEMPLATE = ROOT / "template.yaml"
CODE_URI = re.compile(
    r"^  (?P<id>\w+):\n    Type: AWS::Serverless::Function\n(?:^(?:    .*)?\n)*?"
    r"^      CodeUri: (?P<folder>functions/(?:senders/)?(?P<binary>[\w-]+))$",
    re.MULTILINE,
)


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
    """Where cargo puts binaries, wherever the configuration of this machine says."""
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


def strip(source: Path, stripped: Path) -> bool:
    """Writes a binary without its debug information, which is most of it; whether that worked."""
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
    # The time tells the next run that nothing changed.
    os.utime(bootstrap, ns=(built.st_atime_ns, built.st_mtime_ns))


def assemble(instance: Instance, bootstrap: Path | None) -> Path:
    """Makes what `sam build` would have made: each function's folder, and the template."""
    text = TEMPLATE.read_text(encoding="utf-8")
    functions = list(CODE_URI.finditer(text))
    if len(functions) != text.count("Type: AWS::Serverless::Function\n"):
        raise Failed(
            "A function of template.yaml has no `CodeUri: functions/<binary>`.",
            "stack.py reads functions as they are written there: indented by two spaces.",
        )
    binaries = target_folder() / "debug" if bootstrap is None else Path()
    for function in functions:
        source = bootstrap or binaries / function["binary"]
        install_binary(source, instance.build / function["id"] / "bootstrap")
    for function in reversed(functions):
        text = text[: function.start("folder")] + function["id"] + text[function.end("folder") :]
    built = instance.build / "template.yaml"
    built.write_text(text, encoding="utf-8")
    return built
