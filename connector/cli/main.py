"""The command `postrail`: its groups, and how a failure is told."""

import sys
from importlib.metadata import version

import click

from connector.cli import (
    accounts,
    apps,
    audit,
    check,
    db,
    demo,
    domains,
    keys,
    media,
    pauses,
    posts,
    sandbox,
    secrets,
    serve,
)
from connector.cli.drill import drill
from connector.kernel.errors import PostrailError
from connector.settings import SettingsError

HELP = """Publish to TikTok from workflow tools: rows of text in, one post out, the truth about it.

\b
Start here:
  postrail demo     see the whole job done against the built-in sandbox
  postrail serve    run the server (sandbox mode until a TikTok app is configured)

Settings come from POSTRAIL_* variables, a .env file in the present folder, or flags.
"""


@click.group(help=HELP, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(version("postrail"), prog_name="postrail")
def cli() -> None:
    """Hold the commands."""


for command in (
    serve.serve,
    serve.work,
    demo.demo,
    drill,
    sandbox.sandbox,
    check.check,
    db.db,
    keys.keys,
    accounts.accounts,
    apps.apps,
    domains.domains,
    media.media,
    posts.posts,
    pauses.pause,
    pauses.resume,
    audit.audit,
    secrets.rotate_secrets,
):
    cli.add_command(command)


def main() -> None:
    """Run the command line; a foreseen failure is one message and exit status 2, never a traceback."""
    try:
        cli()
    except (SettingsError, PostrailError) as error:
        said = error.message if isinstance(error, PostrailError) else str(error)
        click.secho(f"postrail: {said}", fg="red", err=True, color=None if sys.stderr.isatty() else False)
        sys.exit(2)
