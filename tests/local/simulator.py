"""The provider simulator: one process for each instance of the local stack."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from build import target_folder
from common import Failed, Instance, read_json, write_json
from emulation import free_port, is_free

USUAL_PORT = 4700
START_SECONDS = 10


class Simulator:
    """A running simulator, by its port."""

    def __init__(self, port: int) -> None:
        self.port = port

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str) -> Any:
        """The JSON that it answers; None when it does not answer, or not with JSON."""
        try:
            with urllib.request.urlopen(f"{self.address}{path}", timeout=5) as answer:
                return json.load(answer)
        except (urllib.error.URLError, OSError, ValueError):
            return None

    def received(self) -> list[dict[str, Any]] | None:
        """All requests so far, oldest first; None when the simulator does not answer."""
        answer: list[dict[str, Any]] | None = self.get("/_received")
        return answer

    def providers(self) -> list[str]:
        """The providers whose vendors it plays."""
        return list(self.get("/_vendors"))

    def inject(self, fault: dict[str, Any]) -> None:
        """Makes it answer with a fault: see tests/src/simulator/fault.rs."""
        self.send("PUT", "/_faults", json.dumps(fault).encode())

    def remove_faults(self, path: str) -> None:
        """Removes the faults for paths that begin so."""
        self.send("DELETE", f"/_faults?path={urllib.parse.quote(path)}")

    def send(self, method: str, path: str, body: bytes | None = None) -> None:
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(f"{self.address}{path}", body, headers, method=method)
        urllib.request.urlopen(request, timeout=5).close()

    def url_of(self, provider: str, created_id: str) -> str:
        """Where it shows what a vendor created."""
        return f"{self.address}/_created/{provider}/{urllib.parse.quote(created_id, safe='')}"


def ensure_simulator(instance: Instance) -> Simulator:
    """This instance's simulator, on the port that its destinations know if they know one."""
    known = read_json(instance.simulator_file).get("port")
    if known and Simulator(known).received() is not None:
        return Simulator(known)
    port = int(known) if known and is_free(known) else free_port(usual=USUAL_PORT)
    simulator = Simulator(port)
    log = instance.folder / "simulator.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            # It does not use the folder; `down` recognises it by that.
            [target_folder() / "debug" / "simulator", str(port), instance.folder],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    write_json(instance.simulator_file, {"port": port, "group": process.pid})
    deadline = time.monotonic() + START_SECONDS
    while simulator.received() is None:
        if process.poll() is not None or time.monotonic() > deadline:
            raise Failed("The provider simulator does not answer.", "See its log.", log)
        time.sleep(0.05)
    return simulator
