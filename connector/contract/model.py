"""The manifests as frozen objects. YAML spells names in camelCase, as Zapier's platform does."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from connector.kernel.errors import PostrailError

Who = Literal["you", "creator", "operator", "tiktok"]
"""Who must act: the caller, the creator in TikTok's app, the operator of this server, or TikTok."""

ErrorClass = Literal["invalid", "denied", "conflict", "retry", "fatal"]
UseCase = Literal[
    "publish",
    "check_status",
    "wait",
    "list_accounts",
    "get_creator_info",
    "upload_media",
    "presign_upload",
    "resolve",
    "retry",
    "pause",
    "resume",
]
"""What the engine can perform, by its own names."""

Group = Literal["basic", "audience", "disclosure", "media", "advanced"]


class Manifest(BaseModel):
    """What every part of a manifest has in common: frozen, closed, camelCase outside."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        serialize_by_alias=True,
        alias_generator=to_camel,
    )


class Auth(Manifest):
    """How a caller proves who it is."""

    type: Literal["bearer"]
    header: str
    label: str
    help_text: str


class Paths(Manifest):
    """Where the parts of the HTTP surface begin."""

    operations: str
    schemas: str
    errors: str


class Connector(Manifest):
    """The identity of the connector, and its operations in the order in which tools show them."""

    key: str
    label: str
    description: str
    version: str
    auth: Auth
    paths: Paths
    operations: tuple[str, ...]


class Display(Manifest):
    """How an operation is shown to people."""

    label: str
    description: str
    hidden: bool = False


class InputField(Manifest):
    """Place and help of an input field; its label, type and description stand in the JSON Schema."""

    key: str
    group: Group
    help_text: str = ""
    placeholder: str = ""
    depends_on: str | None = None
    hidden: bool = False


class Action(Manifest):
    """What an operation does: its use case in the engine, and the shapes of its input and output.

    `kind` is what it publishes, None where it publishes nothing. `sample` is one output row.
    """

    type: Literal["create", "search"]
    use_case: UseCase = Field(alias="use_case")
    kind: Literal["video", "photo"] | None = None
    input_schema: str
    output_schema: str
    input_fields: tuple[InputField, ...]
    sample: dict[str, object]


class Operation(Manifest):
    """One thing that a tool can ask for."""

    key: str
    noun: str
    display: Display
    operation: Action


class ErrorEntry(Manifest):
    """One error of the catalogue.

    `http` is the status of its answer; `message` the sentence where nothing more exact is known; `cause` why
    it happens; `fix` what to do and `who` must do it; `retry_after_s` seconds until a retry makes sense.
    """

    code: str
    error_class: ErrorClass = Field(alias="class")
    http: int
    who: Who
    retryable: bool
    retry_after_s: int | None = Field(default=None, alias="retry_after_s")
    message: str
    cause: str
    fix: str


class Tool(Manifest):
    """The wording that one workflow tool needs: what to do in it about a mistake, by the mistake's word."""

    key: str
    label: str
    cures: dict[str, str]


class When(Manifest):
    """A condition on one row: the field's text, ignoring case and blanks around it."""

    field: str
    equals: str = Field(alias="is")


class Choice(Manifest):
    """An operation, and when it is meant (None: otherwise)."""

    operation: str
    when: When | None = None


class Route(Manifest):
    """A path of a dialect, and the operations it may mean."""

    path: str
    choose: tuple[Choice, ...]


class Fallback(Manifest):
    """What a dialect takes for a value that the field's enum does not know, and why."""

    field: str
    to: str
    why: str


class Overflow(Manifest):
    """A text that moves to another, free field when it is too long for its own (UTF-16 units)."""

    operation: str
    field: str
    max_utf16: int = Field(alias="maxUtf16")
    to: str
    rule: str


class Sources(Manifest):
    """What a dialect asks of media hosts: how many redirects, and whether photos need a Content-Length."""

    redirects: int
    photos_need_length: bool = Field(alias="photosNeedLength")


class DialectMedia(Manifest):
    """What a dialect asks of media itself: whether a video must be 9:16."""

    require_vertical: bool = Field(alias="requireVertical")


class Dialect(Manifest):
    """A foreign request shape, mapped onto operations.

    `defaults` stand for fields that were not sent; `errors` spells our codes as the dialect does.
    """

    key: str
    label: str
    description: str
    routes: tuple[Route, ...]
    defaults: dict[str, object] = Field(default_factory=dict)
    fallbacks: tuple[Fallback, ...] = ()
    overflows: tuple[Overflow, ...] = ()
    sources: Sources | None = None
    media: DialectMedia | None = None
    errors: dict[str, str] = Field(default_factory=dict)

    def route(self, path: str) -> Route:
        """Return the route of a path. Raises PostrailError `not_found`."""
        for route in self.routes:
            if route.path == path:
                return route
        raise PostrailError("not_found", f"{self.label} has no address {path!r}.")

    def fallback(self, field: str) -> Fallback | None:
        """Return what this dialect takes for an unknown value of a field, if anything."""
        return next((item for item in self.fallbacks if item.field == field), None)
