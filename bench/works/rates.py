"""Many small questions."""

from __future__ import annotations

import re
import subprocess
from typing import get_args

from bench.connection import Unexpected
from bench.heads import heads_per_second
from bench.scale import Scale
from bench.sides.side import Question, Request, Side
from bench.works.work import Measure, Work
from tests.clients.program import missing

CONNECTIONS = 32
THREADS = 2
#: Seconds that an answer may take.
PATIENCE = 30


class Rates(Work):
    """wrk asks as fast as it is answered; for HEAD, which wrk cannot, a loop of our own."""

    name = "rates"

    def __init__(self, scale: Scale) -> None:
        self._seconds = scale.requests
        self.obstacle = (reason := missing("wrk")) and f"{reason}; apt-get install wrk"
        self.measures = [Measure(name, "requests/s", True) for name in get_args(Question)]

    def prepare(self, side: Side) -> None:
        side.publish()

    def run(self, side: Side) -> list[float]:
        return [self._ask(side.request(question)) for question in get_args(Question)]

    def _ask(self, request: Request) -> float:
        if request.method == "HEAD":
            return heads_per_second(request, CONNECTIONS, self._seconds)
        return wrk(request, self._seconds)


def wrk(request: Request, duration: float) -> float:
    """Good answers a second. Raises Unexpected if one was not good."""
    headers = [f"-H{name}: {value}" for name, value in request.headers.items()]
    bounds = [f"-t{THREADS}", f"-c{CONNECTIONS}", f"-d{duration:.0f}s", f"--timeout={PATIENCE}s"]
    argv = ["wrk", *bounds, *headers, request.url]
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    if rate is None or "Non-2xx" in said or "Socket errors" in said:
        raise Unexpected(said)
    return float(rate[1])
