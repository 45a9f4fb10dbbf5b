"""Shares of the training file's rows that become other splits: which, how large, and by what."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Optional, Tuple

from shared import shown, tasks
from shared.errors import UserError

# {key of the YAML file: what it is called}; each is the name of the split, too.
OPTIONS = {"validation": "VALIDATION", "test": "--test"}
_MOST = 2**32  # seeds


@dataclass(frozen=True)
class Shares:
    """Attributes: of, ((split, its share), ...); group, the column whose rows stay together."""

    of: Tuple[Tuple[str, Fraction], ...]
    group: Optional[str]
    seed: int

    def described(self) -> dict:
        """For the manifest."""
        group = {"group": self.group} if self.group else {}
        of = {split: float(share) for split, share in self.of}
        return {"drawn": {"shares": of, "seed": self.seed, **group}}

    def in_words(self, counts: "dict[str, int]", is_stratified: bool) -> str:
        """What was drawn; args: counts, rows of each split."""
        rows = ", ".join(f"{split} {count:,}" for split, count in counts.items())
        ways = [
            *(["by label"] if is_stratified else []),
            *([f"{shown.value(self.group)} kept together"] if self.group else []),
            f"seed {self.seed}",
        ]
        return f"rows drawn: {rows} ({', '.join(ways)})"


def checked(content: dict, splits: "list[str]", read: "set[str]", where: str) -> Optional[Shares]:
    """What the keys `validation`, `test`, `group` and `split_seed` ask for; None if nothing.

    Args:
      content: the YAML file, or the same from the command line.
      splits: those that have files.
      read: the columns of texts, labels and ids.
    Raises:
      UserError: a share is none, has a file as well, or leaves nothing for training.
    """
    of = tuple(
        (split, _share(content[split], name, where))
        for split, name in OPTIONS.items()
        if content.get(split) is not None
    )
    for split, _ in of:
        if split in splits:
            raise UserError(
                f"{where}: {split} has a file and a share ({OPTIONS[split]}); give one of them"
            )
    if sum(share for _, share in of) >= 1:
        raise UserError(f"{where}: {_names(of)} leave no row for {tasks.TRAIN_SPLIT}")
    group, seed = content.get("group"), content.get("split_seed")
    if not of:
        for name, value in (("group (--group)", group), ("split_seed (--split_seed)", seed)):
            if value is not None:
                raise UserError(
                    f"{where}: {name} has no effect without a share: VALIDATION=0.1 or "
                    'ARGS="--test 0.1"'
                )
        return None
    return Shares(of, _group(group, read, where), _seed(seed, where))


def _share(given, name: str, where: str) -> Fraction:
    try:
        share = Fraction(str(given))  # of the decimal digits: 0.1 is a tenth
    except (ValueError, ZeroDivisionError):
        share = Fraction(0)
    if isinstance(given, bool) or not 0 < share < 1:
        raise UserError(
            f"{where}: {name} is {shown.value(given)}; expected a share of the training file's "
            "rows between 0 and 1, such as 0.1"
        )
    return share


def _group(given, read: "set[str]", where: str) -> Optional[str]:
    if given is not None and (not isinstance(given, str) or given in ("", *read)):
        raise UserError(
            f"{where}: group (--group) is {shown.value(given)}; expected a column that is not in "
            "TEXT, LABEL or ID (in YAML numbers, dates, yes and no stand in quotes)"
        )
    return given


def _seed(given, where: str) -> int:
    text = "0" if given is None else str(given)
    if isinstance(given, bool) or not text.isdecimal() or int(text) >= _MOST:
        raise UserError(
            f"{where}: split_seed (--split_seed) is {shown.value(given)}; expected a whole number "
            f"from 0 to {_MOST - 1:,}"
        )
    return int(text)


def _names(of: tuple) -> str:
    return " and ".join(f"{OPTIONS[split]}={float(share):g}" for split, share in of)
