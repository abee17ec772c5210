"""`postrail apps add | list | audit`."""

from pathlib import Path
from typing import TextIO

import click

from connector.cli.options import home_option, settings_with
from connector.domain.audit import Audit
from connector.kernel.clock import to_iso
from connector.wiring import accounts as wiring


@click.group()
def apps() -> None:
    """Add and list the TikTok apps that this server acts as."""


@apps.command(
    epilog="Example: postrail apps add --client-key aw7nk86b7czitwc9 --label Agency --secret-file secret.txt"
)
@home_option
@click.option("--client-key", required=True, help="The app's client key.")
@click.option("--label", required=True, help="How the app is called on the connect page.")
@click.option(
    "--secret-file",
    type=click.File("r"),
    default="-",
    help="File that holds the app's client secret (default: standard input).",
)
@click.option("--redirect-uri", help="The redirect address registered for it (default: this server's).")
@click.option("--scopes", help="Permissions that a login asks for, comma-separated.")
def add(
    home: Path | None,
    client_key: str,
    label: str,
    secret_file: TextIO,
    redirect_uri: str | None,
    scopes: str | None,
) -> None:
    """Add an app, or change one of the same client key."""
    wanted = [scope.strip() for scope in (scopes or "").split(",") if scope.strip()]
    app = wiring.add_app(
        settings_with(home=home),
        client_key=client_key,
        client_secret=secret_file.readline().strip(),
        label=label,
        redirect_uri=redirect_uri,
        scopes=wanted,
    )
    click.echo(
        f"{app.label} is kept as {app.id}. Register this redirect address at TikTok: {app.redirect_uri}"
    )


@apps.command("list", epilog="Example: postrail apps list")
@home_option
def list_apps(home: Path | None) -> None:
    """List the apps (never their secrets) and what refusals of TikTok's have taught about them."""
    for app in wiring.apps(settings_with(home=home)):
        cap = "" if app.user_cap is None else f", {app.user_cap} users a day"
        click.echo(f"{app.client_key}  {app.kind:7}  audit {app.audit}{cap}  {app.redirect_uri}  {app.label}")
        for lesson in app.lessons.values():
            first, last = to_iso(lesson.first_at), to_iso(lesson.last_at)
            click.echo(f"    {lesson.code}: first {first}, last {last}")


@apps.command(epilog="Example: postrail apps audit aw7nk86b7czitwc9 audited --user-cap 50")
@home_option
@click.argument("client_key")
@click.argument("state", type=click.Choice(["unknown", "unaudited", "audited"]))
@click.option("--user-cap", type=click.IntRange(1), help="Accounts for which it may post within 24 hours.")
def audit(home: Path | None, client_key: str, state: Audit, user_cap: int | None) -> None:
    """Say whether TikTok has audited an app; what refusals have taught is forgotten."""
    app = wiring.set_audit(settings_with(home=home), client_key, state, user_cap=user_cap)
    click.echo(f"{app.label}: audit {app.audit}.")
