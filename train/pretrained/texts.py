"""How a checkpoint turns text into ids, and whether the records' ids were made so."""

from typing import Any, Dict, List

from shared import tokenizer_files, vocab, word_pieces
from shared.dataset_fit import rebuild_command
from shared.manifest import Manifest
from train.pretrained.weights import in_one_line


def facts(folder: str, recorded: Dict[str, Any]) -> Dict[str, Any]:
    """What a Pretrained says of texts, from the files in its folder; accents go as the case does.

    Args: recorded, the same facts where the files are silent.
    Raises:
      UserError: the files are damaged, or describe a tokenizer that is not BERT's.
    """
    stated = tokenizer_files.read(folder)
    found = {name: getattr(stated, name) for name in vocab.TEXT_RULES}
    found = {name: recorded.get(name) if fact is None else fact for name, fact in found.items()}
    if found["strip_accents"] is None:
        found["strip_accents"] = found["lower_case"]
    return {
        **found,
        "vocab_file": word_pieces.file_in(folder),
        "added_tokens": stated.added_tokens,
    }


def differences(manifest: Manifest, checkpoint) -> List[str]:
    """A line for each rule that differs, and one if the pieces do; what is unknown does not."""
    ours, file, recorded = manifest.vocabulary, checkpoint.vocab_file, checkpoint.vocabulary_sha256
    if not ours.sha256:
        return []
    lines = [
        f"  {name}: the checkpoint has {stated}, the records have {rule}"
        for name, rule in vocab.rules_of(ours).items()
        for stated in [getattr(checkpoint, name)]
        if stated not in (None, rule)
    ]
    if file and word_pieces.sha256_of(word_pieces.read(file)) != ours.sha256:
        lines.append(f"  vocabulary: the records were made with {ours.name}, which is not {file}")
    if not file and recorded not in (None, ours.sha256):
        lines.append(
            f"  vocabulary: the records were made with {ours.name} (sha256 {ours.sha256[:12]}), "
            f"the checkpoint with {checkpoint.vocabulary_name or 'another'} ({recorded[:12]})"
        )
    return lines


def advice(manifest: Manifest, checkpoint) -> str:
    """What to do about differences."""
    file = checkpoint.vocab_file
    if file and len(word_pieces.read(file)) > checkpoint.sizes.get("vocab_size", 0):
        return f"{file} has more pieces than the checkpoint has rows: use the one belonging to it."
    more = f"VOCAB={file or '<its vocab.txt>'} ARGS=--overwrite"
    command = rebuild_command(manifest.task, manifest.max_sequence_length, more)
    return f"Build the data with its vocabulary: {command}"


def notes(manifest: Manifest, checkpoint) -> List[str]:
    """A line if the checkpoint's vocabulary is unknown, and one if it knows tokens that no record
    uses."""
    lines, tokens = [], checkpoint.added_tokens
    is_known = checkpoint.vocab_file or checkpoint.vocabulary_sha256
    if manifest.vocabulary.sha256 and not is_known:
        lines.append(
            f"{checkpoint.path} holds no vocabulary, so that of the records "
            f"({manifest.vocabulary.name}) is not compared with it"
        )
    if tokens:
        named = in_one_line(tokens)
        lines.append(
            f"{checkpoint.path} adds {len(tokens)} tokens to BERT's ({named}); no record uses them"
        )
    return lines
