"""Layers of any size go through in bounded memory, on bounded disk, and in time.

REGISTRY_GLANCE_TEST_LAYER=10240 makes the large one as many MiB; Glance keeps a copy of it.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

from registry_glance.embedded.cloud import Cloud
from tests.conftest import StartRegistry
from tests.faults.behind import behind
from tests.streaming.layer import Layer, pull, push
from tests.streaming.usage import Usage

MIB = 1 << 20
LARGE = int(os.environ.get("REGISTRY_GLANCE_TEST_LAYER", "1024")) * MIB
FILE = r"/v2/images/.*/file"


def test_a_large_layer_needs_little(start_registry: StartRegistry) -> None:
    room = 768 * MIB
    registry = start_registry(spool={"size": room}, cache={"size": 256 * MIB})
    layer = Layer(LARGE)
    digest = layer.digest()
    with Usage(registry) as usage:
        pushed = push(registry.address, layer, digest)
        assert pull(registry.address, digest) == digest
    print(f"\n{LARGE // MIB} MiB: {pushed}, {usage.memory // MIB} MiB, {usage.spooled // MIB} MiB")
    assert pushed.after_last_byte < 20
    assert pushed.final_put < 2
    assert usage.memory < 200 * MIB
    assert usage.spooled <= room


def test_many_layers_at_once_are_answered_in_time(start_registry: StartRegistry) -> None:
    registry = start_registry()
    layers = [Layer(64 * MIB) for _ in range(8)]
    waits: list[float] = []

    def one(layer: Layer) -> None:
        pushed = push(registry.address, layer, layer.digest())
        waits.append(max(pushed.after_last_byte, pushed.final_put * 10))

    with Usage(registry) as usage:
        threads = [threading.Thread(target=one, args=(layer,)) for layer in layers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(waits) == len(layers)
    assert max(waits) < 20
    assert usage.memory < 300 * MIB


def test_a_slow_client_holds_no_connection_to_glance(cloud: Cloud, tmp_path: Path) -> None:
    with behind(cloud, tmp_path) as place:
        layer = Layer(3 * MIB)
        digest = layer.digest()
        place.glance.forget()
        began = time.monotonic()
        push(place.registry.address, layer, digest, pause=1)
        took = time.monotonic() - began
        held = sum(one.ended - one.began for one in place.glance.seen("PUT", FILE))
    assert took > 3
    assert held < took / 3


def test_no_more_puts_at_once_than_the_setting_says(cloud: Cloud, tmp_path: Path) -> None:
    with behind(cloud, tmp_path, glance={"puts": 2, "piece_size": MIB}) as place:
        layers = [Layer(4 * MIB) for _ in range(12)]
        threads = [
            threading.Thread(target=push, args=(place.registry.address, layer, layer.digest()))
            for layer in layers
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(place.glance.seen("PUT", FILE)) >= 48
        assert place.glance.at_once("PUT", FILE) == 2
