"""What becomes of each row of a user's files: kept with its line, left out, or refused."""

import json

import pytest
import tensorflow as tf

from preprocess.formats import tfrecord
from preprocess.sources import user_spec
from preprocess.sources.user_files import UserFiles
from preprocess.sources.user_labels import Labels, UnclearLabelsError
from shared.errors import UserError


class Read:
    """What is read of files, given as train_csv="text,label\\n...", without TensorFlow or Beam."""

    def __init__(self, folder, capsys, text="text", labels=None, bad_rows=None, id=None, **files):
        for name, content in files.items():
            path = folder / name.replace("_", ".")
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        data = ",".join(f"{name.split('_')[0]}={folder}/{name.replace('_', '.')}" for name in files)
        given = dict.fromkeys(user_spec.OPTIONS)
        given.update(text=text, label="label", labels=labels, bad_rows=bad_rows, id=id)
        self.rows = UserFiles(user_spec.parse("mine", data, given)).rows(str(folder))
        self.names = self.rows.task.label_names
        self.out = capsys.readouterr().out.replace(f"{folder}/", "")

    def lines(self, split):
        return self.rows.of_files[split].places[:, 1].tolist()

    def ids(self, split):
        ids = self.rows.of_files[split].ids
        return None if ids is None else list(ids)

    def unlabelled(self, split):
        return self.rows.of_files[split].unlabelled

    def left_out(self, split):
        return tuple(self.rows.of_files[split].left_out.values())

    def examples(self, split):
        """[(text, label)]."""
        found = []
        for batch in tfrecord.read(self.rows.files[split][0].path):
            for serialized in batch.as_list():
                features = tf.train.Example.FromString(serialized).features.feature
                label = features["label"]
                value = [*label.int64_list.value, *label.float_list.value]
                found.append((features["text_a"].bytes_list.value[0].decode(), *value))
        return found


@pytest.fixture
def read(tmp_path, capsys):
    return lambda **given: Read(tmp_path, capsys, **given)


@pytest.fixture
def refused(read):
    def run(**given):
        with pytest.raises(UserError) as error:
            read(**given)
        return str(error.value)

    return run


TRAIN = "text,label\ngood,pos\nbad,neg\n"


# Lines


def test_each_record_leads_to_its_line(read):
    content = 'text,label\r\n"two\nlines",pos\r\n\r\nshort\r\nlast,neg\r\n'
    found = read(train_csv=content, bad_rows="drop")
    assert found.examples("train") == [("two\nlines", 1), ("last", 0)]
    assert found.lines("train") == [2, 6]


@pytest.mark.parametrize("name", ["test_csv", "test_tsv"])
def test_a_blank_line_of_a_file_of_one_column_is_an_empty_text(read, name):
    found = read(train_csv=TRAIN, **{name: "\ntext\nfirst\n\nthird\n\n"})
    assert found.examples("test") == [("first", -1), ("", -1), ("third", -1), ("", -1)]
    assert found.lines("test") == [3, 4, 5, 6]
    assert "2 rows with an empty or blank text (lines 4, 6)" in found.out


@pytest.mark.parametrize(
    "name, content",
    [
        ("test_csv", "text,id\na,1\n\nb,2\n"),
        ("test_tsv", "text\tid\na\t1\n\nb\t2\n"),
        ("test_jsonl", '\n{"text": "a"}\n\n{"text": "b"}\n'),
    ],
)
def test_other_blank_lines_are_no_rows(read, name, content):
    found = read(train_csv=TRAIN, **{name: content})
    assert found.examples("test") == [("a", -1), ("b", -1)]
    assert found.lines("test") == [2, 4]


# Texts


def test_columns_are_joined_into_one_text(read, refused):
    train = "label,body,subject\nx,you,Hi\ny,,Hi\nx,,\n"
    found = read(train_csv=train, text="subject+body")
    assert found.examples("train") == [("Hi you", 0), ("Hi ", 1), (" ", 0)]
    assert found.rows.task.text_columns == ("subject+body",)
    assert "1 row with an empty or blank text (line 4)" in found.out
    assert "has no column 'title'" in refused(train_csv=train, text="subject+title")
    assert "LABEL is 'label'; expected a column" in refused(train_csv=train, text="body+label")


