"""The whole way on the demo's sentences: records -> training -> a score."""

import json

from tests.inputs import ROOT
from train import run


def test_a_tiny_bert_learns_the_demos_rules(demo_data, tmp_path):
    common = [
        *("--params", str(ROOT / "configs" / "params_bert_tiny.yaml"), "--backend", "cpu"),
        *("--data_dir", str(demo_data), "--model_dir", str(tmp_path)),
    ]
    run.main(["--mode", "train", "--max_steps", "400", *common])
    run.main(["--mode", "eval", *common])
    result = json.loads((tmp_path / "eval_validation.json").read_text())
    # The majority class has 0.52; a bag of words stays below 0.8 (tests/test_demo.py).
    assert result["examples"] == 500 and result["accuracy"] > 0.9
