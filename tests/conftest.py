"""What every test starts from."""

from __future__ import annotations

import os

# In CI crispq recalls no kept measurement; the tests try both ways, and say which.
os.environ.pop("CI", None)
