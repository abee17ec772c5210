"""The real n8n: installed once, then run in folders of its own."""

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NODE_AT_LEAST = 20
INSTALL_S = 1200
COMMAND_S = 180
STEPS = (
    (
        "npm install, about 4 minutes and 1.7 GB",
        ("install", "--legacy-peer-deps", "--ignore-scripts", "--no-audit", "--no-fund"),
    ),
    ("npm rebuild sqlite3, about 2 minutes", ("rebuild", "sqlite3", "--foreground-scripts")),
)


class N8nError(Exception):
    """A command of npm or n8n did not end well; the message ends with its last words."""


def why_not() -> str | None:
    """Return why n8n cannot be run on this machine, None when it can."""
    missing = [name for name in ("node", "npm") if shutil.which(name) is None]
    if missing:
        return f"no {' and no '.join(missing)} on PATH"
    told = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)  # noqa: S607 - the user's own
    version = told.stdout.strip()
    major = int(version.lstrip("v").partition(".")[0])
    return None if major >= NODE_AT_LEAST else f"Node is {version}"


def install(package: Path, folder: Path, tell: Callable[[str], None]) -> Path:
    """Install what `package` (a package.json) names into `folder`, unless it is there; return n8n's program.

    Raises N8nError when npm does not succeed; its output stays in `folder`/install.log.
    """
    noted = folder / "installed.json"
    program = folder / "node_modules" / ".bin" / "n8n"
    if noted.exists() and noted.read_bytes() == package.read_bytes() and program.exists():
        return program
    folder.mkdir(parents=True, exist_ok=True)
    noted.unlink(missing_ok=True)
    shutil.copy(package, folder / "package.json")
    for number, (what, words) in enumerate(STEPS, start=1):
        tell(f"installing n8n, step {number} of {len(STEPS)}: {what}")
        _npm(words, folder)
    shutil.copy(package, noted)
    tell("n8n is installed; later runs use it as it is")
    return program


def _npm(words: tuple[str, ...], folder: Path) -> None:
    log = folder / "install.log"
    with log.open("wb") as out:
        ended = subprocess.run(
            ["npm", *words],  # noqa: S607 - the user's own
            cwd=folder,
            stdout=out,
            stderr=out,
            timeout=INSTALL_S,
            check=False,
        )
    if ended.returncode != 0:
        raise N8nError(f"npm {' '.join(words)}:\n{log.read_text(errors='replace')[-3000:]}")


@dataclass(frozen=True, kw_only=True)
class Execution:
    """What n8n recorded of one run of a workflow."""

    result: Mapping[str, Any]

    @property
    def runs(self) -> Mapping[str, list[dict[str, Any]]]:
        """Return the runs of each node that ran, by its name."""
        found: Mapping[str, list[dict[str, Any]]] = self.result["data"]["resultData"]["runData"]
        return found

    def items(self, node: str) -> list[dict[str, Any]]:
        """Return the items that a node gave in its last run; none where it has not run."""
        if node not in self.runs:
            return []
        outputs = self.runs[node][-1]["data"]["main"]
        return [item["json"] for output in outputs for item in output or []]


@dataclass(frozen=True, kw_only=True)
class N8n:
    """One n8n with a database of its own under `folder`."""

    program: Path
    folder: Path
    environment: Mapping[str, str]

    def _run(self, *words: str) -> str:
        ended = subprocess.run(
            [str(self.program), *words],
            cwd=self.folder,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_S,
            check=False,
        )
        if ended.returncode != 0:
            raise N8nError(f"n8n {words[0]}:\n{ended.stdout[-3000:]}\n{ended.stderr[-3000:]}")
        return ended.stdout

    def load(self, what: str, name: str, content: object) -> None:
        """Import `what` (`credentials` or `workflow`): a list of them as JSON. Raises N8nError."""
        path = self.folder / f"{name}.json"
        path.write_text(json.dumps(content))
        self._run(f"import:{what}", f"--input={path}")

    def execute(self, workflow_id: str) -> Execution:
        """Run an imported workflow from its manual trigger to its end. Raises N8nError."""
        told = self._run("execute", "--id", workflow_id, "--rawOutput")
        result, _ = json.JSONDecoder().raw_decode(told[told.index("{\n") :])
        return Execution(result=result)


def environment_of(bare: Mapping[str, str], folder: Path, broker_port: int) -> dict[str, str]:
    """Return the environment of an n8n that keeps to `folder` and to this machine."""
    return {
        **bare,
        "N8N_USER_FOLDER": str(folder),
        "N8N_ENCRYPTION_KEY": "an-encryption-key-for-tests-and-nothing-else",
        "N8N_LISTEN_ADDRESS": "127.0.0.1",
        "N8N_RUNNERS_BROKER_PORT": str(broker_port),
        "N8N_DIAGNOSTICS_ENABLED": "false",
        "N8N_VERSION_NOTIFICATIONS_ENABLED": "false",
        "N8N_TEMPLATES_ENABLED": "false",
        "N8N_PERSONALIZATION_ENABLED": "false",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
