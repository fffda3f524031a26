"""The tutorial is followed word by word: every command runs, and every line it shows is printed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TUTORIAL = Path(__file__).parents[1] / "docs/tutorial.md"
BLOCKS = re.compile(r"^```(sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: The exit code of each block of commands, where it is not 0; the tutorial says so in words.
CODES = {"crispq gate business_and_data_understanding\n": 1, "crispq run 1\n": 1}


@pytest.mark.slow
def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    folder, printed = tmp_path, ""
    blocks = BLOCKS.findall(TUTORIAL.read_text())
    assert len(blocks) > 15
    for kind, text in blocks:
        if kind == "text":
            for line in text.splitlines():
                assert line in printed, f"the tutorial shows {line!r}; printed was:\n{printed}"
            continue
        done = subprocess.run(
            ["bash", "-c", text],
            cwd=folder,
            env=os.environ | {"PATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        printed = done.stdout
        expected = CODES.get(text, 1 if "case-9999" in text else 0)
        assert expected == done.returncode, f"{text}\n{printed}"
        if "cd tumours" in text:
            folder = tmp_path / "tumours"
