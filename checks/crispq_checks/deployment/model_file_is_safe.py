"""The model's file can be opened without running foreign code.

## Why
A pickle (also under the names joblib, .pt, .npy or .zip) is a small program: whoever opens it runs it. Who can change
one file in the project or on its way to production then commands the machine that loads the model.

## How it is measured
The file named by `artifact` of each model is read as bytes; nothing is loaded, in this check or for it. Its format is
told by its content, whatever its name says, and must be one of three that hold data only:
- skops: a zip file with `schema.json`, beside it only arrays and bytes. skops itself lists the types it would build;
  each must be trusted by skops, stand on the short list in this check (small parts of scikit-learn and scipy that only
  hold numbers and settings), or be named by the project under the setting `trust`. Only classes below scikit-learn,
  numpy, scipy and the project's own packages in `src/` can be named there, and the summary shows each one.
- ONNX: suffix `.onnx`, and readable as such from the first to the last byte.
- safetensors: suffix `.safetensors`, a length, a JSON header and tensors that fill the file exactly.
A zip file may have at most `most_entries` members and `most_megabytes` unpacked, each with a plain name. Default limit:
nothing unsafe; there is no harmless share of foreign code. A scikit-learn version that differs from the installed one
is a warning: such a file may load and yet compute something else.

## How to mend it
Save the model with `skops.io.dump(model, "models/NAME.skops")`, as ONNX or as safetensors, and delete the pickle. Where
a type is named, look at what it does when it is loaded before you trust it. Trees (forests, boosting) hold indices
that scikit-learn follows unchecked: trust `sklearn.tree._tree.Tree` only if the file comes from your own training run.

## Source
CRISP-ML(Q) §3.5, pp. 404-405 (minimise the risks of unforeseen errors; deployment strategy); skops, "Secure persistence
with skops"; Python documentation of `pickle` ("only unpickle data you trust").

## What it cannot see
Errors in the libraries that read the format, whether the weights are those that were trained, and code in the project's
own types that the project trusts.
"""

from __future__ import annotations

import bz2
import json
import lzma
import pickletools
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import IO, Any

from crispq import (
    Evidence,
    Example,
    Finding,
    Findings,
    Measurement,
    MissingEvidence,
    NotMeasurable,
    Table,
    check,
    none,
)

#: Types that skops does not trust by itself, and that hold numbers and settings or are plain arithmetic.
TRUSTED = frozenset(
    {
        "numpy.dtype",
        "scipy.interpolate._bsplines.BSpline",
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
        "sklearn.compose._column_transformer.make_column_selector",
        "sklearn.feature_selection._univariate_selection.chi2",
        "sklearn.feature_selection._univariate_selection.f_classif",
        "sklearn.feature_selection._univariate_selection.f_regression",
        "sklearn.gaussian_process.kernels.ConstantKernel",
        "sklearn.gaussian_process.kernels.DotProduct",
        "sklearn.gaussian_process.kernels.Matern",
        "sklearn.gaussian_process.kernels.Product",
        "sklearn.gaussian_process.kernels.RBF",
        "sklearn.gaussian_process.kernels.RationalQuadratic",
        "sklearn.gaussian_process.kernels.Sum",
        "sklearn.gaussian_process.kernels.WhiteKernel",
        "sklearn.metrics._scorer._PassthroughScorer",
        "sklearn.model_selection._split.KFold",
        "sklearn.model_selection._split.StratifiedKFold",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    }
)
#: Whose classes a project may trust besides its own.
LIBRARIES = ("sklearn", "numpy", "scipy")
SAFE = "save it with skops.io.dump, as ONNX or as safetensors"

