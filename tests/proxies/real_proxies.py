"""nginx and Caddy as `docs/public-host.md` sets them up, but without TLS, on free ports."""

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.running import eventually

GUIDE = Path(__file__).parents[2] / "docs" / "public-host.md"
STOP_S = 10

NGINX = """
daemon off;
user {user};
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{server}
}}
"""
CADDY = """
{{
	admin off
	auto_https off
	storage file_system {folder}/storage
}}
{server}
"""


def why_not() -> str | None:
    """Return what this machine lacks, None when it has both."""
    missing = [name for name in ("nginx", "caddy") if shutil.which(name) is None]
    return f"apt-get install {' '.join(missing)}" if missing else None


def recipe(name: str, changes: Mapping[str, str]) -> str:
    """Return the guide's configuration for a web server, with `changes` for this machine."""
    found = re.search(rf"```{name}\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert found is not None
    text = found[1]
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return re.sub(r"(?m)^\s*ssl_certificate.*\n", "", text)


def _nginx(folder: Path, port: int, server: int, media: Path) -> list[str]:
    changes = {
        "listen 443 ssl;": f"listen 127.0.0.1:{port};",
        "127.0.0.1:8000": f"127.0.0.1:{server}",
        "/var/lib/postrail/media": str(media),
    }
    user = Path(folder).owner()
    text = NGINX.format(folder=folder, user=user, server=recipe("nginx", changes))
    (folder / "nginx.conf").write_text(text)
    return ["nginx", "-e", str(folder / "error.log"), "-p", str(folder), "-c", str(folder / "nginx.conf")]


def _caddy(folder: Path, port: int, server: int, media: Path) -> list[str]:
    changes = {
        "posts.example.com {": f"http://127.0.0.1:{port} {{",
        "127.0.0.1:8000": f"127.0.0.1:{server}",
        "/var/lib/postrail/media": str(media),
    }
    (folder / "Caddyfile").write_text(CADDY.format(folder=folder, server=recipe("caddy", changes)))
    return ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


COMMANDS = {"nginx": _nginx, "caddy": _caddy}


@contextmanager
def running(name: str, folder: Path, *, port: int, server: int, media: Path) -> Iterator[str]:
    """Run a web server on `port`, in front of ours on `server`; give its URL."""
    folder.mkdir()
    with (folder / "said.log").open("wb") as log:
        command = COMMANDS[name](folder, port, server, media)
        environment = {"HOME": str(folder), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        eventually(lambda: process.poll() is not None or _is_open(port), what=f"{name} listens")
        assert process.poll() is None, (folder / "said.log").read_text()
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(STOP_S)


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
