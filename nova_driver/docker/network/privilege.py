"""What is done as root, in a process of its own: nova-compute need not be root.

oslo.privsep starts it by the option `helper_command` of [docker_privileged], as for os-vif.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from oslo_privsep import capabilities, priv_context

Function = TypeVar("Function", bound=Callable[..., Any])

#: SYS_ADMIN enters network namespaces; DAC_OVERRIDE writes files of Engines with `userns-remap`.
context = priv_context.PrivContext(
    "nova_driver",
    cfg_section="docker_privileged",
    pypath=f"{__name__}.context",
    capabilities=[
        capabilities.CAP_NET_ADMIN,
        capabilities.CAP_SYS_ADMIN,
        capabilities.CAP_DAC_OVERRIDE,
    ],
)


def privileged(function: Function) -> Function:
    """Have a function of this package run over there. It takes and returns plain data only."""
    return cast(Function, context.entrypoint(function))
