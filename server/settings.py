"""Everything a deployment may set, read once from HEARTH_* in the composition root."""

import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal
from urllib.parse import SplitResult, parse_qs, urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from server.errors import Misconfigured
from server.networks import Trusted, read_trusted

PREFIX = "HEARTH_"
_WEB = frozenset({"http", "https"})
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
CLASSIFIER_ADDRESS: Final = re.compile(
    r"unix:/\S+|[A-Za-z0-9._-]+:\d{1,5}|\[[0-9A-Fa-f:]+\]:\d{1,5}"
)
"""A Unix socket, or a host and port."""


class Settings(BaseModel):
    """One frozen object. Units stand in the names."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    data_dir: Path = Field(
        Path("data"), description="Where the database, the keys and the logs live."
    )
    database_url: str = Field(
        "", description="postgresql://... ; empty: SQLite in the data directory."
    )
    redis_url: str = Field(
        "",
        description="redis://... of Redis or Valkey, where several workers serve; nothing is kept only there.",
    )
    key_file: Path | None = Field(
        None,
        description="The key that unlocks all members' keys; default: hearth.key in the data directory.",
    )
    keys_database: str = Field(
        "",
        description="Store of the members' wrapped keys: a file, or for several machines the postgresql://... of a"
        " database that holds nothing else; default: keys.sqlite3 in the data directory.",
    )
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65_535)
    public_url: str = Field(
        "",
        description="How browsers reach Hearth, e.g. https://hearth.example.org; default: http://localhost:PORT.",
    )
    trusted_proxies: str = Field(
        "",
        description="Addresses of proxies whose X-Forwarded-For is believed, with commas.",
    )
    trusted_networks: str = Field(
        "",
        description="Networks whose people share an address, and how many times as many sign-ups and log-ins they"
        " may, with commas: 10.20.0.0/16*20.",
    )
    classifier: Literal["embedded", "detoxify", "lexicon"] = Field(
        "embedded", description="Which backend judges."
    )
    models_dir: Path | None = Field(None, description="Where Detoxify's weights lie.")
    classifiers: str = Field(
        "",
        description="Where `hearth classify` listens, with commas: unix:/PATH or HOST:PORT; empty: a child process.",
    )
    classifiers_key_file: Path | None = Field(
        None,
        description="What seals the way to classifiers over a network; default: made from the key file.",
    )
    assess_deadline_ms: int = Field(
        300, ge=10, le=10_000, description="A reading that takes longer is 'not assessed'."
    )
    limits: Literal["auto", "normal", "bench"] = Field(
        "auto", description="auto: 'bench' on loopback only, else 'normal'."
    )
    alert_command: str = Field(
        "",
        description="A program, with its arguments, that calls people who are away; it is given ids and codes only.",
    )
    push_hosts: str = Field(
        "",
        description="Further push services, beside those of browser makers: hosts, separated by commas.",
    )
    log_level: Literal["info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = Field(
        "text", description="Lines for people, or one JSON object a line for programs."
    )
    metrics_port: int = Field(
        0, ge=0, le=65_535, description="Prometheus reads /metrics there; 0: nowhere."
    )
    metrics_host: str = Field(
        "127.0.0.1", description="Address of that port; beyond loopback it needs a token."
    )
    metrics_token_file: Path | None = Field(
        None,
        description="Its first line must come with each request for metrics, as a Bearer token.",
    )
    traces_url: str = Field(
        "",
        description="A collector of OpenTelemetry (OTLP over HTTP), e.g. http://127.0.0.1:4318; empty: no traces.",
    )
    demo: bool = Field(False, description="Says on every page that this community is thrown away.")

    @property
    def origin(self) -> str:
        """Scheme, host and port of our own pages."""
        return (self.public_url or f"http://localhost:{self.port}").rstrip("/")

    @property
    def origins(self) -> frozenset[str]:
        """The exact origins whose pages may open sockets and change things."""
        if self.public_url:
            return frozenset({self.origin})
        return frozenset(
            f"http://{host}:{self.port}" for host in ("localhost", "127.0.0.1", "[::1]")
        )

    @property
    def is_https(self) -> bool:
        """Whether browsers reach us over TLS; then the cookie is Secure and __Host-."""
        return self.origin.startswith("https://")

    @property
    def trusted(self) -> tuple[Trusted, ...]:
        """Networks with larger limits."""
        return read_trusted(self.trusted_networks)

    @property
    def is_loopback(self) -> bool:
        """Reached from this machine only."""
        return not self.public_url and self.host in _LOOPBACK

    @property
    def limits_profile(self) -> Literal["normal", "bench"]:
        """Which table of limits is in force."""
        if self.limits != "auto":
            return self.limits
        return "bench" if self.is_loopback else "normal"

    @property
    def classifier_addresses(self) -> list[str]:
        """Where classifier processes listen; none: a child of one's own."""
        return [word.strip() for word in self.classifiers.split(",") if word.strip()]

    @property
    def alert_words(self) -> list[str]:
        """The alert command as a program is started: no shell reads it."""
        return shlex.split(self.alert_command)

    @property
    def sqlite_path(self) -> Path:
        """The embedded database."""
        return self.data_dir / "hearth.sqlite3"

    @property
    def key_path(self) -> Path:
        """The key file, outside every database."""
        return self.key_file or self.data_dir / "hearth.key"

    @property
    def keys_at(self) -> Path | str:
        """The store of wrapped member keys, left out of backups of the database: a file, or a URL."""
        if self.keys_database.startswith("postgres"):
            return self.keys_database
        return Path(self.keys_database) if self.keys_database else self.data_dir / "keys.sqlite3"

    @property
    def moved_path(self) -> Path:
        """Stands there when the embedded database was left behind by `hearth move`."""
        return self.data_dir / "moved"

    @property
    def exports_path(self) -> Path:
        """Copies of members' own data until they are fetched, sealed."""
        return self.data_dir / "exports"

    @property
    def measures_path(self) -> Path:
        """Where the steward's own questionnaires and offers lie."""
        return self.data_dir / "measures"

    @property
    def heads_path(self) -> Path:
        """The audit log's signed heads, outside every database."""
        return self.data_dir / "audit-heads"


