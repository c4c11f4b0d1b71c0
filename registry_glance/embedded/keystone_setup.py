"""keystone-manage's first-time commands in one process, because importing Keystone takes longest.

Run as a module; what to do is in the environment variable REGISTRY_GLANCE_KEYSTONE_SETUP.
"""

import getpass
import grp
import json
import os
import sys

from keystone.cmd import cli


def run(config: str, *arguments: str) -> None:
    """Run one keystone-manage command; exits with its exit code when it fails.

    In a fork: the commands leave their traces in Keystone's global configuration.
    """
    pid = os.fork()
    if pid == 0:
        cli.main(["keystone-manage", "--config-file", config, *arguments])
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    if status != 0:
        sys.exit(os.waitstatus_to_exitcode(status))


def main() -> None:
    """Make the schema, the keys, and the admin with the default roles."""
    task = json.loads(os.environ["REGISTRY_GLANCE_KEYSTONE_SETUP"])
    config = task["config"]
    group = grp.getgrgid(os.getgid()).gr_name
    owner = ("--keystone-user", getpass.getuser(), "--keystone-group", group)
    run(config, "db_sync")
    run(config, "fernet_setup", *owner)
    run(config, "credential_setup", *owner)
    os.environ["OS_BOOTSTRAP_PASSWORD"] = task["password"]
    os.environ["OS_BOOTSTRAP_REGION_ID"] = task["region"]
    run(config, "bootstrap")


if __name__ == "__main__":
    main()
