"""`postrail domains list | add-file | remove-file | check`."""

import json
import sys
from pathlib import Path

import click

from connector.cli.options import home_option, settings_with
from connector.wiring import domains as wiring


@click.group()
def domains() -> None:
    """Prove to TikTok that the public host of the media is yours."""


@domains.command("list", epilog="Example: postrail domains list")
@home_option
def list_domains(home: Path | None) -> None:
    """Show the public host, what proves it, and whether TikTok may fetch from it (as JSON)."""
    click.echo(json.dumps(wiring.shown(settings_with(home=home)), indent=2))


@domains.command("add-file", epilog="Example: postrail domains add-file ~/Downloads/tiktokAbC123.txt")
@home_option
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def add_file(home: Path | None, file: Path) -> None:
    """Serve a signature file that TikTok's developer portal gave you. A running server sees it at once."""
    for url in wiring.add_file(settings_with(home=home), file):
        click.echo(f"Served at {url}")
    click.echo("Now press Verify in TikTok's developer portal, URL properties.")


@domains.command("remove-file", epilog="Example: postrail domains remove-file tiktokAbC123.txt")
@home_option
@click.argument("name")
def remove_file(home: Path | None, name: str) -> None:
    """Serve a signature file no longer."""
    if not wiring.remove_file(settings_with(home=home), name):
        click.echo(f"There is no file {name} in the data folder.", err=True)
        sys.exit(1)
    click.echo(f"{name} is no longer served.")


@domains.command(epilog="Example: postrail domains check")
@home_option
def check(home: Path | None) -> None:
    """Look at the files and the DNS as TikTok does; exit status 1 when nothing proves the host."""
    findings = list(wiring.checked(settings_with(home=home)))
    for finding in findings:
        click.echo(f"{'ok ' if finding.ok else 'NO '} {finding.what}: {finding.said}")
    if not any(finding.ok for finding in findings):
        click.echo("Nothing proves to TikTok that this host is yours; see docs/public-host.md.", err=True)
        sys.exit(1)