MEGABYTE = 1_000_000
HEAD = 4096
#: A zip member is named by plain parts; skops writes nothing else.
PLAIN_NAME = re.compile(r"[\w.-]+(/[\w.-]+)*")
#: The members of a skops file: its schema, arrays, sparse arrays, bytes.
SKOPS_MEMBERS = (".npy", ".npz", ".bin")
#: The longest header that the safetensors format allows, in bytes.
LONGEST_HEADER = 100_000_000
#: The fields of an ONNX model (onnx.proto, ModelProto) with their wire types: 0 is a number, 2 is a block of bytes.
ONNX_FIELDS: Mapping[int, int] = {1: 0, 2: 2, 3: 2, 4: 2, 5: 0, 6: 2, 7: 2, 8: 2, 14: 2, 20: 2, 25: 2, 26: 2}
ONNX_IR_VERSION, ONNX_GRAPH = 1, 7
#: The first bytes of what may be packed around a pickle.
COMPRESSED: Mapping[bytes, str] = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"]\x00\x00": "lzma",
    b"x\x01": "zlib",
    b"x^": "zlib",
    b"x\x9c": "zlib",
    b"x\xda": "zlib",
    b"\x04\x22\x4d\x18": "lz4",
    b"\x28\xb5\x2f\xfd": "zstandard",
}
#: So many instructions in a row that a text of another kind is most unlikely to be read as a pickle.
FEWEST_INSTRUCTIONS = 3
#: A pickle of protocol 2 or later begins with this byte and the protocol's number.
PROTOCOL_FOLLOWS = 0x80
HIGHEST_PROTOCOL = 5


@check(
    task="minimize_risks_of_unforeseen_errors",
    catalogue=("MO6-C5", "DE5-C3"),
    risks=("R50",),
    limits={"unsafe": none(), "other_version": none(warn=True)},
    seconds=120,
    megabytes=4_000,
)
def model_file_is_safe(
    evidence: Evidence, *, trust: Sequence[str] = (), most_entries: int = 5_000, most_megabytes: int = 2_000
) -> Measurement:
    """Look into the file of every model."""
    _check_trust(evidence, trust)
    unsafe: list[Finding] = []
    other: list[Finding] = []
    rows: list[tuple[str, str, str, str]] = []
    models = evidence.models or (evidence.model(),)
    for model in models:
        if model.artifact is None:
            place = evidence.place_of(f"models.{model.name}")
            message = f"models.{model.name} names no artifact, the file that is deployed; {SAFE} and name it"
            raise MissingEvidence(message, path=place.path, line=place.line)
        file = evidence.path(model.artifact)
        name, wrong, version = _look(file, TRUSTED | set(trust), most_entries, most_megabytes * MEGABYTE)
        unsafe += [Finding(message=message, path=model.artifact) for message in wrong]
        other += [Finding(message=message, path=model.artifact) for message in _other_version(version)]
        rows.append((model.name, model.artifact, name, version or "not recorded"))
    trusted = f"; trusted by this project: {', '.join(trust)}" if trust else ""
    formats = ", ".join(sorted({row[2] for row in rows}))
    told = (
        f"{unsafe[0].message} ({unsafe[0].path})"
        if unsafe
        else f"{len(rows)} model files, none can run code ({formats})"
    )
    return Measurement(
        values={
            "unsafe": Findings(examined=len(models), items=tuple(unsafe)),
            "other_version": Findings(examined=len(models), items=tuple(other)),
        },
        summary=told + trusted,
        tables=(Table(title="Model files", columns=("model", "file", "format", "scikit-learn"), rows=tuple(rows)),),
    )


def _check_trust(evidence: Evidence, trust: Sequence[str]) -> None:
    """Refuse names that are no class of the project or of the three libraries: a function could do anything."""
    sources = [PurePosixPath(path).parts[1] for path in (*evidence.files("src/*/*.py"), *evidence.files("src/*.py"))]
    allowed = {*LIBRARIES, *(one.removesuffix(".py") for one in sources)}
    for name in trust:
        module, _, last = str(name).rpartition(".")
        if module.partition(".")[0] not in allowed or not last.lstrip("_")[:1].isupper():
            raise NotMeasurable(
                f"trust names {name!r}; only classes below {', '.join(sorted(allowed))} can be trusted, "
                "written as skops names them (package.module.Class)"
            )


def _other_version(version: str) -> Iterator[str]:
    from importlib.metadata import version as installed

    if version and version != (now := installed("scikit-learn")):
        yield f"the model was saved with scikit-learn {version}, {now} is installed; train again or install {version}"


# --- what the file is ----------------------------------------------------------------------------


