"""The emulator's process: started, recognised, stopped with all its children."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from build import target_folder
from common import HERE, REGION, ROOT_KEY, Failed, Instance, lock, read_json, write_json
from tools import python_of

USUAL_PORT = 4566
USUAL_PROXY_PORT = 4666
START_SECONDS = 60
# Lambda repeats a failed asynchronous invocation after one minute and after two
# more; the emulator, left alone, after one second and two.
AS_SLOW_AS_LAMBDA = {
    "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "60",
    "LAMBDA_ASYNC_RETRY_MAX_SECONDS": "120",
}
STOP_SECONDS = 3


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


def emulator_environment(
    instance: Instance, port: int, token: str, proxy_port: int | None
) -> dict[str, str]:
    """A small environment, since the functions inherit it: on AWS there is no proxy either."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "SSL_CERT_FILE", "SSL_CERT_DIR")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        # Given to the functions: where they find AWS.
        **aws_environment(proxy_port or port),
        **(AS_SLOW_AS_LAMBDA if proxy_port else {}),
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


def try_start(instance: Instance, port: int, proxy_port: int | None) -> dict[str, Any]:
    """Starts the emulator; its state, or nothing if it ended before it was ready."""
    token = f"{instance.name}-{secrets.token_hex(8)}"
    with open(instance.emulator_log, "w", encoding="utf-8") as log:
        process = subprocess.Popen(
            # The folder is there to be seen: `down` knows its processes by it.
            [python_of("emulator"), HERE / "emulator.py", instance.folder],
            cwd=instance.folder,
            env=emulator_environment(instance, port, token, proxy_port),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    state = {"group": process.pid, "port": port, "token": token, "proxy": proxy_port}
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


def start_emulator(instance: Instance, *, through_proxy: bool) -> dict[str, Any]:
    """Starts an emulator without any state, on the usual port if that is free."""
    stop_emulator(instance)
    instance.temporary.mkdir(parents=True)
    # Two starts at once would choose the same port.
    with lock("port", wait=True):
        for _ in range(3):
            proxy_port = free_port(usual=USUAL_PROXY_PORT) if through_proxy else None
            state = try_start(instance, free_port(), proxy_port)
            if state:
                ensure_proxy(instance, state)
                return state
    raise Failed("The emulator ended at once.", "See its log.", instance.emulator_log)


def ensure_proxy(instance: Instance, state: dict[str, Any]) -> None:
    """Has the fault proxy run where the functions look for AWS, if they go through one."""
    port = state.get("proxy")
    running = read_json(instance.proxy_file).get("group")
    if not port or (running and is_ours(instance, running)):
        return
    with open(instance.folder / "proxy.log", "w", encoding="utf-8") as log:
        process = subprocess.Popen(
            # It does not use the folder; `down` recognises it by that.
            [
                target_folder() / "debug" / "fault-proxy",
                str(port),
                endpoint(state["port"]),
                instance.folder,
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    write_json(instance.proxy_file, {"port": port, "group": process.pid})
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is not None or is_free(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise Failed(
                "The fault proxy does not answer.", "See its log.", instance.folder / "proxy.log"
            )
        time.sleep(0.05)


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
        # Zombies have ended; their new parent has not collected them yet.
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
            command = (
                (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            )
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
    for file in (instance.state_file, instance.proxy_file):
        stop_group(instance, read_json(file).get("group"))
    for path in (instance.state_file, instance.proxy_file, instance.env_file):
        path.unlink(missing_ok=True)
    shutil.rmtree(instance.temporary, ignore_errors=True)