def read_settings(environment: Mapping[str, str] | None = None, **given: object) -> Settings:
    """Settings from the environment, `given` first.

    Raises Misconfigured in one line that names the variable: unknown names and bad values alike.
    """
    environment = os.environ if environment is None else environment
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    values = {name: value for name, value in environment.items() if name.upper().startswith(PREFIX)}
    for name in values:
        if name not in known:
            raise Misconfigured(
                f"{name} is not a setting of Hearth. Known: {', '.join(sorted(known))}."
            )
    fields: dict[str, object] = {
        name.removeprefix(PREFIX).lower(): value for name, value in values.items()
    }
    fields |= {name: value for name, value in given.items() if value is not None}
    return _checked(_validated(fields))


def _validated(fields: Mapping[str, object]) -> Settings:
    try:
        return Settings.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = PREFIX + "_".join(str(part) for part in first["loc"]).upper()
        raise Misconfigured(f"{name}: {first['msg']}.") from None


def _checked(settings: Settings) -> Settings:
    _check_watchers(settings)
    _check_networks(settings)
    for address in settings.classifier_addresses:
        if not CLASSIFIER_ADDRESS.fullmatch(address):
            raise Misconfigured("HEARTH_CLASSIFIERS: each is unix:/PATH or HOST:PORT, with commas.")
    if settings.public_url:
        parts = _parts_of(settings.public_url)
        if parts.scheme not in _WEB or not parts.netloc or parts.path.strip("/"):
            raise Misconfigured(
                "HEARTH_PUBLIC_URL: must look like https://hearth.example.org, without a path."
            )
    if settings.database_url and not settings.database_url.startswith(
        ("postgresql://", "postgres://", "sqlite:///")
    ):
        raise Misconfigured(
            "HEARTH_DATABASE_URL: must begin with postgresql:// (or be left empty for SQLite)."
        )
    _check_address("HEARTH_DATABASE_URL", settings.database_url)
    _check_keys(settings)
    _check_address("HEARTH_KEYS_DATABASE", settings.keys_database)
    if settings.redis_url and not settings.redis_url.startswith(
        ("redis://", "rediss://", "unix://")
    ):
        raise Misconfigured("HEARTH_REDIS_URL: must begin with redis://, rediss:// or unix://.")
    try:
        shlex.split(settings.alert_command)
    except ValueError:
        raise Misconfigured("HEARTH_ALERT_COMMAND: a quotation mark is not closed.") from None
    if settings.classifier == "detoxify" and settings.models_dir is None:
        raise Misconfigured("HEARTH_MODELS_DIR: Detoxify needs the folder where its weights lie.")
    return settings


def _check_keys(settings: Settings) -> None:
    """A backup of the words must not hold what opens them."""
    there = settings.keys_database
    if there and there == settings.database_url:
        raise Misconfigured("HEARTH_KEYS_DATABASE: keys need a database of their own.")
    if "://" in there and not there.startswith(("postgresql://", "postgres://")):
        raise Misconfigured("HEARTH_KEYS_DATABASE: a file, or postgresql://...")


def _check_address(name: str, address: str) -> None:
    """What the driver would hand on to PostgreSQL, which refuses it, without a word of what was meant."""
    if "ssl" in parse_qs(_parts_of(address).query):
        raise Misconfigured(
            f"{name}: write sslmode= for ssl=, e.g. sslmode=verify-full&sslrootcert=/etc/hearth/postgresql.crt."
        )


def _check_networks(settings: Settings) -> None:
    """Read once, so that a wrong one is told at the start."""
    try:
        read_trusted(settings.trusted_networks)
    except ValueError:
        raise Misconfigured(
            "HEARTH_TRUSTED_NETWORKS: each is NETWORK*FACTOR with a factor from 1 to 1000, with commas, "
            "e.g. 10.20.0.0/16*20."
        ) from None


def _check_watchers(settings: Settings) -> None:
    """What others may read of this server from outside."""
    is_open = settings.metrics_host not in _LOOPBACK and settings.metrics_token_file is None
    if settings.metrics_port and is_open:
        raise Misconfigured(
            "HEARTH_METRICS_HOST: beyond this machine, metrics need HEARTH_METRICS_TOKEN_FILE."
        )
    if settings.traces_url and _parts_of(settings.traces_url).scheme not in _WEB:
        raise Misconfigured("HEARTH_TRACES_URL: must look like http://127.0.0.1:4318.")


def _parts_of(url: str) -> SplitResult:
    """Empty ones where it is no address at all."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")
