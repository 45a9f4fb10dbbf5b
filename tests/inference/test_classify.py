"""The command: a text, a file, standard input; answers as JSON Lines or CSV."""

import csv
import io
import json
import os
import pty
import subprocess
import sys
from types import SimpleNamespace

import pytest
import yaml

from inference import classify, output, rows
from inference.export.__main__ import main as export
from shared.errors import UserError
from shared.files import remove_leftovers
from tests.inputs import ROOT

TEXTS = ["a good film , and funny", "bad , and dull", "", 'a "quoted" film\nof two lines']


@pytest.fixture
def run(trained, model, monkeypatch):
    """Runs the command with the loaded model."""
    monkeypatch.setattr("inference.of_folder", lambda folder: model)

    def run(*arguments):
        classify.main(["--model_dir", str(trained), *map(str, arguments)])

    return run


@pytest.fixture
def table(tmp_path):
    """A CSV file of TEXTS with another column."""
    path = tmp_path / "new.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["id", "sentence"], *enumerate(TEXTS)])
    return path


def test_a_text(run, model, capsys):
    run("--text", TEXTS[0])
    assert json.loads(capsys.readouterr().out) == model.classify(TEXTS[:1])[0]


def test_what_a_model_folder_has_to_say_is_not_among_the_answers(model_dir, capsys):
    path = model_dir / "params.yaml"
    params = yaml.safe_load(path.read_text())
    params["train_input"].update(input_fn="my.input_fn", own=3)
    path.write_text(yaml.safe_dump(params))
    classify.main(["--model_dir", str(model_dir), "--text", TEXTS[0]])
    out, err = capsys.readouterr()
    assert "label" in json.loads(out) and "passed to my.input_fn as they are: own" in err


def test_a_file_to_json_lines(run, model, table, tmp_path):
    run("--input", table, "--output", tmp_path / "a.jsonl")
    found = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    places = [{"file": "new.csv", "line": line} for line in (2, 3, 4, 5)]
    assert found == [{**p, **a} for p, a in zip(places, model.classify(TEXTS), strict=True)]


def test_a_file_to_csv_over_several_windows(run, model, table, tmp_path, monkeypatch):
    monkeypatch.setattr(classify, "_WINDOW", 3)
    run("--input", table, "--output", tmp_path / "a.csv")
    header, *found = csv.reader((tmp_path / "a.csv").open(newline=""))
    assert header == [
        "file", "line", "label", "probability of negative", "probability of positive"
    ]  # fmt: skip
    for row, line, answer in zip(found, (2, 3, 4, 5), model.classify(TEXTS), strict=True):
        assert row[:3] == ["new.csv", str(line), answer["label"]]
        wanted = list(answer["probabilities"].values())  # in a batch with other neighbours
        assert list(map(float, row[3:])) == pytest.approx(wanted, abs=1e-6)


def test_standard_input_has_a_text_on_each_line(run, model, monkeypatch, capsys):
    content = "good\n\nbad\tfilm\r\ndull".encode()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))
    run("--input", "-")
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    answers = model.classify(["good", "", "bad\tfilm", "dull"])
    assert found == [{"line": n, **answer} for n, answer in enumerate(answers, start=1)]


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((), "give one of TEXT .* and INPUT"),
        (("--text", "a", "--input", "b.csv"), "give one of TEXT .* and INPUT"),
        (("--text", "a", "--text", "b"), "expects 1 text: sentence; found 2"),
        (("--text", "a", "--output", "a.xls"), r"a name that ends in .jsonl or .csv"),
    ],
)
def test_what_cannot_be_meant(run, arguments, message):
    with pytest.raises(UserError, match=message):
        run(*arguments)


