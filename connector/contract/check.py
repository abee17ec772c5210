"""Runs every check of manifests and schemas; `postrail check` prints what it finds.

The checks of single files come first: where they find something, the others would only repeat it.
"""

from collections.abc import Iterable
from pathlib import Path

from connector.contract.check_content import CHECKS
from connector.contract.check_shape import (
    against_meta,
    broken_schemas,
    lost_references,
    misnamed_schemas,
    unreadable,
)
from connector.contract.contract import build_contract
from connector.contract.finding import Documents, Finding
from connector.contract.load import inline, read_sources
from connector.contract.locate import data_root
from connector.contract.table import DOCUMENT, render

__all__ = ["Finding", "check_all"]


def _built(root: Path) -> Documents | Finding:
    sources = read_sources(root)
    schemas = {name: inline(name, sources.schemas) for name in sources.schemas}
    try:
        return Documents(sources=sources, schemas=schemas, contract=build_contract(root))
    except (KeyError, TypeError, ValueError) as error:
        return Finding(
            file="manifests",
            where="",
            what=f"they do not fit together: {error!s}",
            cure="name only what is there",
        )


def check_all(root: Path | None = None) -> list[Finding]:
    """Return all that is wrong with the manifests and schemas under `root` (None: of this installation)."""
    root = root or data_root()
    if found := list(unreadable(root)):
        return found
    sources = read_sources(root)
    if found := [*misnamed_schemas(sources), *lost_references(sources)]:
        return found
    schemas = {name: inline(name, sources.schemas) for name in sources.schemas}
    shape: Iterable[Finding] = (*broken_schemas(schemas), *against_meta(sources, schemas))
    if found := list(shape):
        return found
    built = _built(root)
    if isinstance(built, Finding):
        return [built]
    return [*(finding for check in CHECKS for finding in check(built)), *_stale(root, built)]


def _stale(root: Path, documents: Documents) -> list[Finding]:
    """Find a coercion table that does not say what the code does; an installation has none."""
    page = root / DOCUMENT
    if not page.exists() or page.read_text() == render(documents.contract):
        return []
    cure = "run python -m connector.contract.table"
    return [Finding(file=DOCUMENT.as_posix(), where="", what="it is not what the code does", cure=cure)]
