"""A user's own files, from the command line to the records."""

import gzip
import json

import numpy as np
import pytest

from preprocess import run, verify
from preprocess.sources import stored_split, user_labels
from shared import source_order
from shared.errors import FaultsFound, UserError
from shared.manifest_file import read_manifest
from tests.inputs import read_rows

VOCABULARY = "[PAD]\n[UNK]\n[CLS]\n[SEP]\nthe\nfilm\na\nbad\ngood\n"
TRAIN = "title,body,category\nthe film,good,pos\na film,bad,neg\nfilm,the,pos\n"
DEV = 'title\tbody\tcategory\n"film"\ta\tneg\n'


@pytest.fixture
def own(tmp_path):
    """A folder with a vocabulary, train.csv, dev.tsv and new.jsonl.gz."""
    (tmp_path / "v.txt").write_text(VOCABULARY)
    (tmp_path / "train.csv").write_text(TRAIN)
    (tmp_path / "dev.tsv").write_text(DEV)
    rows = [{"title": "a film", "body": ""}, {"title": "", "body": "bad"}]
    (tmp_path / "new.jsonl.gz").write_bytes(
        gzip.compress("\n".join(map(json.dumps, rows)).encode())
    )
    return tmp_path


def make(own, *more, data=None, text="title,body", label="category", task="mine"):
    """Runs the program; returns the dataset's folder."""
    files = data or (f"train={own}/train.csv,validation={own}/dev.tsv,test={own}/new.jsonl.gz")
    arguments = ["--task", task, "--data", files, "--vocab_file", own / "v.txt"]
    arguments += ["--data_dir", own / "data", "--max_sequence_length", "8"]
    arguments += [*(("--text", text) if text else ()), *(("--label", label) if label else ())]
    run.main([*map(str, arguments), *map(str, more)])
    return own / "data" / task / "msl8"


def test_three_formats_become_records(own, capsys):
    dataset = make(own)
    manifest = read_manifest(str(dataset))
    assert (manifest.task, manifest.text_columns) == ("mine", ("title", "body"))
    assert manifest.label_names == ("neg", "pos")
    assert {name: source_order.file_names(manifest, name) for name in manifest.splits} == {
        "train": ["train.csv"], "validation": ["dev.tsv"], "test": ["new.jsonl.gz"],
    }  # fmt: skip
    assert read_rows(dataset, "train")["input_ids"].tolist() == [
        [2, 4, 5, 3, 8, 3, 0, 0],
        [2, 6, 5, 3, 7, 3, 0, 0],
        [2, 5, 3, 4, 3, 0, 0, 0],
    ]
    assert read_rows(dataset, "train")["labels"].tolist() == [1, 0, 1]
    assert read_rows(dataset, "validation")["input_ids"].tolist() == [[2, 1, 5, 1, 3, 6, 3, 0]]
    assert read_rows(dataset, "test")["input_ids"].tolist() == [
        [2, 6, 5, 3, 3, 0, 0, 0],
        [2, 3, 7, 3, 0, 0, 0, 0],
    ]
    assert read_rows(dataset, "test")["labels"].tolist() == [-1, -1]
    capsys.readouterr()
    assert make(own) == dataset
    assert capsys.readouterr().out == f"{dataset} is up to date\n"


def test_a_yaml_file_says_the_same(own, capsys):
    (own / "mine.yaml").write_text(
        "data: {train: train.csv, validation: dev.tsv, test: new.jsonl.gz}\n"
        "text: [title, body]\nlabel: category\n"
    )
    dataset = make(own)
    capsys.readouterr()
    make(own, data=str(own / "mine.yaml"), text=None, label=None)
    assert capsys.readouterr().out == f"{dataset} is up to date\n"


def test_a_changed_file_or_column_is_not_up_to_date(own):
    make(own, data=f"train={own}/train.csv")
    with pytest.raises(
        UserError,
        match=r"(?s)text_columns: it has title, body, this run would write title\n.*source label",
    ):
        make(own, data=f"train={own}/train.csv", text="title", label="body")
    with pytest.raises(UserError, match="splits: it has train, this run would write train, valid"):
        make(own, data=f"train={own}/train.csv,validation={own}/dev.tsv")
    (own / "train.csv").write_text(TRAIN + "x,y,pos\n")
    with pytest.raises(UserError) as error:
        make(own, data=f"train={own}/train.csv")
    assert str(error.value).splitlines()[1:-1] == ["  train: train.csv has another content"]
    with pytest.raises(UserError, match="\n  train: it has train.csv, this run would read dev.tsv"):
        make(own, data=f"train={own}/dev.tsv")
    make(own, "--overwrite", data=f"train={own}/train.csv")


