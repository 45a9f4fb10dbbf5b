"""The names of a configuration's sections of inputs."""

TRAIN_INPUT, EVAL_INPUT, PREDICT_INPUT = INPUTS = ("train_input", "eval_input", "predict_input")
