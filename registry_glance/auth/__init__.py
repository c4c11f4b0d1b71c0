"""Keystone decides who somebody is; policy rules decide what he may do."""
