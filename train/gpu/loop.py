"""The train loop: calls a compiled loop and, between calls, handles progress and checkpoints."""

import math
import os
import time
from typing import Callable, Iterator

import tensorflow as tf

from shared.config import Config
from shared.errors import UserError
from train import signals
from train.checkpoints import files
from train.errors import DivergedError
from train.gpu.progress import Progress
from train.gpu.replicas import Replicas
from train.gpu.state import NOT_USABLE, State
from train.gpu.step import Report, TrainStep, zero_batches
from train.gpu.tensorboard import Summaries

# One call of the compiled loop takes up to this many steps, which hides the cost of the call, but
# no longer than these seconds, so that progress is shown and signals are handled.
STEPS_PER_CALL = 10
SECONDS_PER_CALL = 5.0
# More steps skipped in a row than these are not normal, unless a dynamic loss scale is falling.
NORMALLY_SKIPPED = 3

_NOT_SAVED = "Nothing was saved since the last checkpoint."
_ADVICE = (
    "Use a smaller learning rate, a longer warm-up, optimizer.max_gradient_norm or, if "
    "optimizer.loss_scaling_factor is a number, a smaller one or `dynamic`."
)


class TrainLoop:
    """Trains one model up to a step."""

    def __init__(
        self, params: Config, model_dir: str, replicas: Replicas, state: State, step: TrainStep
    ):
        self._params, self._run = params, params.runconfig
        self._model_dir = model_dir
        self._replicas, self._state, self._step = replicas, state, step
        # What is said of a step is the same on every worker: the first one says it.
        self._say = print if replicas.is_chief else _say_nothing
        self._log_steps = self._run.log_step_count_steps or self._run.save_summary_steps
        self._seconds_per_step = SECONDS_PER_CALL
        self._skipped = int(state.skipped_steps.numpy())
        self._first_step = self._in_a_row = 0  # the latter: steps skipped in a row so far
        self._is_ruined = False  # whether those steps had broken weights, not too large a scale
        self._is_falling = False  # whether the loss scale can still fall until they end
        self._before_next = _before_next()
        self._loop = self._compiled_loop()

    def run(
        self,
        input_fn: Callable,
        max_steps: int,
        save: Callable[[], None],
        after_checkpoint: Callable[[int], bool],
        should_stop: Callable[[], bool],
    ) -> None:
        """Trains; arguments as for Estimator.train, and `save` writes a checkpoint."""
        step = self._state.step()
        self._check_batch_size()
        if step >= max_steps:
            print(f"nothing to train: step {step} has reached max_steps {max_steps}")
            return
        if self._replicas.count > 1:
            print(f"training on {self._replicas.count} devices, which share each batch")
        self._first_step, saved, is_last = step, step, False
        every, is_chief = self._run.save_summary_steps, self._replicas.is_chief
        with Summaries(self._events_dir(), every, is_chief) as summaries:
            examples = self._examples_per_step()
            progress = Progress(step, max_steps, examples, self._log_steps, self._say)
            batches = self._replicas.batches(input_fn, self._params)
            self._build(batches)
            while not (is_last or self._replicas.anyone(should_stop())):
                step, report, speed = self._advance(batches, step, max_steps, progress)
                is_last = step == max_steps
                summaries.write(step, report, speed, is_last)
                is_due = step % self._run.save_checkpoints_steps == 0 or is_last
                if is_due and self._may_save(step):
                    saved = self._checkpoint(save, step)
                    is_last = self._replicas.anyone(after_checkpoint(step)) or is_last
        if not is_last:
            self._terminate(save, step, saved)
        self._check_learned(step)
        progress.finish()

    def compile(self, shapes: list, has_weights: bool) -> Iterator[float]:
        """As Estimator.compile for a training."""
        self._check_batch_size()
        per_step = self._params.optimizer.grad_accum_steps * self._replicas.here
        of_steps = [shape for shape in shapes for _ in range(per_step)]
        batches = self._replicas.batches(
            lambda *_: zero_batches(of_steps, self._params.model, has_weights), self._params
        )
        one = tf.constant(1)
        yield self._build(batches)
        for _ in shapes:
            started = time.monotonic()
            self._loop(batches, one)[0].loss.numpy()
            yield time.monotonic() - started

    def _build(self, batches) -> float:
        """Builds the graph of the loop; returns the seconds that it took."""
        started = time.monotonic()
        self._loop.get_concrete_function(batches, tf.constant(1))
        return time.monotonic() - started

    def _terminate(self, save, step, saved):
        if step == 0:
            raise signals.stopped("before the first step; nothing to save")
        if step != saved and self._may_save(step):
            saved = self._checkpoint(save, step)
        kept = "checkpoint written" if step == saved else f"nothing was saved since step {saved}"
        raise signals.stopped(f"at step {step}; {kept}")

    def _may_save(self, step):
        """Whether the weights are worth a checkpoint, which may displace a good one.

        Raises:
          DivergedError: they are beyond repair.
        """
        ruined = self._state.ruined()
        if ruined:
            raise DivergedError(
                f"training diverged: at step {step} {ruined} {NOT_USABLE}. {_NOT_SAVED} {_ADVICE}"
            )
        if self._is_sound():
            return True
        in_a_row = f"({self._in_a_row} in a row)"
        self._say(f"step {step}: no checkpoint, because steps are skipped {in_a_row}")
        return False

    def _is_sound(self):
        return self._is_falling or (not self._is_ruined and self._in_a_row <= NORMALLY_SKIPPED)

    def _check_learned(self, step):
        """Raises if no step changed a weight, or the last ones were skipped: a training may end
        before max_skipped_steps."""
        if self._in_a_row and self._in_a_row >= step - self._first_step:
            raise DivergedError(
                f"every step up to {step} had NaN or infinite gradients, so no weight has changed. "
                + _ADVICE
            )
        if not self._is_sound():
            self._give_up(step)
            raise DivergedError(
                f"training diverged: its last {self._in_a_row} steps, up to {step}, had NaN or "
                f"infinite gradients and changed no weight. {_NOT_SAVED} {_ADVICE}"
            )

    def _give_up(self, step):
        """Goes back before a checkpoint that has the same weights, if this run has made them."""
        unchanged_since = step - self._in_a_row
        if self._is_ruined and self._replicas.is_chief and unchanged_since > self._first_step:
            files.go_back(self._model_dir, unchanged_since)

    def _check_batch_size(self):
        batch_size, count = self._params.train_input.batch_size, self._replicas.count
        if batch_size % count:
            raise UserError(
                f"train_input.batch_size {batch_size} cannot be shared evenly by {count} devices; "
                f"make it a multiple of {count}"
            )

    def _examples_per_step(self):
        return self._params.train_input.batch_size * self._params.optimizer.grad_accum_steps

    def _events_dir(self):
        """Workers other than the chief write their summaries to a separate folder."""
        apart = "" if self._replicas.is_chief else "workers"
        return os.path.join(self._model_dir, apart)

    def _checkpoint(self, save, step):
        if self._replicas.is_chief:
            save()
        return step

    def _compiled_loop(self):
        """A tf.function (batches, count) that takes `count` steps and returns the last one's Report
        and the seconds that steps waited for batches, float64.

        AutoGraph would need a second to find that only the loops are to be converted.
        """

        @tf.function(autograph=False)
        def loop(batches, count):
            def one_step(number, report, waited):
                return (number + 1, *self._one_step(batches, report, waited))

            first = (tf.constant(0), Report.zeros(), tf.constant(0.0, tf.float64))
            return tf.while_loop(lambda number, *_: number < count, one_step, first)[1:]

        return loop

    def _one_step(self, batches, report, waited):
        """(Report, seconds waited so far); args: both of the steps before."""
        step, replicas, parts = self._step, self._replicas, self._params.optimizer.grad_accum_steps
        if parts == 1:
            batch, seconds = _next(batches, self._before_next(report, waited))
            return replicas.first(replicas.run(step.whole, batch)), waited + seconds

        def one_part(part, waited):
            batch, seconds = _next(batches, self._before_next(report, waited))
            replicas.run(step.add, (*batch, part))
            return part + 1, waited + seconds

        replicas.run(step.clear)
        _, waited = tf.while_loop(lambda part, _: part < parts, one_part, (tf.constant(0), waited))
        return replicas.first(replicas.run(step.finish)), waited

    def _advance(self, batches, step, max_steps, progress):
        """One call of the compiled loop. Returns (the step it reached, Report, examples/s)."""
        count = self._steps_to_take(step, max_steps)
        started = time.monotonic()
        report, waited = self._loop(batches, tf.constant(count))
        report = Report(*(value.numpy().item() for value in report))
        seconds = time.monotonic() - started
        self._seconds_per_step = seconds / count
        self._look_at_skipped(step + count, report)
        speed = progress.update(
            count, seconds, waited.numpy().item(), report.loss, report.learning_rate
        )
        return step + count, report, speed

    def _steps_to_take(self, step, max_steps):
        """Steps for one call: up to the next summary, checkpoint or the end, and not too long."""
        run = self._run
        periods = (self._log_steps, run.save_summary_steps, run.save_checkpoints_steps)
        until_boundary = min(n - step % n for n in periods)
        affordable = max(int(SECONDS_PER_CALL / self._seconds_per_step), 1)
        if self._replicas.is_multi_worker:
            affordable = STEPS_PER_CALL  # all workers must use the same count
        may_skip = max(run.max_skipped_steps - self._in_a_row, 1)  # more, while the scale falls
        return min(STEPS_PER_CALL, affordable, until_boundary, max_steps - step, may_skip)

    def _look_at_skipped(self, step, report):
        new = report.skipped_steps - self._skipped
        self._skipped, self._in_a_row = report.skipped_steps, report.skipped_in_a_row
        # Of too large a loss scale only the gradients are infinite.
        is_about_gradients = self._in_a_row > 0 and math.isfinite(report.loss)
        self._is_falling = is_about_gradients and self._step.scale_can_fall(report.loss_scale)
        is_about_scale = self._is_falling or (is_about_gradients and report.loss_scale > 1)
        self._is_ruined = self._in_a_row > 0 and not is_about_scale
        if new:
            self._say(
                f"step {step}: {new} of the last steps had NaN or infinite gradients and changed "
                f"no weight ({self._skipped} in total); loss scale {report.loss_scale:g}"
            )
        if self._in_a_row >= self._run.max_skipped_steps and not self._is_falling:
            self._give_up(step)
            raise DivergedError(
                f"training diverged: at step {step} the gradients have been NaN or infinite for "
                f"{self._in_a_row} steps in a row (runconfig.max_skipped_steps), with learning "
                f"rate {report.learning_rate:.2e} and loss scale {report.loss_scale:g}; the loss "
                f"is {report.loss}. Those steps changed no weight. {_NOT_SAVED} {_ADVICE}"
            )


def _say_nothing(line: str) -> None:
    pass


def _now():
    """The time, float64 seconds; 0 if TensorFlow is deterministic and refuses to read a clock."""
    if os.environ.get("TF_DETERMINISTIC_OPS", "").lower() in ("1", "true"):
        return tf.constant(0.0, tf.float64)
    return tf.timestamp()


def _before_next():
    """A function (report of the previous step, seconds waited so far) -> the tensors that must be
    computed before the next batch is requested.

    On a CPU: the report, so that no time of a step counts as waiting. On a GPU the host would then
    wait for every step and the GPU for the host, so the previous batch is enough.
    """
    if tf.config.list_logical_devices("GPU"):
        return lambda report, waited: [waited]
    return lambda report, waited: list(report)


def _next(batches, before):
    """(the next batch, the seconds until it came); args: before, tensors to compute first."""
    with tf.control_dependencies(before):
        asked = _now()
    with tf.control_dependencies([asked]):
        batch = next(batches)
    with tf.control_dependencies(tf.nest.flatten(batch, expand_composites=True)):
        waited = _now() - asked
    with tf.control_dependencies([waited]):  # or a machine with few cores reads the clock too late
        return tf.nest.map_structure(tf.identity, batch, expand_composites=True), waited
