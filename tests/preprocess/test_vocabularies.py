"""Vocabularies as users have them, from the command line to the records."""

import json

import pytest

from preprocess import options, run
from shared.errors import UserError
from shared.manifest_file import read_manifest
from tests.inputs import read_rows

#         0        1        2        3        4      5    6    7      8
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "<S>", "", "das", "schön", "schon"]
TEXTS = "text,label\nDas schön,a\nSCHÖN,b\n"


@pytest.fixture
def made(tmp_path):
    """A function: (texts, more options, files beside the vocabulary) -> the dataset's folder."""
    (tmp_path / "bert").mkdir()
    (tmp_path / "bert" / "vocab.txt").write_text("\n".join([*PIECES, "", ""]), encoding="utf-8")

    def make(texts, *more, **files):
        (tmp_path / "train.csv").write_text(texts, encoding="utf-8")
        for name, content in files.items():
            (tmp_path / "bert" / f"{name}.json").write_text(json.dumps(content))
        run.main(
            [
                *("--task", "mine", "--data", f"train={tmp_path}/train.csv"),
                *("--text", "text", "--label", "label", "--vocab_file", str(tmp_path / "bert")),
                *("--data_dir", str(tmp_path / "data"), "--max_sequence_length", "4", *more),
            ]
        )
        return tmp_path / "data" / "mine" / "msl4"

    return make


def test_what_decides_about_texts_makes_the_ids_and_is_recorded(made, capsys):
    files = {"tokenizer_config": {"strip_accents": False}, "added_tokens": {"[ENT]": 9}}
    dataset = made(TEXTS, "--lower_case", "true", **files)
    assert read_rows(dataset, "train")["input_ids"].tolist() == [[2, 6, 7, 3], [2, 7, 3, 0]]
    found = read_manifest(str(dataset)).vocabulary
    assert (found.lower_case, found.strip_accents) == (True, False)
    assert found.tokenize_chinese_chars is True
    assert (found.name, found.size) == ("bert", 9)
    line = "vocabulary bert, 9 pieces: lower-cased (--lower_case), accents kept\n"
    assert line in capsys.readouterr().out
    # Other rules would make another dataset.
    with pytest.raises(UserError) as error:
        made(TEXTS, "--lower_case", "false", tokenizer_config={"tokenize_chinese_chars": False})
    assert str(error.value).split("\n")[1:3] == [
        "  vocabulary lower_case: it has True, this run would write False",
        "  vocabulary tokenize_chinese_chars: it has True, this run would write False",
    ]


def test_texts_with_an_added_token_are_refused(made):
    with pytest.raises(UserError) as error:
        made(TEXTS + "das [ent] schön,a\n", added_tokens={"[ENT]": 9, "[/ENT]": 10})
    assert "holds a token that the tokenizer of " in str(error.value)
    assert "/bert/vocab.txt adds to BERT's ([/ENT], [ENT]). It would become" in str(error.value)


@pytest.mark.parametrize(
    "line, given, expected",
    [
        ("", [], True),
        ("lower_case: false", [], False),
        ("lower_case: true", [], True),
        ("", ["--lower_case", "false"], False),
    ],
)
def test_the_tasks_yaml_may_state_the_case(made, tmp_path, line, given, expected):
    (tmp_path / "train.csv").write_text(TEXTS)
    path = tmp_path / "mine.yaml"
    path.write_text(f"data: {{train: train.csv}}\ntext: text\nlabel: label\n{line}\n")
    arguments = ["--task", "mine", "--data", str(path), "--vocab_file", str(tmp_path / "bert")]
    assert options.parse([*arguments, *given]).vocabulary.lower_case is expected
    if line:
        with pytest.raises(UserError, match="--lower_case: set in .*mine.yaml, leave out"):
            options.parse([*arguments, "--lower_case", "true"])


@pytest.mark.parametrize("value", ["maybe", "1"])
def test_a_case_that_is_none(made, tmp_path, value):
    (tmp_path / "train.csv").write_text(TEXTS)
    path = tmp_path / "mine.yaml"
    path.write_text(f"data: {{train: train.csv}}\ntext: text\nlabel: label\nlower_case: {value}\n")
    arguments = ["--task", "mine", "--data", str(path), "--vocab_file", str(tmp_path / "bert")]
    with pytest.raises(UserError, match=f"lower_case is '?{value}'?, expected true or false"):
        options.parse(arguments)
