"""Ports of Neutron in containers: os-vif plugs the host's end of a veth pair, we the other."""