def test_scores_make_a_regression_task(own, capsys):
    (own / "s.csv").write_text("text,score\nfilm,2.5\nbad,0\ngood,5e0\n")
    dataset = make(own, data=f"train={own}/s.csv", text="text", label="score")
    manifest = read_manifest(str(dataset))
    assert manifest.is_regression and manifest.splits["train"].label_counts == {}
    assert read_rows(dataset, "train")["labels"].tolist() == [2.5, 0.0, 5.0]
    assert "regression on scores" in capsys.readouterr().out


def test_integer_labels_sort_by_value_and_test_labels_are_kept(own):
    (own / "i.jsonl").write_text(
        "".join(json.dumps({"t": "film", "y": y}) + "\n" for y in (10, 9, "10", -1))
    )
    dataset = make(own, data=f"train={own}/i.jsonl,test={own}/i.jsonl", text="t", label="y")
    manifest = read_manifest(str(dataset))
    assert manifest.label_names == ("-1", "9", "10")
    assert read_rows(dataset, "test")["labels"].tolist() == [2, 1, 2, 0]


BAD = "title,body,category\nfilm,é,pos\nshort\nfilm,a,neg\nfilm,a,\n".encode() + b"film,\xff,pos\n"


def test_bad_rows_are_refused_with_their_line_or_dropped_and_counted(own, capsys):
    (own / "bad.csv").write_bytes(BAD)
    data = f"train={own}/bad.csv"
    with pytest.raises(UserError) as error:
        make(own, data=data)
    assert str(error.value) == (
        "2 bad rows:\n"
        f"  {own}/bad.csv line 3: 1 fields, the header has 3: 'short'; expected a row like the "
        "others\n"
        f"  {own}/bad.csv line 6: not UTF-8: byte 0xff at byte 6\n"
        "Correct them, or skip all such rows with BAD_ROWS=drop (--bad_rows drop)."
    )
    assert not (own / "data" / "mine" / "msl8").exists()
    assert [path.name for path in (own / "data" / "mine").iterdir()] == [".msl8.lock"]
    dataset = make(own, "--bad_rows", "drop", data=data)
    manifest = read_manifest(str(dataset))
    assert manifest.splits["train"].examples == 2
    train = manifest.source["splits"]["train"]
    assert (train["dropped_rows"], train["unlabelled_rows_left_out"]) == (2, 1)
    assert "2 rows of" in (out := capsys.readouterr().out)
    assert "1 row without a label left out (line 5), 2 bad rows dropped (line 3: 1 fields" in out


