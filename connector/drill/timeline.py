"""One post's story told from both sides: our journal, and TikTok's own log. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Line:
    """What one side wrote at a time (ISO 8601 UTC with milliseconds, so that it sorts)."""

    at: str
    postrail: str = ""
    tiktok: str = ""


def merged(
    journal: Iterable[Mapping[str, Any]],
    publishes: Iterable[Mapping[str, Any]],
    log: Iterable[Mapping[str, Any]],
) -> list[Line]:
    """Return the story of a post, by time.

    `journal` is its timeline at Postrail, `publishes` its tasks at TikTok, `log` every request there.
    """
    tasks = list(publishes)
    ids = {task["publish_id"] for task in tasks}
    lines = [Line(at=entry["at"], postrail=_ours(entry)) for entry in journal]
    lines += [Line(at=step["at"], tiktok=_step(task, step)) for task in tasks for step in task["history"]]
    lines += [Line(at=entry["at"], tiktok=_request(entry)) for entry in log if entry["publish_id"] in ids]
    return sorted(lines, key=lambda line: line.at)


def _ours(entry: Mapping[str, Any]) -> str:
    status = f" {entry['status']}" if entry.get("status") else ""
    return f"{entry['call']}{status}: {entry.get('decision') or ''}"


def _step(task: Mapping[str, Any], step: Mapping[str, Any]) -> str:
    return f"{_short(task['publish_id'])} is {step['stage']}"


def _request(entry: Mapping[str, Any]) -> str:
    path = str(entry["path"]).partition("?")[0]
    said = entry["status"] or "-"
    return f"{_short(entry['publish_id'])} {entry['method']} {path}: {said}, {entry['outcome']}"


def _short(publish_id: str) -> str:
    """Return the end of a publish id, which tells tasks apart."""
    return f"...{publish_id[-8:]}"
