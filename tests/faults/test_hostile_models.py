"""Faults 8 and 9: a model file that runs code, or asks for foreign types, is refused and never opened."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import skops.io
import tiny
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from crispq import Example
from crispq.gate import library
from crispq.nouns import Judgement

SPEC = next(one for one in library.load(("crispq_checks",)) if one.name == "model_file_is_safe")


class Canary:
    """Whoever unpickles this writes a file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return os.system, (f"touch {self.file}",)


def zipped(members: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def object_array(canary: Canary) -> bytes:
    packed = io.BytesIO()
    np.save(packed, np.array([canary], dtype=object), allow_pickle=True)
    return packed.getvalue()


def by_joblib(canary: Canary) -> bytes:
    packed = io.BytesIO()
    joblib.dump({"model": canary}, packed, compress=0)
    return packed.getvalue()


def nested(canary: Canary) -> bytes:
    inner = zipped({"model.pkl": pickle.dumps(canary)})
    return zipped({"schema.json": b"{}", "inner.zip": inner})


def schema_and(name: str, content: bytes) -> bytes:
    honest = zipfile.ZipFile(io.BytesIO(skops.io.dumps({"a": np.arange(3)})))
    return zipped({**{one: honest.read(one) for one in honest.namelist()}, name: content})


SHAPES: dict[str, tuple[str, Callable[[Canary], bytes]]] = {
    "pickle of protocol 0": ("m.pkl", lambda canary: pickle.dumps(canary, protocol=0)),
    "pickle of protocol 5 that calls itself skops": ("m.skops", lambda canary: pickle.dumps(canary, protocol=5)),
    "pickle that calls itself ONNX": ("m.onnx", lambda canary: pickle.dumps(canary, protocol=2)),
    "joblib": ("m.joblib", by_joblib),
    "npy array of objects": ("m.npy", object_array),
    "zip with a pickle": ("m.zip", lambda canary: zipped({"model.pkl": pickle.dumps(canary)})),
    "gzip": ("m.pkl.gz", lambda canary: gzip.compress(pickle.dumps(canary))),
    "zlib, as joblib packs": ("m.joblib", lambda canary: zlib.compress(pickle.dumps(canary))),
    "bzip2": ("m.safetensors", lambda canary: bz2.compress(pickle.dumps(canary))),
    "xz": ("m.pkl.xz", lambda canary: lzma.compress(pickle.dumps(canary))),
    "torch": ("m.pt", lambda canary: zipped({"archive/data.pkl": pickle.dumps(canary), "archive/version": b"3\n"})),
    "zip in a zip": ("m.skops", nested),
    "skops with a pickle beside": ("m.skops", lambda canary: schema_and("extra.npy", pickle.dumps(canary))),
    "skops with an array of objects": ("m.skops", lambda canary: schema_and("extra.npy", object_array(canary))),
}


def judged(root: Path, artifact: str, content: bytes, **settings: object) -> Judgement:
    config = {"models": {"tumour": {"estimator": "tumour.model:build", "artifact": artifact}}}
    example = Example(status="fail", title="hostile", config=config, files={artifact: content}, settings=settings)
    return tiny.judge_example(root, SPEC, example)


def messages(judgement: Judgement) -> str:
    return "\n".join([judgement.summary, *(one.message for one in judgement.findings)])


@pytest.mark.parametrize("shape", SHAPES)
def test_a_pickle_in_any_dress_is_refused_unopened(shape: str, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    name, build = SHAPES[shape]
    judgement = judged(tmp_path / "project", name, build(Canary(canary)))
    assert ("fail", False) == (judgement.status.value, canary.exists())
    assert "skops.io.dump" in messages(judgement)


def test_the_canary_would_have_sung(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Canary(tmp_path / "canary")))  # noqa: S301 - the proof that the test can fail
    assert (tmp_path / "canary").exists()


@pytest.mark.parametrize(
    ("name", "members", "says"),
    [
        ("leads elsewhere", {"../schema.json": b"{}"}, "may lead elsewhere"),
        ("absolute", {"/schema.json": b"{}"}, "may lead elsewhere"),
        ("10,000 members", {f"{n}.npy": b"" for n in range(10_000)}, "10,000 members"),
        ("no schema of skops", {"schema.json": b"{}"}, "cannot list its types"),
        ("a schema without end", {"schema.json": b"[" * 100_000}, "cannot list its types"),
        ("a bomb", {"big.npy": bytes(3_000_000)}, "unpacks to"),
    ],
)
def test_an_odd_zip_file_is_refused(name: str, members: Mapping[str, bytes], says: str, tmp_path: Path) -> None:
    judgement = judged(tmp_path, "m.skops", zipped(members), most_megabytes=2)
    assert ("fail", True) == (judgement.status.value, says in messages(judgement)), name


def test_a_damaged_skops_file_is_refused(tmp_path: Path) -> None:
    whole = skops.io.dumps({"a": np.arange(100.0)})
    judgement = judged(tmp_path, "m.skops", whole[: len(whole) // 2])
    assert "fail" == judgement.status.value


@pytest.mark.parametrize(
    "loader", ["FunctionNode", "ObjectNode", "PartialNode", "MethodNode", "ReduceNode", "OperatorFuncNode"]
)
def test_a_skops_file_that_asks_for_a_foreign_type_is_refused(loader: str, tmp_path: Path) -> None:
    node = {"__class__": "system", "__module__": "os", "__loader__": loader, "content": None, "protocol": 2}
    judgement = judged(tmp_path, "m.skops", zipped({"schema.json": json.dumps(node).encode()}))
    assert "fail" == judgement.status.value


def test_an_honest_model_passes(tmp_path: Path) -> None:
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(*load_iris(return_X_y=True))
    judgement = judged(tmp_path, "m.skops", skops.io.dumps(model))
    assert "pass" == judgement.status.value, messages(judgement)


def test_a_forest_passes_once_its_trees_are_trusted_by_name(tmp_path: Path) -> None:
    content = skops.io.dumps(RandomForestClassifier(3, random_state=0).fit(*load_iris(return_X_y=True)))
    without = judged(tmp_path / "a", "m.skops", content)
    trusted = judged(tmp_path / "b", "m.skops", content, trust=["sklearn.tree._tree.Tree"])
    assert ("fail", "pass") == (without.status.value, trusted.status.value)
    assert "sklearn.tree._tree.Tree" in trusted.summary
