"""Packaging of registry-glance."""

from pathlib import Path

from setuptools import find_packages, setup

EMBEDDED = [
    "keystone>=30",
    "glance>=33",
    "python-openstackclient",
]
# For access.memcached.
MEMCACHED = [
    "cryptography",
    "python-memcached",
]
# The compute driver, beside nova-compute.
NOVA = [
    "nova>=34",
    "os-vif",
    "oslo.privsep",
    "pyroute2>=0.9",
]
# For registry-glance up --nova.
OPENSTACK = [
    *EMBEDDED,
    *NOVA,
    "amqp",
    "openstack-placement>=16",
    "pymysql",
]
TEST = [
    "hypothesis",
    "moto[server]",
    "mypy",
    "neutron>=29",
    "pytest",
    "pytest-xdist",
    "ruff==0.17.6",
    "tox",
    "types-PyYAML",
    "types-requests",
    "types-tqdm",
]


def version() -> str:
    """The one in registry_glance/__init__.py, read without an import."""
    source: dict[str, str] = {}
    exec((Path(__file__).parent / "registry_glance" / "__init__.py").read_text(), source)
    return source["__version__"]


setup(
    name="registry-glance",
    version=version(),
    description="A container registry whose only storage is OpenStack Glance",
    license="Apache-2.0",
    python_requires=">=3.11",
    packages=find_packages(include=["registry_glance*", "nova_driver*"]),
    include_package_data=True,
    install_requires=[
        "PyYAML",
        "flask>=3",
        "gunicorn>=27",
        "keystoneauth1",
        "keystonemiddleware",
        "oslo.config",
        "oslo.policy",
        "python-glanceclient",
        "requests",
        "tqdm",
        "zstandard>=0.19",
    ],
    extras_require={
        "embedded": EMBEDDED,
        "memcached": MEMCACHED,
        "nova": NOVA,
        "openstack": OPENSTACK,
        "test": TEST,
    },
    entry_points={
        "console_scripts": ["registry-glance = registry_glance.cli:main"],
        "os_vif": ["docker = nova_driver.plugin:Finder"],
        "oslo.config.opts": ["nova.docker = nova_driver.docker.options:list_opts"],
        "oslo.policy.policies": ["registry-glance = registry_glance.auth.policy:list_rules"],
    },
)
