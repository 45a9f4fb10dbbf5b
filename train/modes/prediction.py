"""Mode predict: writes the model's answer to every example of some splits to files."""

from train.modes import evaluation
from train.planning.plan import Plan
from train.scoring import prediction_files, row_facts
from train.scoring.constant_answer import constant_answer, say_constant


def predict(plan: Plan, backend: str) -> None:
    """Writes what prediction_files.write describes; prints a line for each file."""
    with evaluation.scoring_estimator(plan, backend) as (estimator, step):
        _predict(estimator, plan, step)


def _predict(estimator, plan: Plan, step: int) -> None:
    manifest, inputs = plan.scored_data, plan.scored_input
    limits, how = evaluation.stored_thresholds(plan, step), evaluation.window_pooling(plan)
    for split in plan.splits:
        facts = row_facts.read(inputs.dataset or inputs.place, split, manifest, plan.with_text)
        scores = evaluation.answers(estimator, plan, split).scores
        _check_complete(plan, split, len(scores))
        if not estimator.is_chief:
            continue
        paths = prediction_files.write(
            plan.model_dir, manifest, split, scores, facts, step, plan.with_csv, limits, how
        )
        for path in paths:
            print(f"predict {split}: step {step}  {len(scores):,} {manifest.row_noun} in {path}")
        say_constant(constant_answer(manifest, scores, limits), split)


def _check_complete(plan: Plan, split: str, examples: int) -> None:
    expected = plan.scored_data.splits[split]
    if expected.is_counted and examples != expected.rows:
        raise evaluation.not_complete(plan, split, examples)
