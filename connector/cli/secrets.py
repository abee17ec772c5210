"""`postrail rotate-secrets`."""

from pathlib import Path

import click

from connector.cli.options import home_option, settings_with
from connector.wiring.secrets import rotate


@click.command("rotate-secrets", epilog="Example: postrail rotate-secrets")
@home_option
def rotate_secrets(home: Path | None) -> None:
    """Take a new key for the secrets at rest and seal everything anew, while servers run.

    A key under HOME is replaced by itself. A key in POSTRAIL_SECRET_KEY is replaced by setting NEW,OLD first.
    Links and browser sessions that the old key signed end with it.
    """
    done = rotate(settings_with(home=home))
    click.echo(f"Sealed with the new key: {done.resealed}.")
    if done.old_key_dropped:
        click.echo("The old key is gone.")
    else:
        click.echo("The old key is still there: take it out of POSTRAIL_SECRET_KEY, or run this again.")
