"""The code of the release before, as it was, out of this repository's own history.

That is the newest tag; until there is one, the code just before the newest migration.
"""

import io
import subprocess
import tarfile
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

ROOT = Path(__file__).parents[2]
PARTS = ("connector", "manifests", "schemas")
"""What a process of a release needs of it."""


class NoHistory(Exception):
    """The release before cannot be had here; the message says why, and what helps."""


def _git(*words: str) -> bytes:
    done = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, check=False)  # noqa: S607 - the git of this machine
    if done.returncode:
        raise NoHistory(f"git {' '.join(words)}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def _lines(*words: str) -> list[str]:
    return _git(*words).decode().split()


def _newest_migration() -> str:
    """Return the path of the newest migration, from the root."""
    config = Config()
    config.set_main_option("script_location", "connector.store:migrations")
    scripts = ScriptDirectory.from_config(config)
    head = scripts.get_revision(scripts.get_current_head() or "")
    return str(Path(head.path).relative_to(ROOT))


def commit_before() -> str:
    """Return the commit of the release before. Raises NoHistory, as in a shallow clone."""
    if _lines("rev-parse", "--is-shallow-repository") != ["false"]:
        raise NoHistory("this clone has no history: git fetch --unshallow")
    tags = _lines("tag", "--merged", "HEAD^", "--sort=-creatordate")
    if tags:
        return tags[0]
    added = _lines("log", "--diff-filter=A", "--format=%H", "--", _newest_migration())
    return f"{added[-1]}^" if added else "HEAD"


def unpack(commit: str, folder: Path) -> Path:
    """Write the code of a commit to `folder`, where `PYTHONPATH` may name it; return the folder."""
    with tarfile.open(fileobj=io.BytesIO(_git("archive", commit, *PARTS))) as archive:
        archive.extractall(folder, filter="data")
    return folder
