"""Where our time goes: runs every row through the real classes of preprocess/, stage by stage.

One process, one thread; the best of some rounds.
"""

import hashlib
import os
import shutil
import time

from preprocess.beam import pipeline
from preprocess.beam.pipeline import ShardRange
from preprocess.encoding import statistics
from preprocess.encoding.converter import Converter
from preprocess.encoding.encode import Encoder, Ids
from preprocess.encoding.serialize import Serializer
from preprocess.formats import tfrecord
from preprocess.sources import rows
from shared.shards import default_num_shards
from shared.vocab import Vocabulary
from shared.word_pieces import PAD, UNK

_ROUNDS = 3


class Stopwatch:
    """Seconds by stage, in the order of first use; and the whole time, in `total`."""

    def __init__(self):
        self.seconds = {}
        self.total = -time.perf_counter()

    def timed(self, stage: str, call, *arguments):
        """Returns what `call` returns."""
        started = time.perf_counter()
        result = call(*arguments)
        self.seconds[stage] = self.seconds.get(stage, 0) + time.perf_counter() - started
        return result

    def stop(self) -> None:
        self.total += time.perf_counter()


class Stages:
    """What pipeline.WriteShard does with a shard, with a stopwatch around every step."""

    def __init__(self, source: rows.Rows, vocabulary: Vocabulary, length: int, folder: str):
        """Args: folder, where shards are written; every round replaces it."""
        self._source, self._folder = source, folder
        self._converter = Converter(
            vocabulary, length, source.text_features, source.task.is_regression
        )
        self._encoder = Encoder(vocabulary, length)
        self._serializer = Serializer(length, len(vocabulary.pieces), vocabulary.id(PAD))
        self._unk_id = vocabulary.id(UNK)

    def best(self) -> Stopwatch:
        """The fastest round."""
        return min((self._round() for _ in range(_ROUNDS)), key=lambda watch: watch.total)

    def _round(self) -> Stopwatch:
        shutil.rmtree(self._folder, ignore_errors=True)
        os.makedirs(self._folder)
        os.sync()  # so that no round pays for the previous one's writes
        watch = Stopwatch()
        for split in self._source.files:
            num_shards = default_num_shards(self._source.examples(split))
            cut = watch.timed("cutting", pipeline.shard_ranges, self._source, split, num_shards)
            for shard in cut:
                self._shard(shard, watch)
        watch.stop()
        return watch

    def _shard(self, shard: ShardRange, watch: Stopwatch) -> None:
        batches, digest = rows.batches(shard.pieces, shard.start), hashlib.sha256()
        with open(os.path.join(self._folder, os.path.basename(shard.file)), "wb") as file:
            while batch := watch.timed("reading, checksums", next, batches, None):
                framed = self._framed(batch, watch)
                watch.timed("writing", file.write, framed)
                watch.timed("sha256", digest.update, framed)

    def _framed(self, batch: rows.Batch, watch: Stopwatch) -> bytes:
        # Private, because no other code needs this step by itself.
        columns = watch.timed("parsing, tokenizing", self._converter._columns, batch)
        values, lengths, labels, hashes = columns
        ids = Ids(values, lengths)
        tokens = watch.timed("encoding", self._encoder.encode, ids)
        records = watch.timed("serializing", self._serializer.serialize, tokens, labels)
        watch.timed(
            "statistics", statistics.of_batch, ids, labels, hashes, batch.start, self._unk_id
        )
        return watch.timed("framing, checksums", tfrecord.frame, records)
