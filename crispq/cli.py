"""Talks to people: parses the command line, calls a verb, prints what came of it, ends with the right exit code.

The only module that prints, and the only one that ends the process.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

import crispq
from crispq.errors import ConfigurationMistake, CrispqError, UsageMistake, hint

if TYPE_CHECKING:
    from crispq.commands.gate import Answer
    from crispq.commands.new import Question
    from crispq.gate.ahead import Ahead
    from crispq.nouns import Judgement, Plan

app = typer.Typer(
    name="crispq",
    help="crispq makes CRISP-ML(Q) executable: each phase of a machine-learning project has a gate.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

CLOSED, USAGE, OWN_FAULT, INTERRUPTED = 1, 2, 3, 130

ProjectFolder = Annotated[Path, typer.Option("--project", "-C", help="Folder of the project.", show_default="here")]
PhaseName = Annotated[str, typer.Argument(help="A phase: its id, number, a prefix, or its name elsewhere.")]
Outputs = Annotated[
    list[str] | None, typer.Option("--output", "-o", metavar="FORMAT[=FILE]", help="text or json; may be repeated.")
]


def main() -> None:
    """The console script: run the command line and end with the contract's exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        code = app(standalone_mode=False) or 0
        if code == INTERRUPTED:
            _talk("crispq: interrupted")
    except CrispqError as error:
        _talk(str(error) if isinstance(error, ConfigurationMistake) else f"crispq: {error}")
        code = error.exit_code
    except typer.TyperException as error:
        _talk(f"crispq: {error.format_message()}")
        code = USAGE
    except (KeyboardInterrupt, typer.Abort):
        _talk("crispq: interrupted")
        code = INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the rim: whatever is left is crispq's own fault
        code = _own_fault(error)
    sys.exit(code)


def _own_fault(error: Exception) -> int:
    handle, name = tempfile.mkstemp(prefix="crispq-", suffix=".log")
    with os.fdopen(handle, "w", encoding="utf-8") as log:
        log.write("".join(traceback.format_exception(error)))
    _talk(f"crispq: this is a fault of crispq itself: {type(error).__name__}: {error}")
    _talk(f"crispq: please report it with the log {name}")
    return OWN_FAULT


def _write(stream: Any, text: str) -> None:
    encoding = stream.encoding or "ascii"
    try:
        stream.write(text.encode(encoding, errors="replace").decode(encoding) + "\n")
        stream.flush()
    except BrokenPipeError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        raise typer.Exit(OWN_FAULT) from error


def _say(text: str) -> None:
    """Print a result."""
    _write(sys.stdout, text)


def _talk(text: str) -> None:
    """Print what is not a result."""
    from crispq.render.text import clean

    _write(sys.stderr, "\n".join(clean(line) for line in text.split("\n")))


def _end(code: int) -> NoReturn:
    raise typer.Exit(code)


def _root(project: Path) -> Path:
    from crispq.project import find_root

    if not project.is_dir():
        message = f"there is no folder {str(project)!r}"
        raise UsageMistake(message)
    return find_root(project.resolve())


# --- progress and outputs ------------------------------------------------------------------------


def _progress() -> Callable[[Plan, Judgement], None]:
    """Tells on standard error which check is done; on a terminal in one line that is written over."""
    done: set[str] = set()

    def step(plan: Plan, judgement: Judgement) -> None:
        done.add(judgement.check)
        total = sum(len(phase.checks) for phase in plan.phases)
        told = f"{len(done):>3}/{total} {judgement.check}: {judgement.status.value}"
        if sys.stderr.isatty():
            _write_over(told if len(done) < total else "")
        elif not judgement.measured.cached:
            _talk(f"{told} ({judgement.measured.seconds:.1f} s)")

    return step


def _write_over(text: str) -> None:
    sys.stderr.write(f"\r\x1b[K{text[:100]}")
    sys.stderr.flush()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """Where one output of a gate goes, and how it is written."""

    render: Callable[[Answer], str]
    file: Path | None

    def write(self, answer: Answer) -> None:
        text = self.render(answer)
        if self.file is None:
            _say(text.rstrip("\n"))
        else:
            _write_output(self.file, (text.rstrip("\n") + "\n").encode())


def _write_output(file: Path, raw: bytes) -> None:
    """Write a result's file: whole or not at all, except into a pipe or a device, which is written as it is."""
    from crispq.gate.files import write_atomically

    if file.exists() and not file.is_file():
        file.write_bytes(raw)
    else:
        write_atomically(file.resolve(), raw)


