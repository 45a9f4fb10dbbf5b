"""What libraries write is held back, and shown where it may explain a bug."""

import logging
import os

import pytest

from shared import quiet
from shared.errors import UserError


@pytest.mark.parametrize(
    "error, shown",
    [(None, ""), (UserError, ""), (KeyboardInterrupt, ""), (RuntimeError, "from C++\n")],
)
def test_what_native_code_writes_is_shown_after_a_bug_only(capfd, error, shown):
    try:
        with quiet.native_stderr() as text:
            os.write(2, b"from C++\n")
            assert text() == "from C++\n"
            if error:
                raise error
    except (UserError, KeyboardInterrupt, RuntimeError) as raised:
        assert type(raised) is error
    assert capfd.readouterr().err == shown


def test_log_records_are_held_back_as_before_afterwards(caplog):
    logging.disable(logging.WARNING)
    try:
        with quiet.log_records(logging.INFO):
            logging.getLogger("x").warning("one")
        with quiet.log_records(logging.ERROR):
            logging.getLogger("x").error("two")
        logging.getLogger("x").warning("three")
        logging.getLogger("x").error("four")
    finally:
        logging.disable(logging.NOTSET)
    assert caplog.messages == ["four"]
