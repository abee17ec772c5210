"""`postrail audit`."""

from pathlib import Path
from typing import Any

import click

from connector.cli.answers import json_option, print_json
from connector.cli.options import home_option, settings_with
from connector.engine.auditing import MOST
from connector.wiring import incident as wiring


@click.command(
    epilog="""\b
Examples:
  postrail audit
  postrail audit --limit 5 --json"""
)
@home_option
@click.option("--limit", type=click.IntRange(1, MOST), default=50, show_default=True)
@json_option
def audit(home: Path | None, limit: int, as_json: bool) -> None:
    """Show who has settled, retried, paused or resumed what, the newest first."""
    answer: dict[str, Any] = wiring.audit(settings_with(home=home), limit=limit)
    if as_json:
        print_json(answer)
        return
    for line in answer["audit"]:
        who = line["who"] if line["who"] == line["who_name"] else f"{line['who_name']} ({line['who']})"
        note = f"  {line['note']}" if line["note"] else ""
        what = f"{line['action']}  {line['target']}  {line['before']} -> {line['after']}"
        click.echo(f"{line['at']}  {who}  {what}{note}")
