"""A mistake on a command line is one line that says what was meant."""

import pytest

from shared.arguments import Parser


@pytest.fixture
def error(capsys):
    """A function: arguments -> what is said of them."""
    parser = Parser(prog="p")
    parser.add_argument("--max_steps", type=int)
    parser.add_argument("--backend", choices=("gpu", "cpu"))

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            parser.parse_args(arguments)
        assert ended.value.code == 2
        return capsys.readouterr().err

    return run


@pytest.mark.parametrize(
    "arguments, expected",
    [
        (
            ["--max-steps", "2"],
            "unknown option '--max-steps': did you mean '--max_steps'? "
            "Known: --backend, --help, --max_steps, -h",
        ),
        (
            ["--max-step=2"],
            "unknown option '--max-step': did you mean '--max_steps'? "
            "Known: --backend, --help, --max_steps, -h",
        ),
        (["two"], "'two' belongs to no option; --help lists them"),
        (
            ["--max_steps", "two"],
            "argument --max_steps: invalid int value: 'two'; --help lists the options",
        ),
    ],
)
def test_it_is_one_line(error, arguments, expected):
    assert error(*arguments) == f"error: {expected}\n"


def test_a_wrong_choice(error):
    message = error("--backend", "GPU")
    assert message.startswith("error: argument --backend: invalid choice: 'GPU' (choose from ")
    assert message.count("\n") == 1
