"""`postrail media gc`."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from connector.cli.options import home_option, settings_with
from connector.wiring import media as wiring


@click.group()
def media() -> None:
    """Look after the media folder."""


@media.command(
    epilog="""\b
Examples:
  postrail media gc --dry-run
  postrail media gc --json"""
)
@home_option
@click.option("--dry-run", is_flag=True, help="Say what would go, delete nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def gc(home: Path | None, dry_run: bool, as_json: bool) -> None:
    """Delete the files that no living upload and no post needs.

    Servers do it themselves every hour; this does it now, and may run beside them. Files that came within
    the last ten minutes are left for the next time.
    """
    done = wiring.gc(settings_with(home=home), dry_run=dry_run)
    if as_json:
        click.echo(json.dumps({"ok": True, **asdict(done)}))
        return
    would = "would go" if dry_run else "are gone"
    click.echo(f"{done.files} files ({_megabytes(done.bytes)}) {would}.")
    click.echo(f"{done.kept_files} files ({_megabytes(done.kept_bytes)}) stay.")


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB"
