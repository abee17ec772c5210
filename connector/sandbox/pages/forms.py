"""Forms drawn from the models of the knobs, pure: a field for each member, and the way back from text."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Protocol, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel

Shape = TypeVar("Shape", bound=BaseModel)
Kind = Literal["checkbox", "number", "text", "select", "lines"]


class Values(Protocol):
    """What a form sent."""

    def get(self, name: str, default: str = "", /) -> str:
        """Return the value of a field."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """One input: its name, how it looks, and what stands in it."""

    name: str
    kind: Kind
    value: str
    choices: tuple[str, ...] = ()


def fields_of(model: BaseModel, *, without: tuple[str, ...] = ()) -> list[Field]:
    """Return the inputs that show a model."""
    return [
        Field(
            name=name,
            kind=_kind(info.annotation),
            value=_shown(getattr(model, name)),
            choices=tuple(str(choice) for choice in get_args(_bare(info.annotation))),
        )
        for name, info in type(model).model_fields.items()
        if name not in without
    ]


def read_form(kind: type[Shape], form: Mapping[str, str], **given: object) -> Shape:
    """Read a model from what a form sent; `given` members come from elsewhere. Raises ValidationError."""
    read = {
        name: _value(info.annotation, form.get(name, ""))
        for name, info in kind.model_fields.items()
        if name not in given and (name in form or _kind(info.annotation) == "checkbox")
    }
    return kind.model_validate({**read, **given})


def _bare(annotation: Any) -> Any:  # noqa: ANN401 - an annotation can be anything
    """Return a member's type without None and without bounds."""
    if get_origin(annotation) in (Union, UnionType):
        [annotation] = [part for part in get_args(annotation) if part is not NoneType]
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _kind(annotation: Any) -> Kind:  # noqa: ANN401 - an annotation can be anything
    bare = _bare(annotation)
    if get_origin(bare) is Literal:
        return "select"
    if get_origin(bare) is list:
        return "lines"
    return {bool: "checkbox", int: "number", float: "number"}.get(bare, "text")  # type: ignore[return-value]  # the three are Kinds


def _value(annotation: Any, text: str) -> object:  # noqa: ANN401 - an annotation can be anything
    kind, bare = _kind(annotation), _bare(annotation)
    if kind == "checkbox":
        return bool(text)
    if not text and NoneType in get_args(annotation):
        return None
    if kind == "lines":
        return text.split()
    if kind == "select":
        return next((choice for choice in get_args(bare) if str(choice) == text), text)
    if kind == "number":
        return int(text) if bare is int else float(text)
    return text


def _shown(value: object) -> str:
    if value is None or value is False:
        return ""
    if isinstance(value, list):
        return "\n".join(str(item) for item in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
