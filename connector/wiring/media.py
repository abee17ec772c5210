"""`postrail media ...`: the media folder looked after from the command line, beside running servers."""

from connector.engine.collect import YOUNG_MS, Collected, collect
from connector.settings import Settings
from connector.wiring.library import open_stock
from connector.wiring.parts import open_existing


def gc(settings: Settings, *, dry_run: bool, young_ms: int = YOUNG_MS) -> Collected:
    """Delete what nobody needs, or say what would go. Raises SettingsError without an installation."""
    parts = open_existing(settings)
    try:
        return collect(open_stock(parts).library, parts.clock.now(), young_ms=young_ms, dry_run=dry_run)
    finally:
        parts.database.close()
