"""What a run will do: configuration, data and checkpoints, already checked against each other."""

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Optional, Tuple

from shared import metric_names, tasks
from shared.config import Config, InputConfig
from shared.config.input_sections import EVAL_INPUT, PREDICT_INPUT, TRAIN_INPUT
from shared.manifest import Manifest

GPU, CPU, WSE = BACKENDS = ("gpu", "cpu", "wse")
TRAIN_MODE, EVAL_MODE, EVAL_ALL_MODE, TRAIN_AND_EVAL_MODE, PREDICT_MODE = MODES = (
    *("train", "eval", "eval_all"),
    *("train_and_eval", "predict"),
)


@dataclass(frozen=True)
class Source:
    """The checkpoint whose weights a fresh start or a scoring uses.

    Attributes:
      path: as given, or the TensorFlow prefix that was found there.
      names: the variables that it has; the others start from random values.
      read: reads {name: array} of them. They have been read once for the checks, but hundreds of
        megabytes are not kept until needed.
    """

    path: str
    names: Tuple[str, ...]
    read: Callable[[], Dict[str, Any]]


@dataclass(frozen=True)
class Plan:
    """What a run will do, with nothing left to decide but the devices.

    Attributes:
      params: the configuration with nothing unset; runconfig.xla may still be `auto`.
      model_dir: where checkpoints and results are written.
      data: {section of the configuration: manifest}, for those that the mode reads.
      splits: which splits to score or to predict.
      origin: where the first weights of this model came from, as text for people.
      checkpoints: the ones in model_dir to resume from or to score, the best choice first; empty
        for a fresh start.
      source: where the weights come from if checkpoints is empty; None for random ones.
      trained: the params.yaml of model_dir if the run continues its training, else None.
      with_text: whether predictions have the texts, too.
      with_csv: whether they are also written as CSV.
    """

    params: Config
    model_dir: str
    data: Dict[str, Manifest]
    splits: List[str]
    origin: str
    checkpoints: List[str] = field(default_factory=list)
    source: Optional[Source] = None
    trained: Optional[dict] = None
    with_text: bool = False
    with_csv: bool = False

    @property
    def train_data(self) -> Optional[Manifest]:
        return self.data.get(TRAIN_INPUT)

    @property
    def scored_data(self) -> Optional[Manifest]:
        """The data of `splits`."""
        return self.data.get(self.scored_section)

    @property
    def scored_section(self) -> str:
        return PREDICT_INPUT if PREDICT_INPUT in self.data else EVAL_INPUT

    @property
    def scored_input(self) -> InputConfig:
        return getattr(self.params, self.scored_section)

    @property
    def eval_steps(self) -> Optional[int]:
        """Batches of an evaluation; None for all."""
        steps = self.params.runconfig.eval_steps
        return steps if steps and steps > 0 else None

    @property
    def metrics(self) -> List[str]:
        """What an evaluation computes besides the loss: the task's metrics and the chosen ones."""
        chosen = [self.best_metric]
        if self.params.quality and self.params.quality.metric:
            chosen.append(self.params.quality.metric)
        every = [*tasks.of_dataset(self.scored_data).metrics, *chosen]
        return [name for name in dict.fromkeys(every) if name != metric_names.LOSS]

    @property
    def best_metric(self) -> str:
        """What decides which checkpoint is best."""
        return self.params.runconfig.best_metric or tasks.of_dataset(self.scored_data).metrics[0]

    def last_step(self, first_step: int) -> int:
        """The global step at which a training that starts at first_step ends."""
        run = self.params.runconfig
        if run.steps:
            return first_step + run.steps
        assert run.max_steps is not None  # make_plan checks that a training has an end
        return run.max_steps
