"""`postrail sandbox`."""

from pathlib import Path

import click

from connector.cli.options import home_option, settings_with
from connector.sandbox.serve import run
from connector.settings import SettingsError


@click.command(
    epilog="""\b
Examples:
  postrail sandbox --port 8100
  POSTRAIL_TIKTOK_BASE_URL=http://127.0.0.1:8100 postrail serve"""
)
@home_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=8100,
    show_default=True,
    help="Port to listen on; 0 takes a free one.",
)
@click.option(
    "--idle-exit",
    type=click.FloatRange(min=0, min_open=True),
    help="End after this many seconds without a request.",
)
def sandbox(home: Path | None, host: str, port: int, idle_exit: float | None) -> None:
    """Run the pretend TikTok alone.

    Its world (accounts, posts, request log) lies in HOME and outlives it; its pages show what is on it.
    """
    folder = home if home is not None else settings_with().home / "sandbox"
    try:
        run(folder, host, port, announce=lambda url: click.echo(f"Sandbox at {url}"), idle_exit_s=idle_exit)
    except OSError as error:
        raise SettingsError(f"the sandbox cannot use {folder} and {host}:{port}: {error}") from error
