"""Replays captured requests through the reading of requests, and understands them by their fields."""

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from flask import Flask, request

from connector.contract import Understanding, load_contract
from connector.contract.plan import compile_plan
from connector.contract.understand import understand
from connector.web.incoming import Incoming, read_rows

HERE = Path(__file__).parent
CAPTURES = HERE / "captures"
MEANT: dict[str, Any] = yaml.safe_load((HERE / "meant.yaml").read_text())
ONE_MIB = 1_048_576
TABLES = {"zapier/cli_coercion_table"}
"""Captured files that are no requests."""


@dataclass(frozen=True)
class Capture:
    """One captured request: `name` is its tool and case."""

    name: str
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


def names() -> list[str]:
    """Return the names of all captured requests, sorted."""
    found = (path.relative_to(CAPTURES).with_suffix("").as_posix() for path in CAPTURES.rglob("*.json"))
    return sorted(set(found) - TABLES)


def load(name: str) -> Capture:
    """Read one captured request."""
    document = json.loads((CAPTURES / f"{name}.json").read_text())
    encoded = document.get("body_base64")
    return Capture(
        name=name,
        method=document["method"],
        path=document["path"],
        headers={key.lower(): value for key, value in document["headers"]},
        body=base64.b64decode(encoded) if encoded else document.get("body", "").encode(),
    )


def replay(capture: Capture) -> Incoming:
    """Read a captured request as the server reads it, with the length that it announced."""
    app = Flask("wire")
    app.config["MAX_CONTENT_LENGTH"] = ONE_MIB
    environ = {"CONTENT_LENGTH": capture.headers.get("content-length", "")}
    with app.test_request_context(
        capture.path,
        method=capture.method,
        data=capture.body,
        content_type=capture.headers.get("content-type"),
        environ_overrides=environ,
    ):
        return read_rows(request)


def means(name: str) -> dict[str, Any]:
    """Return what the user of a captured request meant."""
    found: dict[str, Any] = MEANT["requests"][name]
    return found


def accepted(found: Understanding) -> dict[str, object]:
    """Return the input without the fields that are refused."""
    refused = {problem.field.partition("[")[0] for problem in found.problems}
    return {field: value for field, value in found.input.items() if field not in refused}


def understood(name: str) -> Understanding:
    """Replay a captured request and understand its rows. Raises PostrailError for a body that is refused."""
    rows = replay(load(name)).rows
    fields: dict[str, Any] = {**MEANT["fields"], **means(name).get("fields", {})}
    schema = {"type": "object", "properties": fields, "additionalProperties": False}
    return understand(compile_plan(schema, load_contract().cures), rows)
