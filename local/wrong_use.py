"""What a person did that cannot work: said in one line, exit code 2."""


class WrongUse(Exception):
    """The command cannot begin; the message says why and what would help."""
