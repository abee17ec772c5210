"""What the simulation assumes, as `assumptions.yaml` says it with the source of each."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("assumptions.yaml")


@dataclass(frozen=True, kw_only=True)
class Assumptions:
    """Every assumption; `assumptions.yaml` says what each means, and where it comes from."""

    heavy_share: float
    heavy_posts_day: float
    light_posts_day: float
    hours: tuple[float, ...]
    full_hour_share: float
    photo_share: float
    photos_each: int
    photo_mb: float
    video_mb_median: float
    video_mb_spread: float
    pull_share: float
    retry_share: float
    processing_median_s: float
    moderation_median_s: float
    time_spread: float
    slow_share: float
    slow_s: float
    webhook_loss: float
    webhook_repeats: float
    wait_share: float
    wait_request_s: float
    wait_patience_s: float
    workspace_accounts: int
    creator_posts_day: int
    app_users_day: int
    utilisation: float
    work_window_min: int
    serve_threads: int
    worker_threads: int
    process_connections: int
    call_s: float
    transfer_mbit: float
    node_cores: int
    line_mbit: float
    max_connections: int


@dataclass(frozen=True, kw_only=True)
class Line:
    """One assumption as people read it."""

    name: str
    value: str
    what: str
    source: str


def read(text: str) -> tuple[Assumptions, tuple[Line, ...]]:
    """Read the assumptions and their lines. Raises ValueError for one that is missing or unknown."""
    told: Mapping[str, Mapping[str, Any]] = yaml.safe_load(text)
    names = {field.name for field in fields(Assumptions)}
    if names != set(told):
        raise ValueError(f"missing or unknown: {sorted(names ^ set(told))}")
    values = {name: one["value"] for name, one in told.items()}
    lines = tuple(
        Line(name=name, value=_spelt(one["value"]), what=one["what"], source=one["source"])
        for name, one in told.items()
    )
    return Assumptions(**{**values, "hours": tuple(values["hours"])}), lines


def _spelt(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
