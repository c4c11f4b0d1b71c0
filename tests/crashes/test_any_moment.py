"""kill -9 at any moment: what can be read is whole, and the same push succeeds afterwards.

REGISTRY_GLANCE_TEST_ROUNDS sets the number of moments, REGISTRY_GLANCE_TEST_SEED which.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from random import Random

from tests.crashes.conftest import DEATHS, Victims
from tests.crashes.image import Image, try_push, walk

ROUNDS = int(os.environ.get("REGISTRY_GLANCE_TEST_ROUNDS", "12"))
SEED = int(os.environ.get("REGISTRY_GLANCE_TEST_SEED", str(time.time_ns() % 100_000)))


def test_any_moment_may_be_the_last(victims: Victims, repository: str) -> None:
    print(f"REGISTRY_GLANCE_TEST_SEED={SEED}")
    random = Random(SEED)
    began = time.monotonic()
    Image(random).push(victims.client, repository, "latest")
    duration = time.monotonic() - began
    for _ in range(ROUNDS):
        image, death = Image(random), random.choice(DEATHS)
        with ThreadPoolExecutor(1) as pool:
            pushing = pool.submit(try_push, victims.client, image, repository)
            time.sleep(random.uniform(0, duration))
            victims.kill(*death)
            victims.revive(*death)
            pushing.result()
        assert walk(victims.client, repository)
        image.push(victims.client, repository, "latest")
        assert walk(victims.client, repository) == 7
