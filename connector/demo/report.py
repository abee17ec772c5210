"""How the demo is told: a table for each post, and the timeline of its outside calls."""

import json
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from connector.demo.run import Scene, Witness


def _became(scene: Scene) -> dict[str, str]:
    coerced: Any = scene.accepted.get("coerced") or []
    return {str(item["field"]): f"{_shown(item['to'])} ({item['rule']})" for item in coerced}


def _shown(value: object) -> str:
    return "left out" if value is None else json.dumps(value)


def _rows_table(scene: Scene) -> Table:
    table = Table(title=f"{scene.title}: {scene.operation}, sent as {scene.encoding}", title_justify="left")
    table.add_column("field", no_wrap=True)
    table.add_column("as typed", overflow="fold")
    table.add_column("what it became", overflow="fold")
    became = _became(scene)
    for name, typed in scene.rows.items():
        table.add_row(name, Text(typed), Text(became.get(name, "as it is")))
    return table


def _states_table(scene: Scene) -> Table:
    table = Table(title="What happened: states and outside calls", title_justify="left")
    for column in ("at (UTC)", "call", "HTTP", "took", "decision"):
        table.add_column(column, overflow="fold", no_wrap=column in {"at (UTC)", "call"})
    for entry in scene.timeline:
        table.add_row(*_line(entry))
    return table


def _line(entry: Mapping[str, object]) -> list[Text]:
    took = f"{entry['took_ms']} ms" if entry.get("took_ms") is not None else ""
    cells = [
        str(entry["at"])[11:23],
        entry["call"],
        entry.get("status") or "",
        took,
        entry.get("decision") or "",
    ]
    return [Text(str(cell)) for cell in cells]


def tell(console: Console, scenes: list[Scene], witness: Witness) -> None:
    """Print what was typed, what it became, what happened, and where the posts are."""
    for scene in scenes:
        console.print(_rows_table(scene))
        console.print(_states_table(scene))
        console.print(
            Text(f"{scene.outcome.get('status')}: {scene.outcome.get('post_url')}\n"), soft_wrap=True
        )
    public = sum(1 for post in witness.posts if post.get("public_at"))
    console.print(Text(f"The sandbox's own record: {public} public posts."))
