"""A process that renews whatever is due, again and again, as a server's token thread does.

python renewing_process.py LEDGER_URL TIKTOK_URL SECRET_KEY renews until it is ended; tokens are due at once
after each renewal.
"""

import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

from connector.engine.tokens import Renewals
from connector.settings import load_settings
from connector.wiring.parts import build_desk, open_parts

IDLE_S = 0.002


def main(ledger_url: str, tiktok_url: str, secret_key: str) -> None:
    """Renew until ended."""
    with TemporaryDirectory() as home:
        settings = load_settings(
            {
                "home": Path(home),
                "database_url": ledger_url,
                "secret_key": secret_key,
                "tiktok_base_url": tiktok_url,
            }
        )
        parts = open_parts(settings)
        desk = replace(build_desk(parts, tiktok_url=tiktok_url, web_url=tiktok_url), renew_after=0.0)
        renewals, idle = Renewals(desk, parts.ledger.now), Event()
        while True:
            if not renewals.due(limit=1):
                idle.wait(IDLE_S)


if __name__ == "__main__":
    main(*sys.argv[1:4])
