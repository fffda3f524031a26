"""How Sphinx builds these pages. The reference is written from the code first."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import build_reference

from crispq import __version__

build_reference.write(Path(__file__).parent / "reference" / "built")

project = "crispq"
author = "The crispq developers"
release = version = __version__

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
myst_heading_anchors = 3
nitpicky = True

html_theme = "furo"
html_title = f"crispq {release}"
html_copy_source = False
