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
import contextlib
import fcntl
import hashlib
import itertools
import json
import os
import re
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LOCAL = ROOT / ".local"
TEMPLATE = ROOT / "template.yaml"
SAMCONFIG = ROOT / "samconfig.toml"
SAMCONFIG_ENV = "local"

REGION = "us-east-1"
ROOT_KEY = "test"
USUAL_PORT = 4566
START_SECONDS = 60
STOP_SECONDS = 3

CODE_URI = re.compile(
    r"^  (?P<id>\w+):\n    Type: AWS::Serverless::Function\n(?:^(?:    .*)?\n)*?"
    r"^      CodeUri: (?P<folder>functions/(?P<binary>[\w-]+))$",
    re.MULTILINE,
)
SETTLED = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}

# Run with SAM's own Python, which has what the standard library lacks.
READ_PARAMETERS = """
import json, sys, tomlkit
config = tomlkit.parse(open(sys.argv[1]).read())[sys.argv[2]]
print(json.dumps({
    "stack": config["global"]["parameters"]["stack_name"],
    "parameters": config["deploy"]["parameters"].get("parameter_overrides", []),
}))
"""
DESCRIBE_STACK = """
import boto3, botocore, json, sys
try:
    stack = boto3.client("cloudformation").describe_stacks(StackName=sys.argv[1])["Stacks"][0]
except botocore.exceptions.ClientError as error:
    if "does not exist" not in str(error):
        raise
    stack = {}
print(json.dumps({
    "status": stack.get("StackStatus"),
    "outputs": {o["OutputKey"]: o["OutputValue"] for o in stack.get("Outputs", [])},
}))
"""


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


# ── Tools ────────────────────────────────────────────────────────────────────


def python_of(tool: str) -> Path:
    return LOCAL / "venv" / tool / "bin" / "python"


def ensure_venv(tool: str) -> None:
    """A virtual environment that holds exactly what requirements-<tool>.txt pins."""
    requirements = HERE / f"requirements-{tool}.txt"
    folder = LOCAL / "venv" / tool
    stamp = folder / "installed"
    # A virtual environment is bound to its place and to one Python.
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
        pip = ["-m", "pip", "install", "--disable-pip-version-check", "--requirement"]
        if not run([python_of(tool), *pip, requirements], log=log):
            raise Failed(
                f"pip could not install {requirements.relative_to(ROOT)}.",
                "It needs PyPI or a mirror of it: check the network, and `pip config list`.",
                log,
            )
        stamp.write_text(wanted, encoding="utf-8")


def ensure_tools() -> None:
    with lock("venv", wait=True):
        for tool in ("sam", "emulator"):
            ensure_venv(tool)


def ask(
    tool: str, snippet: str, *arguments: str, env: dict[str, str] | None = None
) -> dict[str, Any]:
    """The JSON object that a snippet of Python, run with a tool's libraries, prints."""
    answer = subprocess.run(
        [str(python_of(tool)), "-c", snippet, *arguments],
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        lines = answer.stderr.strip().splitlines()
        raise Failed(lines[-1] if lines else "A helper process ended without an answer.")
    content: dict[str, Any] = json.loads(answer.stdout)
    return content


# ── Emulator ─────────────────────────────────────────────────────────────────


def endpoint(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def aws_environment(port: int) -> dict[str, str]:
    """What an AWS client needs in order to reach the emulator."""
    return {
        "AWS_ENDPOINT_URL": endpoint(port),
        "AWS_ACCESS_KEY_ID": ROOT_KEY,
        "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
    }


def client_environment(port: int) -> dict[str, str]:
    """This process's environment, with no way left to the real cloud."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        **inherited,
        **aws_environment(port),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        # SAM waits 5 s between its looks, the emulator needs one or two in all.
        "SAM_CLI_POLL_DELAY": "0.3",
        "SAM_CLI_TELEMETRY": "0",
    }


def emulator_environment(instance: Instance, port: int, token: str) -> dict[str, str]:
    """A small environment, since the functions inherit it: on AWS there is no proxy either."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "SSL_CERT_FILE", "SSL_CERT_DIR")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        **aws_environment(port),
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        # The health check answers with it: the emulator on this port is ours.
        "MINISTACK_EDITION": token,
        "TMPDIR": str(instance.temporary),
        "TZ": "UTC",
    }


def answers(port: int, token: str) -> bool:
    """Whether the emulator that was started with this token answers on this port."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{endpoint(port)}/_ministack/health", timeout=2) as response:
            health = json.load(response)
    except (OSError, ValueError):
        return False
    return isinstance(health, dict) and health.get("edition") == token


def is_running(state: dict[str, Any]) -> bool:
    return bool(state) and answers(state["port"], state["token"])


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port(usual: int = USUAL_PORT) -> int:
    """The usual port, or any other if that one is taken."""
    if is_free(usual):
        return usual
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def try_start(instance: Instance, port: int) -> dict[str, Any]:
    """Starts the emulator; its state, or nothing if it ended before it was ready."""
    token = f"{instance.name}-{secrets.token_hex(8)}"
    with open(instance.emulator_log, "w", encoding="utf-8") as log:
        process = subprocess.Popen(
            # The folder is there to be seen: `down` knows its processes by it.
            [python_of("emulator"), HERE / "emulator.py", instance.folder],
            cwd=instance.folder,
            env=emulator_environment(instance, port, token),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    state = {"group": process.pid, "port": port, "token": token}
    write_json(instance.state_file, state)
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None:
        if answers(port, token):
            return state
        if time.monotonic() > deadline:
            raise Failed(
                f"The emulator does not answer after {START_SECONDS} s.",
                "See its log; `up` starts it afresh.",
                instance.emulator_log,
            )
        time.sleep(0.1)
    return {}


def start_emulator(instance: Instance) -> dict[str, Any]:
    """Starts an emulator without any state, on the usual port if that is free."""
    stop_emulator(instance)
    instance.temporary.mkdir(parents=True)
    # Two starts at once would choose the same port.
    with lock("port", wait=True):
        for _ in range(3):
            state = try_start(instance, free_port())
            if state:
                return state
    raise Failed("The emulator ended at once.", "See its log.", instance.emulator_log)


def group_members(group: int) -> list[tuple[int, str]]:
    """Process id and command of the living processes of a group."""
    if Path("/proc/self/stat").exists():
        return list(group_members_by_proc(group))
    table = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,pgid=,stat=,command="],
        capture_output=True,
        text=True,
        errors="replace",
        check=True,
    ).stdout
    members = []
    for line in table.splitlines():
        pid, pgid, status, command = [*line.split(None, 3), ""][:4]
        # Zombies have ended; whoever inherited them has not looked yet.
        if int(pgid) == group and not status.startswith("Z"):
            members.append((int(pid), command))
    return members


def group_members_by_proc(group: int) -> Iterator[tuple[int, str]]:
    """The same on Linux, where `ps` need not be installed."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            # The name in brackets may hold anything; state, parent and group follow it.
            state, _, pgid = (folder / "stat").read_text().rpartition(")")[2].split()[:3]
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # It has just ended.
        if int(pgid) == group and state != "Z":
            yield int(folder.name), command


def is_ours(instance: Instance, group: int) -> bool:
    """Whether a process group is this instance's: its number may be another's by now."""
    return any(str(instance.folder) in command for _, command in group_members(group))


def stop_group(instance: Instance, group: int | None) -> None:
    if not group or not is_ours(instance, group):
        return
    for way in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, way)
        deadline = time.monotonic() + STOP_SECONDS
        while group_members(group) and time.monotonic() < deadline:
            time.sleep(0.05)
    left = group_members(group)
    if left:
        pids = " ".join(str(pid) for pid, _ in left)
        raise Failed(f"These processes do not end: {pids}", f"Try: kill -9 {pids}")


