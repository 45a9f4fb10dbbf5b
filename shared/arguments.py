"""Command lines: a mistake is one message, as it is in a file."""

import argparse

from shared.errors import USER_MISTAKE
from shared.suggest import unknown


class Parser(argparse.ArgumentParser):
    """Shows an error without the usage, and for an unknown option the nearest one."""

    def error(self, message):
        self.exit(USER_MISTAKE, f"error: {message}; --help lists the options\n")

    def parse_args(self, args=None, namespace=None):
        found, rest = self.parse_known_args(args, namespace)
        if rest:
            self.exit(USER_MISTAKE, f"error: {self._unknown(rest[0])}\n")
        return found

    def _unknown(self, given):
        name = given.partition("=")[0]
        if not name.startswith("-"):
            return f"{given!r} belongs to no option; --help lists them"
        return unknown("option", name, self._option_string_actions, page="--help")
