"""What is installed is what is in the repository: wheel, sdist and editable install.

Everything is built from a copy of the tree, so that nothing that lies around in the working copy can help.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
from itertools import chain
from pathlib import Path
from zipfile import ZipFile

import pytest

from crispq import __version__

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = "templates/crispq_templates/"

#: Names that ignore lines and build tools like to drop.
AWKWARD = (
    "data/rows.csv",
    "dist/read.me",
    "build/x.txt",
    ".gitignore",
    ".env.jinja",
    ".github/workflows/crispq.yml.jinja",
    "[[ package ]]/{{ name }}.py.jinja",
    "empty.txt",
)


def run(*command: str | Path, cwd: Path) -> str:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def listed(folder: Path, *options: str) -> list[str]:
    """The files that git lists in `folder`."""
    names = run("git", "-c", f"safe.directory={folder}", "ls-files", "-z", *options, cwd=folder)
    return [name for name in names.split("\0") if name]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with all that this one tracks, and template files with awkward names besides."""
    folder = tmp_path_factory.mktemp("source")
    for name in listed(ROOT, "--cached", "--others", "--exclude-standard"):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
    run("git", "init", "--quiet", cwd=folder)
    for name in AWKWARD:
        path = folder / TEMPLATES / "awkward" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("" if name == "empty.txt" else "# kept\n", encoding="utf-8")
    with (folder / ".gitignore").open("a", encoding="utf-8") as file:
        file.write("data/\nbuild/\n*.csv\n")
    run("git", "add", "--all", cwd=folder)
    run("git", "add", "--force", TEMPLATES, cwd=folder)

    # What pip compiles lies beside the templates and is not tracked.
    for place in ("", "awkward/"):
        compiled = folder / TEMPLATES / place / "__pycache__" / "x.cpython-311.pyc"
        compiled.parent.mkdir()
        compiled.write_bytes(b"compiled")
    (folder / TEMPLATES / "stray.pyc").write_bytes(b"compiled")
    return folder


@pytest.fixture(scope="module")
def built(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the sdist, and of the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("built")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, source, cwd=source)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    return next(built.glob("*.whl"))


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """The python of a fresh environment that sees this one's libraries, but no crispq."""
    run(sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv", cwd=tmp_path)
    python = tmp_path / "venv" / "bin" / "python"
    site = next((tmp_path / "venv").glob("lib/python*/site-packages"))
    (site / "zz_libraries.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return python


def install(python: Path, *what: str | Path) -> None:
    pip = (sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check")
    run(*pip, "install", "--no-deps", "--no-index", "--no-build-isolation", *what, cwd=python.parent)


def names_in(wheel: Path) -> list[str]:
    return [name for name in ZipFile(wheel).namelist() if not name.endswith("/")]


def where(python: Path, package: str) -> Path:
    """The folder that `package` is imported from."""
    found = run(python, "-c", f"import {package}; print(next(iter({package}.__path__)))", cwd=python.parent)
    return Path(found.strip()).resolve()


def test_no_template_file_is_ignored_by_git() -> None:
    ignored = listed(ROOT, "--others", "--ignored", "--exclude-standard", "--", TEMPLATES)

    assert [name for name in ignored if "__pycache__" not in name] == []


def test_the_wheel_holds_exactly_the_tracked_template_files(source: Path, wheel: Path) -> None:
    tracked = [name.removeprefix("templates/") for name in listed(source, "--cached", "--", TEMPLATES)]
    packed = [name for name in names_in(wheel) if name.startswith("crispq_templates/")]

    assert {f"crispq_templates/awkward/{name}" for name in AWKWARD} < set(tracked)
    assert sorted(tracked) == sorted(packed)


def test_the_wheel_holds_exactly_the_tracked_code(source: Path, wheel: Path) -> None:
    tracked = [name.removeprefix("checks/") for name in listed(source, "--cached", "--", "crispq", "checks")]
    packed = [name for name in names_in(wheel) if name.startswith(("crispq/", "crispq_checks/"))]

    assert sorted(tracked) == sorted(packed)


def test_a_wheel_from_the_sdist_is_the_wheel_from_the_tree(source: Path, wheel: Path, tmp_path: Path) -> None:
    run(sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", tmp_path, source, cwd=source)
    direct = tmp_path / wheel.name

    assert {name: ZipFile(direct).read(name) for name in names_in(direct)} == {
        name: ZipFile(wheel).read(name) for name in names_in(wheel)
    }


def test_the_sdist_holds_what_the_repository_tracks(source: Path, built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}

    assert {"PKG-INFO", *listed(source, "--cached")} == packed


def test_the_wheel_carries_the_licence_and_where_the_checks_are(wheel: Path) -> None:
    told = {name.rpartition("/")[2]: ZipFile(wheel).read(name).decode() for name in names_in(wheel) if "-info/" in name}

    assert "License-Expression: Apache-2.0" in told["METADATA"]
    assert (ROOT / "LICENSE").read_text(encoding="utf-8") == told["LICENSE"]
    assert "[crispq.checks]\nbuiltin = crispq_checks" in told["entry_points.txt"]


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_an_installed_crispq_runs(built: Path, fresh: Path, kind: str) -> None:
    install(fresh, next(built.glob("*.whl" if kind == "wheel" else "*.tar.gz")))

    assert __version__ in run(fresh.with_name("crispq"), "--version", cwd=fresh.parent)
    for package in ("crispq", "crispq_checks", "crispq_templates"):
        assert where(fresh, package).is_relative_to(fresh.parent.parent.resolve())


def test_an_editable_crispq_runs_from_the_tree(source: Path, fresh: Path) -> None:
    install(fresh, "--editable", source)

    assert __version__ in run(fresh.with_name("crispq"), "--version", cwd=fresh.parent)
    for package in ("crispq", "crispq_checks", "crispq_templates"):
        assert where(fresh, package).is_relative_to(source.resolve())


def test_constraints_are_plain_pins_of_every_dependency() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    demands = [*project["dependencies"], *chain.from_iterable(project["optional-dependencies"].values())]
    named = {plain(re.split(r"[^\w.-]", demand)[0]) for demand in demands} - {"crispq"}

    assert [] == [pin for pin in pins if not re.fullmatch(r"[\w.-]+==[\w.!+]+", pin)]
    assert named <= {plain(pin.partition("==")[0]) for pin in pins}


def plain(name: str) -> str:
    """The name of a distribution as PEP 503 writes it."""
    return re.sub(r"[-_.]+", "-", name).lower()