def test_a_column_in_two_texts_and_one_with_a_plus_in_its_name(read):
    found = read(train_csv="a+b,a,label\n1,2,x\n3,4,y\n", text="a+b,a")
    assert found.examples("train") == [("1", 0), ("3", 1)]
    test = [{"b": "3", "a": "4"}, {"b": None, "a": "4"}]
    found = read(
        train_csv="a,b,label\n1,2,x\n3,4,y\n",
        test_jsonl="\n".join(map(json.dumps, test)),
        text="b+a,a",
        bad_rows="drop",
    )
    assert found.examples("test") == [("3 4", -1)] and found.left_out("test") == (1, 0)


# Ids


def test_each_record_keeps_its_rows_id_as_text(read):
    rows = [{"text": "a", "id": 17, "label": "pos"}, {"text": "b", "id": "017", "label": "none"}]
    found = read(
        train_csv="id,text,label\n 7,good,pos\nT-1,short\né,bad,neg\nx,no label,\n",
        test_jsonl="\n".join(map(json.dumps, rows)),
        id="id",
        bad_rows="drop",
    )
    assert found.ids("train") == [" 7", "é"] and found.lines("train") == [2, 4]
    assert found.ids("test") == ["17"] and found.lines("test") == [1]
    assert "several rows" not in found.out
    assert read(train_csv=TRAIN).ids("train") is None


def test_a_row_without_an_id_is_bad(read, refused):
    ids = [None, "", " ", 1.5, True, ["a"], "a\nb"]
    rows = [{"text": "a", "label": "pos", "id": value} for value in ids]
    good = [{"text": "b", "label": label, "id": 3} for label in ("pos", "neg")]
    train = "\n".join(map(json.dumps, [*rows, {"text": "a", "label": "pos"}, *good]))
    assert [line.partition("train.jsonl ")[2] for line in refused(
        train_jsonl=train, id="id").splitlines()[1:-1]
    ] == [
        "line 1: found no id; expected a text or a whole number in 'id'",
        "line 2: found no id",
        "line 3: found no id",
        "line 4: found the id 1.5",
        "line 5: found the id True",
        "line 6: found the id ['a']",
        "line 7: found the id 'a\\nb' over several lines",
        "line 8: no key 'id'; its keys are: text, label; expected a row like the others",
    ]  # fmt: skip
    assert read(train_jsonl=train, id="id", bad_rows="drop").ids("train") == ["3", "3"]


def test_ids_that_several_rows_have_are_told(read):
    train = "id,text,label\n" + "".join(f"{n % 5},a{n},{'pn'[n % 2]}\n" for n in range(9))
    out = read(train_csv=train, test_csv="id,text\nx,a\nx,b\ny,c\n", id="id").out
    assert "train.csv: 4 ids come in several rows: '0', '1', '2' and 1 more\n" in out
    assert "test.csv: 1 id comes in several rows: 'x'\n" in out


def test_every_file_has_the_id_column(refused):
    message = refused(train_csv="id,text,label\n1,a,x\n2,b,y\n", test_csv="text\na\n", id="id")
    assert "test.csv has no column 'id'; its columns are: text" in message


# Rows without a label


@pytest.mark.parametrize("none", ["", " ", "-1", "-1.0"])
def test_no_label_in_a_table(read, none):
    found = read(train_csv=TRAIN, test_csv=f"text,label\na,{none}\nb,neg\n")
    assert found.examples("test") == [("a", -1), ("b", 0)]
    assert (found.unlabelled("test"), found.left_out("test")) == (1, (0, 0))
    assert "test.csv, 1 row without a label (line 2)\n" in found.out


def test_no_label_in_json(read):
    values = [{"label": value} for value in (None, "", -1, -1.0, float("nan"), "neg")]
    lines = [json.dumps({"text": "a", **value}) for value in [{}, *values, {}]]
    found = read(train_csv=TRAIN, test_jsonl="\n".join(lines))
    assert [label for _, label in found.examples("test")] == [-1] * 6 + [0, -1]
    assert found.unlabelled("test") == 7


def test_minus_one_is_a_class_where_the_training_file_has_it(read):
    train = "text,label\na,-1\nb,0\nc,1\n"
    found = read(train_csv=train, test_csv=train)
    assert found.names == ("-1", "0", "1")
    assert [label for _, label in found.examples("test")] == [0, 1, 2]
    assert found.unlabelled("test") == 0


@pytest.mark.parametrize("bad_rows", [None, "drop"])
def test_splits_to_train_or_score_on_leave_rows_without_a_label_out(read, bad_rows):
    train = "text,label\n" + "good,1\nbad,0\n" * 44 + "none,\nnone,\n"
    found = read(train_csv=train, dev_csv="text,label\na,-1\nb,1\nc,\n", bad_rows=bad_rows)
    assert len(found.lines("train")) == 88 and found.left_out("train") == (0, 2)
    assert found.examples("dev") == [("b", 1)] and found.lines("dev") == [3]
    assert found.left_out("dev") == (0, 2) and found.unlabelled("dev") == 0
    assert "train.csv, 2 rows without a label left out (lines 90, 91)\n" in found.out
    assert "dev.csv, 2 rows without a label left out (lines 2, 4)\n" in found.out