def test_rows_that_cannot_be_read_are_told_before_the_first_answer(run, tmp_path):
    path = tmp_path / "new.jsonl"
    path.write_text('{"sentence": "good"}\n{"sentence": 5}\n{"text": "x"}\n')
    with pytest.raises(UserError) as caught:
        run("--input", path, "--output", tmp_path / "a.jsonl")
    assert str(caught.value).splitlines() == [
        "2 bad rows:",
        f"  {path} line 2: found the text 5, expected a text",
        f"  {path} line 3: no key 'sentence'; its keys are: text",
        "Correct or remove them.",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["new.jsonl"]


def test_a_column_that_is_missing(run, tmp_path):
    path = tmp_path / "new.csv"
    path.write_text("text\ngood\n")
    with pytest.raises(UserError, match="has no column 'sentence'"):
        run("--input", path)


def test_an_output_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "a.jsonl"
    with pytest.raises(RuntimeError), output.opened(str(path)) as write:
        write({"line": 1})
        raise RuntimeError
    assert not list(tmp_path.iterdir())
    with output.opened(str(path)) as write:
        write({"line": 1, "id": None, "label": "é"})
    assert path.read_text(encoding="utf-8") == '{"line": 1, "label": "é"}\n'


def test_an_output_that_exists_stays(run, table, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("of other texts")
    with pytest.raises(UserError, match="a.csv .--output., which already exists and may be of ot"):
        run("--input", table, "--output", path)
    with pytest.raises(UserError, match="new.csv .--output., which already exists"):
        run("--input", table, "--output", table)
    assert path.read_text() == "of other texts"


def test_an_output_in_a_folder_that_is_missing_is_told_at_once(run, tmp_path):
    with pytest.raises(UserError, match="none is no folder; create it, or choose another"):
        output.check(str(tmp_path / "none" / "a.csv"))


def test_a_terminal_is_told_what_is_read(monkeypatch, capsys):
    for columns, what in ((("a",), "one text"), (("a", "b"), "2 texts with a tab between them,")):
        ours, terminal = pty.openpty()
        os.write(ours, b"x\ty\n\4")
        monkeypatch.setattr(sys, "stdin", os.fdopen(terminal))
        assert [row.line for row in rows.of_standard_input(columns)] == [1]
        assert capsys.readouterr().err == f"{what} a line; Ctrl-D ends\n"
        sys.stdin.close()
        os.close(ours)


def test_what_a_killed_program_left_is_removed_and_nothing_else(tmp_path):
    """With its own temporary names, which the two programs made."""
    path, folder, stays = tmp_path / "[a].jsonl", tmp_path / "m", tmp_path / "[a].jsonl.x.tmp"
    stays.write_text("theirs")
    program = (
        "import os, sys\nfrom shared import files\n"
        "with files.whole_file(sys.argv[1]), files.whole_folder(sys.argv[2]) as made:\n"
        "    open(os.path.join(made, 'part'), 'w').close()\n"
        "    print(flush=True)\n    sys.stdin.read()"
    )
    killed, running = (
        subprocess.Popen(
            [sys.executable, "-c", program, path, folder],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT,
        )
        for _ in range(2)
    )  # fmt: skip
    for process in (killed, running):
        process.stdout.readline()
    killed.kill()
    killed.communicate()
    assert len(list(tmp_path.glob("*.tmp"))) == 5
    for target in (path, folder):
        remove_leftovers(str(target))
    assert len(list(tmp_path.glob("*.tmp"))) == 3
    running.communicate()
    assert running.returncode == 0
    assert sorted(tmp_path.iterdir()) == sorted([path, folder, stays])


def test_the_commands_begin_with_that(run, table, tmp_path):
    for name in ("a.csv", "m"):
        (tmp_path / f"{name}.{'0' * 32}.tmp").write_text("")
    run("--input", table, "--output", tmp_path / "a.csv")
    with pytest.raises(UserError, match="has no trained model"):
        export(["--model_dir", str(tmp_path), "--to", str(tmp_path / "m")])
    assert not list(tmp_path.glob("*.tmp"))
