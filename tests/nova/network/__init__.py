"""Servers on networks: with Open vSwitch alone, and with Neutron."""
