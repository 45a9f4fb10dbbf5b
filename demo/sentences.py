"""Invented film reviews with a label, the same every time.

A bag of words is not enough to label them: `not` reverses a word, and of two clauses the one that
makes the point decides: the second one with `but`, the main one with `although`.
"""

import random

NEGATIVE, POSITIVE = 0, 1

_SUBJECTS = (
    "the plot", "the script", "the acting", "the music", "the ending", "the first hour",
    "this film", "the whole cast", "the camera work", "every scene", "the dialogue", "the story",
    "her performance", "his direction", "the second half", "the humour",
)  # fmt: skip
_ADJECTIVES = {
    POSITIVE: (
        "wonderful", "brilliant", "charming", "moving", "delightful", "gripping", "funny",
        "clever", "warm", "graceful", "thrilling", "honest", "inventive", "lovely", "superb",
    ),
    NEGATIVE: (
        "dull", "tedious", "clumsy", "bland", "lifeless", "shallow", "tired", "noisy",
        "predictable", "awkward", "pointless", "dreary", "forgettable", "silly", "messy",
    ),
}  # fmt: skip
_DEGREES = ("", "really", "quite", "truly", "rather", "often", "simply")
_NEGATIONS = ("not", "never", "hardly", "anything but", "far from")
_NEUTRAL = (
    "we saw it on a rainy evening", "it runs for two hours", "it was shot in lisbon",
    "my brother came along", "it opens on friday", "there are five songs in it",
)  # fmt: skip


def generate(count: int, seed: int) -> "list[tuple[str, int]]":
    """`count` different sentences with their labels, [("the plot is not dull", 1), ...]."""
    draw = random.Random(seed)
    sentences = {}
    while len(sentences) < count:
        label = draw.choice((NEGATIVE, POSITIVE))
        sentences[_sentence(draw, label)] = label
    return list(sentences.items())


def _sentence(draw: random.Random, label: int) -> str:
    point = _clause(draw, label)
    form = draw.randrange(4)
    if form == 0:
        return point + " ."
    if form == 1:
        return f"{_clause(draw, draw.choice((NEGATIVE, POSITIVE)))} but {point} ."
    if form == 2:
        return f"although {_clause(draw, draw.choice((NEGATIVE, POSITIVE)))} , {point} ."
    return f"{draw.choice(_NEUTRAL)} , and {point} ."


def _clause(draw: random.Random, label: int) -> str:
    """`the plot is really charming`, or with the opposite word `the plot is not dull`."""
    subject = draw.choice(_SUBJECTS)
    if draw.random() < 0.4:
        return f"{subject} is {draw.choice(_NEGATIONS)} {draw.choice(_ADJECTIVES[1 - label])}"
    words = (subject, "is", draw.choice(_DEGREES), draw.choice(_ADJECTIVES[label]))
    return " ".join(word for word in words if word)
