"""The texts of the DNS, asked for as the operating system is set up to ask."""

from collections.abc import Sequence

import dns.exception
import dns.rdatatype
import dns.resolver
from dns.rdtypes.ANY.TXT import TXT

from connector.kernel.log import get_log

log = get_log("net")

PATIENCE_S = 3.0
"""Seconds that a question may take in all."""


class DnsTexts:
    """Implements `connector.engine.hosting.TextRecords`; `servers` at `port` in place of the system's."""

    def __init__(self, servers: Sequence[str] = (), port: int = 53) -> None:
        self._servers = tuple(servers)
        self._port = port

    def texts(self, domain: str) -> tuple[str, ...] | None:
        """Return the texts of a domain; None where the DNS could not be asked."""
        try:
            answer = self._resolver().resolve(f"{domain}.", dns.rdatatype.TXT, lifetime=PATIENCE_S)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return ()
        except (dns.exception.DNSException, OSError) as error:
            log.info("dns_not_asked", domain=domain, why=type(error).__name__)
            return None
        return tuple(
            b"".join(found.strings).decode("ascii", "replace") for found in answer if isinstance(found, TXT)
        )

    def _resolver(self) -> dns.resolver.Resolver:
        """Return one that asks as things stand now: a laptop's servers change with its network."""
        resolver = dns.resolver.Resolver(configure=not self._servers)
        if self._servers:
            resolver.nameservers, resolver.port = list(self._servers), self._port
        return resolver
