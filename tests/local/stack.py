#!/usr/bin/env python3
"""Runs template.yaml on this machine: builds, starts an emulator of AWS, deploys.

    python3 tests/local/stack.py up       start or bring up to date
    python3 tests/local/stack.py status   what runs, and where
    python3 tests/local/stack.py env      `eval "$(… env)"` points a shell at it
    python3 tests/local/stack.py down     stop it and forget everything

An instance lives in .local/<name>/. The emulator keeps its state in memory:
when it is gone, the next `up` starts from nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import re
import shlex
import shutil
import sys
import time
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True  # Only .local is written to.

from build import TEMPLATE, assemble, cargo_build
from common import ROOT, Failed, Instance, lock, read_json, reporting, run, step, write_json
from emulation import (
    aws_environment,
    client_environment,
    endpoint,
    ensure_proxy,
    is_running,
    start_emulator,
    stop_emulator,
    stop_group,
)
from tools import ask, ensure_tools, python_of

SAMCONFIG = ROOT / "samconfig.toml"
SAMCONFIG_ENV = "local"
SETTLED = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}


# ── Deployment ───────────────────────────────────────────────────────────────


def merged(*lists: list[str]) -> list[str]:
    """`Key=Value` pairs, later lists over earlier ones: SAM itself would take one list only."""
    pairs = dict(pair.split("=", 1) for pair in itertools.chain(*lists))
    return [f"{name}={value}" for name, value in pairs.items()]


def fingerprint(instance: Instance, template: Path, parameters: list[str]) -> str:
    """Changes with everything that a deployment depends on."""
    digest = hashlib.sha256(json.dumps(parameters).encode())
    digest.update(SAMCONFIG.read_bytes())
    digest.update(template.read_bytes())
    for bootstrap in sorted(instance.build.glob("*/bootstrap")):
        digest.update(bootstrap.parent.name.encode())
        with open(bootstrap, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def sam_deploy(instance: Instance, template: Path, port: int, parameters: list[str]) -> None:
    command: list[str | Path] = [
        python_of("sam"), "-m", "samcli", "deploy",
        "--template-file", template,
        "--config-file", SAMCONFIG,
        "--config-env", SAMCONFIG_ENV,
    ]  # fmt: skip
    if parameters:
        command += ["--parameter-overrides", *parameters]
    if not run(command, log=instance.deploy_log, env=client_environment(port)):
        raise Failed(
            "sam deploy failed.",
            f"The emulator's own log: {instance.emulator_log.relative_to(ROOT)}. "
            "`down`, then `up`, starts from nothing.",
            instance.deploy_log,
        )


def describe(stack: str, port: int) -> dict[str, Any]:
    """Status and outputs of the stack; the status of one that does not exist is None."""
    environment = client_environment(port)
    answer: dict[str, Any] = ask("aws_client.py", "describe-stack", stack, env=environment)
    return answer


def write_env(instance: Instance, port: int, stack: str, outputs: dict[str, str]) -> None:
    environment = {**aws_environment(port), "TOCSIN_STACK": stack}
    write_json(instance.env_file, {"environment": environment, "stack": stack, "outputs": outputs})


# ── Commands ─────────────────────────────────────────────────────────────────


def ensure_emulator(instance: Instance, stack: str, *, through_proxy: bool) -> dict[str, Any]:
    """The running emulator if it can be used further, else a new one."""
    state = read_json(instance.state_file)
    if is_running(state) and through_proxy and not state.get("proxy"):
        print("  The functions do not go through the fault proxy yet: starting from nothing.")
    elif is_running(state):
        # An interrupted or failed first deployment cannot be deployed over.
        if describe(stack, state["port"])["status"] in SETTLED | {None}:
            return state
        print("  The last deployment did not finish: starting from nothing.")
    with step("start the emulator"):
        return start_emulator(instance, through_proxy=through_proxy)


def up(
    instance: Instance,
    *,
    given: list[str],
    build: bool = True,
    bootstrap: Path | None = None,
    template: Path = TEMPLATE,
    built: Path | None = None,
    through_proxy: bool = False,
) -> int:
    """Starts the stack of a template, or brings it up to date.

    `given` are parameters of the template. `bootstrap`, `template` and `built` are those
    of `assemble`.
    """
    start = time.monotonic()
    ensure_tools()
    if build and not bootstrap:
        with step("build the functions"):
            cargo_build()
    instance.folder.mkdir(parents=True, exist_ok=True)
    config = ask("sam_files.py", "deployment", SAMCONFIG, SAMCONFIG_ENV)
    # CloudFormation keeps the value of a parameter until it gets another: so do we.
    kept = merged(read_json(instance.state_file).get("parameters", []), given)
    stack, parameters = config["stack"], merged(config["parameters"], kept)
    with step("assemble the stack"):
        assembled = assemble(instance, template=template, built=built, bootstrap=bootstrap)
        wanted = fingerprint(instance, assembled, parameters)
    state = ensure_emulator(instance, stack, through_proxy=through_proxy)
    ensure_proxy(instance, state)
    if state.get("deployed") != wanted or not instance.env_file.exists():
        with step(f"deploy the stack {stack}"):
            sam_deploy(instance, assembled, state["port"], parameters)
            write_env(instance, state["port"], stack, describe(stack, state["port"])["outputs"])
            write_json(instance.state_file, {**state, "parameters": kept, "deployed": wanted})
    print(
        f"The stack {stack} is up at {endpoint(state['port'])} ({time.monotonic() - start:.1f} s)."
    )
    print(f"Its outputs: {instance.env_file.relative_to(ROOT)}")
    return 0


def down(instance: Instance) -> int:
    if not instance.folder.exists():
        print(f"There is no local stack {instance.name}.")
        return 0
    with step(f"stop the local stack {instance.name}"):
        stop_group(instance, read_json(instance.simulator_file).get("group"))
        stop_emulator(instance)
        shutil.rmtree(instance.folder)
    return 0


def status(instance: Instance) -> int:
    state = read_json(instance.state_file)
    if not is_running(state):
        print(f"The local stack {instance.name} is not running.")
        print(f"Start it: {command_line('up', instance)}")
        return 1
    known = read_json(instance.env_file)
    if not known:
        print(f"The emulator runs at {endpoint(state['port'])}, but nothing is deployed on it.")
        return 1
    stack = describe(known["stack"], state["port"])
    address = f"{endpoint(state['port'])}, process group {state['group']}"
    print(f"{known['stack']}: {stack['status']} at {address}")
    for name, value in stack["outputs"].items():
        print(f"  {name:26} {value}")
    return 0


def env(instance: Instance) -> int:
    known = read_json(instance.env_file)
    if not known or not is_running(read_json(instance.state_file)):
        advice = f"Start it: {command_line('up', instance)}"
        print(f"The local stack {instance.name} is not running. {advice}", file=sys.stderr)
        return 1
    for name, value in known["environment"].items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def command_line(command: str, instance: Instance) -> str:
    return f"python3 {Path(__file__).resolve().relative_to(ROOT)} {command} --name {instance.name}"


def instance_name(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", text) or text in {"venv", "locks"}:
        raise argparse.ArgumentTypeError("small letters, digits and hyphens; not venv or locks")
    return text


def parameter(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]+=.*", text):
        raise argparse.ArgumentTypeError("must be Key=Value")
    return text


def arguments() -> argparse.Namespace:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--name", type=instance_name, default="demo", help="of the instance (default: demo)"
    )
    parser = argparse.ArgumentParser(description="Runs the stack of template.yaml on this machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("up", parents=[common], help="start it, or bring it up to date")
    start.add_argument("--no-build", action="store_true", help="take the binaries as they are")
    start.add_argument(
        "--parameter",
        action="append",
        default=[],
        type=parameter,
        metavar="Key=Value",
        help="parameter of the template; kept until `down` or another value (repeatable)",
    )
    start.add_argument(
        "--through-proxy",
        action="store_true",
        help="put the fault proxy between the functions and the emulator; kept until `down`",
    )
    # One executable for every function, to try the template without the crates.
    start.add_argument("--bootstrap", type=Path, help=argparse.SUPPRESS)
    commands.add_parser("tools", help="install the pinned tools, and nothing else")
    commands.add_parser("down", parents=[common], help="stop it and remove all it left")
    commands.add_parser("status", parents=[common], help="what runs, and where")
    commands.add_parser("env", parents=[common], help="print the exports that point a shell at it")
    return parser.parse_args()


def dispatch(options: argparse.Namespace) -> int:
    if options.command == "tools":
        ensure_tools()
        return 0
    instance = Instance(options.name)
    if options.command == "status":
        return status(instance)
    if options.command == "env":
        return env(instance)
    busy = f"Another `up` or `down` of {instance.name} is under way."
    with lock(instance.name, wait=False, busy=busy):
        if options.command == "down":
            return down(instance)
        return up(
            instance,
            given=options.parameter,
            build=not options.no_build,
            bootstrap=options.bootstrap,
            through_proxy=options.through_proxy,
        )


if __name__ == "__main__":
    if sys.version_info < (3, 10):
        sys.exit("stack.py needs Python 3.10 or newer.")
    sys.exit(reporting(lambda: dispatch(arguments())))