def test_training_data_must_mostly_have_labels(read, refused):
    rows = [{"text": "a"}] * 3 + [{"text": "b", "label": n} for n in "xy"]
    content = "\n".join(map(json.dumps, rows))
    assert (
        "train.jsonl: 3 of 5 rows have no label in 'label' (lines 1, 2, 3); the keys of the first "
        "row are: text; expected most of them to have one." in refused(train_jsonl=content)
    )
    found = read(train_jsonl=content, bad_rows="drop")
    assert found.lines("train") == [4, 5] and found.left_out("train") == (0, 3)
    half = "\n".join(map(json.dumps, rows[1:]))
    assert read(train_jsonl=half).lines("train") == [3, 4]
    for bad_rows in (None, "drop"):
        only = refused(train_csv="text,label\na,\nb,\n", bad_rows=bad_rows)
        assert "2 of 2 rows have no label" in only


# Bad rows


def test_all_bad_rows_of_all_files_are_told_at_once(refused):
    dev = "".join(f"{n},meh\n" for n in range(12))
    lines = refused(train_csv=TRAIN + "x\ny\n", dev_csv=f"text,label\n{dev}").splitlines()
    assert lines[0] == "14 bad rows:"
    found = [line.strip().rsplit("/", 1)[-1] for line in lines[1:-1]]
    assert found[:4] == [
        "train.csv line 4: 1 fields, the header has 2: 'x'; expected a row like the others",
        "train.csv line 5: 1 fields, the header has 2: 'y'",
        "dev.csv line 2: found the label 'meh'; expected one of the training file's labels 'neg', "
        "'pos'",
        "dev.csv line 3: found the label 'meh'",
    ]
    assert found[-2:] == ["dev.csv line 11: found the label 'meh'", "dev.csv: and 2 more"]
    assert lines[-1] == "Correct them, or skip all such rows with BAD_ROWS=drop (--bad_rows drop)."


def test_long_values_and_many_classes_are_cut(read, refused):
    names = [f"intent_number_{n:03}" for n in range(500)]
    train = "text,label\n" + "".join(f"t {name},{name}\n" for name in names * 2)
    assert len(read(train_csv=train).out) < 500
    message = refused(train_csv=train, dev_csv=f"text,label\nx,{'long ' * 100}words\n")
    assert len(message) < 700 and "(505 characters)" in message and "more. Correct" in message
    assert r"the label 'a\x1b[2Jb'" in refused(train_csv=TRAIN, dev_csv="text,label\nx,a\x1b[2Jb\n")
    wide = "a review " * 100
    assert len(refused(train_csv=f"{wide},pos\nx,neg\n")) < 300


# Classes or scores


@pytest.mark.parametrize(
    "texts, stated, names",
    [
        (["1.0", "0.0"], "classes", ("0.0", "1.0")),
        (["1", "1.0", "2"], "classes", ("1", "1.0", "2")),
        (["10", "9"], "classes", ("9", "10")),
        (["3", "4"], "scores", None),
        (["1.5", "2.5", "n/a"], None, None),
        (["1.5", "2.5", "n/a"], "classes", ("1.5", "2.5", "n/a")),
    ],
)
def test_the_stated_kind_wins(texts, stated, names):
    assert Labels(texts, stated).names == names


_WHOLE = [f"{number}.0" for number in range(21)]


@pytest.mark.parametrize(
    "texts",
    [
        ["1.5", "n/a"],
        ["1.5", "n/a", "n/a"],
        ["1,5", "2,0", "3"],
        ["0.0", "1.0", "1.0"],
        ["0", "1.", "1e1", "n/a"],
        [*_WHOLE[:20], "1"],
    ],
)
def test_an_unclear_kind_must_be_stated(texts, refused):
    with pytest.raises(UnclearLabelsError):
        Labels(texts)
    rows = "".join(f"a{number}\t{text}\n" for number, text in enumerate(texts))
    message = refused(train_tsv=f"text\tlabel\n{rows}")
    assert message.endswith(
        'Say whether they are classes or scores: ARGS="--labels classes" or ARGS="--labels scores"'
    )


@pytest.mark.parametrize("texts", [_WHOLE, ["0.0", "1.0", "0.5"], ["1.0", "1e400"]])
def test_scores_that_are_clear(texts):
    assert Labels(texts).names is None


