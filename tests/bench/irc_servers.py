"""Reference servers in native code: IRC, if Debian's packages are installed."""

from __future__ import annotations

import shutil

from tests.bench.adapters import Adapter, register
from tests.bench.stream_sessions import IrcSession

_NGIRCD = """[Global]
Name = irc.local.test
Info = bench
Listen = 127.0.0.1
Ports = {port}
ServerUID = irc
ServerGID = irc
MotdPhrase = hello
[Limits]
MaxConnections = 5000
MaxConnectionsIP = 0
MaxJoins = 10
PingTimeout = 600
PongTimeout = 600
[Options]
DNS = no
Ident = no
PAM = no
"""

_INSPIRCD = """
<server name="irc.local.test" description="bench" network="bench" id="00A">
<admin name="a" nick="a" email="a@local.test">
<bind address="127.0.0.1" port="{port}" type="clients">
<power diepass="x" restartpass="x">
<connect name="main" allow="*" timeout="60" pingfreq="600" hardsendq="8M" softsendq="4M" recvq="64K"
 threshold="1000000" commandrate="1000000000" fakelag="no" localmax="10000" globalmax="10000"
 resolvehostnames="no" useident="no" limit="10000" modes="+x">
<performance netbuffersize="10240" somaxconn="2048" softlimit="10000" clonesonconnect="no" quietbursts="yes">
<options prefixquit="" syntaxhints="no" nosnoticestack="yes" allowmismatch="yes" defaultbind="ipv4"
 allowzerolimit="yes">
<limits maxnick="31" maxchan="64" maxmodes="20" maxident="11" maxquit="255" maxtopic="307" maxkick="255"
 maxreal="128" maxaway="200">
<class name="c"><pid file="{folder}/i.pid">
<path datadir="{folder}" logdir="{folder}" runtimedir="{folder}">
<security hidewhois="" maxtargets="20" runasuser="irc" runasgroup="irc">
<maxchans user="20" oper="60">
<log method="file" type="* -USERINPUT -USEROUTPUT" level="default" target="i.log">
"""


class Irc(Adapter):
    """Throttles each client, so many of them speak."""

    session_class = IrcSession
    echoes = False
    least_senders = 100
    joins_at_once = 100


class Ngircd(Irc):
    """ngIRCd (C)."""

    needs_programs = ("/usr/sbin/ngircd",)
    can_saturate = False

    def prepare(self) -> None:
        (self.folder / "n.conf").write_text(_NGIRCD.format(port=self.port))
        self.folder.chmod(0o755)

    def command(self) -> list[str]:
        return ["/usr/sbin/ngircd", "-n", "-f", str(self.folder / "n.conf")]


class Inspircd(Irc):
    """InspIRCd (C++)."""

    needs_programs = ("/usr/sbin/inspircd",)

    def prepare(self) -> None:
        (self.folder / "i.conf").write_text(_INSPIRCD.format(port=self.port, folder=self.folder))
        for path in (self.folder, *self.folder.iterdir()):
            shutil.chown(path, "irc", "irc")

    def command(self) -> list[str]:
        conf = str(self.folder / "i.conf")
        return ["/usr/sbin/inspircd", "--nofork", "--runasroot", "--config", conf]


register("ngircd", Ngircd)
register("inspircd", Inspircd)
