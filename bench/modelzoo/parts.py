"""Learning rates and loss scales: the Model Zoo's classes beside our functions, value by value."""

import random

import numpy as np
import tensorflow as tf

from shared.config import OptimizerConfig
from shared.config.schedules import parse_learning_rate
from train.optim import loss_scale, schedule
from train.wse import graph_variables
from train.wse import loss_scale as wse_loss_scale
from train.wse import schedule as wse_schedule

_STEPS = 60
_SINGLE = (
    {"scheduler": "Constant", "learning_rate": 0.03, "steps": 9},
    {"scheduler": "Linear", "initial_learning_rate": 0.0, "end_learning_rate": 0.1, "steps": 10},
    {"scheduler": "Linear", "initial_learning_rate": 0.1, "end_learning_rate": 0.0, "steps": 7,
     "cycle": True},
    {"scheduler": "Polynomial", "initial_learning_rate": 0.2, "end_learning_rate": 0.01,
     "steps": 15, "power": 2.0},
    {"scheduler": "Exponential", "initial_learning_rate": 0.1, "decay_steps": 6, "decay_rate": 0.7,
     "steps": 20},
    {"scheduler": "Exponential", "initial_learning_rate": 0.1, "decay_steps": 6, "decay_rate": 0.7,
     "staircase": True, "steps": 20},
    {"scheduler": "PiecewiseConstant", "boundaries": [4, 11], "values": [0.1, 0.05, 0.01],
     "steps": 18},
    {"scheduler": "Cosine", "initial_learning_rate": 0.1, "decay_steps": 30},
    {"scheduler": "Cosine", "initial_learning_rate": 0.1, "decay_steps": 12, "alpha": 0.2},
)  # fmt: skip
_LAST = {"scheduler": "Linear", "initial_learning_rate": 0.05, "end_learning_rate": 0.0,
         "steps": 20}  # fmt: skip
_HISTORIES = 10  # of each of these settings
_SCALES = (
    {},
    {"overflow_tolerance": 0.0, "steps_per_increase": 3},
    {"overflow_tolerance": 0.3, "steps_per_increase": 5, "max_loss_scale": 2.0**20},
    {"initial_loss_scale": 8.0, "min_loss_scale": 2.0, "max_loss_scale": 64.0,
     "steps_per_increase": 2},
)  # fmt: skip


def compared() -> dict:
    """{"schedules", "loss_scales": {"count", "cpu", "wse"}}: how many, the largest differences."""
    return {"schedules": _schedules(), "loss_scales": _loss_scales()}


def _schedules():
    """Each schedule alone, and before another one with and without disable_lr_steps_reset."""
    cases = [(0.03, False), *(([one], False) for one in _SINGLE)]
    cases += [([one, _LAST], is_off) for one in _SINGLE for is_off in (False, True)]
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        step = tf.compat.v1.train.get_or_create_global_step()
        rates = [_rates(*case, step) for case in cases]
        session.run(tf.compat.v1.global_variables_initializer())
        found = []
        for _ in range(_STEPS):
            found.append(session.run(rates))
            session.run(step.assign_add(1))
    return _differences(found, len(cases))


def _rates(learning_rate, is_reset_off, step):
    """The Model Zoo's, those of gpu and cpu, and those of wse."""
    from modelzoo.common.tf.optimizers.Trainer import Trainer

    ours = parse_learning_rate(learning_rate)
    settings = {"optimizer_type": "adamw", "learning_rate": learning_rate}
    trainer = Trainer({**settings, "disable_lr_steps_reset": is_reset_off})
    return [
        trainer.get_learning_rate(),
        schedule.learning_rate(ours, step, not is_reset_off),
        wse_schedule.learning_rate(ours, step, not is_reset_off),
    ]


def _loss_scales():
    found = [history for settings in _SCALES for history in _histories(settings)]
    return _differences(found, len(found))


def _histories(settings):
    """The scales after each of some steps, of which some overflow: [histories, steps, which]."""
    options = OptimizerConfig((), **settings)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        norm = tf.compat.v1.placeholder(tf.float32, [])
        both = [
            _theirs(options, norm),
            _ours(options, norm, "cpu", loss_scale.updated),
            _ours(options, norm, "wse", wse_loss_scale.updated),
        ]
        scales, updates = zip(*both)
        begin = tf.compat.v1.global_variables_initializer()
        for seed in range(_HISTORIES):
            draw = random.Random(seed)
            session.run(begin)
            found = []
            for _ in range(_STEPS):
                overflows = draw.random() < draw.choice((0.02, 0.5))
                session.run(updates, {norm: np.inf if overflows else 1.0})
                found.append(session.run(scales))
            yield found


def _theirs(options, norm):
    """(the scale, what a step does to it)."""
    from modelzoo.common.tf.optimizers.LossScale import CSDynamicLossScale

    scale = CSDynamicLossScale(
        initial_loss_scale=options.initial_loss_scale,
        increment_period=options.steps_per_increase,
        min_loss_scale=options.min_loss_scale,
        max_loss_scale=options.max_loss_scale,
        overflow_tolerance=options.overflow_tolerance,
    )
    scale.global_norm = norm
    update, _ = scale.update([])
    return scale(), update


def _ours(options, norm, name, updated):
    with tf.compat.v1.variable_scope(name):
        start = loss_scale.first_state(options)._asdict()
        state = loss_scale.State(
            **{name: graph_variables.scalar(name, value) for name, value in start.items()}
        )
    changed = updated(state, tf.math.is_finite(norm), options)
    update = [variable.assign(value) for variable, value in zip(state, changed)]
    return state.current_loss_scale, tf.group(*update)


def _differences(found, count):
    """Args: found, [..., which of three]."""
    theirs, cpu, wse = np.moveaxis(np.array(found), -1, 0)
    largest = {"cpu": np.abs(cpu - theirs).max(), "wse": np.abs(wse - theirs).max()}
    return {"count": count, **{name: float(number) for name, number in largest.items()}}