def test_integers_as_pandas_writes_them_beside_gaps(read, refused):
    train = "text,label\na,0.0\nb,1.0\nc,\nd,1.0\n"
    message = refused(train_csv=train)
    assert "train.csv: found labels like '0.0', decimal numbers that are all whole" in message
    assert read(train_csv=train, labels="classes").names == ("0.0", "1.0")
    assert read(train_csv=train, labels="scores").names is None


def test_a_bad_score_has_its_line_and_can_be_dropped(read, refused):
    train = "text,label\na,1.5\nb,2.5\nc,n/a\nd,\ne,0.5\n"
    assert "train.csv line 4: found the label 'n/a'; expected a number" in refused(train_csv=train)
    found = read(train_csv=train, bad_rows="drop")
    assert found.examples("train") == [("a", 1.5), ("b", 2.5), ("e", 0.5)]
    assert found.lines("train") == [2, 3, 6] and found.left_out("train") == (1, 1)


def test_a_score_of_minus_one(read):
    scores = "text,label\na,-1.0\nb,0.25\nc,-1\n"
    found = read(
        train_csv=scores,
        dev_csv="text,label\na,-1\n",
        test_csv=scores + "d,\n",
        testminus_csv="text,label\na,-1\nb,-1\nc,\n",
    )
    assert found.examples("train") == [("a", -1.0), ("b", 0.25), ("c", -1.0)]
    assert found.examples("test")[2:] == [("c", -1.0), ("d", -1.0)]
    unlabelled = {split: found.unlabelled(split) for split in found.rows.files}
    assert unlabelled == {"train": 0, "dev": 0, "test": 1, "testminus": 3}
    assert "testminus.csv, without labels\n" in found.out


# What is probably not meant


def test_empty_and_blank_texts_are_counted(read):
    train = 'text,label\n,a\n"  ",b\n\u200b,a\n\u00a0\t,b\n.,a\n,b\n'
    out = read(train_csv=train).out
    assert "train.csv: 5 rows with an empty or blank text (lines 2, 3, 4, ...)\n" in out


def test_a_row_of_two_blank_texts_is_one_row(read):
    train = "text,more,label\n,,a\nx,,b\n"
    assert "2 rows with an empty" in read(train_csv=train, text="text,more").out


def test_swallowed_rows_are_noticed_in_any_column(read):
    swallowed = 'text,label,id\na,pos,1\n"b,neg,2\nc,pos,3\nd",neg,4\ne,pos,"5\nf,neg,6\n7"\n'
    assert (
        "2 rows with a quoted field over more than 20 lines, or with rows inside it: a stray"
        in (out := read(train_csv=swallowed).out)
    )
    assert "(lines 3, 6)\n" in out
    paragraphs = 'text,label\n"Good, but slow.\n\nStill, I like it.",pos\nx,neg\n'
    assert "quoted field" not in read(train_csv=paragraphs).out
    for lines, is_noticed in ((20, False), (21, True)):
        long = "\n".join(["line"] * lines)
        assert ("quoted" in read(train_csv=f'text,label\n"{long}",pos\nx,neg\n').out) == is_noticed


def test_quotes_in_a_tsv(read, refused):
    train = 'text\tlabel\n"say ""hi"""\tpos\n"begins\tneg\nends"\tneg\n"\tpos\n"x"\tneg\n'
    assert "train.tsv: 2 rows with a text in quotes" in read(train_tsv=train).out
    message = refused(train_tsv='"text"\t"label"\n"a"\t"b"\n')
    assert 'its columns are: "text", "label". In a TSV file quotes are a part of the' in message


NFC, NFD = "caf\u00e9", "cafe\u0301"


@pytest.mark.parametrize(
    "given, known",
    [(NFD, NFC), ("Pos", "pos"), ("1.0", "1"), ("01", "1"), ("po\u200bs", "pos"), ("a  b", "a b")],
)
def test_a_label_that_only_looks_like_one(refused, given, known):
    train = f"text,label\na,{known}\nb,other\n"
    message = refused(train_csv=train, dev_csv=f"text,label\nx,{given}\n")
    assert f"dev.csv line 2: found the label {given!a} instead of {known!a}; expected " in message


