"""Reference servers for XMPP: ejabberd and Prosody, if Debian's packages are installed.

Shapers are off and limits are high. Any user name logs in (SASL PLAIN, no stored password), so that the
account database is no part of the work. `archive`: where the room's messages are kept, before fan-out.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import ClassVar

from tests.bench.adapters import Adapter, register
from tests.bench.pg import Cluster
from tests.bench.stream_sessions import XmppSession

_EJABBERD_SQL = Path("/usr/share/ejabberd/sql")
_EJABBERD = """
hosts: [localhost]
loglevel: warning
auth_method: [anonymous]
anonymous_protocol: login_anon
allow_multiple_connections: true
listen:
  - port: {port}
    ip: "127.0.0.1"
    module: ejabberd_c2s
    max_stanza_size: 262144
    shaper: none
    access: all
acl: {{}}
access_rules: {{}}
shaper_rules: {{}}
max_fsm_queue: 100000
modules:
  mod_ping: {{}}
{archive_module}  mod_muc:
    access: all
    access_create: all
    access_persistent: all
    access_admin: none
    max_users: 5000
    max_users_presence: 1000
    min_message_interval: 0
    min_presence_interval: 0
    max_user_conferences: 100
    user_message_shaper: none
    room_shaper: none
    history_size: 20
    default_room_options:
      max_users: 5000
      persistent: true
      public: true
      allow_subscription: false
      mam: {archives}
"""
_ARCHIVE_MODULE = "  mod_mam:\n    default: always\n    cache_size: 1000\n    db_type: {}\n"
_NO_SPIN = ("+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none")

_PROSODY = """
run_as_root = true
daemonize = false
pidfile = "{folder}/p.pid"
data_path = "{folder}"
log = {{ warn = "{folder}/p.log" }}
modules_enabled = {{ "saslauth", "disco", "ping" }}
modules_disabled = {{ "s2s", "tls", "offline", "posix_none" }}
allow_unencrypted_plain_auth = true
c2s_require_encryption = false
authentication = "insecure"
insecure_open_authentication = "Yes please, I know what I'm doing!"
{storage}
c2s_ports = {{ {port} }}
c2s_interfaces = {{ "127.0.0.1" }}
s2s_ports = {{ }}
limits = {{ }}
network_settings = {{ tcp_backlog = 1024 }}
VirtualHost "localhost"
Component "conference.localhost" "muc"
  modules_enabled = {{ {module} }}
  muc_log_by_default = true
  muc_log_all_rooms = true
  muc_room_default_persistent = true
  log_all_rooms = true
  archive_expires_after = "never"
"""


class Xmpp(Adapter):
    """The first one in creates the room."""

    session_class = XmppSession
    first_alone = True
    joins_at_once = 16
    settle_s = 4.0
    archive: ClassVar[str] = "none"


class Ejabberd(Xmpp):
    """Run in the foreground from a folder of its own."""

    needs_programs = ("/usr/sbin/ejabberdctl", "/usr/bin/erl")
    boot_s = 4.0
    spins: ClassVar[bool] = True
    """BEAM's default: its schedulers spin for a while when idle."""

    def prepare(self) -> None:
        database = self.database_settings()
        kind = {"mnesia": "mnesia", "sqlite": "sql", "pgsql": "sql"}.get(self.archive)
        settings = _EJABBERD.format(
            port=self.port,
            archive_module=_ARCHIVE_MODULE.format(kind) if kind else "",
            archives="true" if kind else "false",
        )
        (self.folder / "e.yml").write_text(database + settings)
        (self.folder / "inetrc").write_text("{lookup,[file,native]}.\n")

    def database_settings(self) -> str:
        """Where SQL goes, made with its tables."""
        if self.archive != "sqlite":
            return ""
        path = self.folder / "ejabberd.db"
        with closing(sqlite3.connect(path)) as database:
            database.executescript((_EJABBERD_SQL / "lite.sql").read_text())
        return f'sql_type: sqlite\nsql_database: "{path}"\n'

    def environment(self) -> dict[str, str]:
        return {
            "EJABBERD_CONFIG_PATH": str(self.folder / "e.yml"),
            "EJABBERD_LOG_PATH": str(self.folder / "e.log"),
            "ERL_INETRC": str(self.folder / "inetrc"),
            "ERL_MAX_PORTS": "32000",
            "ERL_LIBS": "/usr/lib/x86_64-linux-gnu",
            "HOME": str(self.folder),
        }

    def command(self) -> list[str]:
        # Without -sname: no distribution, so no epmd either.
        return [
            "/usr/bin/erl", *(() if self.spins else _NO_SPIN), "+K", "true", "+P", "250000",
            "-mnesia", "dir", f'"{self.folder}/spool"', "-s", "ejabberd", "-noinput",
        ]  # fmt: skip


class EjabberdOnPostgres(Ejabberd):
    """Its archive in a PostgreSQL of its own, whose processes count as the server's."""

    archive = "pgsql"
    shares_memory = True

    @classmethod
    def check_installed(cls) -> None:
        super().check_installed()
        Cluster.check_installed()

    def database_settings(self) -> str:
        cluster = Cluster(self.folder)
        cluster.start()
        self.processes.append(cluster.process)
        cluster.run_sql("-f", str(_EJABBERD_SQL / "pg.sql"))
        return (
            f"sql_type: pgsql\nsql_server: 127.0.0.1\nsql_port: {cluster.port}\n"
            "sql_database: postgres\nsql_username: postgres\nsql_password: x\n"
        )


class Prosody(Xmpp):
    """Lua."""

    needs_programs = ("/usr/bin/prosody",)

    def prepare(self) -> None:
        folder = self.folder
        storage = {
            "none": 'storage = "memory"',
            "internal": 'storage = "internal"',
            "sqlite": 'storage = "sql"\n'
            f'sql = {{ driver = "SQLite3", database = "{folder}/prosody.sqlite" }}',
        }[self.archive]
        module = "" if self.archive == "none" else '"muc_mam"'
        shutil.chown(folder, "prosody", "prosody")
        (folder / "p.cfg.lua").write_text(
            _PROSODY.format(folder=folder, port=self.port, storage=storage, module=module)
        )

    def command(self) -> list[str]:
        return ["/usr/bin/prosody", "--config", str(self.folder / "p.cfg.lua"), "-F", "--root"]


register("ejabberd", Ejabberd)
register("ejabberd-nospin", Ejabberd, spins=False)
register("ejabberd-mam-mnesia", Ejabberd, archive="mnesia", spins=False, durable="cache")
register("ejabberd-mam-sqlite", Ejabberd, archive="sqlite", spins=False, durable="fsync")
register("ejabberd-mam-pgsql", EjabberdOnPostgres, spins=False, durable="fsync")
register("prosody", Prosody)
register("prosody-mam-internal", Prosody, archive="internal", durable="cache")
register("prosody-mam-sqlite", Prosody, archive="sqlite", durable="fsync")
