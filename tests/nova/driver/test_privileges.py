"""What a flavor allows a server, as pure code."""

from __future__ import annotations

import pytest
from nova import exception

from nova_driver.docker.privileges import privileges
from tests.nova.driver.host import flavor


@pytest.mark.parametrize(
    ("specs", "wanted"),
    [
        ({}, False),
        ({"docker:privileged": "false"}, False),
        ({"docker:privileged": "True"}, True),
        ({"docker_privileged": "true"}, False),
    ],
    ids=str,
)
def test_only_a_flavor_gives_privileges(specs: dict[str, str], wanted: bool) -> None:
    assert privileges(flavor(extra_specs=specs)) == {"Privileged": wanted}


@pytest.mark.parametrize("word", ["", "maybe", "2"])
def test_a_word_that_is_neither_gives_none(word: str) -> None:
    with pytest.raises(exception.InvalidInput, match="docker:privileged"):
        privileges(flavor(extra_specs={"docker:privileged": word}))
