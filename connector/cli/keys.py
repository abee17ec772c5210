"""`postrail keys issue | list | revoke`."""

import sys
from pathlib import Path

import click

from connector.cli.options import home_option, settings_with
from connector.engine.access import KEY_PREFIX
from connector.kernel.clock import to_iso_or_none
from connector.wiring import keys as wiring

LINE = "{:30}  {:7}  {:24}  {:24}  {:24}  {:31}  {}"


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
    settings = settings_with(home=home)
    secret = wiring.issue(settings, name=name, account=account, days=days)
    click.echo(f"A key for the installation in {settings.home}:", err=True)
    click.echo(secret)


@keys.command("list", epilog="Example: postrail keys list")
@home_option
def list_keys(home: Path | None) -> None:
    """List the keys (never their secrets)."""
    found = wiring.listed(settings_with(home=home))
    click.echo(LINE.format("id", "state", "created", "last used", "expires", "account", "name"))
    for key in found:
        state = "revoked" if key.revoked_at else "active"
        times = [to_iso_or_none(at) or "never" for at in (key.created_at, key.last_used_at, key.expires_at)]
        click.echo(LINE.format(key.id, state, *times, key.account_id or "any", key.name))


@keys.command(epilog="Example: postrail keys revoke key_01J...")
@home_option
@click.argument("key_id")
def revoke(home: Path | None, key_id: str) -> None:
    """Revoke a key at once."""
    if key_id.startswith(KEY_PREFIX):
        click.echo("That is a key itself; take its id from `postrail keys list`.", err=True)
        sys.exit(1)
    if not wiring.revoke(settings_with(home=home), key_id):
        click.echo(f"There is no key {key_id}.", err=True)
        sys.exit(1)
    click.echo(f"{key_id} is revoked.")
