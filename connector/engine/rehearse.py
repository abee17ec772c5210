"""Use case `dry_run`: everything up to the last call, on the code that publishes; nothing is kept."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from connector.contract import Understanding
from connector.contract.validate import root_of
from connector.engine.abreast import abreast
from connector.engine.accounts import resolve_account
from connector.engine.ask import Ask
from connector.engine.budget import BUDGETS
from connector.engine.context import Context
from connector.engine.creator import ask_creator
from connector.engine.fetch import sources
from connector.engine.library import (
    SOURCES,
    file_row,
    find,
    is_preview,
    preview_of,
    reach_of,
    reference,
    wrong_kind,
)
from connector.engine.model import Account, Kind, MediaItem, MediaLook, Mode, Principal
from connector.engine.modes import Way, choose, with_draft
from connector.engine.submit import check_key, check_reachable, wanted_transfer
from connector.engine.terms import judge, terms_of
from connector.engine.transfer import warnings_of
from connector.kernel.errors import PostrailError, Problem

Found = TypeVar("Found")
Looks = list[tuple[str, MediaLook | PostrailError]]
"""What each file of a post was found to be, or why it cannot go, by the field that names it."""


@dataclass(frozen=True, kw_only=True)
class _Trial:
    """The post that is tried out, as far as it could be read."""

    kind: Kind
    mode: Mode
    dialect: str | None
    input: Mapping[str, object]


@dataclass
class _Errors:
    """Collects what is wrong, so that one thing does not hide the others."""

    found: list[PostrailError] = field(default_factory=list)

    def attempt(self, step: Callable[[], Found]) -> Found | None:
        """Return what a step gives; None where it refuses."""
        try:
            return step()
        except PostrailError as error:
            self.found.append(error)
            return None


def rehearse(context: Context, ask: Ask) -> dict[str, object]:
    """Return the answer of a dry run: the input, its receipt, and what each file is.

    Raises PostrailError with every problem at once, those of the rows, the files, the post and the account,
    and with the same members beside; what was found here is told by the fields' own names.
    """
    errors, understood = _Errors(), ask.understood
    content = understood.content
    kind: Kind = "photo" if ask.operation.operation.kind == "photo" else "video"
    flagged = understood.flagged
    errors.attempt(lambda: check_key(ask.key))
    account = None if "account" in flagged else errors.attempt(lambda: _account(context, ask))
    way = _way(context, errors, account, content, kind)
    mode: Mode = "inbox" if (way.mode if way else content.get("post_mode")) == "inbox" else "direct"
    trial = _Trial(kind=kind, mode=mode, dialect=ask.dialect, input=content)
    looks = _look_at_all(context, ask.principal, trial, flagged)
    errors.found.extend(look for _, look in looks if isinstance(look, PostrailError))
    warnings = _judged(context, errors, way, trial, looks, {root_of(name) for name in flagged})
    receipt = understood.receipt()
    receipt = with_draft(kind, content, receipt) if mode == "inbox" else receipt
    tried: dict[str, object] = {
        "dry_run": True,
        "input": understood.input,
        **receipt,
        "warnings": [*_list(receipt["warnings"]), *(way.warnings if way else ()), *warnings],
        "media": [_row(understood.spelled(name), look) for name, look in looks],
        "mode": way.mode if way else None,
        "account": {"open_id": account.open_id, "username": account.username} if account else None,
        "budget": _budget(trial),
    }
    if wrong := [*_unread(understood, mode), *errors.found]:
        raise _joined(wrong, tried)
    return {"ok": True, **tried}


def _account(context: Context, ask: Ask) -> Account:
    named = ask.understood.input.get("account")
    return resolve_account(context.access, ask.principal, None if named is None else str(named))


def _way(
    context: Context, errors: _Errors, account: Account | None, content: Mapping[str, object], kind: Kind
) -> Way | None:
    """Return how the post would go, as far as its account is known."""
    if account is None:
        return None
    transfer = wanted_transfer(kind, content.get("transfer"))
    errors.attempt(lambda: check_reachable(context, account, transfer))
    return errors.attempt(lambda: choose(context, account, content))


def _unread(understood: Understanding, mode: Mode) -> list[PostrailError]:
    """Return what is wrong with the rows themselves; a draft needs no privacy."""
    needless = {("privacy", "required")} if mode == "inbox" else set()
    problems = [one for one in understood.problems if (one.field, one.problem) not in needless]
    return [_refusal(problems)] if problems else []


def _look_at_all(context: Context, principal: Principal, trial: _Trial, flagged: frozenset[str]) -> Looks:
    """Look at every file that is named well."""
    name = SOURCES[trial.kind]
    if name in flagged or name not in trial.input:
        return []
    named = [one for one in sources(trial.kind, trial.input) if one[0] not in flagged]
    looks = abreast(lambda one: _look(context, principal, trial, *one), named, context.stopping)
    return [(one[0], look) for one, look in zip(named, looks, strict=True)]


def _look(
    context: Context, principal: Principal, trial: _Trial, field_path: str, text: str
) -> MediaLook | PostrailError:
    try:
        if preview := preview_of(text, context.library.origins):
            return _refusal([is_preview(field_path, preview)])
        upload_id = reference(text, context.library.origins)
        if upload_id is not None:
            now = context.ledger.now()
            upload = find(context.library, reach_of(principal), upload_id, now, field_path)
            return _of_kind(trial.kind, field_path, MediaLook(item=upload.item), upload_id)
        terms = terms_of(context.contract, trial.dialect)
        fit = bool(trial.input.get("fit"))
        return context.media.look(text, trial.kind, field_path=field_path, terms=terms, fit=fit)
    except PostrailError as error:
        return error


def _of_kind(kind: Kind, field_path: str, look: MediaLook, upload_id: str) -> MediaLook | PostrailError:
    if look.item.kind == kind:
        return look
    return _refusal([wrong_kind(field_path, upload_id, look.item.kind)])


def _judged(
    context: Context, errors: _Errors, way: Way | None, trial: _Trial, looks: Looks, flagged: set[str]
) -> list[str]:
    """Hold the post against what its files are and what its account may do; return what is to be said."""
    items: list[MediaItem] = [look.item for _, look in looks if isinstance(look, MediaLook)]
    creator = None
    if way is not None and trial.mode == "direct":
        account = way.account
        creator = errors.attempt(lambda: ask_creator(context, account))
    found = judge(context, trial, items, creator)
    problems = [problem for problem in found.problems if problem.field not in flagged]
    errors.found.extend([_refusal(problems)] if problems else [])
    slow = warnings_of(context, way.account, trial.kind, trial.input, items) if way is not None else ()
    return [*found.warnings, *slow]


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else []


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


def _budget(trial: _Trial) -> dict[str, object]:
    """Return the rate at which TikTok lets the account begin posts of this kind."""
    kind = "init_content" if trial.kind == "photo" else "init_video"
    kind = "init_inbox_video" if (trial.kind, trial.mode) == ("video", "inbox") else kind
    return {"call": kind, "per_minute": BUDGETS[kind].limit}
