"""Several devices that act as one: a thin wrapper around tf.distribute."""

from typing import Callable, List, Optional, Sequence

import numpy as np
import tensorflow as tf

from shared.errors import UserError


class Replicas:
    """The replicas of a strategy; without one, the single device that TensorFlow picks.

    Attributes:
      count: the number of replicas on all machines.
      here: how many of them this process has.
      workers: the number of processes.
      is_multi_worker: whether other processes take part.
      is_chief: whether this process writes checkpoints and results.
    """

    def __init__(self, strategy: Optional[tf.distribute.Strategy] = None):
        self._strategy = strategy or tf.distribute.get_strategy()
        self.count = self._strategy.num_replicas_in_sync
        self.is_multi_worker = isinstance(self._strategy, tf.distribute.MultiWorkerMirroredStrategy)
        resolver = self._strategy.cluster_resolver
        self._worker = resolver.task_id if self.is_multi_worker else 0
        self.is_chief = self._worker == 0
        self.here = len(strategy.extended.worker_devices) if strategy else 1
        self.workers = self.count // self.here
        # As a graph: eagerly TensorFlow starts threads for each sum. If a worker is lost, it
        # leaves them to Python's end, and a traceback comes of it.
        self._sum = tf.function(
            lambda values: self._strategy.reduce("SUM", values, axis=None), autograph=False
        )
        self._gather = tf.function(
            lambda values: self._strategy.gather(values, axis=0), autograph=False
        )

    def scope(self):
        """A context manager; variables created inside have a copy on each replica."""
        return self._strategy.scope()

    def run(self, function: Callable, args=()):
        """Calls the function on each replica of this process."""
        return self._strategy.run(function, args=args)

    def first(self, values):
        """Results that are equal on all replicas, from the first one in this process."""
        return tf.nest.map_structure(lambda value: self._local(value)[0], values)

    def _local(self, value) -> List[tf.Tensor]:
        return self._strategy.experimental_local_results(value)

    def batches(self, input_fn: Callable, params):
        """An iterator of what input_fn(params, input_context) returns for each replica.

        Every process reads its own part; see train/data/input_fn.py.
        """
        return iter(
            self._strategy.distribute_datasets_from_function(
                lambda context: self._endless(input_fn(params, context))
            )
        )

    def _endless(self, dataset):
        """Declares the dataset infinite; else workers would ask each other before every step."""
        if not self.is_multi_worker:
            return dataset
        infinite = tf.data.experimental.INFINITE_CARDINALITY
        return dataset.apply(tf.data.experimental.assert_cardinality(infinite))

    def input_context(self) -> Optional[tf.distribute.InputContext]:
        """What the first process's input_fn receives; None for one device."""
        if self.count == 1:
            return None
        return tf.distribute.InputContext(self.workers, 0, self.count)

    def map(self, function: Callable, batches: list) -> list:
        """[function(batch)] for at most as many batches as there are replicas in this process.

        No other process is involved. Unused replicas repeat the last batch.
        """
        padded = batches + [batches[-1]] * (self.here - len(batches))
        spread = self._strategy.experimental_distribute_values_from_function(
            lambda context: padded[context.replica_id_in_sync_group % len(padded)]
        )
        results = self.run(function, args=(spread,))
        return list(self._local(results))[: len(batches)]

    def dealt(self, batches: tf.data.Dataset) -> tf.data.Dataset:
        """Those of the batches that this process takes: of three the second takes number 1, 4, 7...

        Each batch stays as it is, so that whoever computes it gets the same bits.
        """
        return batches.shard(self.workers, self._worker)

    def joined(self, batches: Sequence[np.ndarray]) -> np.ndarray:
        """What all processes made of the batches that `dealt` gave them, in the batches' order.

        All must call this, and get the same answer.

        Args: batches, numbers [rows, ...], any count of rows; at least one batch.
        """
        rows = np.concatenate(batches)
        if not self.is_multi_worker:
            return rows
        rounds = [np.full(len(batch), number) for number, batch in enumerate(batches)]
        # Stable: of a round, the first process had the first batch.
        order = np.argsort(self._gathered(np.concatenate(rounds)), kind="stable")
        return self._gathered(rows)[order]

    def _gathered(self, values: np.ndarray) -> np.ndarray:
        """The values of all processes, one after the other.

        In between they are float64, which float32 and int32 fit into: one type that devices of all
        kinds can send.
        """
        sent = tf.constant(values, tf.float64)
        spread = self._strategy.experimental_distribute_values_from_function(
            lambda context: sent if context.replica_id_in_sync_group % self.here == 0 else sent[:0]
        )
        return self._gather(spread).numpy().astype(values.dtype)

    def anyone(self, flag: bool) -> bool:
        """Whether the flag is set in any process; all must call this, and get the same answer."""
        return self._total(flag) > 0

    def check_equal(self, number: int, what: str) -> None:
        """Checks that all processes have the same number.

        Raises:
          UserError: in every process.
        """
        if self.is_multi_worker and np.ptp(self._gathered(np.array([number]))):
            raise UserError(
                f"the workers do not agree on {what}; here it is {number}. MODEL_DIR and the data "
                "must be on a file system that all of them share."
            )

    def _total(self, number) -> float:
        """The sum over all replicas."""
        if not self.is_multi_worker:
            return float(number) * self.count
        return float(self._sum(self._each(number)))

    def _each(self, number):
        return self._strategy.experimental_distribute_values_from_function(
            lambda _: tf.constant(float(number), tf.float64)
        )
