"""CSRunConfig: tf.estimator.RunConfig and where the CS system is."""

import tensorflow as tf

from cerebras.standin import checks, tasks


class CSRunConfig(tf.estimator.RunConfig):
    """cs_ip None runs on the CPU; the other keyword arguments are those of RunConfig."""

    def __init__(self, cs_ip=None, system_name=None, cs_config=None, stack_params=None, **kwargs):
        checks.cs_ip(cs_ip)
        checks.cs_config(cs_config)
        checks.stack_params(stack_params)
        with tasks.hidden():
            super().__init__(**kwargs)
        self.cs_ip = cs_ip
        self.system_name = system_name
        self.cs_config = cs_config
        self.stack_params = stack_params
