"""What is told of a run while its shards appear, whichever runner writes them."""

from preprocess.beam import progress
from preprocess.beam.pipeline import ShardRange
from preprocess.beam.progress import Progress


def test_every_shard_is_counted_once(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(progress, "PERIOD_SECONDS", 3600)  # only the last look, at the end
    shards = [ShardRange("train", k, 3, 10 * k, 10 * k + 10, ()) for k in range(3)]
    shards.append(ShardRange("test", 0, 1, 0, 4, ()))
    with Progress(str(tmp_path), shards) as shown:
        assert capsys.readouterr().out == "34 examples in 4 shards\n"
        for split in ("train", "test"):
            (tmp_path / split).mkdir()
        (tmp_path / shards[1].file).touch()
        (tmp_path / (shards[2].file + ".af09.tmp")).touch()
        shown.look()
        assert capsys.readouterr().out == ("train 1/3 shards, test 0/1 shards: 10 of 34 examples\n")
        shown.look()  # says nothing where nothing is new
        for shard in shards:
            (tmp_path / shard.file).touch()
    assert capsys.readouterr().out == "train 3/3 shards, test 1/1 shards: 34 of 34 examples\n"