def _targets(outputs: list[str] | None, *, verbose: bool = False) -> list[_Target]:
    from crispq.render.json import gate_json
    from crispq.render.text import gate_text

    formats: Mapping[str, Callable[[Answer], str]] = {
        "text": lambda answer: gate_text(answer.verdict, verbose=verbose),
        "json": lambda answer: gate_json(answer.verdict, _facts(answer)),
    }
    targets = []
    for output in outputs or ["text"]:
        name, equals, file = output.partition("=")
        if name not in formats:
            message = f"unknown output format {name!r}{hint(name, formats)}; there are {', '.join(formats)}"
            raise UsageMistake(message)
        if equals and not file:
            message = f"--output {output}: name a file after the ="
            raise UsageMistake(message)
        if file and (Path(file).is_dir() or not Path(file).parent.is_dir()):
            message = f"--output {output}: {'this is a folder' if Path(file).is_dir() else 'there is no such folder'}"
            raise UsageMistake(message)
        targets.append(_Target(render=formats[name], file=Path(file) if file else None))
    return targets


def _facts(answer: Answer) -> dict[str, Any]:
    return {
        "project": answer.project.name,
        "crispq": crispq.__version__,
        "commit": answer.commit,
        "dirty": answer.dirty,
    }


# --- verbs ---------------------------------------------------------------------------------------


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer's callback
    if wanted:
        _say(f"crispq {crispq.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    pass


def _ask(question: Question) -> str:
    """Put one question to the person; the answer is checked by whoever asks."""
    listed = f" [{' | '.join(question.choices)}]" if question.choices else ""
    _talk(f"  {question.problem}" if question.problem else f"\n{question.help}")
    return str(typer.prompt(f"{question.name}{listed}", default=question.default, show_default=True, err=True))


@app.command()
def new(
    directory: Annotated[Path, typer.Argument(help="The folder to make; it must not exist or be empty.")],
    example: Annotated[
        str | None, typer.Option("--example", help="Start from a complete example: breast_cancer, diabetes.")
    ] = None,
    data: Annotated[
        list[str] | None, typer.Option("--data", metavar="NAME=VALUE", help="Answer a question; may be repeated.")
    ] = None,
    answers: Annotated[Path | None, typer.Option("--answers", help="A YAML file with answers.")] = None,
    *,
    defaults: Annotated[bool, typer.Option("--defaults", help="Ask nothing; take the default answers.")] = False,
    git: Annotated[bool, typer.Option("--git/--no-git", help="Make a git repository and commit.")] = True,
) -> None:
    """Make a project: one folder a phase, documents with guidance, scripts that run."""
    from crispq.commands.new import data_answers, read_answers
    from crispq.commands.new import new as make

    given = {**(read_answers(answers) if answers else {}), **data_answers(data or ())}
    asks = not defaults and example is None and sys.stdin.isatty()
    made = make(directory, answers=given, ask=_ask if asks else None, example=example, git=git)
    _say(f"Made {made.directory} with {made.files} files{', committed' if made.committed else ''}.")
    for note in made.notes:
        _say(note)
    _say(f"Next: cd {shlex.quote(str(made.directory))} && crispq status")


@app.command()
def gate(
    phase: Annotated[str | None, typer.Argument(help="The phase whose gate is asked.", show_default=False)] = None,
    project: ProjectFolder = Path(),
    output: Outputs = None,
    *,
    strict: Annotated[bool, typer.Option("--strict", help="A warning keeps a gate shut too.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show what passed, too.")] = False,
    record: Annotated[bool, typer.Option(help="Record the asked phase's verdict in the ledger.")] = True,
) -> None:
    """Measure what the phases demand. Without PHASE: enforce every phase behind the team."""
    from crispq.commands.gate import gate as ask

    targets = _targets(output, verbose=verbose)
    answer = ask(_root(project), phase, strict=strict, record=record, watch=_progress())
    for target in targets:
        target.write(answer)
    _end(answer.verdict.exit_code)


@app.command()
def check(
    name: Annotated[list[str], typer.Argument(help="Checks, as `crispq checks` lists them.")],
    project: ProjectFolder = Path(),
    output: Annotated[str, typer.Option("--output", "-o", metavar="FORMAT", help="text or json.")] = "text",
) -> None:
    """Ask single checks, without their gate: a quick look. Nothing is recorded, no gate is shown open."""
    _known_format(output)
    with _a_process_ahead(name) as ahead:
        from crispq.commands.check import check as ask
        from crispq.commands.check import check_object

        checked = ask(_root(project), name, watch=_progress(), ahead=ahead)
    if output == "json":
        facts = {"project": checked.project.name, "crispq": crispq.__version__}
        _say(json.dumps(check_object(checked, facts), indent=2, allow_nan=False))
    else:
        from crispq.render.text import checks_text

        _say(checks_text(checked.judgements, checked.summary))
    _end(checked.exit_code)


def _a_process_ahead(names: list[str]) -> AbstractContextManager[Ahead | None]:
    """One check need not wait for the fork server: its process starts before the project is read."""
    from crispq.gate.ahead import forked_ahead

    return forked_ahead() if len(names) == 1 else nullcontext()


def _known_format(output: str) -> None:
    if output not in {"text", "json"}:
        message = f"unknown output format {output!r}{hint(output, ['text', 'json'])}; there are text, json"
        raise UsageMistake(message)


@app.command()
def run(
    phase: Annotated[list[str] | None, typer.Argument(help="Phases in order; the current one without.")] = None,
    project: ProjectFolder = Path(),
    output: Outputs = None,
) -> None:
    """Rebuild the outputs of phases with their own commands, and ask the gate after each."""
    from crispq.commands.run import run as rebuild

    targets = _targets(output)
    if output and len(phase or ()) > 1:
        message = "--output goes with one phase: each phase's gate is an answer of its own"
        raise UsageMistake(message)
    code = 0
    tell: Callable[[str], None] = lambda command: _talk(f"$ {command}")  # noqa: E731 - one line is clearest
    for answer in rebuild(_root(project), tuple(phase or ()), tell=tell, watch=_progress()):
        for target in targets:
            target.write(answer)
        code = answer.verdict.exit_code
    _end(code)


@app.command()
def advance(project: ProjectFolder = Path()) -> None:
    """Ask the gate of the current phase; when it opens, record it and go on to the next phase."""
    from crispq.commands.move import advance as go

    moved = go(_root(project), watch=_progress())
    if moved.entry is None and moved.answer is not None:
        _targets(None)[0].write(moved.answer)
        _end(moved.answer.verdict.exit_code)
    _say(f"The gate is open and recorded. The team now works in {moved.phase}.")


@app.command()
def back(
    phase: PhaseName,
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why; it is recorded.")],
    project: ProjectFolder = Path(),
) -> None:
    """Step back to an earlier phase, which the process declares normal, and record why."""
    from crispq.commands.move import back as step

    moved = step(_root(project), phase, reason)
    _say(
        f"Stepping back is recorded. The team now works in {moved.phase}; "
        "later gates stay shut until it is passed again."
    )


@app.command()
def sign(
    phase: PhaseName,
    role: Annotated[list[str] | None, typer.Option("--role", help="The role that signs; may be repeated.")] = None,
    project: ProjectFolder = Path(),
    *,
    all_roles: Annotated[bool, typer.Option("--all-roles", help="Sign for every role the phase asks (demos).")] = False,
) -> None:
    """Sign a phase for a role: exactly the files that its checks read, as they are now."""
    from crispq.commands.sign import sign as put

    entries = put(_root(project), phase, tuple(role or ()), all_roles=all_roles, watch=_progress())
    for entry in entries:
        _say(f"{entry.who} signed {entry.phase} as {entry.body['role']}: {len(entry.body['subject'])} files.")


@app.command()
def status(project: ProjectFolder = Path(), output: Outputs = None) -> None:
    """One screen: where each phase stands, what stands in the way, what is stale and why. Measures nothing."""
    from crispq.commands.status import status as look
    from crispq.render.text import status_text

    answer = look(_root(project))
    if output:
        for target in _targets(output):
            target.write(answer)
    else:
        _say(status_text(answer.project, answer.verdict))


@app.command()
def report(
    phase: Annotated[str | None, typer.Argument(help="Only this phase's page.", show_default=False)] = None,
    project: ProjectFolder = Path(),
    to: Annotated[Path | None, typer.Option("--to", help="Folder for the pages.", show_default="reports")] = None,
) -> None:
    """Write the report: one page a phase and an index, for readers who never open a terminal."""
    from crispq.commands.report import report as write

    paths = write(_root(project), phase, to)
    for path in paths:
        _say(str(path))


@app.command()
def explain(
    word: Annotated[str, typer.Argument(help="A check, task, phase, risk (R01), document or metric.")],
    project: ProjectFolder = Path(),
) -> None:
    """Say what a word of the process means and where it comes from."""
    from crispq.commands.explain import explain as tell
    from crispq.render.text import clean

    _say("\n".join(clean(line) for line in tell(project.resolve(), word).split("\n")))


@app.command()
def checks(
    phase: Annotated[str | None, typer.Option("--phase", help="Of this phase.")] = None,
    task: Annotated[str | None, typer.Option("--task", help="Answering this task.")] = None,
    level: Annotated[str | None, typer.Option("--level", help="must or should.")] = None,
    tier: Annotated[str | None, typer.Option("--tier", help="A must in this tier.")] = None,
    project: ProjectFolder = Path(),
    output: Annotated[str, typer.Option("--output", "-o", metavar="FORMAT", help="text or json.")] = "text",
) -> None:
    """List the checks, built in and from plugins."""
    from crispq.commands.checks import list_checks
    from crispq.render.text import check_lines

    _known_format(output)
    found = list_checks(project.resolve(), phase=phase, task=task, level=level, tier=tier)
    if output == "json":
        _say(
            json.dumps(
                [{"check": one.id, "title": one.title, "task": one.task, "level": one.level.value} for one in found]
            )
        )
    else:
        _say(check_lines(found))


# --- data ----------------------------------------------------------------------------------------

data_app = typer.Typer(name="data", help="Versions of the data, and what to expect of it.", no_args_is_help=True)
app.add_typer(data_app)
TextOrJson = Annotated[str, typer.Option("--output", "-o", metavar="FORMAT", help="text or json.")]


def _refuse_other_formats(output: str) -> None:
    if output not in {"text", "json"}:
        message = f"unknown output format {output!r}{hint(output, ('text', 'json'))}; there are text, json"
        raise UsageMistake(message)


@data_app.command("register")
def data_register(
    table: Annotated[str, typer.Argument(help="A table of data.tables.")],
    project: ProjectFolder = Path(),
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why it changed, or where it comes from.")] = "",
    note: Annotated[str, typer.Option("--note", help="Anything else to keep beside the version.")] = "",
) -> None:
    """Record the table as it is now as a version: its content, its summary, what changed and why."""
    from crispq.commands.data.register import register, row_of
    from crispq.render.text import clean

    done = register(_root(project), table, reason=reason, note=note)
    rows, number = done.version["rows"], done.version["version"]
    if not done.new:
        _say(f"{table} is version {number} as it was registered on {done.version['when'][:10]}: nothing is recorded.")
        return
    _say(f"Registered {table} as version {number}: {rows:,} rows, content {done.version['content']}.")
    for line in done.change:
        _say(f"  {clean(line)}")
    if not done.version["reason"]:
        _talk("No reason was given: write into the row below where the data comes from.")
    _say("Next: commit data_versions.json, and add this row to data_versions.md:")
    _say(clean(row_of(done.version)))


@data_app.command("diff")
def data_diff(
    first: Annotated[str, typer.Argument(help="A table, TABLE@VERSION, or a file of the project.")],
    second: Annotated[str, typer.Argument(help="The other one.")],
    project: ProjectFolder = Path(),
    output: TextOrJson = "text",
) -> None:
    """Say how two tables, versions or files differ. Ends with 0 when they hold the same, with 1 when not."""
    from crispq.commands.data.diff import diff
    from crispq.render.text import clean

    _refuse_other_formats(output)
    found = diff(_root(project), first, second)
    _say(json.dumps(found.document, indent=2) if output == "json" else "\n".join(map(clean, found.lines)))
    _end(0 if found.equal else CLOSED)


@data_app.command("profile")
def data_profile(
    table: Annotated[str, typer.Argument(help="A table of data.tables.")],
    project: ProjectFolder = Path(),
    *,
    write: Annotated[bool, typer.Option("--write", help="Write the proposed suite into expectations/.")] = False,
    force: Annotated[bool, typer.Option("--force", help="With --write: replace the suite that is there.")] = False,
) -> None:
    """Propose what to expect of a table, for a person to edit: a suite, and the table of its columns."""
    from crispq.commands.data.profile import profile

    found = profile(_root(project), table, write=write, force=force)
    for text in found.told:
        _say(text)


@app.command()
def schema(
    name: Annotated[str | None, typer.Argument(help="project or phase; both without.", show_default=False)] = None,
    write: Annotated[Path | None, typer.Option("--write", help="Write the schema files into this folder.")] = None,
) -> None:
    """Print the JSON Schemas of crispq.yaml and phase.yaml, which editors use."""
    from crispq.gate.files import write_atomically
    from crispq.project import schemas

    known = {"project": "crispq.schema.json", "phase": "phase.schema.json"}
    if name is not None and name not in known:
        message = f"unknown schema {name!r}{hint(name, known)}; there are {', '.join(known)}"
        raise UsageMistake(message)
    found = schemas()
    if write is not None:
        for file, value in found.items():
            write_atomically(write / file, (json.dumps(value, indent=2) + "\n").encode())
            _say(str(write / file))
    else:
        _say(json.dumps(found[known[name]] if name else found, indent=2))
