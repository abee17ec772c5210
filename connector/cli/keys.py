"""`postrail keys issue | list | revoke`."""

import sys
from pathlib import Path

import click

from connector.cli.options import home_option, settings_with
from connector.kernel.clock import to_iso, to_iso_or_none
from connector.wiring import keys as wiring


@click.group()
def keys() -> None:
    """Issue, list and revoke API keys."""


@keys.command(epilog="Example: KEY=$(postrail keys issue --name n8n)")
@home_option
@click.option("--name", default="key", show_default=True, help="What the key is for.")
@click.option("--account", help="Bind the key to one account (@handle, open_id or id).")
@click.option("--days", type=click.IntRange(1, 3650), help="Days until it expires (default: never).")
def issue(home: Path | None, name: str, account: str | None, days: int | None) -> None:
    """Issue a key and print it alone on standard output. It is never shown again."""
    click.echo(wiring.issue(settings_with(home=home), name=name, account=account, days=days))


@keys.command("list", epilog="Example: postrail keys list")
@home_option
def list_keys(home: Path | None) -> None:
    """List the keys (never their secrets)."""
    for key in wiring.listed(settings_with(home=home)):
        state = "revoked" if key.revoked_at else "active"
        used = to_iso_or_none(key.last_used_at) or "never"
        click.echo(f"{key.id}  {state:8}  created {to_iso(key.created_at)}  used {used}  {key.name}")


@keys.command(epilog="Example: postrail keys revoke key_01J...")
@home_option
@click.argument("key_id")
def revoke(home: Path | None, key_id: str) -> None:
    """Revoke a key at once."""
    if not wiring.revoke(settings_with(home=home), key_id):
        click.echo(f"There is no key {key_id}.", err=True)
        sys.exit(1)
    click.echo(f"{key_id} is revoked.")
