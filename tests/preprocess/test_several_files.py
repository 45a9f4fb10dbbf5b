"""A split made of several files: in which order, under which names, and what is told of them."""

import itertools

import pytest

from preprocess.sources import user_spec
from preprocess.sources.user_files import UserFiles
from shared import source_order
from shared.errors import UserError

HEADER = "text,label\n"


@pytest.fixture
def parse(tmp_path):
    """A function: DATA, with paths below tmp_path, or a YAML file's content -> the UserSpec."""

    def run(data, **more):
        given = {**dict.fromkeys(user_spec.OPTIONS), "text": "text", "label": "label", **more}
        if "=" in data:
            return user_spec.parse("mine", data.replace("=", f"={tmp_path}/"), given)
        (tmp_path / "m.yaml").write_text(f"data: {data}\ntext: text\nlabel: label\n")
        return user_spec.parse(
            "mine", str(tmp_path / "m.yaml"), dict.fromkeys(user_spec.OPTIONS, None)
        )

    return run


@pytest.fixture
def write(tmp_path):
    def run(name, *rows):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(HEADER + "".join(f"{row}\n" for row in rows))

    return run


def paths(spec, tmp_path):
    return [path.replace(f"{tmp_path}/", "") for path in dict(spec.files)["train"]]


def test_a_pattern_is_in_the_order_of_names_and_a_list_in_its_own(parse, write, tmp_path):
    for name in ("t-10.csv", "t-2.csv", "t-1.csv", "new/t-0.csv"):
        write(name, "a,x")
    assert paths(parse("train=t-*.csv"), tmp_path) == ["t-1.csv", "t-10.csv", "t-2.csv"]
    assert paths(parse("train=**/t-?.csv"), tmp_path) == ["new/t-0.csv", "t-1.csv", "t-2.csv"]
    listed = parse("{train: [t-2.csv, new/*.csv, t-1.csv]}")
    assert paths(listed, tmp_path) == ["t-2.csv", "new/t-0.csv", "t-1.csv"]


def test_a_file_whose_name_is_a_pattern_is_itself(parse, write, tmp_path):
    write("t[1].csv", "a,x")
    write("t1.csv", "a,x")
    assert paths(parse("train=t[1].csv"), tmp_path) == ["t[1].csv"]


@pytest.mark.parametrize(
    "data, message",
    [
        ("train=u-*.csv", "DATA: no file matches .*/u-.*.csv .train.; correct the pattern"),
        ("{train: [a.csv, nowhere.csv]}", "m.yaml: .*nowhere.csv is missing or cannot be read"),
        ("{train: [a.csv, a*.csv]}", "a.csv is given twice for train; name each file once"),
    ],
)
def test_what_no_split_can_be_made_of(parse, write, data, message):
    write("a.csv", "a,x")
    with pytest.raises(UserError, match=message):
        parse(data)


@pytest.fixture
def read(parse, tmp_path, capsys):
    def run(data, **more):
        source = UserFiles(parse(data, **more))
        rows = source.rows(str(tmp_path))
        return rows, source.describe(), capsys.readouterr().out.replace(f"{tmp_path}/", "")

    return run


def test_rows_keep_their_file_and_line(read, write):
    write("old/part.csv", "a,x", "b,", "c,y")
    write("new/part.csv", "d,y", "e,x")
    rows, described, out = read("{train: [old/part.csv, new/part.csv]}")
    facts = rows.of_files["train"]
    assert facts.places.tolist() == [[0, 2], [0, 4], [1, 2], [1, 3]]
    assert source_order.is_in_order(facts.places, 4)
    assert rows.examples("train") == 4 and facts.left_out["unlabelled_rows_left_out"] == 1
    named = [entry["file"] for entry in described["splits"]["train"]["files"]]
    assert named == ["old/part.csv", "new/part.csv"]
    assert "train: 2 rows of old/part.csv, 1 row without a label left out (line 3)\n" in out
    assert "train: 2 rows of new/part.csv\n" in out


def test_labels_and_ids_are_those_of_all_files(read, tmp_path):
    for number, row in enumerate(("7,a,x", "8,b,y", "7,c,x")):
        (tmp_path / f"{number}.csv").write_text(f"no,text,label\n{row}\n")
    rows, _, out = read("train=?.csv", id="no")
    assert rows.task.label_names == ("x", "y")
    assert list(rows.of_files["train"].ids) == ["7", "8", "7"]
    assert "0.csv and 2 more: 2 classes, 'x', 'y'\n" in out
    assert "0.csv and 2 more: 1 id comes in several rows: '7'\n" in out


def test_bad_rows_of_all_files_are_one_message(read, write):
    write("1.csv", "a,x", "short")
    write("2.csv", "a,y", "b,y", "a,b,c")
    with pytest.raises(UserError) as error:
        read("train=?.csv")
    assert "2 bad rows:\n" in str(error.value)
    assert "/1.csv line 3: 1 fields" in str(error.value)
    assert "/2.csv line 4: 3 fields" in str(error.value)


def test_a_file_without_rows_is_one_of_many_but_not_the_only_one(read, write):
    write("1.csv")
    write("2.csv", "a,x", "b,y")
    rows, _, out = read("train=?.csv")
    assert rows.of_files["train"].places.tolist() == [[1, 2], [1, 3]]
    assert "train: 0 rows of 1.csv\n" in out
    write("2.csv")
    with pytest.raises(UserError, match="1.csv and 1 more has no readable row"):
        read("train=?.csv")


@pytest.mark.parametrize("lacking, is_refused", [(3, False), (4, True)])
def test_more_than_half_of_all_rows_lack_a_label(read, write, lacking, is_refused):
    write("1.csv", "a,x", "b,y", "c,x")
    write("2.csv", *itertools.repeat("d,", lacking))
    if is_refused:
        with pytest.raises(UserError, match="2.csv: 4 of 4 rows have no label in 'label'"):
            read("train=?.csv")
    else:
        assert read("train=?.csv")[0].examples("train") == 3
