"""Which addresses an origin may be reached at: judged by its spelling, looked up once, each one checked."""

from connector.domain.addresses import is_public
from connector.domain.net import Origin, address_of, is_odd_address, is_private_name, is_web_port
from connector.kernel.errors import PostrailError, Problem
from connector.net.network import Target
from connector.net.trip import Trip, Unsent

PUBLIC = "a host on the public internet"

_CODE = "address_not_allowed"


def refusal(got: str, problem: str, expected: str, fix: str) -> PostrailError:
    """Build the error for a URL that Postrail does not go to; its field is filled in by the caller."""
    detail = Problem(field="", problem=problem, got=got, expected=expected, fix=fix, code=_CODE)
    return PostrailError(_CODE, f"Postrail does not connect to {got}", details=[detail])


def credentials_refusal(host: str) -> PostrailError:
    """Build the error for a URL of `host` that holds a user name or password, whoever the host is."""
    detail = Problem(
        field="",
        problem="credentials_in_url",
        got=f"a URL of {host} with a user name or password in it",
        expected="a URL without user name and password",
        fix="take the user name and password out of the URL",
        code=_CODE,
    )
    return PostrailError(_CODE, "The URL holds a user name or password", details=[detail])


def admit(origin: Origin, *, allow_http: bool) -> None:
    """Refuse an origin that is out of the question, whatever it resolves to.

    Raises PostrailError `address_not_allowed`: `private_address`, `odd_address`, `port_not_allowed`,
    `http_not_allowed`.
    """
    if is_odd_address(origin.host):
        raise refusal(
            origin.host,
            "odd_address",
            "a name, or an address as four decimal numbers",
            "use the host's name",
        )
    literal = address_of(origin.host)
    if literal is not None and ("%" in origin.host or not is_public(origin.host)):
        raise refusal(origin.host, "private_address", PUBLIC, way_out(origin, origin.host))
    if is_private_name(origin.host):
        raise refusal(origin.host, "private_address", PUBLIC, _trust(origin))
    if not is_web_port(origin.port):
        raise refusal(
            str(origin), "port_not_allowed", "port 80, 443, or a web server's from 1024 on", _trust(origin)
        )
    if origin.scheme == "http" and not allow_http:
        raise refusal(
            str(origin),
            "http_not_allowed",
            "an https URL",
            "use the https address; POSTRAIL_ALLOW_HTTP_SOURCES=true permits plain http for media",
        )


def check(origin: Origin, targets: list[Target]) -> None:
    """Refuse `origin` when any of its addresses is not public.

    One private address among public ones is enough: which of them answers is up to whoever owns the name.
    Raises PostrailError `address_not_allowed`.
    """
    for target in targets:
        address = str(target.address[0])
        if not is_public(address):
            where = origin.host if origin.host == address else f"{origin.host} ({address})"
            raise refusal(where, "private_address", PUBLIC, way_out(origin, address))


def _trust(origin: Origin) -> str:
    return f"use a public URL, or start the server with POSTRAIL_TRUSTED_ORIGINS={origin}"


def way_out(origin: Origin, address: str) -> str:
    """Say what to do about a private address: one of a network may be trusted, a special one never."""
    found = address_of(address.partition("%")[0])
    is_special = found is None or found.is_link_local or found.is_unspecified or found.is_multicast
    if is_special or (found is not None and found.version == 4 and found.is_reserved):  # noqa: PLR2004 - IPv4
        return "use a public URL"
    return _trust(origin)


def allowed_targets(origin: Origin, trip: Trip) -> list[Target]:
    """Return the addresses of `origin` to connect to, all checked. Raises Unsent and PostrailError."""
    trusted = origin in trip.trusted
    if not trusted:
        admit(origin, allow_http=trip.allow_http)
    try:
        limit_s = trip.patience.left(trip.patience.timeout.dns_s)
        targets = trip.network.look_up(origin.host, origin.port, limit_s)
    except (OSError, UnicodeError) as error:
        late = isinstance(error, TimeoutError)
        raise Unsent(f"the name {origin.host} cannot be resolved: {error}", timed_out=late) from error
    if not trusted:
        check(origin, targets)
    return targets
