"""YAML as plain values, and where each of them is written.

YAML 1.2 only: `NO` is text. No tags, no aliases, at most 1 MB; a key that stands twice is a mistake.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from crispq.errors import ConfigurationMistake
from crispq.evidence.paths import inside
from crispq.nouns import Place

if TYPE_CHECKING:
    from ruamel.yaml.nodes import MappingNode, Node

MOST_BYTES = 1_000_000
MOST_DEPTH = 20
PLAIN_TAGS = ("bool", "float", "int", "map", "null", "seq", "str", "timestamp")

Location: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Positioned:
    """One file's value, and the place of each key and item by its location."""

    path: str
    value: Any
    places: Mapping[Location, Place] = field(default_factory=dict)

    def place(self, location: Location) -> Place:
        """Where `location`, or the nearest thing around it, is written."""
        for end in range(len(location), -1, -1):
            if place := self.places.get(location[:end]):
                return place
        return Place(path=self.path, line=1)


def read(root: Path, path: str) -> Positioned:
    """The YAML file `path` of the project at `root`. Raises ConfigurationMistake with file:line:column."""
    file = inside(root, path)
    if not file.is_file():
        raise ConfigurationMistake([f"{path}: does not exist"])
    if file.stat().st_size > MOST_BYTES:
        raise ConfigurationMistake([f"{path}: larger than {MOST_BYTES:,} bytes"])
    return parse(path, file.read_bytes())


def parse(path: str, raw: bytes) -> Positioned:
    """The value of YAML text. Raises ConfigurationMistake with file:line:column."""
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        node = _compose(path, raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ConfigurationMistake([f"{path}: not UTF-8 at byte {error.start}"]) from error
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else path
        raise ConfigurationMistake([f"{where}: not YAML: {error.problem or error.context}"]) from error
    except (YAMLError, RecursionError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else str(error).splitlines()[0]
        raise ConfigurationMistake([f"{path}: not YAML: {reason}"]) from error
    if node is None:
        raise ConfigurationMistake([f"{path}: is empty"])
    walk = _Walk(path)
    value = walk.value(node, ())
    if walk.mistakes:
        raise ConfigurationMistake(walk.mistakes)
    return Positioned(path=path, value=value, places=walk.places)


def _compose(path: str, text: str) -> Node | None:
    """The text's nodes. Depth is bounded before they are composed: the fast composer recurses in C."""
    from ruamel.yaml import YAML
    from ruamel.yaml.events import CollectionEndEvent, CollectionStartEvent

    depth = 0
    for event in YAML(typ="safe").parse(text):
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > MOST_DEPTH + 1:
            place = Place(path=path, line=event.start_mark.line + 1, column=event.start_mark.column + 1)
            raise ConfigurationMistake([f"{place}: nested too deep"])
    node: Node | None = YAML(typ="safe").compose(text)
    return node


class _Walk:
    """One pass over the nodes of a file."""

    def __init__(self, path: str) -> None:
        from ruamel.yaml import YAML

        self.path = path
        self.places: dict[Location, Place] = {}
        self.mistakes: list[str] = []
        self._seen: set[int] = set()
        self._scalars = YAML(typ="safe", pure=True).constructor

    def value(self, node: Node, location: Location) -> Any:
        from ruamel.yaml.error import YAMLError
        from ruamel.yaml.nodes import MappingNode, SequenceNode

        self.places.setdefault(location, self._place(node))
        if reason := self._refusal(node, location):
            self.mistakes.append(f"{self._place(node)}: {reason}")
            return None
        if isinstance(node, MappingNode):
            return dict(self._pairs(node, location))
        if isinstance(node, SequenceNode):
            return [self.value(item, (*location, index)) for index, item in enumerate(node.value)]
        if str(node.tag).endswith(":timestamp"):
            return str(node.value)
        try:
            return self._scalars.construct_object(node)
        except (ValueError, KeyError, YAMLError):
            self.mistakes.append(f"{self._place(node)}: {str(node.value)[:40]!r} is not what its tag or form says")
            return None

    def _refusal(self, node: Node, location: Location) -> str | None:
        tag = str(node.tag).rpartition(":")[2]
        if tag not in PLAIN_TAGS:
            return f"the tag {str(node.tag)!r} is not allowed"
        if len(location) > MOST_DEPTH:
            return "nested too deep"
        if id(node) in self._seen:
            return "aliases (*name) are not allowed; write the value out"
        self._seen.add(id(node))
        return None

    def _pairs(self, node: MappingNode, location: Location) -> Iterator[tuple[str, Any]]:
        from ruamel.yaml.nodes import ScalarNode

        seen: set[str] = set()
        for key_node, value_node in node.value:
            place = self._place(key_node)
            if not isinstance(key_node, ScalarNode):
                self.mistakes.append(f"{place}: a key must be text")
                continue
            key = str(key_node.value)
            if key in seen:
                self.mistakes.append(f"{place}: the key {key!r} stands twice")
            seen.add(key)
            self.places[(*location, key)] = place
            yield key, self.value(value_node, (*location, key))

    def _place(self, node: Node) -> Place:
        return Place(path=self.path, line=node.start_mark.line + 1, column=node.start_mark.column + 1)
