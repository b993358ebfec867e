"""Reads samconfig.toml and template.yaml as SAM does; prints JSON.

Run with the Python of SAM's virtual environment, which has the parsers:

    sam_files.py deployment SAMCONFIG ENVIRONMENT   the stack's name and its parameters
    sam_files.py assemble TEMPLATE FOLDER           writes FOLDER/template.yaml
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tomlkit
from samcli.yamlhelper import yaml_dump, yaml_parse


def deployment(samconfig: Path, environment: str) -> dict[str, Any]:
    """What samconfig.toml says about the deployment in this environment."""
    config = tomlkit.parse(samconfig.read_text(encoding="utf-8"))[environment]
    return {
        "stack": config["global"]["parameters"]["stack_name"],
        "parameters": config["deploy"]["parameters"].get("parameter_overrides", []),
    }


def with_code(node: Any) -> Iterator[dict[str, Any]]:
    """All mappings that name a folder of code: functions, and rows of `Mappings`."""
    if isinstance(node, dict):
        if isinstance(node.get("CodeUri"), str):
            yield node
        for child in node.values():
            yield from with_code(child)
    elif isinstance(node, list):
        for child in node:
            yield from with_code(child)


def assemble(template: Path, folder: Path) -> dict[str, Any]:
    """Writes the template with each function's code in `folder`; gives the names of the binaries.

    A binary has the name of its function's folder: functions/senders/slack makes `slack`.
    """
    content = yaml_parse(template.read_text(encoding="utf-8"))
    binaries = set()
    for node in with_code(content):
        node["CodeUri"] = Path(node["CodeUri"]).name
        binaries.add(node["CodeUri"])
    (folder / "template.yaml").write_text(yaml_dump(content), encoding="utf-8")
    return {"binaries": sorted(binaries)}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    reader = commands.add_parser("deployment")
    reader.add_argument("samconfig", type=Path)
    reader.add_argument("environment")
    writer = commands.add_parser("assemble")
    writer.add_argument("template", type=Path)
    writer.add_argument("folder", type=Path)
    options = parser.parse_args()
    if options.command == "deployment":
        answer = deployment(options.samconfig, options.environment)
    else:
        answer = assemble(options.template, options.folder)
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
