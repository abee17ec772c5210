"""`postrail pause account | app | workspace | all | list` and `postrail resume ...`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from connector.cli.answers import ends, json_option, print_json, tell_warnings
from connector.cli.options import home_option, settings_with
from connector.wiring import incident as wiring


def _do(home: Path | None, operation: str, rows: Mapping[str, object], *, as_json: bool) -> None:
    given = {name: value for name, value in rows.items() if value is not None}
    answer: Mapping[str, Any] = wiring.run(settings_with(home=home), operation, given)
    ends(answer, as_json=as_json)
    if as_json:
        print_json(answer)
        return
    tell_warnings(answer)
    if operation == "resume":
        count = answer["released"]
        went_on = "1 post is due again." if count == 1 else f"{count} posts are due again."
        click.echo(went_on if answer["changed"] else "That was not paused.")
    elif not answer["changed"]:
        click.echo("That was paused already.")
    _tell_pauses(answer["pauses"])


def _tell_pauses(pauses: list[Mapping[str, Any]]) -> None:
    """Print what is paused."""
    for one in pauses:
        reason = f": {one['reason']}" if one["reason"] else ""
        click.echo(f"{one['scope']}  {one['name']}  paused by {one['by']} since {one['since']}{reason}")
    if not pauses:
        click.echo("Nothing is paused.")


reason_option = click.option("--reason", help="Why, for people; answers and the audit show it.")


@click.group()
def pause() -> None:
    """Keep posts from being sent to TikTok: they are accepted and wait until they are resumed."""


@pause.command("account", epilog='Example: postrail pause account @mia --reason "wrong prices"')
@home_option
@click.argument("account")
@reason_option
@json_option
def pause_account(home: Path | None, account: str, reason: str | None, as_json: bool) -> None:
    """Pause one TikTok account (@handle, open_id or id)."""
    _do(home, "pause", {"scope": "account", "account": account, "reason": reason}, as_json=as_json)


@pause.command("app", epilog="Example: postrail pause app aw7nk86b7czitwc9")
@home_option
@click.argument("client_key")
@reason_option
@json_option
def pause_app(home: Path | None, client_key: str, reason: str | None, as_json: bool) -> None:
    """Pause all that goes by one TikTok app."""
    _do(home, "pause", {"scope": "app", "app": client_key, "reason": reason}, as_json=as_json)


@pause.command("workspace", epilog="Example: postrail pause workspace")
@home_option
@reason_option
@json_option
def pause_workspace(home: Path | None, reason: str | None, as_json: bool) -> None:
    """Pause every account of the workspace."""
    _do(home, "pause", {"scope": "workspace", "reason": reason}, as_json=as_json)


@pause.command("all", epilog='Example: postrail pause all --reason "TikTok is down"')
@home_option
@reason_option
@json_option
def pause_all(home: Path | None, reason: str | None, as_json: bool) -> None:
    """Pause everything of this installation."""
    _do(home, "pause", {"scope": "all", "reason": reason}, as_json=as_json)


@pause.command("list", epilog="Example: postrail pause list")
@home_option
@json_option
def list_pauses(home: Path | None, as_json: bool) -> None:
    """List what is paused, by whom and since when."""
    answer: Mapping[str, Any] = wiring.pauses(settings_with(home=home))
    if as_json:
        print_json(answer)
        return
    _tell_pauses(answer["pauses"])


@click.group()
def resume() -> None:
    """Let paused posts go on, at once and in their order."""


@resume.command("account", epilog="Example: postrail resume account @mia")
@home_option
@click.argument("account")
@json_option
def resume_account(home: Path | None, account: str, as_json: bool) -> None:
    """Resume one TikTok account (@handle, open_id or id)."""
    _do(home, "resume", {"scope": "account", "account": account}, as_json=as_json)


@resume.command("app", epilog="Example: postrail resume app aw7nk86b7czitwc9")
@home_option
@click.argument("client_key")
@json_option
def resume_app(home: Path | None, client_key: str, as_json: bool) -> None:
    """Resume all that goes by one TikTok app."""
    _do(home, "resume", {"scope": "app", "app": client_key}, as_json=as_json)


@resume.command("workspace", epilog="Example: postrail resume workspace")
@home_option
@json_option
def resume_workspace(home: Path | None, as_json: bool) -> None:
    """Resume the workspace."""
    _do(home, "resume", {"scope": "workspace"}, as_json=as_json)


@resume.command("all", epilog="Example: postrail resume all")
@home_option
@json_option
def resume_all(home: Path | None, as_json: bool) -> None:
    """Lift the pause of everything; pauses of single accounts, apps and workspaces stay."""
    _do(home, "resume", {"scope": "all"}, as_json=as_json)
