"""Whether Glance has threads left while the registry uploads as much as it may."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

from registry_glance.doctor.finding import Finding, Trouble, fail, ok
from registry_glance.doctor.held import Held
from registry_glance.doctor.site import Site

OCTETS = {"Content-Type": "application/octet-stream"}
#: Seconds that Glance may take for a short answer beside the uploads.
PATIENCE = 3.0
#: Seconds for the uploads to reach it.
ARRIVAL = 1.0


def threads(site: Site) -> Finding:
    """Glance answers others while `glance.puts` uploads are under way.

    No more connections are used than the registry itself would use: `glance.puts` uploads that
    send nothing yet, and `glance.gets` short questions beside them, for `PATIENCE` at most.
    """
    puts, gets = site.config.glance.puts, site.config.glance.gets
    alone, unanswered = ask(site, gets)
    if unanswered:
        raise Trouble(f"{unanswered} of {gets} questions at once get no answer in {PATIENCE:g} s")
    with uploads(site, puts):
        beside, unanswered = ask(site, gets)
    if unanswered:
        return fail(
            f"beside {puts} uploads, {unanswered} of {gets} questions got no answer in "
            f"{PATIENCE:g} s: the registry would hold up the whole cloud",
            f"glance: {{puts: {max(1, puts // 2)}}}",
            f"or more threads for each process of Glance, such as --threads {2 * (puts + gets)}",
        )
    return ok(
        f"answers in {1000 * beside:.0f} ms beside {puts} uploads, {1000 * alone:.0f} ms without"
    )


def ask(site: Site, count: int) -> tuple[float, int]:
    """Ask so many questions at once: the slowest answer, in seconds, and how many got none.

    With new connections, as others would come.
    """
    session = site.new_session(PATIENCE)

    def question(_: int) -> float | None:
        began = time.monotonic()
        try:
            site.glance_anew(session)
        except Trouble:
            return None
        return time.monotonic() - began

    with ThreadPoolExecutor(count) as pool:
        answers = list(pool.map(question, range(count)))
    return max((one for one in answers if one is not None), default=0), answers.count(None)


@contextmanager
def uploads(site: Site, count: int) -> Iterator[None]:
    """So many uploads that have begun and send nothing; at the end they are finished."""
    with ExitStack() as stack:
        rows = [stack.enter_context(site.probes.row()) for _ in range(count)]
        held = [Held() for _ in rows]
        pool = stack.enter_context(ThreadPoolExecutor(count))
        for body in held:
            stack.callback(body.release)
        for row_id, body in zip(rows, held, strict=True):
            pool.submit(site.glance, "PUT", f"/v2/images/{row_id}/file", data=body, headers=OCTETS)
        deadline = time.monotonic() + ARRIVAL
        for body in held:
            body.begun.wait(max(0, deadline - time.monotonic()))
        yield
