"""What the routes of the control API share: bodies, a knob's two methods, refusals, the origin check."""

from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import HTTPException

Shape = TypeVar("Shape", bound=BaseModel)
Thing = TypeVar("Thing")


def guard(routes: Blueprint) -> None:
    """Give a blueprint the refusals of the control API, and keep pages of other origins out."""
    routes.register_error_handler(ValidationError, _not_valid)
    routes.register_error_handler(ValueError, lambda error: _told(400, str(error)))
    routes.register_error_handler(LookupError, lambda error: _told(404, f"there is no {error.args[0]}"))
    routes.register_error_handler(HTTPException, _plain)
    routes.before_request(_same_origin)


def body(kind: type[Shape]) -> Shape:
    """Read the present request's JSON body."""
    return kind.model_validate_json(request.get_data() or b"{}")


def patched(now: Shape) -> Shape:
    """Return `now` with the members of the present request's JSON body put in their place."""
    changes = request.get_json(force=True, silent=True)
    if not isinstance(changes, dict):
        raise ValueError("the body must be a JSON object")  # noqa: TRY004 - told like any bad body
    return type(now).model_validate({**now.model_dump(), **changes})


def knob(kind: type[Shape], read: Callable[[], Shape], write: Callable[[Shape], None]) -> Response:
    """Answer GET with the present setting, PUT with the one that replaces it."""
    if request.method == "PUT":
        write(body(kind))
    return jsonify(read().model_dump())


def base_url() -> str:
    """Return this server's URL as the present request spelt it, without a slash at the end."""
    return request.host_url.rstrip("/")


def found(thing: Thing | None, name: str) -> Thing:
    """Return a thing that was found. Raises LookupError naming it otherwise."""
    if thing is None:
        raise LookupError(name)
    return thing


def is_foreign() -> bool:
    """Say whether a page of another origin makes the present request."""
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc != request.host


def _same_origin() -> ResponseReturnValue | None:
    return _told(403, "another origin may not use the control API") if is_foreign() else None


def _told(status: int, text: str) -> ResponseReturnValue:
    return jsonify(error=text), status


def _plain(error: HTTPException) -> ResponseReturnValue:
    return _told(error.code or 500, error.description or error.name)


def _not_valid(error: ValidationError) -> ResponseReturnValue:
    problems = [
        {"field": ".".join(str(part) for part in problem["loc"]), "problem": problem["msg"]}
        for problem in error.errors()
    ]
    return jsonify(error="the body is not what is expected", details=problems), 400
