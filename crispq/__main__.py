"""`python -m crispq` is `crispq`."""

from __future__ import annotations

from crispq.cli import main

if __name__ == "__main__":
    main()
