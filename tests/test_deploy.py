"""What lies in deploy/ fits the code: metrics and settings that exist, manifests that a cluster would take."""

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from ipaddress import ip_address, ip_network
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import kubernetes_validate
import pytest
import yaml

from moderation.urgency import Urgency
from server.api.metrics import render
from server.api.watch import Watch
from server.counting import COUNTS
from server.services.founding import found
from server.services.well import Disk
from server.settings import Settings, read_settings
from server.store import beside
from server.store.well import Look, Waiting
from tests.conftest import NO_PROGRAM
from tests.server.live_server import COMMAND, ROOT

DEPLOY = ROOT / "deploy"
RULES, DASHBOARD = DEPLOY / "prometheus/hearth.rules.yml", DEPLOY / "grafana/hearth.json"
_NAME = re.compile(r"\b(?:hearth|process)_[a-z_]+\b")
_FROM_PROMETHEUS = {"up"}
MANIFESTS = [
    manifest
    for name in ("hearth.yaml", "backup/backup.yaml", "classifiers/classifiers.yaml")
    for manifest in yaml.safe_load_all((DEPLOY / "kubernetes" / name).read_text())
]


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not shutil.which(program), reason=f"{program} {NO_PROGRAM}")


def served() -> dict[str, set[str]]:
    """Every sample that a server gives once it was looked at, with the names of its labels."""
    now = datetime.now(UTC)
    look = Look(
        now, dict.fromkeys(Urgency, Waiting()), 0, True, 1, 1, "done", now, now, now, "SQLite", 1
    )  # fmt: skip
    COUNTS.readings["assessed"] += 0
    COUNTS.requests["2xx"] += 0
    COUNTS.jobs["retention", "done"] += 0
    COUNTS.problems["error", "serve"] += 0
    parts: Any = SimpleNamespace(
        hub=SimpleNamespace(sockets=list),
        feed=SimpleNamespace(hints_cross=True),
        database=SimpleNamespace(waiting=0),
        assessor=SimpleNamespace(state="ready", answering=["1"], wanted=1),
        watch=replace(Watch(), look=look, disk=Disk(1, 2)),
    )
    text = render(parts)[1].decode()
    found = re.findall(r"^([a-z_]+)(?:\{(.*)\})? \S+$", text, re.MULTILINE)
    return {name: set(re.findall(r'(\w+)="', labels)) for name, labels in found}


def expressions() -> Iterator[tuple[str, str]]:
    """Where it stands, and the PromQL."""
    for group in yaml.safe_load(RULES.read_text())["groups"]:
        for rule in group["rules"]:
            yield rule.get("alert") or rule["record"], rule["expr"]
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]


def test_every_metric_and_label_that_rules_and_panels_name_is_served() -> None:
    known = served()
    found = list(expressions())
    assert len(found) > 40
    for where, expression in found:
        for name in _NAME.findall(expression):
            assert name in known, (where, name)
        for name, matched in re.findall(r"\b(hearth_[a-z_]+)\{([^}]*)\}", expression):
            labels = set(re.findall(r'(\w+)(?:=|!=)~?"', matched)) - {"job", "instance"}
            assert labels <= known[name], (where, name)
        for labels in re.findall(r"\bby \(([^)]*)\)", expression):
            asked = set(re.split(r",\s*", labels)) - {"le"}
            assert all(any(asked <= known[n] for n in _NAME.findall(expression)) for _ in asked), (
                where
            )


def test_every_recorded_name_is_used_and_every_used_one_is_recorded() -> None:
    rules = [r for g in yaml.safe_load(RULES.read_text())["groups"] for r in g["rules"]]
    recorded = {rule["record"] for rule in rules if "record" in rule}
    used = {name for _, text in expressions() for name in re.findall(r"\bhearth:[a-z_:0-9]+", text)}
    assert used == recorded


def test_every_alert_is_answered_in_the_runbook() -> None:
    rules = [r for g in yaml.safe_load(RULES.read_text())["groups"] for r in g["rules"]]
    runbook = (ROOT / "docs/operations.md").read_text("utf-8")
    alerts = [rule["alert"] for rule in rules if "alert" in rule]
    assert [alert for alert in alerts if f"`{alert}`" not in runbook] == []
    assert len(alerts) > 10