def test_why_all_rows_of_a_file_were_dropped(refused):
    dev = "text,label\n" + "x,Shipping\n" * 199 + "y\nz,\n"
    lines = refused(train_csv=TRAIN, dev_csv=dev, bad_rows="drop").splitlines()
    assert lines[0].endswith("dev.csv has no row left; bad rows dropped: 200")
    assert lines[1].endswith(
        "dev.csv line 2: found the label 'Shipping'; expected one of the training file's labels "
        "'neg', 'pos'"
    )
    assert lines[-2].endswith("dev.csv: and 190 more") and lines[-1] == "Correct them."
    message = refused(train_csv="text,label\nx\n", bad_rows="drop")
    assert "train.csv has no row left; bad rows dropped: 1\n" in message
    assert "train.csv line 2: 1 fields, the header has 2: 'x'; expected a row like" in message


def test_in_what_labels_differ_is_said_once(refused):
    dev = "text,label\nx,Pos\nx,NEG\nx,meh\nx,POS\n"
    lines = refused(train_csv=TRAIN, dev_csv=dev).splitlines()[1:-1]
    assert [line.partition("dev.csv ")[2] for line in lines] == [
        "line 2: found the label 'Pos' instead of 'pos'; expected a label to the letter as in the "
        "training file; these differ in nothing but case, white space, Unicode form (NFC, NFD) or "
        "the way to write a number",
        "line 3: found the label 'NEG' instead of 'neg'",
        "line 4: found the label 'meh'; expected one of the training file's labels 'neg', 'pos'",
        "line 5: found the label 'POS' instead of 'pos'",
    ]


def test_white_space_around_a_label(refused):
    message = refused(train_csv=TRAIN + "x,pos \ny, neg\n")
    assert "line 4: found the label 'pos ' with white space around it; expected it wit" in message
    assert "line 5: found the label ' neg' with white space around it\n" in message


def test_json_booleans_are_told_from_the_words_of_a_csv(refused):
    train = "text,label\na,True\nb,False\n"
    message = refused(train_csv=train, dev_jsonl='{"text": "a", "label": true}\n')
    assert "found the label 'true' instead of 'True'; expected a label to the" in message


def test_classes_that_look_alike(read):
    train = f"text,label\na,{NFC}\nb,{NFD}\nc,x\nd,X\ne,other\n"
    out = read(train_csv=train).out
    assert "'X' and 'x', 'cafe\\u0301' and 'caf\\xe9'\n" in out
    assert "classes of their own" not in read(train_csv=TRAIN).out


def test_a_class_over_two_lines(read):
    out = read(train_csv='text,label\na,"po\ns"\nb,neg\n').out
    assert "classes over several lines: 'po\\ns'\n" in out


def _each_its_class(rows, classes, name="label {}"):
    return "text,label\n" + "".join(f"t{n},{name.format(n % classes)}\n" for n in range(rows))


def test_a_column_in_which_nearly_every_row_has_its_class(read, refused):
    message = refused(train_csv=_each_its_class(1575, 1575))
    assert message.endswith(
        "train.csv: 1,575 classes of 1,575 labels in 'label', such as 'label 0'; expected several "
        "rows of a class. LABEL is probably another column"
    )
    assert "another column" in refused(train_csv=_each_its_class(100, 91), labels="classes")
    assert "another column" in refused(train_csv=_each_its_class(20, 20), labels="several")
    for rows, classes in ((100, 90), (19, 19)):
        assert len(read(train_csv=_each_its_class(rows, classes)).names) == classes
    numbers = _each_its_class(20, 20, "{}")
    assert refused(train_csv=numbers).endswith('they are scores, give ARGS="--labels scores"')
    assert read(train_csv=numbers, labels="scores").names is None


def _lines(out):
    return [line.removeprefix("train.csv: ") for line in out.splitlines()[1:-1]]


def test_several_labels_in_a_column_of_one(read):
    train = "text,label\na,bug\nb,billing\nc,billing | bug\nd,bug|x\ne,bug|billing\n"
    assert _lines(read(train_csv=train).out) == [
        "several labels a row? Classes such as 'billing | bug' are made of others; if so, give "
        'ARGS="--labels several"'
    ]
    for stated in ("classes", "several"):
        assert _lines(read(train_csv=train, labels=stated).out) == []
    half = "text,label\na,bug\nb,billing\nc,billing|bug\nd,bug|x\n"
    assert _lines(read(train_csv=half).out) == []


def test_words_for_a_missing_label(read):
    train = "text,label\na,None\nb,pos\nc,nan\nd,none of them\n"
    assert _lines(read(train_csv=train).out) == [
        "is 'None' or 'nan' a class? A missing label is an empty field"
    ]
    assert _lines(read(train_csv=train, labels="several").out) == [
        "is 'None' or 'nan' a class? A missing label is -1"
    ]
