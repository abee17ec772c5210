"""nginx, Caddy, Apache and lighttpd as `docs/public-host.md` sets them up, but without TLS, on free ports."""

import os
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
APACHE = """
ServerRoot {folder}
DefaultRuntimeDir {folder}
PidFile {folder}/apache.pid
ErrorLog {folder}/error.log
Listen 127.0.0.1:{port}
{modules}
User www-data
Group www-data
{server}
"""
APACHE_MODULES = Path("/usr/lib/apache2/modules")
LIGHTTPD = """
server.document-root = "{folder}"
server.bind = "127.0.0.1"
server.port = {port}
server.errorlog = "{folder}/error.log"
server.modules = ( "mod_proxy" )
{server}
"""

PACKAGES = {
    "nginx": "nginx-light",
    "caddy": "caddy",
    "apache2": "apache2-bin libapache2-mod-xsendfile",
    "lighttpd": "lighttpd",
}
"""What has to be installed for each program."""


def why_not() -> str | None:
    """Return what this machine lacks, None when it has all."""
    paths = f"{os.environ.get('PATH', '')}:/usr/sbin"  # noqa: TID251 - where programs of this machine are
    missing = [package for name, package in PACKAGES.items() if shutil.which(name, path=paths) is None]
    if not missing and not (APACHE_MODULES / "mod_xsendfile.so").exists():
        missing = ["libapache2-mod-xsendfile"]
    return f"apt-get install {' '.join(missing)}" if missing else None


def open_to_web_servers(home: Path) -> None:
    """Let the group of the web server pass into the media, as the guide says; only root can and has to.

    nginx, Caddy and lighttpd may run as whoever starts them; Apache refuses to be root.
    """
    media = home / "media"
    media.mkdir(parents=True, mode=0o700)
    if os.geteuid() == 0:
        for folder, mode in ((home, 0o710), (media, 0o2750)):
            shutil.chown(folder, group="www-data")
            folder.chmod(mode)


def recipe(name: str, changes: Mapping[str, str]) -> str:
    """Return the guide's configuration for a web server, with `changes` for this machine."""
    found = re.search(rf"```{name}\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert found is not None
    text = found[1]
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return re.sub(r"(?m)^\s*(ssl_certificate|SSL).*\n", "", text)


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


def _apache(folder: Path, port: int, server: int, media: Path) -> list[str]:
    changes = {
        "*:443": f"*:{port}",
        "127.0.0.1:8000": f"127.0.0.1:{server}",
        "/var/lib/postrail/media": str(media),
    }
    names = ("mpm_event", "authz_core", "headers", "proxy", "proxy_http", "xsendfile")
    modules = "\n".join(f"LoadModule {name}_module {APACHE_MODULES}/mod_{name}.so" for name in names)
    text = APACHE.format(folder=folder, port=port, modules=modules, server=recipe("apache", changes))
    (folder / "apache.conf").write_text(text)
    return ["apache2", "-f", str(folder / "apache.conf"), "-DFOREGROUND"]


def _lighttpd(folder: Path, port: int, server: int, media: Path) -> list[str]:
    changes = {
        '== "posts.example.com"': '== "127.0.0.1"',
        '"port" => 8000': f'"port" => {server}',
        "/var/lib/postrail/media": str(media),
    }
    text = LIGHTTPD.format(folder=folder, port=port, server=recipe("lighttpd", changes))
    (folder / "lighttpd.conf").write_text(text)
    return ["lighttpd", "-D", "-f", str(folder / "lighttpd.conf")]


COMMANDS = {"nginx": _nginx, "caddy": _caddy, "apache": _apache, "lighttpd": _lighttpd}
HANDOFF = {"nginx": "x-accel", "caddy": "x-accel", "apache": "x-sendfile", "lighttpd": "x-sendfile"}
HEADER = {"x-accel": "X-Accel-Redirect", "x-sendfile": "X-Sendfile"}


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