@pytest.mark.parametrize(
    "file, content, message",
    [
        ("dev.tsv", "title\tbody\tcategory\nx\ty\tmeh\n",
         "dev.tsv line 2: found the label 'meh'; expected one of the training file's labels 'neg', "
         "'pos'"),
        ("dev.tsv", "title\tbody\nx\ty\n", "dev.tsv has no column 'category'"),
        ("train.csv", "title,body,category\n", "train.csv has no readable row"),
        ("train.csv", "title,body,category\nx,y,pos\n", "every row has the label 'pos'"),
        ("train.csv", "title,body,category\nx,y,\n",
         "train.csv: 1 of 1 rows have no label in 'category' .line 2.; expected most of them to"),
        ("train.csv", "title,body,category\nx,y,pos \n", "the label 'pos ' with white space"),
        ("train.csv", "title,category\nx,pos\n", "train.csv has no column 'body'"),
        ("train.csv", "", "train.csv is empty"),
        ("dev.tsv", "title\tbody\tcategory\nx\ty\t\n", "dev.tsv has no row with a label"),
        ("dev.tsv", "title\tbody\tcategory\n", "dev.tsv has no readable row"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_file_is_one_message(own, file, content, message):
    (own / file).write_text(content)
    with pytest.raises(UserError, match=message):
        make(own)
    assert not (own / "data" / "mine" / "msl8").exists()


def test_texts_of_json_must_be_texts(own):
    for value, found in ((3, "the text 3"), ("\ud800", "half a surrogate pair")):
        (own / "n.jsonl").write_text(json.dumps({"t": value, "y": "a"}) + "\n")
        with pytest.raises(UserError, match=f"line 1: .*{found}"):
            make(own, data=f"train={own}/n.jsonl", text="t", label="y")


@pytest.mark.parametrize(
    "change, message",
    [
        ({"task": "sst2"}, "sst2 is one of GLUE's"),
        ({"task": "a/b"}, "it names a folder"),
        ({"data": "train.csv"}, "expected train=<file>"),
        ({"data": "train=nowhere.csv"}, "nowhere.csv is missing or cannot be read"),
        ({"data": "validation=x.csv"}, "train=<file> is required"),
        (
            {"data": "train=a.csv,train=b.csv"},
            r"'train' is given twice; .* such as train=parts/\*.csv, or as a list in a YAML file: "
            r"data: {train: \[a.csv, b.csv\]}$",
        ),
        (
            {"data": "train=a.csv,all=a.csv"},
            "split 'all'; expected a name of lower-case letters, digits and _ that begins with a "
            "letter and is not all$",
        ),
        (
            {"data": "nowhere.yaml"},
            "TEXT and LABEL: give text and label in nowhere.yaml, not on the",
        ),
        ({"text": None}, "^DATA has no TEXT; give TEXT=<column>$"),
        ({"text": "a,b,c"}, "TEXT is 'a', 'b', 'c'; expected one column, or two"),
        ({"label": None}, "^DATA has no LABEL; give LABEL=<column>$"),
        ({"label": "body"}, "a column that is not in TEXT"),
    ],
)
def test_wrong_specifications(own, change, message):
    with pytest.raises(UserError, match=message):
        make(own, **change)


def test_a_folder_is_no_file(own):
    with pytest.raises(UserError, match=rf"{own} is a folder; give its files: train={own}/\*.csv$"):
        make(own, data=f"train={own}")


@pytest.mark.parametrize(
    "content, message",
    [
        ("data: train.csv\n", "expected a mapping with data"),
        ("data: {train: train.csv}\ntxt: title\n", "unknown key 'txt': did you mean 'text'"),
        (
            "data: {train: train.csv}\ntext: title\nlabel: category\nbad_rows: keep\n",
            "expected drop",
        ),
        ("data: {train: train.csv}\ntext: title\n", "mine.yaml has no LABEL; give label: <col"),
        ("data: {train: train.csv}\ntext: 3.5\nlabel: x\n", "a column is 3.5, not a text"),
        ("data: {train: train.csv}\ntext: {a: b}\nlabel: x\n", "TEXT is {'a': 'b'}; expected"),
        ("a: [\n", "is not valid YAML"),
    ],
)
def test_wrong_yaml(own, content, message):
    (own / "mine.yaml").write_text(content)
    with pytest.raises(UserError, match=message):
        make(own, data=str(own / "mine.yaml"), text=None, label=None)


def test_options_that_need_data(own):
    with pytest.raises(UserError, match="--label: no effect without --data"):
        run.main(["--task", "sst2", "--label", "x", "--vocab_file", str(own / "v.txt")])
    with pytest.raises(UserError, match="A task of your own needs its files: DATA="):
        run.main(["--task", "mine", "--vocab_file", str(own / "v.txt")])
    with pytest.raises(UserError, match="are two sources; give only one"):
        make(own, "--glue_dir", own)


@pytest.mark.parametrize(
    "texts, names",
    [
        (["b", "a", "B"], ("B", "a", "b")),
        (["2", "10", "1"], ("1", "2", "10")),
        (["1", "x"], ("1", "x")),
        (["1.5", "2"], None),
        (["1e3", ".5"], None),
    ],
)
def test_what_labels_mean(texts, names):
    assert user_labels.Labels(texts).names == names


def test_scores_and_other_texts_do_not_mix(own):
    (own / "s.csv").write_text("text,score\nfilm,2.5\nbad,N/A\n")
    with pytest.raises(UserError, match="found labels like '2.5', a score, and like 'N/A'"):
        make(own, data=f"train={own}/s.csv", text="text", label="score")


def test_scores_are_judged_as_the_record_holds_them(own):
    (own / "s.csv").write_text("text,score\nfilm,2.5\nbad,1e39\n")
    with pytest.raises(UserError, match="line 3: found the label '1e39'; expected a number"):
        make(own, data=f"train={own}/s.csv", text="text", label="score")


def test_both_zeros_are_one_score(own):
    rows = [f"{'film ' * n},{'-' * (n % 2)}0.0" for n in range(1, 40)]
    (own / "s.csv").write_text("\n".join(["text,score", *rows]) + "\n")
    data = f"train={own}/s.csv"
    dataset = make(own, "--labels", "scores", data=data, text="text", label="score")
    verify.main([str(dataset)])
    assert not np.signbit(read_rows(dataset, "train")["labels"]).any()


def test_only_test_data_may_lack_labels_and_this_is_said(own, capsys):
    (own / "t.csv").write_text("title,body,Category\nfilm,a,neg\n")
    make(own, data=f"train={own}/train.csv,test={own}/t.csv")
    assert "t.csv, without labels (no column 'category')" in capsys.readouterr().out
    with pytest.raises(UserError, match="t.csv has no column 'category'"):
        make(own, "--overwrite", data=f"train={own}/train.csv,dev={own}/t.csv")


def test_a_blank_label_of_test_data_is_none(own):
    (own / "t.csv").write_text("title,body,category\nfilm,a,\nfilm,a,neg\n")
    dataset = make(own, data=f"train={own}/train.csv,test={own}/t.csv")
    assert read_rows(dataset, "test")["labels"].tolist() == [-1, 0]


def test_a_label_that_only_some_objects_have(own):
    rows = [{"title": "a", "body": ""}, {"title": "a", "body": "", "category": "neg"}]
    (own / "first.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (own / "last.jsonl").write_text("\n".join(map(json.dumps, rows[::-1])))
    data = f"train={own}/train.csv,test={own}/first.jsonl,test_2={own}/last.jsonl"
    dataset = make(own, data=data)
    assert read_rows(dataset, "test")["labels"].tolist() == [-1, 0]
    assert read_rows(dataset, "test_2")["labels"].tolist() == [0, -1]
    splits = read_manifest(str(dataset)).splits
    assert splits["test"].unlabelled == splits["test_2"].unlabelled == 1


def test_a_file_that_changes_while_it_is_read(own, monkeypatch):
    writing = stored_split.writing_rows

    def change_and_write(path):
        (own / "train.csv").write_text(TRAIN + "film,a,pos\n")
        return writing(path)

    monkeypatch.setattr(stored_split, "writing_rows", change_and_write)
    with pytest.raises(UserError, match="train.csv changed while being read"):
        make(own, data=f"train={own}/train.csv")
    assert not (own / "data" / "mine" / "msl8").exists()


def test_a_bad_first_object_is_dropped_like_any_other(own):
    rows = ["{", json.dumps({"t": "x"}), *(json.dumps({"t": "film", "y": y}) for y in "ab")]
    (own / "b.jsonl").write_text("\n".join(rows))
    dataset = make(own, "--bad_rows", "drop", data=f"train={own}/b.jsonl", text="t", label="y")
    train = read_manifest(str(dataset)).source["splits"]["train"]
    assert (train["dropped_rows"], train["unlabelled_rows_left_out"]) == (1, 1)
    with pytest.raises(UserError, match="b.jsonl line 1: not JSON"):
        make(own, "--overwrite", data=f"train={own}/b.jsonl", text="t", label="y")


def test_the_lines_are_kept_and_checked(own, capsys):
    (own / "test.csv").write_text("title,body\nfilm,a\nshort\nbad,a\n")
    data = f"train={own}/train.csv,test={own}/test.csv"
    dataset = make(own, "--bad_rows", "drop", data=data)
    manifest = read_manifest(str(dataset))
    rows = source_order.ROWS.read(str(dataset), "test", manifest)
    assert (rows.dtype, rows.tolist()) == ("int64", [[0, 2], [0, 4]])
    assert source_order.file_names(manifest, "test") == ["test.csv"]
    assert source_order.ROWS.read(str(dataset), "train", manifest).tolist() == [
        [0, 2],
        [0, 3],
        [0, 4],
    ]
    assert source_order.INDEX.read(str(dataset), "test", manifest) is None
    verify.main([str(dataset)])
    path = dataset / "test" / "rows.npy"
    path.write_bytes(path.read_bytes()[:-8] + bytes(8))
    capsys.readouterr()
    with pytest.raises(FaultsFound, match="1 faults"):
        verify.main([str(dataset)])
    assert f"{path}: has the sha256 " in capsys.readouterr().out
    with pytest.raises(UserError, match="(?s)is damaged:\n  .*rows.npy: has the sha256"):
        make(own, "--bad_rows", "drop", data=data)
    path.unlink()
    with pytest.raises(UserError, match="rows.npy is missing. It maps each record to its row in y"):
        source_order.ROWS.read(str(dataset), "test", manifest)


def test_ids_are_kept_and_checked(own, capsys):
    (own / "train.csv").write_text("no,title,body,category\n1,film,a,x\n\n2,bad\né,the,a,y\n")
    (own / "i.yaml").write_text(
        "data: {train: train.csv}\ntext: [title, body]\nlabel: category\nid: no\nbad_rows: drop\n"
    )
    with pytest.raises(UserError, match="a column is False, not a text: YAML reads yes, no"):
        make(own, data=str(own / "i.yaml"), text=None, label=None)
    text = (own / "i.yaml").read_text()
    (own / "i.yaml").write_text(text.replace("id: no", 'id: "no"'))
    dataset = make(own, data=str(own / "i.yaml"), text=None, label=None)
    manifest = read_manifest(str(dataset))
    path = dataset / "train" / "ids.txt"
    assert path.read_text(encoding="utf-8") == "1\né\n"
    assert source_order.IDS.read(str(dataset), "train", manifest) == ["1", "é"]
    assert (manifest.label_column, manifest.id_column) == ("category", "no")
    verify.main([str(dataset)])
    capsys.readouterr()
    data = f"train={own}/train.csv"
    make(own, "--id", "no", "--bad_rows", "drop", data=data)
    assert capsys.readouterr().out == f"{dataset} is up to date\n"
    with pytest.raises(UserError, match="source id: it has no, this run would write none"):
        make(own, "--bad_rows", "drop", data=data)
    path.write_text("1\n")
    with pytest.raises(FaultsFound, match="1 faults"):
        verify.main([str(dataset)])
    with pytest.raises(UserError, match="(?s)is damaged:\n  .*ids.txt: has the sha256"):
        make(own, "--id", "no", "--bad_rows", "drop", data=data)
    path.unlink()
    with pytest.raises(UserError, match="ids.txt is missing. It maps each record to its row in y"):
        source_order.IDS.read(str(dataset), "train", manifest)


@pytest.mark.parametrize("column", ["title", "body", "category", ""])
def test_the_id_column_is_another_one(own, column):
    with pytest.raises(UserError, match=f"DATA: ID is '{column}'; expected a column that is neith"):
        make(own, "--id", column)


def test_the_kind_is_a_key_and_an_option(own, capsys):
    (own / "s.csv").write_text("text,label\nfilm,2.0\nbad,0.0\n")
    data = f"train={own}/s.csv"
    dataset = make(own, "--labels", "classes", data=data, text="text", label="label")
    assert read_manifest(str(dataset)).label_names == ("0.0", "2.0")
    (own / "s.yaml").write_text("data: {train: s.csv}\ntext: text\nlabel: label\nlabels: classes\n")
    capsys.readouterr()
    make(own, data=str(own / "s.yaml"), text=None, label=None)
    assert capsys.readouterr().out == f"{dataset} is up to date\n"
    with pytest.raises(UserError, match="source labels: it has classes, this run would write none"):
        make(own, data=data, text="text", label="label")
    with pytest.raises(UserError, match="is 'numbers', expected classes, scores or several"):
        make(own, "--labels", "numbers", data=data, text="text", label="label")
    with pytest.raises(
        UserError, match="--labels: give labels in .*s.yaml, not on the command line$"
    ):
        make(own, "--labels", "scores", data=str(own / "s.yaml"), text=None, label=None)


def test_a_dataset_with_scores_of_minus_one_has_no_fault(own, capsys):
    (own / "s.csv").write_text("text,label\nfilm,-1\nbad,0.5\n")
    (own / "t.csv").write_text("text,label\nfilm,-1\nbad,0.5\nthe,\n")
    data = f"train={own}/s.csv,test={own}/t.csv"
    dataset = make(own, data=data, text="text", label="label")
    splits = read_manifest(str(dataset)).splits
    assert (splits["train"].unlabelled, splits["test"].unlabelled) == (0, 1)
    assert splits["train"].is_labelled and not splits["test"].is_labelled
    assert read_rows(dataset, "test")["labels"].tolist() == [-1.0, 0.5, -1.0]
    verify.main([str(dataset)])
    assert "no fault" in capsys.readouterr().out


@pytest.mark.parametrize("column", ["no", "2024", "2024-01-31", "1.5"])
def test_a_column_that_yaml_does_not_read_as_a_text(own, column):
    for text, label in ((column, "y"), ("t", column)):
        (own / "y.yaml").write_text(f"data: {{train: train.csv}}\ntext: {text}\nlabel: {label}\n")
        with pytest.raises(UserError, match="not a text: YAML reads yes, no, on, off, numbers"):
            make(own, data=str(own / "y.yaml"), text=None, label=None)


def test_drawn_splits_become_a_dataset(own, capsys):
    rows = [f"film,{'the ' * (n % 5)},{'pos' if n % 2 else 'neg'},c{n // 2}" for n in range(40)]
    (own / "all.csv").write_text("\n".join(["title,body,category,who", *rows, "short"]) + "\n")
    given = ("--validation", "0.25", "--test", "0.1", "--bad_rows", "drop")
    dataset = make(own, *given, data=f"train={own}/all.csv")
    manifest = read_manifest(str(dataset))
    counts = {name: split.label_counts for name, split in manifest.splits.items()}
    assert counts == {
        "train": {"neg": 13, "pos": 13},
        "validation": {"neg": 5, "pos": 5},
        "test": {"neg": 2, "pos": 2},
    }
    assert manifest.splits["test"].is_labelled
    assert manifest.source["drawn"] == {"shares": {"validation": 0.25, "test": 0.1}, "seed": 0}
    splits = manifest.source["splits"]
    assert splits["train"]["dropped_rows"] == 1 and "dropped_rows" not in splits["test"]
    lines = source_order.ROWS.read(str(dataset), "test", manifest)[:, 1]
    labels = read_rows(dataset, "test")["labels"].tolist()
    assert labels == [int(line % 2) for line in lines]  # line 2 has the row 0, which is neg
    verify.main([str(dataset)])
    capsys.readouterr()
    make(own, *given, data=f"train={own}/all.csv")
    assert capsys.readouterr().out == f"{dataset} is up to date\n"
    with pytest.raises(UserError, match="drawn seed: it has 0, this run would write 1"):
        make(own, *given, "--split_seed", "1", data=f"train={own}/all.csv")
    with pytest.raises(
        UserError,
        match="drawn: it has seed 0, shares test 0.1, validation 0.25, this run",
    ):
        make(own, "--bad_rows", "drop", data=f"train={own}/all.csv")
    make(own, *given, "--group", "who", "--overwrite", data=f"train={own}/all.csv")
    with pytest.raises(UserError, match="drawn group: it has who, this run would write none"):
        make(own, *given, data=f"train={own}/all.csv")


def test_a_changed_file_of_several_splits_is_one_line(own):
    given = {"data": f"train={own}/all.csv", "text": "title", "label": "category"}
    (own / "all.csv").write_text("title,category\n" + "film,pos\nbad,neg\n" * 10)
    make(own, "--validation", "0.2", **given)
    (own / "all.csv").write_text("title,category\n" + "film,pos\nbad,neg\n" * 11)
    with pytest.raises(UserError) as error:
        make(own, "--validation", "0.2", **given)
    assert str(error.value).splitlines()[1:-1] == [
        "  train, validation: all.csv has another content"
    ]