def _look(file: Path, trusted: frozenset[str], most_entries: int, most_bytes: int) -> tuple[str, list[str], str]:
    """The name of the file's format, what is unsafe about it, and the scikit-learn version it records (or "")."""
    with file.open("rb") as stream:
        head = stream.read(HEAD)
    size = file.stat().st_size
    if head.startswith(b"PK\x03\x04"):
        return _zip(file, trusted, most_entries, most_bytes)
    if file.suffix.lower() == ".safetensors" and _is_safetensors(file, head, size):
        return "safetensors", [], ""
    if what := _pickled(head):
        return what, [f"it is {what}, which runs code when it is opened; {SAFE}"], ""
    if file.suffix.lower() == ".onnx" and _is_onnx(file, size):
        return "ONNX", [], ""
    return "unknown", [f"its content is no format that is known to hold data only; {SAFE}"], ""


def _pickled(head: bytes) -> str:
    """What the first bytes say if they may belong to a pickle, in whatever dress; else nothing."""
    if head.startswith(b"\x93NUMPY"):
        return "a NumPy array of objects (a pickle)" if _holds_objects(head) else ""
    if _is_pickle(head):
        return "a pickle"
    for first, name in COMPRESSED.items():
        if head.startswith(first):
            inner = _unpacked(name, head)
            return (
                f"a pickle packed with {name}" if _is_pickle(inner) else f"a file packed with {name}, likely a pickle"
            )
    return ""


def _is_pickle(head: bytes) -> bool:
    """Whether the bytes read as instructions of a pickle; they are listed, not followed."""
    if len(head) > 1 and head[0] == PROTOCOL_FOLLOWS and head[1] <= HIGHEST_PROTOCOL:
        return True
    seen = 0
    try:
        for seen, (code, _, _) in enumerate(pickletools.genops(head), start=1):  # noqa: B007 - counted up to the error
            if code.name == "STOP":
                break
    except Exception:  # noqa: BLE001 - whatever pickletools says of bytes that are none
        return seen >= FEWEST_INSTRUCTIONS
    return seen >= FEWEST_INSTRUCTIONS


def _holds_objects(head: bytes) -> bool:
    """Whether the header of a .npy file names Python objects among its types."""
    length = int.from_bytes(head[8:10], "little") if head[6:7] == b"\x01" else int.from_bytes(head[8:12], "little")
    found = re.search(rb"'descr':(.*?)'fortran_order'", head[: 12 + length], re.DOTALL)
    return found is None or re.search(rb"['\"][|<>=]?O\d*['\"]", found[1]) is not None


def _unpacked(name: str, head: bytes) -> bytes:
    """The first bytes inside; never more than a few kilobytes, however much is packed."""
    try:
        match name:
            case "gzip" | "zlib":
                return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32).decompress(head, HEAD)
            case "bzip2":
                return bz2.BZ2Decompressor().decompress(head, HEAD)
            case "xz" | "lzma":
                return lzma.LZMADecompressor(memlimit=100 * MEGABYTE).decompress(head, HEAD)
    except (zlib.error, OSError, lzma.LZMAError, EOFError):
        pass
    return b""


def _is_safetensors(file: Path, head: bytes, size: int) -> bool:
    """Eight bytes of length, a JSON header of that length, tensors from its end to the file's."""
    length = int.from_bytes(head[:8], "little")
    if head[8:9] != b"{" or not 1 < length <= min(LONGEST_HEADER, size - 8):
        return False
    with file.open("rb") as stream:
        stream.seek(8)
        try:
            header = json.loads(stream.read(length))
            spans = sorted(one["data_offsets"] for name, one in header.items() if name != "__metadata__")
            ends = [0, *(int(end) for _, end in spans)]
            return [int(begin) for begin, _ in spans] == ends[:-1] and ends[-1] == size - 8 - length
        except (ValueError, KeyError, TypeError, RecursionError):
            return False


def _is_onnx(file: Path, size: int) -> bool:
    """Whether the file reads as an ONNX model to its last byte: known fields only, among them version and graph."""
    seen: set[int] = set()
    with file.open("rb") as stream:
        while stream.tell() < size:
            tag = _varint(stream)
            field, wire = (tag or 0) >> 3, (tag or 0) & 7
            value = _varint(stream)
            if ONNX_FIELDS.get(field) != wire or value is None:
                return False
            if wire:
                if stream.tell() + value > size:
                    return False
                stream.seek(value, 1)
            seen.add(field)
    return {ONNX_IR_VERSION, ONNX_GRAPH} <= seen


