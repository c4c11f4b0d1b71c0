"""Clocks: tokens and their validation compare the times of three machines."""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime

import requests

from registry_glance.doctor.finding import Finding, Trouble, fail, ok, warn
from registry_glance.doctor.site import Site

#: Seconds: worth a word; enough to make good tokens look expired or not yet issued.
NOTABLE, HARMFUL = 5.0, 60.0
#: A Date header has whole seconds, cut off: on average that is this much.
CUT_OFF = 0.5


def clocks(site: Site) -> Finding:
    """Keystone's and Glance's clocks go as ours, and as each other."""
    keystone = ahead(lambda: site.keystone(authenticated=False), "Keystone")
    glance = ahead(lambda: site.glance("GET", "/", authenticated=False), "Glance")
    said = f"Keystone {round(keystone):+d} s, Glance {round(glance):+d} s from ours"
    apart = max(abs(keystone), abs(glance), abs(keystone - glance))
    if apart <= NOTABLE:
        return ok(said)
    kind = fail if apart > HARMFUL else warn
    return kind(said, "on the machine that is wrong: chronyc makestep; chronyc tracking")


def ahead(ask: Callable[[], requests.Response], service: str) -> float:
    """Seconds by which a server's clock is before ours, to about one. Raises Trouble."""
    began = time.time()
    answer = ask()
    middle = (began + time.time()) / 2
    try:
        theirs = parsedate_to_datetime(answer.headers["Date"]).timestamp()
    except (KeyError, ValueError):
        raise Trouble(f"{service} does not tell its time (no Date header)") from None
    return theirs + CUT_OFF - middle
