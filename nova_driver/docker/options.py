"""The group [docker] of nova.conf."""

from __future__ import annotations

from oslo_config import cfg

GROUP = cfg.OptGroup("docker", title="Docker driver", help="For compute_driver=docker.DockerDriver")

OPTIONS = [
    cfg.StrOpt(
        "host_url",
        default="unix:///var/run/docker.sock",
        help="""
The Docker Engine that runs this host's servers.

Only a unix socket, as in ``unix:///path``: whoever may speak to the Engine is root on its host, and
the driver looks at the disk below the Engine's data root. The user of nova-compute must be allowed
to open it, for which membership in the group ``docker`` is usual.
""",
    ),
    cfg.StrOpt(
        "registry_host",
        default="$my_ip",
        sample_default="$my_ip",
        help="""
Host name or address of the registry that serves the images in Glance.

It becomes the first part of the images' names on this host, as in
``10.0.2.15:5042/docker-busybox:latest``. The Engine connects to it, not nova-compute. It can be
this host, with a registry on every compute host, or an address that balances over several.
""",
    ),
    cfg.PortOpt(
        "registry_port",
        default=5042,
        help="""
Port of the registry at ``registry_host``.
""",
    ),
    cfg.BoolOpt(
        "registry_insecure",
        default=False,
        help="""
Whether users' tokens may travel to the registry without verified TLS.

Whether they would is the Engine's setting (``insecure-registries`` in its daemon.json); this option
is your consent. Without it, nova-compute does not start beside an Engine that would speak to the
registry unprotected. Addresses of this machine alone (127.0.0.0/8, ::1) need no consent.
""",
    ),
    cfg.IntOpt(
        "timeout",
        default=120,
        min=1,
        help="""
Seconds in which the Engine must answer a call.

Stopping a server may take longer by ``[DEFAULT] shutdown_timeout``. After this time the action
fails, while the Engine may still complete it.
""",
    ),
    cfg.IntOpt(
        "pull_timeout",
        default=300,
        min=1,
        help="""
Seconds that a pull or a push may go on without any progress.

As such it takes as long as it needs. The Engine retries broken transfers by itself; this is for one
that hangs. As long a registry may take to examine an image that was not pushed there.
""",
    ),
    cfg.BoolOpt(
        "snapshot_pause",
        default=True,
        help="""
Whether a server stands still while its snapshot is taken.

If not, files may be in the snapshot as they were at different moments. The push to the registry
thereafter is not waited for in any case. The property ``docker_snapshot_pause`` of a server's image
goes before it.
""",
    ),
    cfg.IntOpt(
        "commit_timeout",
        default=3600,
        min=1,
        help="""
Seconds in which the Engine must have copied what a server has written, for a snapshot or a
migration.
""",
    ),
    cfg.IntOpt(
        "pids_limit",
        default=4096,
        min=0,
        help="""
The most processes and threads in one server, or 0 for any number.

It keeps one server from taking all of the host's. The flavor's extra spec ``docker:pids_limit``
goes before it.
""",
    ),
    cfg.IntOpt(
        "console_size",
        default=10,
        min=1,
        help="""
MiB of console output that are kept of one server.

The Engine keeps them in two files (log driver ``json-file``), so the disk holds up to twice as
much.
""",
    ),
]


def register(conf: cfg.ConfigOpts) -> None:
    """Make `conf.docker` known; doing it again is no error."""
    conf.register_group(GROUP)
    conf.register_opts(OPTIONS, group=GROUP)


def list_opts() -> list[tuple[cfg.OptGroup, list[cfg.Opt]]]:
    """What oslo-config-generator asks for."""
    return [(GROUP, OPTIONS)]
