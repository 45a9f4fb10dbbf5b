import json

import pytest

from preprocess import dataset_page, inspect_dataset, verify
from preprocess.encoding import lengths
from shared.errors import UserError
from shared.manifest_file import read_manifest
from tests import browser


@pytest.fixture
def shown(demo_data, demo_input, capsys):
    """What the program prints of the demo's data."""

    def run(*more):
        arguments = [str(demo_data), "--vocab_file", str(demo_input / "vocab.txt"), *more]
        inspect_dataset.main(list(map(str, arguments)))
        return capsys.readouterr().out

    return run


def test_the_terminal_shows_every_split(shown, demo_data, demo_input):
    out = shown()
    train, validation, test = out.split("\n\n")[1:]
    assert out.startswith(f"{demo_data}: task sst2 (sentence), max_sequence_length 32\n")
    assert train.startswith("train: 4,000 examples") and test.startswith("test: 500 examples")
    assert "negative 260 (52.0%), positive 240 (48.0%)" in validation
    assert "labels     none 500" in test
    sentences = {
        line.split("\t")[0]: line.split("\t")[1]
        for line in (demo_input / "glue/SST-2/dev.tsv").read_text().splitlines()[1:]
    }
    decoded = validation.splitlines()[-3:]
    for line in decoded:
        label, tokens = line.strip().split(": [CLS] ")
        sentence = tokens.removesuffix(" [SEP]").replace(" ##", "")
        assert sentences[sentence] == {"negative": "0", "positive": "1"}[label]


def test_json_holds_the_same_for_machines(shown):
    content = json.loads(shown("--json"))
    split = content["splits"]["validation"]
    assert list(content["splits"]) == ["train", "validation", "test"]
    assert split["labels"] == {"negative": 260, "positive": 240}
    assert sum(split["histogram"].values()) == split["examples"] == 500
    longest = max(map(int, split["histogram"]))
    by_length = {entry["max_sequence_length"]: entry for entry in split["lengths"]}
    assert set(by_length) == set(lengths.CANDIDATES) and split["tokens"]["max"] == longest
    tokens = sum(int(length) * rows for length, rows in split["histogram"].items())
    assert by_length[512]["padding"] == pytest.approx(1 - tokens / (512 * 500))
    assert by_length[512]["truncated"] == 0 and len(split["decoded"]) == 3


def test_a_page_shows_the_same(shown, data_copy, demo_data, tmp_path, capsys):
    content = json.loads(shown("--json"))
    vocabulary = ["--vocab_file", str(demo_data.parents[2] / "vocab.txt")]
    inspect_dataset.main([str(data_copy), *vocabulary, "--html"])
    path = data_copy / dataset_page.FILE
    assert capsys.readouterr().out == f"page: {path}\n"
    for view in browser.seen(path, tmp_path):
        split = content["splits"]["validation"]
        assert f"{split['examples']:,}" in view["text"] and "52.0 %" in view["text"]
        assert " ".join(split["decoded"][0]["tokens"]) in view["text"]
        assert [title.split(":")[0] for title in view["charts"]] == [
            "Lengths, train", "Lengths, validation", "Lengths, test",
        ]  # fmt: skip
        assert (view["overflow"], view["wide"], view["scripts"]) == (0, [], 0)
    verify.main([str(data_copy)])


def test_another_vocabulary_decodes_nothing_and_this_is_said(demo_data, tmp_path, capsys):
    (tmp_path / "v.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\nx\n")
    inspect_dataset.main([str(demo_data), "--vocab_file", str(tmp_path / "v.txt")])
    out = capsys.readouterr().out
    assert "No examples shown" in out and "give it with VOCAB=<file>" in out
    assert "[CLS] the" not in out


def test_a_damaged_record_is_not_decoded(data_copy, demo_input):
    path = data_copy / "test" / "test-00000-of-00001.tfrecord"
    content = bytearray(path.read_bytes())
    content[40] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match="run make verify"):
        inspect_dataset.main([str(data_copy), "--vocab_file", str(demo_input / "vocab.txt")])


def test_the_price_of_a_length():
    # 22 tokens in 4 rows; at 6, the row of 9 loses 3.
    found = lengths.price({3: 1, 5: 2, 9: 1}, 6)
    assert (found.truncated, found.tokens_cut, found.padding) == (1, 3 / 22, 1 - 19 / 24)
    # DESIGN's budget: 67 GFLOP for BERT-base at 128.
    assert lengths.gflop_per_step(128) == pytest.approx(67, abs=0.5)


def test_many_or_odd_classes_do_not_fill_the_screen(demo_data):
    content = inspect_dataset.describe(str(demo_data), read_manifest(str(demo_data)), None)
    counts = {"two\nlines": 1, **{f"intent_number_{n}": 1 for n in range(499)}}
    content["splits"] = {"train": {**content["splits"]["train"], "labels": counts}}
    (line,) = (x for x in inspect_dataset.text(content).splitlines() if "labels" in x)
    assert line.startswith("  labels     two\\nlines 1 (0.0%), intent_number_0 1 (0.0%), ")
    assert line.endswith(" more") and len(line) < 350
