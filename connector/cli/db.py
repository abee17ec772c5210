"""`postrail db current | upgrade | check`."""

import sys
from pathlib import Path

import click

from connector.cli.options import home_option, settings_with
from connector.wiring import opening as wiring


@click.group()
def db() -> None:
    """See and upgrade the schema of the database."""


@db.command(epilog="Example: postrail db current")
@home_option
def current(home: Path | None) -> None:
    """Show at which revision the schema is, and at which this code is."""
    standing = wiring.standing_of(settings_with(home=home))
    click.echo(f"schema {standing.at or 'none'}, this code {standing.head}")


@db.command(
    epilog="""\b
Example, before servers of a new release that do not migrate by themselves:
  POSTRAIL_MIGRATE_AT_START=false in their environment, then once: postrail db upgrade"""
)
@home_option
def upgrade(home: Path | None) -> None:
    """Bring the schema to this code, in one transaction; servers of the release before may go on."""
    standing = wiring.upgrade(settings_with(home=home))
    click.echo(f"schema {standing.at}, this code {standing.head}")


@db.command(epilog="Example: postrail db check && postrail serve")
@home_option
def check(home: Path | None) -> None:
    """See that the database can hold the ledger and has the tables of this code; exit 1 where it has not."""
    settings = settings_with(home=home)
    standing = wiring.standing_of(settings)
    if standing.is_newer:
        click.echo(f"schema {standing.at} is newer than this code ({standing.head}), which goes on working")
        return
    if standing.is_foreign:
        click.echo(wiring.foreign(standing), err=True)
        sys.exit(1)
    if standing.behind:
        click.echo(f"schema {standing.at or 'none'} is not {standing.head}: `postrail db upgrade`", err=True)
        sys.exit(1)
    found = wiring.differences_of(settings)
    for difference in found:
        click.echo(difference, err=True)
    if found:
        sys.exit(1)
    click.echo(f"schema {standing.at} is in order")
