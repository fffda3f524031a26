"""`crispq status`: where each phase stands, from what was measured before; nothing is measured anew."""

from __future__ import annotations

from pathlib import Path

from crispq.commands.gate import Answer, gate


def status(root: Path) -> Answer:
    """The gate's answer from kept measurements; what is not kept, or is stale, says so."""
    return gate(root, None, record=False, only_cached=True)
