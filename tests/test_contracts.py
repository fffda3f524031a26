"""The floors of the house hold, and each contract was seen to break."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]

FLOORS = "imports go down only"
NO_CHECK = "the engine imports no check and no template"
FACE = "checks see the public face only"
PURE = "what decides touches nothing"

#: A contract, a file, and the one line that breaks the contract when it stands there.
PLANTED = (
    (FLOORS, "crispq/attic.py", '"""A module without a floor."""'),
    (FLOORS, "crispq/commands/__init__.py", "import crispq.cli"),
    (FLOORS, "crispq/render/__init__.py", "import crispq.commands"),
    (FLOORS, "crispq/render/__init__.py", "import crispq.ledger"),
    (FLOORS, "crispq/ledger/__init__.py", "import crispq.project"),
    (FLOORS, "crispq/gate/__init__.py", "import crispq.project"),
    (FLOORS, "crispq/evidence/__init__.py", "import crispq.gate"),
    (FLOORS, "crispq/check.py", "import crispq.evidence"),
    (FLOORS, "crispq/process/__init__.py", "import crispq.check"),
    (FLOORS, "crispq/errors.py", "import crispq.process"),
    (FLOORS, "crispq/nouns.py", "import crispq.errors"),
    (NO_CHECK, "crispq/cli.py", "import crispq_checks"),
    (NO_CHECK, "crispq/cli.py", "import crispq_templates"),
    (FACE, "checks/crispq_checks/planted.py", "import crispq.nouns"),
    (FACE, "checks/crispq_checks/planted.py", "from crispq.gate import judge"),
    (PURE, "crispq/gate/plan.py", "import os"),
    (PURE, "crispq/gate/judge.py", "import time"),
    (PURE, "crispq/gate/verdict.py", "import subprocess"),
    (PURE, "crispq/nouns.py", "from pathlib import Path"),
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a copy of everything that the contracts speak about."""
    for name in ("crispq", "checks", "templates"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def broken_contracts(tree: Path) -> list[str]:
    """Return the contracts that import-linter finds broken in `tree`; it has to have looked at each of them."""
    paths = os.pathsep.join(str(tree / folder) for folder in ("", "checks", "templates"))
    linter = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": paths, "COLUMNS": "200", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = linter.stdout.splitlines()
    names = [contract["name"] for contract in CONTRACTS]
    answers = {name: line.split()[len(name.split())] for name in names for line in lines if line.startswith(f"{name} ")}
    assert ({*names}, True) == ({*answers}, {*answers.values()} <= {"KEPT", "BROKEN"}), linter.stdout + linter.stderr
    return [name for name, answer in answers.items() if answer == "BROKEN"]


def test_every_contract_holds(tree: Path) -> None:
    assert broken_contracts(tree) == []


def test_every_contract_is_seen_to_break() -> None:
    assert {contract["name"] for contract in CONTRACTS} == {name for name, _, _ in PLANTED}


@pytest.mark.parametrize(("contract", "path", "line"), PLANTED, ids=[f"{path}: {line}" for _, path, line in PLANTED])
def test_a_contract_breaks_when_its_line_is_planted(tree: Path, contract: str, path: str, line: str) -> None:
    with (tree / path).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")

    assert contract in broken_contracts(tree)
