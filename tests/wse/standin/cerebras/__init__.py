"""A stand-in for Cerebras' package, which is not public: what a trainer calls, and is refused.

Module names, class names and signatures are those that the public Model Zoo (R_1.6.0 to R_1.7.1)
and Cerebras' documentation show. Underneath runs the real tf.estimator on the CPU, in a graph,
with real checkpoints. Of what the compiler and the wafer do nothing is here: a graph that passes
here may be refused there. `cerebras.standin` is no module of Cerebras'; `cerebras.standin.calls`
tells a test what was called.

A run is "on CS" where the method's use_cs is true and the configuration has a cs_ip (or K8S_CS_IP
is set); a compile always is. What is refused, and what that stands on: numbers are the sections
of facts/cerebras.md, MZ is the Model Zoo's code, DOC Cerebras' documentation; "inferred" is what
nobody of us has seen.

Always
- use_cs= in the constructor: 1.1 (removed in 0.7.0). A TypeError of Python's.
- sparsifier= in train: 1.1; releases before 1.6 lack it, so a trainer for all of them gives none.
- a model_fn that does not take exactly (features, labels, mode, params): 1.1, MZ's wrapper; that
  the SDK minds is inferred.
- a cs_ip that does not end in exactly one :9000, unless K8S_CS_IP is set: 2, MZ's run_utils; that
  the SDK minds is inferred.
- a cs_config that is no CSConfig, or with an unknown field: 1.1; protobuf's own errors.
- stack_params other than ir_mode and config, an unknown ir_mode: 1.1; inferred.
- host_call together with eval_metric_ops, and a host_call of another form: 1.1, MZ's utils.
- steps together with max_steps: 6; tf.estimator's own error.
On CS
- eval_metric_ops: 1.1, in DOC's words (limitations of CerebrasEstimator).
- hooks of the user's, as arguments or in the spec: 1.1, DOC; wording inferred.
- a spec that is no CSEstimatorSpec, an input_fn that returns no tf.data.Dataset: inferred.
- batches of no static shape, so also a partial last one: 3, DOC; wording inferred.
- a training dataset that ends, a training with neither steps nor max_steps: 3, DOC; wording
  inferred.
- a training graph without float16: 4.1, DOC ("only mixed precision for training").
- evaluate: 6, the classifier's run.py refuses it; what the SDK would do is not known.

Also inferred: of several tasks the first trains and reads and writes model_dir, the others feed
it (here: read a few batches and return); where TF_CONFIG is not set, train and predict make it
from Slurm's variables, the chief outside cluster.worker; in a prediction only the chief yields.
Off CS host_call becomes eval_metric_ops, as MZ's wrapper does it. Summaries are kept on CS inside
cs1_enable_summaries only (1.1). What makes a compile anew is not known (10): here it is any
change of an operation's type, name, dtype or shape, of the batches, of ir_mode or cs_config, so
not another learning rate or dropout rate (2, incremental compile).
"""
