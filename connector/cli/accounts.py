"""`postrail accounts list | connect | invite | pending | disconnect`."""

import csv
import sys
import webbrowser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import click

from connector.cli.options import home_option, settings_with
from connector.cli.people import ENCODING, names_in
from connector.engine.disconnect import Parted
from connector.kernel.clock import to_iso
from connector.settings import SettingsError
from connector.wiring import accounts as wiring
from connector.wiring.loopback import ServerApi
from connector.wiring.loopback import connect as connect_here


@click.group()
def accounts() -> None:
    """Connect, list, invite and disconnect TikTok accounts."""


def tell(account: Mapping[str, Any]) -> None:
    """Print how an account stands."""
    click.echo(f"@{account['username']}  {account['state']}  {account['account_id']}")
    for app in account["apps"]:
        reason = f" ({app['reason']})" if app["reason"] else ""
        click.echo(f"    {app['app']}: {app['state']}{reason}, audit {app['audit']}")
    for row in account["operations"]:
        if not row["works"]:
            mode = f" ({row['post_mode']})" if row["post_mode"] else ""
            click.echo(f"    does not work: {row['operation']}{mode}: {row['why']}")


@accounts.command("list", epilog="Example: postrail accounts list")
@home_option
def list_accounts(home: Path | None) -> None:
    """List the accounts, the apps that may act for them, and what does not work."""
    settings = settings_with(home=home)
    found = wiring.listed(settings)
    for account in found:
        tell(account)
    if not found:
        click.echo(f"No TikTok account is connected to the installation in {settings.home}.", err=True)


@accounts.command(
    epilog="Example: postrail accounts connect --loopback --server https://posts.example.com --key-file key"
)
@click.option("--loopback", is_flag=True, required=True, help="Run the browser's part on this machine.")
@click.option("--server", required=True, help="The address of the Postrail server.")
@click.option(
    "--key-file",
    type=click.File("r"),
    default="-",
    help="File that holds an API key of that server (default: standard input).",
)
@click.option("--app", help="Client key of the TikTok app, where the server has several.")
@click.option("--no-browser", is_flag=True, help="Print the address of the consent page, open nothing.")
def connect(loopback: bool, server: str, key_file: TextIO, app: str | None, no_browser: bool) -> None:
    """Connect an account to a server elsewhere by the browser of this machine.

    The TikTok app must be registered for the desktop, with a loopback redirect address.
    """
    del loopback
    key = key_file.readline().strip()

    def show(url: str) -> None:
        click.echo(f"Open this address and allow the app:\n{url}", err=True)
        if not no_browser:
            webbrowser.open(url)

    tell(connect_here(ServerApi(server, key), app, show=show))


def _print_links(links: Sequence[tuple[str, str, str]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("name", "link", "expires_at"))
    writer.writerows(links)


def _warn_of_address(link: str) -> None:
    """Say on standard error that a link leads to where this machine serves, which may be nowhere else."""
    base = link.partition("/connect/")[0]
    click.echo(
        f"warning: POSTRAIL_PUBLIC_URL is not set, so that the links lead to {base}, which nobody can open "
        "from elsewhere. Set it to the public address of this server and invite again.",
        err=True,
    )


@accounts.command(
    epilog="""\b
Examples:
  postrail accounts invite --name "Mia"
  postrail accounts invite --csv people.csv --days 14 > links.csv"""
)
@home_option
@click.option("--name", help="Whom the link is for.")
@click.option(
    "--csv",
    "table",
    type=click.File("r", encoding=ENCODING),
    help="A file with a column `name`: a link for each.",
)
@click.option("--app", help="Client key of the TikTok app to connect with (default: theirs to choose).")
@click.option("--days", type=click.IntRange(1, 90), default=7, show_default=True, help="Days it is good for.")
def invite(home: Path | None, name: str | None, table: TextIO | None, app: str | None, days: int) -> None:
    """Make links by which people connect their accounts without a login here.

    Each link is signed, expires, and connects one account. Prints CSV: name, link, expires_at.
    """
    if name is not None and table is not None:
        raise SettingsError("say whom to invite by --name or by --csv, not by both")
    names = names_in(table) if table is not None else [name] if name else []
    if not names:
        raise SettingsError("say whom to invite: --name or --csv")
    settings = settings_with(home=home)
    made = wiring.invite(settings, names, app=app, days=days)
    _print_links([(one.name, link, to_iso(one.expires_at)) for one, link in made])
    if settings.public_url is None and not settings.sandbox:
        _warn_of_address(made[0][1])


@accounts.command(epilog="Example: postrail accounts pending")
@home_option
def pending(home: Path | None) -> None:
    """List who was invited and has not connected."""
    waiting, now = wiring.pending(settings_with(home=home))
    for one in waiting:
        state = "expired" if one.expires_at <= now else "open"
        click.echo(f"{one.name}  {state}  until {to_iso(one.expires_at)}  invited {to_iso(one.created_at)}")


@accounts.command(epilog="Example: postrail accounts disconnect @mia")
@home_option
@click.argument("account")
@click.option("--app", help="Client key of one TikTok app (default: all).")
def disconnect(home: Path | None, account: str, app: str | None) -> None:
    """Take an account off: the app is revoked at TikTok, and its tokens are erased here."""
    parted = wiring.disconnect(settings_with(home=home), account, app=app)
    if not parted:
        click.echo(f"{account} was not connected.", err=True)
        sys.exit(1)
    for one in parted:
        click.echo(f"{account} is disconnected from {one.app.label}: {_how_parted(one)}.")


def _how_parted(one: Parted) -> str:
    if one.had_ended:
        return "its consent had ended before"
    return "revoked at TikTok" if one.trouble is None else f"TikTok could not be told: {one.trouble}"
