"""registry-glance status: what of `up` runs in a state folder."""

import argparse

from registry_glance.embedded import record
from registry_glance.embedded.deployment import lock_of, record_of

from .state import add_state

_DOWN = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_state(parser)


def run(args: argparse.Namespace) -> int:
    """Print one line a service; 0 when all run, 3 when not."""
    pid = lock_of(args.state).holder()
    if pid is None:
        print(f"not running in {args.state}")
        return _DOWN
    services = record.read(record_of(args.state))
    print(f"up        {'running' if services else 'starting or stopping'}  pid {pid}")
    width = max([9, *(len(service.name) for service in services)])
    for service in services:
        condition = "running" if service.is_running else "dead"
        print(f"{service.name:{width}} {condition}  pid {service.pid}  {service.url}".rstrip())
    all_run = bool(services) and all(service.is_running for service in services)
    return 0 if all_run else _DOWN
