"""Fakes of the engine's ports: a TikTok that follows a script, a media room without files, a stage."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from connector.contract import load_contract
from connector.domain.chunks import Chunk, ChunkPlan
from connector.domain.net import origin_of
from connector.domain.sources import OPEN_TERMS, SourceTerms
from connector.engine.advance import advance
from connector.engine.blobs import Blob
from connector.engine.context import Context
from connector.engine.desk import Desk
from connector.engine.hosting import Hosting
from connector.engine.library import Library
from connector.engine.model import Account, Claim, Kind, MediaItem, MediaLook, Post
from connector.engine.model_media import Life
from connector.engine.ports import Call, CreatorInfo, Initiated, PublishStatus, TikTokError, Uploaded
from connector.engine.ports_media import PartialFile, Receiving
from connector.engine.ports_storage import PresignedUploads
from connector.engine.ports_tiktok import (
    AppKeys,
    Callback,
    ClientToken,
    LoginError,
    RedirectKind,
    TokenPair,
    UserInfo,
    VideoPage,
)
from connector.engine.uplink import Uplink
from connector.kernel.clock import SystemClock
from connector.kernel.errors import PostrailError, Problem
from connector.kernel.ids import SystemIds
from connector.kernel.signing import Signer
from connector.media.blobs import FileBlob
from tests.fakes.hosts import PretendSignatures, PretendTexts
from tests.fakes.partials import PretendPart, PretendPartials
from tests.ledgers import Stage

Outcome = object
CREATOR = CreatorInfo(
    username="mia",
    nickname="Mia",
    privacy_level_options=("PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY"),
    comment_disabled=False,
    duet_disabled=False,
    stitch_disabled=False,
    max_video_post_duration_sec=300,
    call=Call(name="creator_info/query", status=200, code="ok"),
)
USER = UserInfo(open_id="open-a", username="mia", display_name="Mia", call=Call(name="user/info"))


def status(word: str, *, ids: tuple[str, ...] = (), reason: str | None = None) -> PublishStatus:
    """An answer of status/fetch."""
    call = Call(name="status/fetch", status=200, code="ok", log_id="log-1")
    raw: dict[str, object] = {"status": word}
    return PublishStatus(status=word, fail_reason=reason, public_ids=ids, raw=raw, call=call)


def refusal(code: str, outcome: str = "refused", name: str = "video/init") -> TikTokError:
    """An answer that is none."""
    call = Call(name=name, status=403, code=code, log_id="log-9")
    return TikTokError(outcome, call, code, f"no: {code}")  # type: ignore[arg-type] # one of the four words


@dataclass
class ScriptedTikTok:
    """Answers each kind of call from its list (the last one again and again) and notes every call."""

    creators: list[Outcome] = field(default_factory=lambda: [CREATOR])
    inits: list[Outcome] = field(default_factory=list)
    chunks: list[Outcome] = field(default_factory=list)
    statuses: list[Outcome] = field(default_factory=list)
    pages: list[Outcome] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    users: list[Outcome] = field(default_factory=lambda: [USER])
    during_init: Callable[[], None] = lambda: None
    during_put: Callable[[], None] = lambda: None
    urls: list[str] = field(default_factory=list)

    def _answer(self, script: list[Outcome]) -> Outcome:
        outcome = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def creator_info(self, account: Account) -> CreatorInfo:
        """Next of `creators`."""
        self.calls.append(f"creator {account.open_id}")
        answer = self._answer(self.creators)
        assert isinstance(answer, CreatorInfo)
        return answer

    def _init(self, kind: str, *, upload: bool) -> Initiated:
        self.calls.append(f"init {kind}")
        self.during_init()
        if not self.inits:
            number = sum(1 for call in self.calls if call.startswith("init"))
            self_url = "https://upload.example/1" if upload else None
            call = Call(name=f"{kind}/init", status=200, code="ok")
            return Initiated(publish_id=f"pub-{number}", upload_url=self_url, call=call)
        answer = self._answer(self.inits)
        if isinstance(answer, Initiated):
            return answer
        self.inits.clear()
        return self._init(kind, upload=upload)

    def init_video(
        self, account: Account, post: Post, *, plan: ChunkPlan | None, video_url: str | None
    ) -> Initiated:
        """Next of `inits`."""
        del account, post
        self.urls.extend([video_url] if video_url else [])
        return self._init("video", upload=plan is not None)

    def init_photo(self, account: Account, post: Post, *, photo_urls: Sequence[str]) -> Initiated:
        """Next of `inits`."""
        del account, post
        self.urls.extend(photo_urls)
        return self._init("content", upload=False)

    def upload_chunk(self, upload_url: str, blob: Blob, chunk: Chunk, *, mime: str) -> Uploaded:
        """Next of `chunks`; all bytes taken when the script is empty."""
        del upload_url, blob, mime
        self.calls.append(f"put {chunk.first}-{chunk.last}")
        self.during_put()
        if not self.chunks:
            call = Call(name="PUT upload", status=201 if chunk.is_final else 206)
            return Uploaded(uploaded=chunk.last + 1, complete=chunk.is_final, call=call)
        answer = self.chunks.pop(0)
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, Uploaded)
        return answer

    def status(self, account: Account, publish_id: str) -> PublishStatus:
        """Next of `statuses`."""
        del account
        self.calls.append(f"status {publish_id}")
        answer = self._answer(self.statuses)
        assert isinstance(answer, PublishStatus)
        return answer

    def cancel(self, account: Account, publish_id: str) -> Call:
        """Say that it was asked."""
        del account
        self.calls.append(f"cancel {publish_id}")
        return Call(name="cancel", status=200, code="ok")

    def user_info(self, account: Account, scopes: frozenset[str]) -> UserInfo:
        """Next of `users`."""
        del scopes
        self.calls.append(f"user {account.open_id}")
        answer = self._answer(self.users)
        assert isinstance(answer, UserInfo)
        return answer

    def video_list(self, account: Account, *, before: int | None = None, limit: int = 20) -> VideoPage:
        """Next of `pages`; nothing is shown when the script is empty."""
        del account, limit
        self.calls.append(f"list {before}")
        if not self.pages:
            return VideoPage(videos=(), next_before=None, call=Call(name="video/list", status=200, code="ok"))
        answer = self._answer(self.pages)
        assert isinstance(answer, VideoPage)
        return answer

    def video_query(self, account: Account, video_ids: Sequence[str]) -> VideoPage:
        """Show nothing."""
        del account, video_ids
        return VideoPage(videos=(), next_before=None, call=Call(name="video/query"))


def tokens(number: int, **changes: object) -> TokenPair:
    """Return the tokens that TikTok gives the `number`-th time."""
    plain = TokenPair(
        open_id="open-a",
        access_token=f"act.fresh-{number}",
        expires_in_s=86_400,
        refresh_token=f"rft.fresh-{number}",
        refresh_expires_in_s=31_536_000,
        scopes=None,
        call=Call(name="oauth/token", status=200, code="ok"),
    )
    return replace(plain, **changes)  # type: ignore[arg-type] # any member


def no_tokens(code: str, outcome: str = "refused") -> LoginError:
    """Return a login call that brought nothing."""
    call = Call(name="oauth/token refresh", status=200, code=code, log_id="log-8")
    return LoginError(outcome, call, code, f"no: {code}")  # type: ignore[arg-type] # one of the four words


@dataclass
class ScriptedLogin:
    """Answers `exchange` and `refresh` from its list (the last one again and again); notes what was sent."""

    answers: list[Outcome] = field(default_factory=lambda: [tokens(1)])
    sent: list[str] = field(default_factory=list)
    during: Callable[[], None] = lambda: None
    callback: Callback = field(default_factory=lambda: Callback(state="", code="code"))

    def redirect_kind(self, uri: str) -> RedirectKind:
        """Say desktop of loopback addresses."""
        return "desktop" if "127.0.0.1" in uri else "web"

    def authorize_url(
        self,
        client_key: str,
        redirect_uri: str,
        scopes: Sequence[str],
        state: str,
        *,
        verifier: str | None = None,
        always_ask: bool = False,
    ) -> str:
        """Return an address that shows all that it was made of."""
        proof = "with proof" if verifier else "without proof"
        self.callback = replace(self.callback, state=state)
        return f"https://consent.example/{client_key} {redirect_uri} {','.join(scopes)} {proof} {always_ask}"

    def read_callback(self, query: str) -> Callback:
        """Return what the test has laid out."""
        del query
        return self.callback

    def _answer(self, sent: str) -> TokenPair:
        self.sent.append(sent)
        self.during()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, TokenPair)
        return answer

    def exchange(self, app: AppKeys, code: str, redirect_uri: str, verifier: str | None = None) -> TokenPair:
        """Next of `answers`."""
        del redirect_uri, verifier
        return self._answer(f"{app.client_key} {code}")

    def refresh(self, app: AppKeys, refresh_token: str) -> TokenPair:
        """Next of `answers`."""
        return self._answer(f"{app.client_key} {refresh_token}")

    def revoke(self, app: AppKeys, access_token: str) -> Call:
        """Take note."""
        self.sent.append(f"{app.client_key} revoke {access_token}")
        return Call(name="oauth/revoke", status=200, code="ok")

    def client_token(self, app: AppKeys) -> ClientToken:
        """Give one."""
        del app
        return ClientToken(access_token="clt.1", expires_in_s=7200, call=Call(name="oauth/token"))


@dataclass
class PretendMedia:
    """Takes in any URL as a file of `size` bytes, unless `refuse` holds an error for it."""

    size: int = 1000
    duration_ms: int = 5000
    sides: tuple[int, int] = (1080, 1920)
    fits: list[bool] = field(default_factory=list)
    refuse: dict[str, PostrailError] = field(default_factory=dict)
    terms: list[SourceTerms] = field(default_factory=list)
    swapped: set[str] = field(default_factory=set)

    def take_in(
        self,
        url: str,
        kind: Kind,
        *,
        field_path: str,
        terms: SourceTerms = OPEN_TERMS,
        fit: bool = False,
    ) -> MediaItem:
        """Return an item, or raise what is held for `url`."""
        self.terms.append(terms)
        self.fits.append(fit)
        if url in self.refuse:
            raise self.refuse[url]
        name = url.rpartition("/")[2]
        mime = "video/mp4" if kind == "video" else "image/jpeg"
        return MediaItem(
            media_id=field_path,
            kind=kind,
            name=name,
            mime=mime,
            size=self.size,
            width=self.sides[0],
            height=self.sides[1],
            duration_ms=self.duration_ms if kind == "video" else None,
            source_url=url,
        )

    def look(
        self,
        url: str,
        kind: Kind,
        *,
        field_path: str,
        terms: SourceTerms = OPEN_TERMS,
        fit: bool = False,
    ) -> MediaLook:
        """Return what `take_in` would, kept by nobody."""
        item = self.take_in(url, kind, field_path=field_path, terms=terms, fit=fit)
        return MediaLook(item=replace(item, media_id=""), facts={"codec": "h264"})

    def preview(self, item: MediaItem, *, side: int, at_ms: int = 0) -> bytes:
        """Return bytes that tell what was asked for."""
        return f"{item.name} {side} {at_ms}".encode()

    def blob(self, media_id: str) -> FileBlob:
        """Return a file that nobody opens."""
        return FileBlob(Path("/nowhere") / media_id)

    def verify(self, media_id: str) -> None:
        """Refuse what was swapped."""
        if media_id in self.swapped:
            raise PostrailError("media_changed", "swapped")


@dataclass
class PretendIntake:
    """Holds files in memory: keeps any bytes as a photo or, where they begin with `video`, as a video."""

    files: dict[str, bytes] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    limit: int = 1000

    @contextmanager
    def receive(self) -> Iterator["PretendFile"]:
        """Open a file."""
        yield PretendFile()

    @contextmanager
    def adopt(self, part: PartialFile) -> Iterator["PretendFile"]:
        """Take the bytes that have come."""
        assert isinstance(part, PretendPart)
        yield PretendFile(bytearray(part.data))

    def download(self, url: str, receiving: Receiving) -> None:
        """Write the URL itself."""
        receiving.write(url.encode())

    def keep(self, receiving: Receiving, *, field_path: str, fit: bool = False) -> MediaItem:
        """Keep what was written, unless it begins with `bad`, or with `wide` and may not be scaled."""
        assert isinstance(receiving, PretendFile)
        data = bytes(receiving.data)
        if data.startswith(b"bad") or (data.startswith(b"wide") and not fit):
            problem = Problem(field=field_path, problem="bad", code="unsupported_file_type")
            raise PostrailError("unsupported_file_type", "no file of ours", details=[problem])
        media_id = sha256(data).hexdigest()
        self.files[media_id] = data
        kind: Kind = "video" if data.startswith(b"video") else "photo"
        mime, ending = ("video/mp4", "mp4") if kind == "video" else ("image/jpeg", "jpg")
        return MediaItem(
            media_id=media_id, kind=kind, name=f"{media_id[:16]}.{ending}", mime=mime, size=len(data)
        )

    def blob(self, media_id: str) -> FileBlob:
        """Return a file that nobody opens."""
        return FileBlob(Path("/nowhere") / media_id)

    @contextmanager
    def held(self, media_ids: Iterable[str]) -> Iterator[frozenset[str]]:
        """Say which of the files are said to be missing."""
        yield frozenset(self.missing.intersection(media_ids))

    def stored(self) -> Iterator[tuple[str, int, int]]:
        """Yield the files, all of them old."""
        yield from [(media_id, len(data), 0) for media_id, data in self.files.items()]

    def collect(self, media_id: str, is_needed: Callable[[], bool]) -> int:
        """Drop a file that is not needed."""
        return 0 if is_needed() else len(self.files.pop(media_id, b""))


@dataclass
class PretendFile:
    """A file in memory."""

    data: bytearray = field(default_factory=bytearray)

    @property
    def size(self) -> int:
        """Bytes so far."""
        return len(self.data)

    def write(self, data: bytes | memoryview) -> None:
        """Append."""
        self.data += data

    def restart(self) -> None:
        """Forget."""
        self.data.clear()


@dataclass
class Scene:
    """The engine on a real ledger, a scripted TikTok and pretended media, moved by hand."""

    stage: Stage
    tiktok: ScriptedTikTok = field(default_factory=ScriptedTikTok)
    login: ScriptedLogin = field(default_factory=ScriptedLogin)
    media: PretendMedia = field(default_factory=PretendMedia)
    intake: PretendIntake = field(default_factory=PretendIntake)
    life: Life = field(default_factory=lambda: Life(plain_ms=3 * 86_400_000, retained_ms=30 * 86_400_000))
    signatures: PretendSignatures = field(default_factory=PretendSignatures)
    texts: PretendTexts = field(default_factory=PretendTexts)
    uplink: Uplink = field(default_factory=Uplink)
    presigned: PresignedUploads | None = None
    draining: bool = False
    partials: PretendPartials = field(init=False)
    hosting: Hosting = field(init=False)
    """What is known of the public host: a signature file proves it, unless the test says otherwise."""

    def __post_init__(self) -> None:
        self.partials = PretendPartials(self.stage.clock)
        self.hosting = Hosting(
            "https://posts.example", signatures=self.signatures, records=self.texts, clock=self.stage.clock
        )

    @property
    def desk(self) -> Desk:
        """The desk at which accounts are connected."""
        return Desk(
            apps=self.stage.apps,
            grants=self.stage.grants,
            logins=self.stage.logins,
            login=self.login,
            tiktok=self.tiktok,
            signer=Signer(lambda: (b"k" * 32,)),
            owner="me",
        )

    @property
    def library(self) -> Library:
        """Where uploads are."""
        return Library(
            records=self.stage.media,
            intake=self.intake,
            partials=self.partials,
            life=self.life,
            origins=frozenset({origin_of("https://posts.example")}),
            presigned=self.presigned,
        )

    @property
    def context(self) -> Context:
        """The engine's context."""
        return Context(
            contract=load_contract(),
            ledger=self.stage.ledger,
            access=self.stage.access,
            tiktok=self.tiktok,
            desk=self.desk,
            media=self.media,
            library=self.library,
            hosting=self.hosting,
            uplink=self.uplink,
            clock=self.stage.clock,
            ids=SystemIds(SystemClock()),
            public_url="https://posts.example",
            web_url="https://tiktok.example",
            repeat_window_ms=600_000,
            stopping=lambda: self.draining,
            wake=lambda: None,
        )

    def accept_video(self, **changes: object) -> Post:
        """Accept a video post."""
        given: dict[str, object] = {"source_url": "https://m.example/v.mp4", "privacy": "PUBLIC_TO_EVERYONE"}
        return self.stage.accept(**{"input": given, **changes})

    def accept_photos(self, count: int = 2, *, dialect: str | None = None) -> Post:
        """Accept a photo post."""
        urls = [f"https://m.example/{index}.jpg" for index in range(count)]
        given = {"photo_images": urls, "privacy": "PUBLIC_TO_EVERYONE"}
        return self.stage.accept(
            kind="photo", operation="post_photos", transfer="pull", input=given, dialect=dialect
        )

    def step(self) -> Claim:
        """Claim what is due and advance it once, as a worker would."""
        claim = self.stage.claim()
        advance(self.context, claim)
        return claim

    def run(self, *, steps: int = 12, move_ms: int = 400_000) -> None:
        """Advance whatever becomes due, moving the clock to it, for at most `steps` claims."""
        for _ in range(steps):
            claims = self.stage.ledger.claim("me", limit=1, ttl_ms=10_000)
            if not claims:
                due = self.stage.ledger.next_due()
                if due is None or due - self.stage.clock.now() > move_ms:
                    return
                self.stage.clock.advance(max(0, due - self.stage.clock.now()))
                continue
            advance(self.context, claims[0])

    def now(self, post: Post) -> Post:
        """Return the post as it stands."""
        found = self.stage.ledger.post("w", post.id)
        assert found is not None
        return found
