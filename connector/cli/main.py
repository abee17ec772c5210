"""The command `postrail`: its groups, and how a failure is told."""

import gc
import sys
from importlib import import_module
from importlib.metadata import version
from typing import cast

import click

from connector.kernel.errors import PostrailError
from connector.settings import SettingsError

HELP = """Publish to TikTok from workflow tools: rows of text in, one post out, the truth about it.

\b
Start here:
  postrail demo     see the whole job done against the built-in sandbox
  postrail serve    run the server (sandbox mode until a TikTok app is configured)

Settings come from POSTRAIL_* variables, a .env file in the present folder, or flags.
"""


MODULES = {
    "serve": "serve",
    "work": "serve",
    "demo": "demo",
    "drill": "drill",
    "sandbox": "sandbox",
    "check": "check",
    "db": "db",
    "keys": "keys",
    "accounts": "accounts",
    "apps": "apps",
    "domains": "domains",
    "media": "media",
    "posts": "posts",
    "pause": "pauses",
    "resume": "pauses",
    "audit": "audit",
    "rotate-secrets": "secrets",
}
"""The module of `connector.cli` that holds each command, under the command's name as Python spells it."""


class Commands(click.Group):
    """The commands, each read when it is asked for, so that none starts with the others."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click asks with a context
        """Return the names of all commands."""
        return sorted(MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        """Return a command by its name, None where there is none."""
        if cmd_name not in MODULES:
            return None
        # What is read now stays to the end: to look for garbage in it costs a tenth of the start.
        gc.disable()
        module = import_module(f"connector.cli.{MODULES[cmd_name]}")
        gc.freeze()
        gc.enable()
        return cast("click.Command", getattr(module, cmd_name.replace("-", "_")))


@click.group(
    cls=Commands,
    help=HELP,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(version("postrail"), prog_name="postrail")
def cli() -> None:
    """Hold the commands."""


def main() -> None:
    """Run the command line; a foreseen failure is one message and exit status 2, never a traceback."""
    try:
        cli()
    except (SettingsError, PostrailError) as error:
        said = error.message if isinstance(error, PostrailError) else str(error)
        click.secho(f"postrail: {said}", fg="red", err=True, color=None if sys.stderr.isatty() else False)
        sys.exit(2)
