"""`postrail serve` and `postrail work`."""

import sys
from pathlib import Path

import click

from connector.cli.options import home_option, say, settings_with
from connector.wiring.serve import serve as run_server
from connector.wiring.work import work as run_worker


@click.command(
    epilog="""\b
Examples:
  postrail serve
  postrail serve --home ./data --port 9000
  POSTRAIL_DATABASE_URL=postgresql://... POSTRAIL_SECRET_KEY=... postrail serve --host 0.0.0.0"""
)
@home_option
@click.option("--host", help="Address to listen on (default 127.0.0.1).")
@click.option(
    "--port", type=click.IntRange(0, 65_535), help="Port to listen on (default 8000; 0 takes a free one)."
)
def serve(home: Path | None, host: str | None, port: int | None) -> None:
    """Run the web server with its workers.

    Without a TikTok app it runs in sandbox mode: it starts the built-in sandbox, connects an account there
    and issues an API key, printed once on a terminal and written to HOME/first-key elsewhere.
    """
    settings = settings_with(home=home, host=host, port=port)
    run_server(settings, tell=say, on_terminal=sys.stdout.isatty())


@click.command(
    epilog="""\b
Examples:
  POSTRAIL_DATABASE_URL=postgresql://... POSTRAIL_PUBLIC_URL=https://posts.example.com postrail work
  POSTRAIL_BROKER_URL=amqp://... postrail work --engine celery --queue media --workers 8"""
)
@home_option
@click.option("--workers", type=click.IntRange(1, 64), help="Worker threads (default 4).")
@click.option(
    "--engine", type=click.Choice(["local", "celery"]), help="Who shares out the work (default local)."
)
@click.option(
    "--queue",
    "queues",
    type=click.Choice(["media", "light"]),
    multiple=True,
    help="With celery: work on this queue alone (default both).",
)
def work(home: Path | None, workers: int | None, engine: str | None, queues: tuple[str, ...]) -> None:
    """Run workers alone, beside servers on the same PostgreSQL.

    HOME must be the folder that the servers use too (shared, where they run on other machines): the media of
    posts lies in it.
    """
    run_worker(settings_with(home=home, workers=workers, engine=engine), tell=say, queues=queues)
