"""Effect: bring a post's media into the spool, looked at and converted, before TikTok hears of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from connector.domain.lifecycle import State
from connector.domain.retry import PASSING_CODES, most_fetches
from connector.engine.abreast import abreast
from connector.engine.budget import init_kind, reserve
from connector.engine.context import Context
from connector.engine.library import item_of, reference
from connector.engine.model import Change, Claim, Entry, Kind, MediaItem, Post
from connector.engine.steps import account_of, again, decided, fail, failure_of, later
from connector.engine.terms import judge, terms_of
from connector.engine.transfer import warnings_of
from connector.kernel.errors import PostrailError, Problem


def sources(kind: Kind, content: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return (field path, URL) of every file that a post is made of."""
    if kind == "video":
        return [("source_url", str(content["source_url"]))]
    photos = content["photo_images"]
    urls = photos if isinstance(photos, list) else []
    return [(f"photo_images[{index}]", str(url)) for index, url in enumerate(urls)]


def _take(context: Context, post: Post, url: str, field_path: str) -> MediaItem:
    """Bring one file into the spool; an upload lies there already, under its id."""
    if reference(url, frozenset()) is not None:
        return item_of(context.library, post.workspace_id, url)
    terms = terms_of(context.contract, post.dialect)
    fit = bool(post.input.get("fit"))
    return context.media.take_in(url, post.kind, field_path=field_path, terms=terms, fit=fit)


def _take_one(
    context: Context, post: Post, field_path: str, url: str
) -> tuple[MediaItem | PostrailError, Entry]:
    """Bring one file into the spool, or say why not, with its line of the timeline."""
    started = context.clock.ticks()
    result: MediaItem | PostrailError
    try:
        result = item = _take(context, post, url, field_path)
        version = (f"ETag {item.etag}",) if item.etag else ()
        decision = "; ".join((f"{field_path}: {item.mime}, {item.size} bytes", *version, *item.changes))
    except PostrailError as error:
        result, decision = error, f"{field_path}: {error.message}"
    took = round((context.clock.ticks() - started) * 1000)
    return result, Entry(call="media/fetch", took_ms=took, decision=decision)


def _take_all(context: Context, post: Post) -> tuple[list[MediaItem], list[Entry], list[PostrailError]]:
    """Bring every file into the spool, some at a time; the order is that of the post.

    Raises PostrailError `server_draining`.
    """
    named = sources(post.kind, post.input)
    taken = abreast(lambda one: _take_one(context, post, *one), named, context.stopping)
    items = [result for result, _ in taken if isinstance(result, MediaItem)]
    errors = [result for result, _ in taken if isinstance(result, PostrailError)]
    return items, [entry for _, entry in taken], errors


def _fetched(context: Context, claim: Claim, items: Sequence[MediaItem], warnings: Sequence[str]) -> Change:
    """Return the change of a post whose files are here: the caller is warned, of a slow line too."""
    post = claim.post
    line = warnings_of(context, account_of(context, claim), post.kind, post.input, items)
    change = Change(media=tuple(items), tries=0)
    if not (*warnings, *line):
        return change
    known = post.receipt.get("warnings")
    said = [*(known if isinstance(known, list | tuple) else []), *warnings, *line]
    return replace(change, receipt={**post.receipt, "warnings": said})


def all_of(errors: list[PostrailError]) -> PostrailError:
    """Join the refusals of several files into one that lists every problem; the first one's code leads."""
    if len(errors) == 1:
        return errors[0]
    details: list[Problem] = [problem for error in errors for problem in error.details]
    message = f"{errors[0].message} ({len(errors)} files have problems)"
    return PostrailError(errors[0].code, message, details=details)


def _passing(errors: list[PostrailError]) -> PostrailError | None:
    """Return a refusal that says nothing about the files: this machine could not take them in now."""
    return next((error for error in errors if error.code in PASSING_CODES), None)


def fetch(context: Context, claim: Claim) -> Claim | None:
    """Fetch every file of the post; all their problems are reported at once."""
    post = claim.post
    if post.state is State.QUEUED:
        post = context.ledger.save(claim.lease, Change(state=State.FETCHING))
        claim = replace(claim, post=post)
    items, entries, errors = _take_all(context, post)
    if (passing := _passing(errors)) is not None:
        raise passing
    words = frozenset(problem.problem for error in errors for problem in error.details)
    if errors and post.tries + 1 < most_fetches(words):
        context.ledger.save(claim.lease, Change(), *entries, decided("the source may recover: trying again"))
        again(context, claim)
        return None
    findings = judge(context, post, items)
    if findings.problems:
        first = findings.problems[0]
        message = f"{first.got}: expected {first.expected}"
        errors.append(PostrailError(first.code, message, details=findings.problems))
    if errors:
        fail(context, claim, failure_of(all_of(errors)), *entries)
        return None
    with context.library.intake.held(item.media_id for item in items) as gone:
        if not gone:
            change = _fetched(context, claim, items, findings.warnings)
            claim = replace(claim, post=context.ledger.save(claim.lease, change, *entries))
    if gone:
        context.ledger.save(claim.lease, Change(), decided("a file was collected while others came"))
        again(context, claim)
        return None
    post = claim.post
    wait = reserve(context, account_of(context, claim), init_kind(post))
    if wait:
        later(context, claim, wait)
        return None
    return claim
