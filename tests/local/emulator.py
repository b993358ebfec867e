"""Starts MiniStack, corrected where it authorises requests otherwise than AWS.

- It checks `BatchExecuteStatement` as an IAM action of that name on the
  resource `*`. On AWS there is no such action: each statement needs its own
  (`dynamodb:PartiQLInsert` and so on) on its own table.
- It checks `SendMessageBatch` and its like as actions of their own. On AWS the
  action of the single call covers them.

Without this the roles of template.yaml could not be tested as they are.

Run by stack.py with the Python of the emulator's virtual environment.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any

from ministack.app import main
from ministack.core import iam_actions

# Where each operation that takes PartiQL keeps its statements.
STATEMENT_LISTS = {
    "dynamodb:BatchExecuteStatement": "Statements",
    "dynamodb:ExecuteTransaction": "TransactStatements",
}
STATEMENT = re.compile(
    r"""^\s*(?:
        (?P<insert>INSERT\s+INTO) | (?P<update>UPDATE) | (?P<delete>DELETE\s+FROM)
        | (?P<select>(?:EXISTS\s*\(\s*)?SELECT\b.*?\bFROM)
    )\s+"?(?P<table>[A-Za-z0-9_.-]+)"?(?:\."?(?P<index>[A-Za-z0-9_.-]+)"?)?""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
ACTIONS = {
    "insert": "dynamodb:PartiQLInsert",
    "update": "dynamodb:PartiQLUpdate",
    "delete": "dynamodb:PartiQLDelete",
    "select": "dynamodb:PartiQLSelect",
}

SINGLE_ACTIONS = {
    "sns:PublishBatch": "sns:Publish",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:SendMessageBatch": "sqs:SendMessage",
}

Check = tuple[str, str]

request_action = iam_actions.extract_iam_action
transaction_checks = iam_actions.dynamodb_transaction_checks


def single_action(*request: Any, **named: Any) -> str | None:
    """Takes the place of MiniStack's own function: the action that a request needs."""
    action: str | None = request_action(*request, **named)
    return SINGLE_ACTIONS.get(action or "", action)


def statement_check(statement: str, region: str, account: str) -> Check | None:
    """The action and the resource a statement needs; None where it cannot be read."""
    match = STATEMENT.match(statement)
    if match is None:
        return None
    action = next(ACTIONS[kind] for kind in ACTIONS if match[kind])
    resource = f"arn:aws:dynamodb:{region}:{account}:table/{match['table']}"
    if match["index"]:
        resource += f"/index/{match['index']}"
    return action, resource


def partiql_checks(operation: str, body: bytes, region: str, account: str) -> list[Check]:
    """The checks of every statement of a request.

    None at all when one of them cannot be read: MiniStack's own check then
    refuses the request as a whole, so that no statement rides along unchecked.
    """
    try:
        request: Any = json.loads(body)
        if operation == "dynamodb:ExecuteStatement":
            entries = [request]
        else:
            entries = request[STATEMENT_LISTS[operation]]
        checks = [statement_check(entry["Statement"], region, account) for entry in entries]
    except (KeyError, TypeError, ValueError):
        return []
    return [] if None in checks else [check for check in checks if check]


def dynamodb_checks(operation: str, body: bytes, region: str, account: str) -> list[Check]:
    """Takes the place of MiniStack's own function, which only knows `Transact…Items`."""
    return partiql_checks(operation, body, region, account) or transaction_checks(
        operation, body, region, account
    )


if __name__ == "__main__":
    iam_actions.extract_iam_action = single_action
    iam_actions.dynamodb_transaction_checks = dynamodb_checks
    # What stack.py passes is to be seen in the process table only.
    del sys.argv[1:]
    main()
