"""Use cases: a person says what has become of a post, or has a failed one tried anew."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from connector.domain.lifecycle import RESOLVABLE, State
from connector.domain.post_urls import FIELD, read_post_url
from connector.engine.budget import init_kind, slot_of
from connector.engine.context import Context
from connector.engine.deciding import RESOLVED, danger, deed_of, name_of, published_as, why_not_retry
from connector.engine.fetch import sources
from connector.engine.library import item_of, reference
from connector.engine.model import Account, Post, Principal
from connector.engine.model_incident import Anew, Verdict, Word
from connector.engine.modes import choose
from connector.engine.steps import decided, usable
from connector.kernel.errors import PostrailError, Problem

PUBLISHED = "published"
GUESSED = (
    "TikTok has published something for this account and app at the time of an init of this post that got no "
    "answer, under an id that it never gave us. If no other tool posts with this app it is this post, and "
    "retry_post would publish it twice. Be sure that what was published is something else."
)
"""What whoever denies a guessed publish id is told."""


def resolve_post(
    context: Context, principal: Principal, post: Post, outcome: str, url: str | None
) -> tuple[Post, list[str]]:
    """Write what a person says has become of a post; return it with what they are to be told.

    Raises PostrailError `post_not_resolvable`, `post_busy`, `tiktok_says_published` where TikTok contradicts
    that it is not published, and `invalid_request` for a `post_url` that is missing or cannot be the post's.
    Where TikTok has told the post's ids or that it is published, it needs none.
    """
    if post.state not in RESOLVABLE:
        raise PostrailError(
            "post_not_resolvable",
            f"{post.id} is {post.state}: there is nothing to settle.",
            extra={"post_id": post.id, "status": post.state.value},
        )
    if outcome == PUBLISHED:
        verdict, warnings = _published(context, principal, post, url)
    else:
        verdict, warnings = _not_published(context, principal, post)
    deed = deed_of(principal, "resolve_post", post.id, verdict.entry.decision)
    settled = context.ledger.settle(post, verdict, deed)
    context.wake()
    return settled, warnings


def _published(
    context: Context, principal: Principal, post: Post, url: str | None
) -> tuple[Verdict, list[str]]:
    is_said = context.ledger.word(post) is Word.SAID
    state, why = published_as(post, has_url=url is not None or bool(post.public_ids), is_said=is_said)
    if url is None and not post.public_ids and state is State.PUBLISHED_PUBLIC:
        raise _no_url(post)
    ids = post.public_ids if url is None else (_id_of(context, post, url),)
    shown = f" as {ids[0]}" if ids else ""
    entry = decided(f"{name_of(principal)} says that TikTok has published it{shown}")
    return Verdict(state=state, entry=entry, public_ids=ids), [why]


def _no_url(post: Post) -> PostrailError:
    problem = Problem(
        field=FIELD,
        problem="required",
        got="nothing",
        expected="the address of the post on TikTok, or the id in it",
        fix="open the post on TikTok and copy its address",
    )
    return PostrailError("invalid_request", f"Say where {post.id} can be seen.", details=[problem])


def _id_of(context: Context, post: Post, url: str) -> str:
    """Return TikTok's id in a post's address. Raises PostrailError `invalid_request`."""
    account = context.access.account(post.account_id)
    username = account.username if account else ""
    own = urlsplit(context.web_url).netloc.lower()
    found = read_post_url(url, username=username, kind=post.kind, hosts=[own])
    if isinstance(found, str):
        found = _taken(context, post, found) or found
    if isinstance(found, str):
        return found
    raise PostrailError("invalid_request", f"The post_url cannot be that of {post.id}.", details=[found])


def _taken(context: Context, post: Post, public_id: str) -> Problem | None:
    """Return what is wrong with an id that another post has; one of another workspace is not named."""
    holder = context.ledger.holder(post, public_id, since=0)
    if holder is None:
        return None
    whose = holder.id if holder.workspace_id == post.workspace_id else "a post of another workspace"
    return Problem(
        field=FIELD,
        problem="another_post",
        got=public_id,
        expected=f"the address of {post.id}",
        fix=f"It is that of {whose}: look for the other one on the account, or say not_published.",
    )


def _not_published(context: Context, principal: Principal, post: Post) -> tuple[Verdict, list[str]]:
    entry = decided(f"{name_of(principal)} says that TikTok has not published it")
    verdict = Verdict(
        state=State.FAILED,
        entry=entry,
        code=RESOLVED,
        message="A person has looked, and says that TikTok has not published it.",
    )
    why = danger(post, context.ledger.attempts(post.id))
    said = [GUESSED] if context.ledger.word(post) is Word.GUESSED else []
    return verdict, [*said, why] if why else said


def retry_post(
    context: Context, principal: Principal, post: Post, *, allow_repeat: bool
) -> tuple[Post, list[str]]:
    """Have a failed post tried anew; return it with what its caller is to be told.

    Nothing changes where it raises PostrailError: why it must not be tried anew, what its account lacks,
    `media_expired` where its files have been cleared away.
    """
    attempts = context.ledger.attempts(post.id)
    if refused := why_not_retry(post, attempts, context.contract.error):
        raise refused
    account = _actor(context, post)
    with context.library.intake.held(_files(context, post)) as gone:
        if gone:
            raise _cleared(f"{len(gone)} of the files of {post.id} are no longer here.")
        anew = Anew(
            app_id=account.app_id,
            entry=decided(f"{name_of(principal)} has it tried anew"),
            slot=slot_of(account, init_kind(post)) if post.media else None,
            allow_repeat=allow_repeat,
        )
        queued = context.ledger.requeue(post, anew, deed_of(principal, "retry_post", post.id))
    context.wake()
    return queued, _warnings(post)


def _actor(context: Context, post: Post) -> Account:
    """Return the account of a post as an app may act for it now.

    Raises PostrailError as for a new post: no app may act for the account, or may do this.
    """
    account = context.access.account(post.account_id)
    if account is None:
        raise PostrailError("tiktok_not_connected", "The post's TikTok account is no longer connected.")
    way = choose(context, account, post.input)
    if way.mode == post.mode:
        return way.account
    return usable(context.access.account(post.account_id, post.app_id) or account)


def _files(context: Context, post: Post) -> Sequence[str]:
    """Return the ids of the files that must be here: those it had, or the uploads that it names.

    What is fetched from an address is fetched again. Raises PostrailError `media_expired`.
    """
    if post.media:
        return [item.media_id for item in post.media]
    named = [url for _, url in sources(post.kind, post.input) if reference(url, frozenset()) is not None]
    try:
        return [item_of(context.library, post.workspace_id, url).media_id for url in named]
    except PostrailError as error:
        raise _cleared(f"An upload that {post.id} names is no longer here.") from error


def _cleared(message: str) -> PostrailError:
    return PostrailError("media_expired", message, fix="Send it as a new post, with files that are here.")


def _warnings(post: Post) -> list[str]:
    if post.failure is None or post.failure.code != RESOLVED or post.publish_id is None:
        return []
    said = f"TikTok had accepted this post as {post.publish_id}; it is sent again because a person has said "
    return [f"{said}that it is not published."]
