"""Answers about one patient at a time, over standard input or HTTP on this machine.

Run from the project's root:
    python 5_deployment/serve.py --lines        one JSON object a line in, one out; says {"ready": true} first
    python 5_deployment/serve.py --port 8000    POST /predict with one JSON object

A patient of whom a value is missing or implausible is refused with the reason: the model stays silent.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from progression.artifact import load
from progression.predict import answer

LONGEST = 100_000
Answer = Callable[[str], dict[str, Any]]


def answerer(model: Any) -> Answer:
    """Return what turns one text into one answer; it never raises."""

    def told(text: str) -> dict[str, Any]:
        try:
            row = json.loads(text)
        except ValueError:
            return {"error": "this is not JSON"}
        if not isinstance(row, dict):
            return {"error": "one JSON object (column name -> value) is expected"}
        return answer(model, row)

    return told


def lines(answers: Answer) -> None:
    """Speak JSON lines until standard input ends."""
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        if line.strip():
            print(json.dumps(answers(line)), flush=True)


def port(answers: Answer, number: int) -> None:
    """Serve HTTP on this machine only."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            if self.path != "/predict" or not 0 < length <= LONGEST:
                self.send_error(404 if self.path != "/predict" else 413)
                return
            told = answers(self.rfile.read(length).decode(errors="replace"))
            content = json.dumps(told).encode()
            self.send_response(422 if "error" in told else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Values of patients are not logged."""

    with ThreadingHTTPServer(("127.0.0.1", number), Handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    way = parser.add_mutually_exclusive_group(required=True)
    way.add_argument("--lines", action="store_true")
    way.add_argument("--port", type=int)
    given = parser.parse_args()
    answering = answerer(load())
    if given.lines:
        lines(answering)
    else:
        port(answering, given.port)
