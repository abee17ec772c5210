"""`postrail posts list | show | resolve | retry`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from connector.cli.answers import ends, json_option, print_json, tell_warnings
from connector.cli.options import home_option, settings_with
from connector.domain.lifecycle import RESOLVABLE, State
from connector.wiring import incident as wiring

LINE = "{:31}  {:17}  {:24}  {:20}  {}"
MOST = 1_000


@click.group()
def posts() -> None:
    """Look at posts, settle those that nobody knows of, and have failed ones tried anew."""


def _why(row: Mapping[str, Any]) -> str:
    """Return what a line of the list says beside the state."""
    return str(row.get("error") or row.get("paused", {}).get("message") or row["post_url"] or "")


@posts.command(
    "list",
    epilog="""\b
Examples:
  postrail posts list --state unconfirmed --state held
  postrail posts list --account @mia --limit 5 --json""",
)
@home_option
@click.option("--state", "states", multiple=True, type=click.Choice([state.value for state in State]))
@click.option("--account", help="Posts of one account (@handle, open_id or id).")
@click.option("--limit", type=click.IntRange(1, MOST), default=50, show_default=True)
@json_option
def list_posts(
    home: Path | None, states: tuple[str, ...], account: str | None, limit: int, as_json: bool
) -> None:
    """List posts, the newest first, and count those that wait for a person."""
    told: Mapping[str, Any] = wiring.newest(
        settings_with(home=home), states=states, account=account, limit=limit
    )
    if as_json:
        print_json(told)
        return
    click.echo(LINE.format("post", "status", "accepted", "account", "error, pause or address"))
    for row in told["posts"]:
        account_row: Any = row["account"]
        name = f"@{account_row['username']}" if account_row else ""
        click.echo(LINE.format(row["post_id"], row["status"], row["created_at"], name, _why(row)))
    _tell_waiting(told["waiting"])


def _tell_waiting(count: Mapping[str, int]) -> None:
    """Say on standard error how many posts wait for a person, and of how many an alarm was raised."""
    if count["held"] or count["unconfirmed"]:
        click.secho(
            f"Waiting for a person: {count['held']} held, {count['unconfirmed']} unconfirmed.",
            fg="yellow",
            err=True,
        )
    if count["alarms"]:
        click.secho(f"Alarms so far: {count['alarms']} posts; tell the maintainers.", fg="red", err=True)


@posts.command(epilog="Example: postrail posts show post_01J9Z3K8Q4T2W6Y1X5V7B0N3M8")
@home_option
@click.argument("post")
@json_option
def show(home: Path | None, post: str, as_json: bool) -> None:
    """Show how a post stands and all that happened to it. POST is its post_id or publish_id."""
    rows = {"post_id": post, "include_timeline": True}
    _tell(wiring.run(settings_with(home=home), "check_status", rows), as_json=as_json)


@posts.command(
    epilog="""\b
Examples:
  postrail posts resolve post_01J9... --published https://www.tiktok.com/@mia/video/7602997517160123666
  postrail posts resolve post_01J9... --not-published"""
)
@home_option
@click.argument("post")
@click.option("--published", "url", is_flag=False, flag_value="", help="It is on TikTok, at this address.")
@click.option("--not-published", is_flag=True, help="It is not on TikTok.")
@json_option
def resolve(home: Path | None, post: str, url: str | None, not_published: bool, as_json: bool) -> None:
    """Say what has become of a post that is unconfirmed or held, after a look at the account.

    A post that not everybody may see needs no address after --published.
    """
    if (url is None) is not not_published:
        raise click.UsageError("say either --published or --not-published")
    rows: dict[str, object] = {"post_id": post, "outcome": "not_published" if not_published else "published"}
    if url:
        rows["post_url"] = url
    _tell(wiring.run(settings_with(home=home), "resolve_post", rows), as_json=as_json)


@posts.command(epilog="Example: postrail posts retry post_01J9Z3K8Q4T2W6Y1X5V7B0N3M8")
@home_option
@click.argument("post")
@click.option("--allow-repeat", is_flag=True, help="Also where the same input was posted after it.")
@json_option
def retry(home: Path | None, post: str, allow_repeat: bool, as_json: bool) -> None:
    """Have a failed post tried anew, where that cannot publish it twice."""
    rows = {"post_id": post, "allow_repeat": allow_repeat}
    _tell(wiring.run(settings_with(home=home), "retry_post", rows), as_json=as_json)


def _tell(answer: Mapping[str, Any], *, as_json: bool) -> None:
    """Print how a post stands; end with exit status 1 where the request was refused."""
    ends(answer, as_json=as_json)
    if as_json:
        print_json(answer)
        return
    tell_warnings(answer)
    click.echo(f"{answer['post_id']}  {answer['status']}  {answer['post_url'] or answer['url_reason']}")
    if answer["status"] in RESOLVABLE and answer["tiktok_status"]:
        click.echo(f"  TikTok says: {answer['tiktok_status']}")
    if "paused" in answer:
        reason = answer["paused"]["reason"]
        click.echo(f"  {answer['paused']['message']}{f': {reason}' if reason else ''}")
    if "error" in answer:
        click.echo(f"  {answer['error']}: {answer['message']}")
        click.echo(f"  {answer['who']} must act: {answer['fix']}")
    for entry in answer.get("timeline", ()):
        click.echo(f"  {entry['at']}  {entry['call']:20}  {entry['status'] or '':3}  {entry['decision']}")
