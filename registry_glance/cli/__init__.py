"""The command `registry-glance`: one file for each of its commands.

A command's module has `add_arguments(parser)` and `run(args)`, which returns the exit code. Only
the module of the command that was called is imported.
"""

import argparse
import importlib
import keyword
import sys
from collections.abc import Sequence

from registry_glance import __version__

COMMANDS = {
    "serve": "run the registry",
    "doctor": "check whether a cloud is fit for the registry, and say what to mend",
    "up": "start Keystone, Glance and the registry on this machine, and Nova with --nova",
    "down": "stop what `up` has started",
    "status": "say what of it runs",
    "import": "bring an image to a registry: from a file, or from another registry",
    "export": "write an image to a file, for docker load and others",
    "ls": "list repositories, or the tags of one",
    "inspect": "say what an image is made of, and where that is in Glance",
    "rm": "delete tags or manifests",
    "cp": "copy an image from one registry to another, or within one",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; what is expected to fail is said in one line."""
    argv = list(sys.argv[1:] if arguments is None else arguments)
    try:
        args = _parser(argv).parse_args(argv)
        code: int = args.run(args)
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if not isinstance(error, _expected()):
            raise
        print(f"registry-glance: {error}", file=sys.stderr)
        return 1
    return code


def _parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="registry-glance", description="A container registry whose only storage is Glance."
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, purpose in COMMANDS.items():
        command = commands.add_parser(name, help=purpose, description=purpose)
        if argv and argv[0] == name:
            module = importlib.import_module(f"{__name__}.{_module(name)}")
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    return parser


def _module(command: str) -> str:
    """The file of a command; what is a word of Python's own gets an underscore (PEP 8)."""
    return f"{command}_" if keyword.iskeyword(command) else command


def _expected() -> tuple[type[Exception], ...]:
    from registry_glance.config import ConfigInvalid
    from registry_glance.embedded.errors import CannotStart

    return (CannotStart, ConfigInvalid)
