"""Use case `dry_run`: everything up to the last call, on the code that publishes; nothing is kept."""

from collections.abc import Mapping, Sequence

from connector.contract import Operation, Understanding
from connector.engine.abreast import abreast
from connector.engine.budget import BUDGETS
from connector.engine.context import Context
from connector.engine.creator import ask_creator
from connector.engine.fetch import sources
from connector.engine.library import file_row, find, reference
from connector.engine.model import MediaLook, NewPost, Principal
from connector.engine.model_media import Reach
from connector.engine.ports import CreatorInfo
from connector.engine.submit import draw_up
from connector.engine.terms import judge, terms_of
from connector.engine.transfer import warnings_of
from connector.kernel.errors import PostrailError, Problem


def rehearse(
    context: Context,
    principal: Principal,
    operation: Operation,
    understood: Understanding,
    key: str | None,
    *,
    dialect: str | None = None,
) -> dict[str, object]:
    """Return the answer of a dry run: the input, its receipt, and what each file is.

    Raises PostrailError with every problem at once, those of the files, the post and the account, and with
    the same members beside; as `submit.draw_up` does where there is no post to try out.
    """
    draft = draw_up(context, principal, operation, understood, key, dialect=dialect)
    new = draft.new
    looks = _look_at_all(context, new)
    seen = [look for look in looks if isinstance(look, MediaLook)]
    errors = [look for look in looks if isinstance(look, PostrailError)]
    creator: CreatorInfo | None = None
    try:
        creator = ask_creator(context, draft.account) if new.mode == "direct" else None
    except PostrailError as error:
        errors.append(error)
    found = judge(context, new, [look.item for look in seen], creator)
    if found.problems:
        errors.append(_refusal(found.problems))
    said = new.receipt.get("warnings")
    slow = warnings_of(context, draft.account, new.kind, new.input, [look.item for look in seen])
    tried: dict[str, object] = {
        "dry_run": True,
        "input": understood.input,
        **new.receipt,
        "warnings": [*(said if isinstance(said, list | tuple) else []), *found.warnings, *slow],
        "media": [_row(field, look) for (field, _), look in zip(_sources(new), looks, strict=True)],
        "mode": new.mode,
        "account": {"open_id": draft.account.open_id, "username": draft.account.username},
        "budget": _budget(new),
    }
    if errors:
        raise _joined(errors, tried)
    return {"ok": True, **tried}


def _sources(new: NewPost) -> list[tuple[str, str]]:
    return sources(new.kind, new.input)


def _look_at_all(context: Context, new: NewPost) -> list[MediaLook | PostrailError]:
    return abreast(lambda one: _look(context, new, *one), _sources(new), context.stopping)


def _look(context: Context, new: NewPost, field_path: str, url: str) -> MediaLook | PostrailError:
    try:
        if reference(url, frozenset()) is not None:
            now, reach = context.ledger.now(), Reach(workspace_id=new.workspace_id)
            return MediaLook(item=find(context.library, reach, url, now, field_path).item)
        terms = terms_of(context.contract, new.dialect)
        fit = bool(new.input.get("fit"))
        return context.media.look(url, new.kind, field_path=field_path, terms=terms, fit=fit)
    except PostrailError as error:
        return error


def _refusal(problems: Sequence[Problem]) -> PostrailError:
    first = problems[0]
    return PostrailError(first.code, f"{first.got}: expected {first.expected}", details=problems)


def _joined(errors: Sequence[PostrailError], tried: Mapping[str, object]) -> PostrailError:
    """Return one refusal with every problem; the first one's code leads."""
    first = errors[0]
    problems = [problem for error in errors for problem in error.details or [_bare(error)]]
    message = first.message if len(problems) == 1 else f"{first.message} ({len(problems)} problems in all)"
    retry_at = max((error.retry_at for error in errors if error.retry_at is not None), default=None)
    log_id = next((error.tiktok_log_id for error in errors if error.tiktok_log_id), None)
    return PostrailError(
        first.code, message, details=problems, retry_at=retry_at, tiktok_log_id=log_id, extra=tried
    )


def _bare(error: PostrailError) -> Problem:
    """Return the problem of a refusal that names no field: it is about the account."""
    return Problem(field="account", problem=error.code, got=error.message, code=error.code)


def _row(field: str, look: MediaLook | PostrailError) -> dict[str, object]:
    """Return what a file was found to be, or why it cannot go."""
    if isinstance(look, PostrailError):
        return {"field": field, "ok": False, "error": look.code}
    return {"field": field, "ok": True, **file_row(look.item), **look.facts}


def _budget(new: NewPost) -> dict[str, object]:
    """Return the rate at which TikTok lets the account begin posts of this kind."""
    kind = "init_content" if new.kind == "photo" else "init_video"
    kind = "init_inbox_video" if (new.kind, new.mode) == ("video", "inbox") else kind
    return {"call": kind, "per_minute": BUDGETS[kind].limit}
