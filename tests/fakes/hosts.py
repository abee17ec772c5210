"""Fakes of what proves a public host: signature files in memory, and a DNS that says what it is told to."""

from dataclasses import dataclass, field

from connector.domain.hosting import check_signature

SIGNATURE, CONTENT = "tiktokAbC123.txt", b"tiktok-developers-site-verification=AbC123"


@dataclass
class PretendSignatures:
    """Keeps files in memory; one at first."""

    files: dict[str, bytes] = field(default_factory=lambda: {SIGNATURE: CONTENT})

    def names(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(sorted(self.files))

    def read(self, name: str) -> bytes | None:
        """One of them."""
        return self.files.get(name)

    def add(self, name: str, content: bytes) -> None:
        """Keep one."""
        check_signature(name, content)
        self.files[name] = content

    def remove(self, name: str) -> bool:
        """Forget one."""
        return self.files.pop(name, None) is not None


@dataclass
class PretendTexts:
    """Answers from `known`; a domain that is not there has no texts, one with None cannot be asked about."""

    known: dict[str, tuple[str, ...] | None] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def texts(self, domain: str) -> tuple[str, ...] | None:
        """The texts of a domain."""
        self.asked.append(domain)
        return self.known.get(domain, ())
