"""What can go wrong while the embedded cloud starts, said in one line."""


class CannotStart(Exception):
    """The cloud cannot start or run; the message is one line fit for the user."""