def _varint(stream: IO[bytes]) -> int | None:
    """A protobuf number of at most ten bytes; None where there is none."""
    value = 0
    for place in range(10):
        byte = stream.read(1)
        if not byte:
            return None
        value |= (byte[0] & 0x7F) << (7 * place)
        if byte[0] < 0x80:  # noqa: PLR2004 - the highest bit says that more follows
            return value
    return None


# --- zip files -----------------------------------------------------------------------------------


def _zip(file: Path, trusted: frozenset[str], most_entries: int, most_bytes: int) -> tuple[str, list[str], str]:
    try:
        with zipfile.ZipFile(file) as archive:
            if wrong := _odd_archive(archive.infolist(), most_entries, most_bytes):
                return "zip", [f"{wrong}; {SAFE}"], ""
            return _skops(file, archive, trusted)
    except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError, zlib.error, RuntimeError) as error:
        return "zip", [f"it begins like a zip file but cannot be read as one ({error}); {SAFE}"], ""


def _odd_archive(members: Sequence[zipfile.ZipInfo], most_entries: int, most_bytes: int) -> str:
    if len(members) > most_entries:
        return f"the zip file has {len(members):,} members, more than {most_entries:,}"
    if (total := sum(one.file_size for one in members)) > most_bytes:
        return f"the zip file unpacks to {total / MEGABYTE:,.0f} MB, more than {most_bytes / MEGABYTE:,.0f} MB"
    if len({one.filename for one in members}) < len(members):
        return "the zip file holds two members of one name"
    for one in members:
        if not PLAIN_NAME.fullmatch(one.filename) or ".." in one.filename.split("/"):
            return f"the zip file holds a member with the name {one.filename[:80]!r}, which may lead elsewhere"
        if stat.S_ISLNK(one.external_attr >> 16) or one.flag_bits & 1:
            return f"the zip file holds a link or an encrypted member, {one.filename[:80]!r}"
    return ""


def _skops(file: Path, archive: zipfile.ZipFile, trusted: frozenset[str]) -> tuple[str, list[str], str]:
    wrong = [message for one in archive.infolist() if (message := _odd_member(archive, one))]
    if "schema.json" not in archive.namelist():
        wrong = wrong or ["it is a zip file without schema.json, so no skops file"]
    if wrong:
        return "zip", [f"{message}; {SAFE}" for message in wrong[:5]], ""
    try:
        schema = json.loads(archive.read("schema.json"))
        untrusted = _types(file) - trusted
        version = _version(schema)
    except (zipfile.BadZipFile, MissingEvidence):
        raise
    except (Exception, RecursionError) as error:  # noqa: BLE001 - skops says in many ways that a file is not its own
        return "skops", [f"skops cannot list its types ({type(error).__name__}); {SAFE}"], ""
    return "skops", [_untrusted(name) for name in sorted(untrusted)[:10]], version


def _odd_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> str:
    """What is wrong with a member of what should be a skops file; nothing for its schema, arrays and bytes."""
    if member.filename == "schema.json":
        return ""
    with archive.open(member) as stream:
        head = stream.read(HEAD)
    if what := _pickled(head) if PurePosixPath(member.filename).suffix != ".bin" else "":
        return f"its member {member.filename!r} is {what}, which runs code when it is opened"
    if PurePosixPath(member.filename).suffix not in SKOPS_MEMBERS:
        return f"its member {member.filename!r} has no place in a skops file"
    if member.filename.endswith(".npz"):
        return _odd_sparse(archive, member)
    return ""


