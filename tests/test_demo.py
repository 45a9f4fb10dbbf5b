import json
import subprocess
from types import SimpleNamespace

import pytest

from demo import make, report, run, sentences
from preprocess import options as preprocess_options
from shared.errors import FaultsFound, UserError
from train import run as trainer


def test_the_sentences_are_the_same_every_time():
    assert sentences.generate(50, seed=3) == sentences.generate(50, seed=3)
    assert sentences.generate(50, seed=3) != sentences.generate(50, seed=4)


def test_no_sentence_is_in_two_splits_and_both_labels_are_common():
    splits = make.make_splits()
    texts = [text for rows in splits.values() for text, _ in rows]
    assert {name: len(rows) for name, rows in splits.items()} == make._SIZES
    assert len(set(texts)) == len(texts)
    for rows in splits.values():
        assert 0.4 < sum(label for _, label in rows) / len(rows) < 0.6


def test_a_bag_of_words_is_not_enough():
    # A perceptron over words, ten passes: what can be learnt without the order of the words.
    splits, weights = make.make_splits(), {}

    def score(text):
        return sum(weights.get(word, 0) for word in text.split())

    for _ in range(10):
        for text, label in splits["train"]:
            if (score(text) > 0) != bool(label):
                for word in text.split():
                    weights[word] = weights.get(word, 0) + (1 if label else -1)
    right = sum((score(text) > 0) == bool(label) for text, label in splits["dev"])
    assert right / len(splits["dev"]) < 0.8


def test_the_programs_take_the_arguments_of_the_whole_way():
    made, data, *trainings, report, answer, export, last = run.commands("there")
    assert report == ["inference.report", "--model_dir", "there/run"]
    assert export[:3] == ["inference.export", "--model_dir", "there/run"]
    assert answer == ["inference.classify", "--model_dir", "there/run", "--text", run.SENTENCE]
    assert (made, last) == (["demo.make", "there"], ["demo.report", "there"])
    assert data[0] == "preprocess.run"
    with pytest.raises(UserError, match="there/vocab.txt"):
        preprocess_options.parse(data[1:])
    found = [trainer.parse(arguments) for program, *arguments in trainings]
    assert [options.mode for options in found] == ["train", "eval"]
    assert {options.data_dir for options in found} == {"there/data/sst2/msl32"}


def test_the_way_ends_where_a_program_fails(monkeypatch):
    codes, started = iter([0, 2]), []

    def start(command):
        started.append(command[2])
        return SimpleNamespace(returncode=next(codes))

    monkeypatch.setattr(subprocess, "run", start)
    assert run.main("there") == 2 and started == ["demo.make", "preprocess.run"]


def test_a_model_that_learnt_nothing_fails_the_demo(tmp_path, capsys):
    (tmp_path / "run").mkdir()
    result = {"step": 400, "examples": 500, "accuracy": 0.9}
    (tmp_path / "run/eval_validation.json").write_text(json.dumps(result))
    report.main(str(tmp_path))
    assert "demo: accuracy 0.900 on 500 unseen sentences after 400 steps" in capsys.readouterr().out
    result["accuracy"] = 0.898
    (tmp_path / "run/eval_validation.json").write_text(json.dumps(result))
    with pytest.raises(FaultsFound, match="should be at least 0.9"):
        report.main(str(tmp_path))
