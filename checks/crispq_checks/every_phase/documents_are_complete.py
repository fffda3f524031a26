"""The phase's documents are complete.

## Why
Each phase hands the next one documents: what was decided, on what grounds, and by whom. A section that is missing,
empty or still holds the template's guidance is a decision that nobody took.

## How it is measured
The documents that CRISP-ML(Q) names for the phase, from the project's tier on, must be listed under `documents`.
In each, every section the document must have is looked for by its heading; a section counts as filled when it holds
at least `fewest_words` words besides headings and quotes, and no line of the template's guidance.

## How to mend it
Open the file at the line that is named, write the section in your own words, and delete the quoted guidance.

## Source
CRISP-ML(Q) §3.1.6, p. 399 (review of output documents); the list of documents is in `crispq explain documents`.

## What it cannot see
Whether what is written is true or wise. That is what sign-offs are for.
"""

from __future__ import annotations

from collections.abc import Iterator

from crispq import Document, DocumentKind, Evidence, Example, Finding, Findings, Measurement, check, documents_of, none


@check(task="every_phase", catalogue=("BU6-C1",), limits={"missing_or_unfilled": none()})
def documents_are_complete(evidence: Evidence, *, fewest_words: int = 5) -> Measurement:
    """Look at every section that the phase's documents must have."""
    kinds = {kind.id: kind for kind in documents_of(evidence.phase)}
    wanted = [kind.id for kind in kinds.values() if evidence.tier.value != "prototype" or kind.from_tier == "prototype"]
    listed = {entry.name: entry for entry in evidence.documents}
    found: list[Finding] = []
    examined = 0
    for name in dict.fromkeys([*wanted, *listed]):
        examined += 1
        if name not in listed:
            kind = kinds[name]
            message = f"the document {kind.title!r} is not listed; add `{name}: {kind.file}` under documents"
            found.append(Finding(message=message, path=evidence.phase_file))
        elif not evidence.exists(listed[name].path):
            found.append(Finding(message="the document does not exist yet", path=listed[name].path))
        else:
            document = evidence.document(name)
            found += _unfilled(document, kinds.get(name), fewest_words)
    complete = f"{examined} documents, every section filled"
    return Measurement(
        values={"missing_or_unfilled": Findings(examined=examined, items=tuple(found))},
        summary=f"{len(found)} sections or documents are missing or unfilled" if found else complete,
    )


def _unfilled(document: Document, kind: DocumentKind | None, fewest_words: int) -> Iterator[Finding]:
    titles = [section.title for section in kind.sections] if kind else [one.title for one in document.sections[1:]]
    if not document.sections:
        yield Finding(message="the document has no heading and no section", path=document.path, line=1)
    for title in titles:
        section = document.section(title)
        if section is None:
            yield Finding(message=f"the section {title!r} is missing", path=document.path)
        elif section.guidance_lines:
            message = f"the section {title!r} still holds the template's guidance"
            yield Finding(message=message, path=document.path, line=section.guidance_lines[0])
        elif section.words < fewest_words:
            message = f"the section {title!r} has {section.words} words, at least {fewest_words} are expected"
            yield Finding(message=message, path=document.path, line=section.line)


_WRITTEN = "We wrote down here what was done and for which reason.\n\n"
_LOG = "# Log\n\n" + "".join(
    f"## {section.title}\n\n{_WRITTEN}" for kind in documents_of("data_preparation") for section in kind.sections
)
_LISTED = {"documents": {"preparation_log": "log.md"}}

EXAMPLES = (
    Example(
        status="pass",
        title="every section is written",
        phase="data_preparation",
        files={"2_data_preparation/log.md": _LOG},
        phase_file=_LISTED,
    ),
    Example(
        status="fail",
        title="guidance of the template is left",
        phase="data_preparation",
        files={"2_data_preparation/log.md": _LOG.replace(_WRITTEN, "> To fill in: what was done.\n\n", 1)},
        phase_file=_LISTED,
        says="template's guidance",
    ),
    Example(
        status="fail",
        title="a section is missing",
        phase="data_preparation",
        files={"2_data_preparation/log.md": _LOG.replace("## Split", "## Spilt")},
        phase_file=_LISTED,
        says="'Split' is missing",
    ),
    Example(status="fail", title="no document is listed", phase="data_preparation", says="is not listed"),
    Example(
        status="fail",
        title="the file does not exist",
        phase="data_preparation",
        phase_file=_LISTED,
        says="does not exist yet",
    ),
    Example(
        status="error",
        title="the file is not text",
        phase="data_preparation",
        files={"2_data_preparation/log.md": b"# Log \xff"},
        phase_file=_LISTED,
        says="not UTF-8 at byte",
    ),
)
