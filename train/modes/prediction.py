"""Mode predict: writes the model's answer to every example of some splits to files."""

from shared.errors import UserError
from train.gpu import from_plan
from train.modes import evaluation
from train.plan import Plan
from train.scoring import constant_answer, prediction_files


def predict(plan: Plan, backend: str) -> None:
    """Writes what prediction_files.write describes; prints a line for each file."""
    estimator, _, step = from_plan.estimator(plan, backend, is_training=False)
    for split in plan.splits:
        scores = evaluation.answers(estimator, plan, split).scores
        _check_complete(plan, split, len(scores))
        dataset = plan.scored_input.data_dir
        paths = prediction_files.write(plan.model_dir, dataset, plan.scored_data, split, scores)
        for path in paths:
            print(f"predict {split}: step {step}  {len(scores):,} examples in {path}")
        constant_answer.say_constant(
            constant_answer.constant_answer(plan.scored_data, scores), split
        )


def _check_complete(plan: Plan, split: str, examples: int) -> None:
    expected = plan.scored_data.splits[split].examples
    if examples != expected:
        raise UserError(
            f"predict_input.input_fn gave {examples} examples of split {split}, which has "
            f"{expected}; it must give each once, in the records' order, with `weights` 0 on rows "
            "that only fill a batch"
        )