@needs("promtool")
@pytest.mark.parametrize(
    "asked", ["check rules hearth.rules.yml", "test rules hearth.rules.test.yml"]
)
def test_prometheus_understands_the_rules_and_they_call_when_they_should(asked: str) -> None:
    checked = subprocess.run(
        ["promtool", *asked.split()], cwd=RULES.parent, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


PLACE = re.compile(
    r"hearth_(?:cases_open|cases_overdue|oldest_case_seconds|unread_messages|database_bytes|pushes_total"
    r"|backup_timestamp_seconds|key_copy_timestamp_seconds)\b"
)
"""What is counted in the database, so that every worker says the same."""


def test_no_panel_shows_a_figure_of_the_place_once_for_each_worker() -> None:
    rules = {rule for rule, _ in expressions()} - {
        panel["title"] for panel in json.loads(DASHBOARD.read_text())["panels"]
    }
    shown = [(where, text) for where, text in expressions() if where not in rules]
    of_the_place = [text for _, text in shown if PLACE.search(text)]
    assert len(of_the_place) == 8
    assert [text for text in of_the_place if not re.search(r"\bmax (?:without|by)", text)] == []


def test_what_lies_beside_the_composition_is_neither_committed_nor_built_in() -> None:
    """Passphrases, backups and the copies of the keys."""
    wanted = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    mounts = [
        mount for service in wanted["services"].values() for mount in service.get("volumes", ())
    ]
    beside = {mount.split(":")[0] for mount in mounts if mount.startswith("./")}
    beside |= {secret["file"] for secret in wanted["secrets"].values()}
    folders = {f"deploy/{Path(place).parts[0]}" for place in beside} - {"deploy/Caddyfile"}
    assert folders == {"deploy/secrets", "deploy/backups", "deploy/key-copies"}
    for ignored, written in ((".gitignore", "/{}/"), (".dockerignore", "{}")):
        lines = (ROOT / ignored).read_text().splitlines()
        assert {written.format(folder) for folder in folders} <= set(lines), ignored


def test_no_label_is_a_person_or_a_room() -> None:
    labels = set().union(*served().values())
    assert labels == {"urgency", "outcome", "answer", "task", "level", "part", "le", "model"}


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda manifest: manifest["kind"])
def test_a_cluster_would_take_this_manifest(manifest: dict[str, Any]) -> None:
    kubernetes_validate.validate(manifest, "1.37", strict=True)


def test_the_check_of_manifests_finds_what_is_wrong() -> None:
    broken = json.loads(json.dumps(MANIFESTS[2])) | {"spce": {}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, "1.37", strict=True)


def settings_named() -> Iterator[tuple[str, str]]:
    """Each HEARTH_... in deploy/, and in which file."""
    for path in DEPLOY.rglob("*"):
        if path.is_file():
            for name in re.findall(r"\bHEARTH_[A-Z_]+[A-Z]\b", path.read_text()):
                yield name, path.name


def test_every_setting_that_is_set_is_one() -> None:
    asked_of_compose = {"HEARTH_NAME", "HEARTH_WORKERS"}
    known = {f"HEARTH_{name.upper()}" for name in Settings.model_fields} | asked_of_compose
    found = list(settings_named())
    assert len(found) > 10
    assert [(name, where) for name, where in found if name not in known] == []


def composed() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return found


def services() -> dict[str, Any]:
    found: dict[str, Any] = composed()["services"]
    return found