def stop_emulator(instance: Instance) -> None:
    """Ends the emulator and the functions it runs, also when it is gone and they are not."""
    stop_group(instance, read_json(instance.state_file).get("group"))
    for path in (instance.state_file, instance.env_file):
        path.unlink(missing_ok=True)
    shutil.rmtree(instance.temporary, ignore_errors=True)


# ── Build ────────────────────────────────────────────────────────────────────


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
    return ask("sam", DESCRIBE_STACK, stack, env=client_environment(port))


def write_env(instance: Instance, port: int, stack: str, outputs: dict[str, str]) -> None:
    environment = {**aws_environment(port), "TOCSIN_STACK": stack}
    write_json(instance.env_file, {"environment": environment, "stack": stack, "outputs": outputs})


# ── Commands ─────────────────────────────────────────────────────────────────


def ensure_emulator(instance: Instance, stack: str) -> dict[str, Any]:
    """The running emulator if it can be used further, else a new one."""
    state = read_json(instance.state_file)
    if is_running(state):
        # An interrupted or failed first deployment cannot be deployed over.
        if describe(stack, state["port"])["status"] in SETTLED | {None}:
            return state
        print("  The last deployment did not come to an end: starting from nothing.")
    with step("start the emulator"):
        return start_emulator(instance)


def up(instance: Instance, *, build: bool, bootstrap: Path | None, given: list[str]) -> int:
    start = time.monotonic()
    ensure_tools()
    if build and not bootstrap:
        with step("build the functions"):
            cargo_build()
    instance.folder.mkdir(parents=True, exist_ok=True)
    config = ask("sam", READ_PARAMETERS, str(SAMCONFIG), SAMCONFIG_ENV)
    # CloudFormation keeps the value of a parameter until it gets another: so do we.
    kept = merged(read_json(instance.state_file).get("parameters", []), given)
    stack, parameters = config["stack"], merged(config["parameters"], kept)
    with step("assemble the stack"):
        template = assemble(instance, bootstrap)
        wanted = fingerprint(instance, template, parameters)
    state = ensure_emulator(instance, stack)
    if state.get("deployed") != wanted or not instance.env_file.exists():
        with step(f"deploy the stack {stack}"):
            sam_deploy(instance, template, state["port"], parameters)
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
        print(
            f"The local stack {instance.name} is not running. Start it: {command_line('up', instance)}"
        )
        return 1
    known = read_json(instance.env_file)
    if not known:
        print(f"The emulator runs at {endpoint(state['port'])}, but nothing is deployed on it.")
        return 1
    stack = describe(known["stack"], state["port"])
    print(
        f"{known['stack']}: {stack['status']} at {endpoint(state['port'])}, process group {state['group']}"
    )
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
        help="parameter of the template; kept until it is given anew or `down` (repeatable)",
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
            build=not options.no_build,
            bootstrap=options.bootstrap,
            given=options.parameter,
        )


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


if __name__ == "__main__":
    if sys.version_info < (3, 10):
        sys.exit("stack.py needs Python 3.10 or newer.")
    sys.exit(reporting(lambda: dispatch(arguments())))
