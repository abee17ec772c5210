"""Where the server of a data folder serves, as it noted at its last start."""

import json
from pathlib import Path

from connector.settings import Settings

STATE_FILE = "serve.json"
"""Where `serve` notes under HOME what it listens on."""


def served_at(settings: Settings) -> str:
    """Return the public address, else where the server of HOME serves, or would."""
    if settings.public_url:
        return settings.public_url
    return noted_url(settings.home / STATE_FILE) or f"http://{settings.host}:{settings.port}"


def noted_url(path: Path) -> str | None:
    """Return the address that a process has noted in a file; None where it has not."""
    try:
        return str(json.loads(path.read_text())["url"])
    except (OSError, ValueError, KeyError):
        return None