@needs("docker-compose")
@pytest.mark.parametrize("workers", ["", "2"])
def test_compose_understands_its_file_and_gives_hearth_what_was_asked_for(workers: str) -> None:
    asked = {"HEARTH_NAME": "hearth.example.org", "HEARTH_WORKERS": workers}
    checked = subprocess.run(
        ["docker-compose", "-f", str(DEPLOY / "compose.yaml"), "config"],
        env={"PATH": os.environ["PATH"]} | asked, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stderr
    app = yaml.safe_load(checked.stdout)["services"]["hearth"]
    assert app["command"] == ["serve", "--workers", workers or "1"]
    assert app["environment"]["HEARTH_REDIS_URL"] == ""
    assert "HEARTH_WORKERS" not in app["environment"], "which Hearth would refuse"


def test_nobody_can_take_the_address_that_the_proxy_asks_for() -> None:
    [net] = composed()["networks"]["front"]["ipam"]["config"]
    proxy = services()["caddy"]["networks"]["front"]["ipv4_address"]
    assert ip_address(proxy) in ip_network(net["subnet"])
    assert ip_address(proxy) not in ip_network(net["ip_range"])
    assert ip_network(net["ip_range"]).subnet_of(ip_network(net["subnet"]))  # type: ignore[arg-type]
    assert services()["hearth"]["environment"]["HEARTH_TRUSTED_PROXIES"] == proxy


def test_a_pod_reaches_all_that_it_can_be_told_of() -> None:
    [policy] = [
        m["spec"] for m in MANIFESTS
        if m["kind"] == "NetworkPolicy" and m["metadata"]["name"] == "hearth"
    ]  # fmt: skip
    open_to = {port["port"] for way in policy["egress"] for port in way["ports"]}
    assert open_to == {53, 443, 4318, 5432, 6379}


def test_what_we_run_in_a_container_may_write_and_do_little() -> None:
    app = services()["hearth"]
    assert app["read_only"] is True
    assert app["cap_drop"] == ["ALL"]
    assert "ports" not in app  # only the proxy is reached from outside
    image = (DEPLOY / "Containerfile").read_text().rpartition("FROM ")[2]
    assert "\nUSER 10001:10001\n" in image
    assert "node" not in image.lower()
    pods = [m["spec"]["template"]["spec"] for m in MANIFESTS if m["kind"] == "StatefulSet"]
    assert len(pods) == 2
    for pod in pods:
        assert pod["securityContext"]["runAsNonRoot"] is True
        for container in pod["containers"] + pod["initContainers"]:
            least = container["securityContext"]
            assert least["readOnlyRootFilesystem"] is True
            assert least["capabilities"] == {"drop": ["ALL"]}


def test_a_classifier_in_a_container_reaches_nobody_and_holds_no_key() -> None:
    readers = [service for name, service in services().items() if name.startswith("classifier-")]
    assert len(readers) == 2
    for reader in readers:
        assert (reader["network_mode"], reader["read_only"]) == ("none", True)
        assert reader["volumes"] == ["classifiers:/run/hearth"]
        assert "secrets" not in reader
    [policy] = [
        m for m in MANIFESTS
        if m["kind"] == "NetworkPolicy" and m["metadata"]["name"] == "hearth-classifier"
    ]  # fmt: skip
    assert "egress" not in policy["spec"]
    assert "Egress" in policy["spec"]["policyTypes"]


def pins(file: str) -> set[str]:
    """Each package with its version and its hashes."""
    return set(re.split(r"\n(?=\S)", (ROOT / file).read_text().strip()))


def test_the_image_holds_what_sends_traces_and_nothing_that_was_not_tried_here() -> None:
    image = (DEPLOY / "Containerfile").read_text()
    [lock] = set(re.findall(r"[a-z-]+\.lock", image))
    assert any(pin.startswith("opentelemetry-exporter-otlp-proto-http==") for pin in pins(lock))
    assert pins("requirements.lock") <= pins(lock) <= pins("requirements-dev.lock")


def test_a_night_keeps_what_is_new_and_lets_old_backups_go_only_then(tmp_path: Path) -> None:
    given, opened, backups, copies = (tmp_path / name for name in ("given", "own", "b", "k"))
    for folder in (given, opened, backups, copies):
        folder.mkdir()
    for name in ("backup", "keys"):
        (given / name).write_text("seven quiet otters\n")
    old, other, young = (
        backups / name for name in ("hearth-2026-01-01-0310", "notes", "hearth-2026-11-20-0310")
    )
    for file, days in ((old, 40), (other, 40), (young, 7)):
        file.touch()
        os.utime(file, (file.stat().st_mtime - days * 86_400,) * 2)
    programs = tmp_path / "programs"
    programs.mkdir()
    hearth = programs / "hearth"
    hearth.write_text("#!/bin/sh\nexec " + shlex.join(COMMAND) + ' "$@"\n')
    hearth.chmod(0o700)
    environment = {
        "PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "HEARTH_DATA_DIR": str(tmp_path / "data"),
        "CREDENTIALS_DIRECTORY": str(given), "RUNTIME_DIRECTORY": str(opened),
        "BACKUPS": str(backups), "KEY_COPIES": str(copies),
    }  # fmt: skip

    def night() -> int:
        script = DEPLOY / "systemd/hearth-backup"
        return subprocess.run(
            ["sh", str(script)], env=environment, cwd=tmp_path, check=False
        ).returncode

    assert night() != 0, "there is nothing here to keep yet"
    assert old.exists()
    settings = read_settings({}, data_dir=tmp_path / "data")
    beside.do(settings, partial(found, open_to_all=True))
    assert night() == 0
    left = {path.name for path in backups.iterdir()}
    assert {"notes", young.name} < left
    assert old.name not in left
    assert len(left) == 3
    assert len(list(copies.glob("keys-*"))) == 1
    assert (copies / "erased").read_text().startswith("signed ")


def test_the_image_tag_is_this_version() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    version = re.search(r'^version = "(.*)"$', project, re.MULTILINE)
    assert version
    written = "".join(path.read_text() for path in (DEPLOY / "kubernetes").rglob("*.yaml"))
    tags = re.findall(r"image: hearth:(\S+)", written)
    assert {services()["hearth"]["image"].split(":")[1], *tags} == {version[1]}


@needs("systemd-analyze")
def test_units_are_understood_and_have_few_rights(tmp_path: Path) -> None:
    for path in (DEPLOY / "systemd").glob("*.*"):
        unit = re.sub(
            r"^ExecStart=.*$", "ExecStart=/bin/true", path.read_text(), flags=re.MULTILINE
        )
        (tmp_path / path.name).write_text(unit)
    units = [str(path) for path in tmp_path.iterdir()]
    assert len(units) == 4
    checked = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True)
    assert (checked.returncode, checked.stderr) == (0, "")
    for unit in (unit for unit in units if unit.endswith(".service")):
        graded = subprocess.run(
            ["systemd-analyze", "security", "--offline=true", "--threshold=20", unit],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert graded.returncode == 0, graded.stdout.splitlines()[-1]
