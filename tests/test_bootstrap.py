"""Setting up: done once, gone on with after a failure, and plain about what is missing."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

SOURCE = Path(__file__).parent.parent / "server/bootstrap.py"


@pytest.fixture
def bootstrap(tmp_path: Path) -> ModuleType:
    """The set-up of an empty folder."""
    copy = tmp_path / "server/bootstrap.py"
    copy.parent.mkdir()
    shutil.copy(SOURCE, copy)
    spec = importlib.util.spec_from_file_location("bootstrap_under_test", copy)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert tmp_path == module.ROOT
    return module


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """What the step `bread` is made from: a command that makes it."""
    file = tmp_path / "recipe.py"
    file.write_text("open('bread', 'w')")
    return file


def bread(bootstrap: ModuleType, recipe: Path, made: list[str]):
    def make():
        made.append("bread")
        bootstrap.run("baking", sys.executable, recipe)

    return bootstrap.Step("bread", recipe.with_name("bread"), [recipe], make)


def test_what_is_made_is_not_made_again_until_its_source_changes(bootstrap, recipe):
    made: list[str] = []
    steps = [bread(bootstrap, recipe, made)]
    bootstrap.set_up(steps)
    bootstrap.set_up(steps)
    assert len(made) == 1
    recipe.write_text("open('bread', 'w').write('rye')")
    bootstrap.set_up(steps)
    assert len(made) == 2


def test_what_was_taken_away_is_made_again(bootstrap, recipe):
    made: list[str] = []
    bootstrap.set_up([bread(bootstrap, recipe, made)])
    recipe.with_name("bread").unlink()
    bootstrap.set_up([bread(bootstrap, recipe, made)])
    assert len(made) == 2


def test_a_failure_leaves_no_stamp_and_the_next_run_goes_on(bootstrap, recipe):
    made: list[str] = []
    steps = [bread(bootstrap, recipe, made)]
    recipe.write_text("open('bread', 'w'); raise SystemExit('the oven is cold')")
    with pytest.raises(bootstrap.SetUpError, match=r"(?s)oven is cold.*stopped at: baking.*log"):
        bootstrap.set_up(steps)
    assert recipe.with_name("bread").exists()
    assert not steps[0].is_done()
    recipe.write_text("pass")
    bootstrap.set_up(steps)
    assert steps[0].is_done()


def test_one_line_says_what_is_missing(tmp_path):
    command = [sys.executable, "-m", "server.bootstrap", "run"]
    empty = {"PATH": str(tmp_path)}
    said = subprocess.run(command, cwd=SOURCE.parents[1], env=empty, capture_output=True, text=True)
    assert said.returncode == 1
    assert said.stderr.strip().splitlines() == [
        "Missing: git make. On Debian or Ubuntu: sudo apt-get install git make"
    ]
