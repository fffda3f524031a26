"""Entries: chained, named by their bytes, written whole, one writer at a time."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crispq.errors import LedgerDamaged, LockHeld
from crispq.gate.files import write_atomically
from crispq.ledger import append, heads, project_lock, read
from crispq.nouns import Entry, EntryKind

PHASE = "modeling"


def add(root: Path, number: int, kind: EntryKind = EntryKind.GATE) -> Entry:
    when = f"2026-01-01T00:00:{number:02d}+00:00"
    return append(root, read(root), kind=kind, phase=PHASE, body={"number": number}, who="someone", when=when)


def files(root: Path) -> list[Path]:
    return sorted((root / ".crispq/ledger").glob("*/*"))


def test_entries_come_back_in_the_order_of_the_chain(tmp_path: Path) -> None:
    added = [add(tmp_path, number) for number in (5, 3, 9, 1)]
    assert [one.digest for one in added] == [one.digest for one in read(tmp_path)]
    assert (added[-1].digest,) == heads(read(tmp_path))
    assert (added[0].digest,) == added[1].previous


def test_two_branches_merge_into_one_chain(tmp_path: Path) -> None:
    first = add(tmp_path, 1)
    left = append(tmp_path, (first,), kind=EntryKind.GATE, phase=PHASE, body={"on": "left"}, who="a", when="2026-01-02")
    right = append(
        tmp_path, (first,), kind=EntryKind.GATE, phase=PHASE, body={"on": "right"}, who="b", when="2026-01-01"
    )
    assert {left.digest, right.digest} == set(heads(read(tmp_path)))
    assert {left.digest, right.digest} == set(add(tmp_path, 3).previous)
    assert [first.digest, right.digest, left.digest] == [one.digest for one in read(tmp_path)][:3]


def test_one_flipped_byte_is_refused_wherever_it_is(tmp_path: Path) -> None:
    for number in range(4):
        add(tmp_path, number)
    dice = random.Random(0)  # noqa: S311 - no secret
    refused = 0
    for _ in range(1000):
        path = dice.choice(files(tmp_path))
        whole = path.read_bytes()
        at = dice.randrange(len(whole))
        path.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << dice.randrange(8))]) + whole[at + 1 :])
        with pytest.raises(LedgerDamaged):
            read(tmp_path)
        refused += 1
        path.write_bytes(whole)
    print(f"tampered entries refused: {refused} of 1000")
    assert refused == 1000


def test_a_deleted_entry_in_the_chain_is_refused(tmp_path: Path) -> None:
    entries = [add(tmp_path, number) for number in range(3)]
    (tmp_path / f".crispq/ledger/{PHASE}/{entries[0].digest}.json").unlink()
    with pytest.raises(LedgerDamaged, match="is gone"):
        read(tmp_path)


def test_an_entry_moved_to_another_phase_is_refused(tmp_path: Path) -> None:
    entry = add(tmp_path, 1)
    (tmp_path / ".crispq/ledger/evaluation").mkdir()
    (tmp_path / f".crispq/ledger/{PHASE}/{entry.digest}.json").rename(
        tmp_path / f".crispq/ledger/evaluation/{entry.digest}.json"
    )
    with pytest.raises(LedgerDamaged, match="no entry of this ledger"):
        read(tmp_path)


def test_a_damaged_ledger_ends_the_gate_with_its_code_and_no_traceback(tmp_path: Path) -> None:
    import tiny

    tiny.make_project(tmp_path)
    add(tmp_path, 1)
    files(tmp_path)[0].write_bytes(b"{}")
    done = subprocess.run(
        [sys.executable, "-m", "crispq", "gate"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert "restore it from git" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_file_is_canonical_json_named_by_its_digest(tmp_path: Path) -> None:
    entry = add(tmp_path, 1)
    raw = files(tmp_path)[0].read_text()
    assert json.dumps(json.loads(raw), sort_keys=True, separators=(",", ":"), ensure_ascii=False) == raw
    assert files(tmp_path)[0].stem == entry.digest


WRITER = """
import sys, pathlib
from crispq.gate.files import write_atomically
path = pathlib.Path(sys.argv[1])
while True:
    for text in (b"a" * 300_000, b"b" * 300_000):
        write_atomically(path, text, sweep=True)
"""


def test_a_kill_in_the_middle_of_a_write_tears_nothing(tmp_path: Path) -> None:
    path = tmp_path / "entry.json"
    dice = random.Random(1)  # noqa: S311 - no secret
    for _ in range(15):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)])
        while not path.exists():
            time.sleep(0.01)
        time.sleep(dice.uniform(0.0, 0.08))
        writer.kill()
        writer.wait()
        content = path.read_bytes()
        assert content in (b"a" * 300_000, b"b" * 300_000)
    write_atomically(path, b"last", sweep=True)
    assert ["entry.json"] == [one.name for one in tmp_path.iterdir()]


HOLDER = """
import sys, pathlib, time
from crispq.ledger import project_lock
with project_lock(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_held_lock_is_told_and_a_dead_holder_holds_nothing(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(LockHeld, match=f"process {holder.pid}"), project_lock(tmp_path, patience=0.2):
        pass
    holder.kill()
    holder.wait()
    holder.stdout.close()
    started = time.monotonic()
    with project_lock(tmp_path, patience=5):
        assert time.monotonic() - started < 1
