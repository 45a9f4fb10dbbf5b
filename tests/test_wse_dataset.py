"""The dataset that the tests of the Cerebras backend make without preprocess/ is a true one."""

import pytest

from preprocess import verify
from tests.wse import dataset


@pytest.mark.parametrize(
    "task, text_columns, label_names",
    [
        ("sst2", ("sentence",), ("negative", "positive")),
        ("pairs", ("a", "b"), ("no", "yes")),
        ("stsb", ("a", "b"), None),
    ],
)
def test_verify_finds_no_fault(tmp_path, capsys, task, text_columns, label_names):
    folder = dataset.write(tmp_path, task, text_columns, label_names)
    verify.main([folder])
    assert capsys.readouterr().out.endswith(f"{folder}: 101 records, no fault\n")