def _odd_sparse(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> str:
    """What is wrong with a sparse array, which is a zip file of plain arrays."""
    with archive.open(member) as stream, zipfile.ZipFile(stream) as inner:
        if wrong := _odd_archive(inner.infolist(), most_entries=100, most_bytes=2_000 * MEGABYTE):
            return f"its member {member.filename!r}: {wrong}"
        for one in inner.infolist():
            with inner.open(one) as array:
                head = array.read(HEAD)
            if not head.startswith(b"\x93NUMPY") or _holds_objects(head):
                return f"its member {member.filename!r} holds {one.filename[:80]!r}, which is no plain array"
    return ""


def _types(file: Path) -> frozenset[str]:
    """The types that the file would build and that skops does not trust; nothing is imported or built for it."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from skops.io import get_untrusted_types

        return frozenset(get_untrusted_types(file=file))


def _untrusted(name: str) -> str:
    return (
        f"it would build the type {name[:120]!r}, which nobody trusts; leave it out of the model, or name it "
        "under trust if you know what it does when it is loaded"
    )


def _version(schema: Any) -> str:
    """The first scikit-learn version that the schema records."""
    waiting: list[Any] = [schema]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Mapping):
            recorded = value.get("_sklearn_version")
            if isinstance(recorded, Mapping):
                return str(recorded.get("content", "")).strip('"')[:40]
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return ""


def _zipped(**members: bytes) -> bytes:
    import io

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return packed.getvalue()


def _skops_file(module: str, name: str, loader: str, **more: Any) -> bytes:
    schema = {"__class__": name, "__module__": module, "__loader__": loader, "__id__": 1, "protocol": 2, **more}
    return _zipped(**{"schema.json": json.dumps(schema).encode()})


def _text(value: str) -> dict[str, Any]:
    content = json.dumps(value)
    return {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "content": content, "is_json": True}


_NO_KEYS = {"__class__": "list", "__module__": "builtins", "__loader__": "ListNode", "content": []}
_ONE_KEY = {**_NO_KEYS, "content": [{"__class__": "str", "__module__": "builtins", "__loader__": "TypeNode"}]}
_SKOPS = _skops_file("builtins", "dict", "DictNode", content={}, key_types=_NO_KEYS)
_OLD = _skops_file("builtins", "dict", "DictNode", content={"_sklearn_version": _text("0.1")}, key_types=_ONE_KEY)
_CALLS = _skops_file("os", "system", "FunctionNode", content={"module_path": "os", "function": "system"})
_OWN = _skops_file("tumour.features", "Scaler", "ObjectNode", content=None)
_HEADER = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
_SAFETENSORS = len(_HEADER).to_bytes(8, "little") + _HEADER + b"\0\0\0\0"
_ONNX = b"\x08\x0a\x12\x04test\x3a\x03\x0a\x01x"
_PICKLE = b"cos\nsystem\n(S'true'\ntR."


def _example(status: str, title: str, artifact: str, content: bytes | None, says: str = "", **more: Any) -> Example:
    model = {"estimator": "tumour.model:build", "artifact": artifact}
    files = {"src/tumour/__init__.py": "", **({artifact: content} if content is not None else {})}
    return Example(status=status, title=title, config={"models": {"tumour": model}}, files=files, says=says, **more)


EXAMPLES = (
    _example("pass", "a skops file", "models/m.skops", _SKOPS),
    _example("pass", "safetensors", "models/m.safetensors", _SAFETENSORS),
    _example("pass", "an ONNX model", "models/m.onnx", _ONNX),
    _example(
        "pass",
        "a trusted type of the project",
        "m.skops",
        _OWN,
        "tumour.features",
        settings={"trust": ["tumour.features.Scaler"]},
    ),
    _example("fail", "a type that nobody trusts", "m.skops", _OWN, "under trust if"),
    _example("fail", "a skops file that calls a function", "m.skops", _CALLS, "'os.system'"),
    _example("fail", "a pickle", "models/m.joblib", _PICKLE, "skops.io.dump"),
    _example("fail", "a pickle that calls itself ONNX", "models/m.onnx", _PICKLE, "it is a pickle"),
    _example("fail", "an unknown format", "models/m.bin", b"weights 1 2 3", "no format that is known"),
    _example(
        "fail", "a name that leads elsewhere", "m.skops", _zipped(**{"../schema.json": b"{}"}), "may lead elsewhere"
    ),
    _example("warn", "another version of scikit-learn", "m.skops", _OLD, "saved with scikit-learn 0.1"),
    _example("fail", "no file yet", "models/m.skops", None, "does not exist yet"),
    Example(
        status="fail",
        title="no artifact is named",
        config={"models": {"tumour": {"estimator": "tumour.model:build"}}},
        says="names no artifact",
    ),
    Example(status="fail", title="no model", says="no model is listed"),
    _example(
        "error",
        "a foreign type may not be trusted",
        "m.skops",
        _CALLS,
        "only classes",
        settings={"trust": ["os.system"]},
    ),
    _example(
        "error", "a function may not be trusted", "m.skops", _CALLS, "only classes", settings={"trust": ["numpy.save"]}
    ),
)
