"""Text to word-piece ids, equal to Google's reference tokenizer (google-research/bert).

It consists of TensorFlow operations only, so that preprocessing and an exported model can share
it, and the ids never depend on Python's Unicode version. Printable ASCII needs lower case at most
and goes straight to TF Text's FastWordpieceTokenizer, which there cuts words as the reference does;
all other texts go through the reference's steps one by one. TF Text's FastBertTokenizer has a
normalizer for them, but it folds case and compatibility forms that the reference leaves alone (ß,
…, ½).
"""

import re

import tensorflow as tf
import tensorflow_text as tf_text

from shared import vocab
from shared.word_pieces import UNK

# The reference's limit, in characters; longer words become [UNK].
MAX_CHARS_PER_WORD = 200
_MAX_BYTES_PER_CHAR = 4  # in UTF-8

_PRINTABLE_ASCII = r"[\x20-\x7e]*"
_SPACE = r"[\t\n\r\p{Zs}\p{Zl}\p{Zp}]"
_VANISHES = r"[\x{FFFD}\p{Cc}\p{Cf}]"
# The blocks that the reference calls CJK; Hangul, Hiragana and Katakana are not among them.
_CJK = (
    r"[\x{4E00}-\x{9FFF}\x{3400}-\x{4DBF}\x{20000}-\x{2A6DF}\x{2A700}-\x{2B73F}"
    r"\x{2B740}-\x{2B81F}\x{2B820}-\x{2CEAF}\x{F900}-\x{FAFF}\x{2F800}-\x{2FA1F}]"
)
# Unicode punctuation, and the ASCII symbols ($ + < = > ^ ` | ~) that the reference counts as such.
_PUNCTUATION = r"[\p{P}!-/:-@\[-`{-~]"


class Tokenizer:
    """Tokenizes batches of UTF-8 texts.

    With the vocabulary [PAD] [UNK] [CLS] [SEP] un ##believ ##able ! it gives

        tokenize(["Unbelievable!", ""])  ->  [[4, 5, 6, 7], []]
    """

    def __init__(self, vocabulary: vocab.Vocabulary):
        # A blank line's empty piece gets a name that no word has: brackets are words of their own.
        pieces = [piece or f"[blank{n}]" for n, piece in enumerate(vocabulary.pieces)]
        self._rules = vocab.rules_of(vocabulary)
        self._added_tokens = vocabulary.added_tokens
        self._ascii = tf_text.FastWordpieceTokenizer(
            vocab=pieces, token_out_type=tf.int32, max_bytes_per_word=MAX_CHARS_PER_WORD
        )
        # Words of more than 200 characters are replaced beforehand, so this limit never applies.
        self._word_pieces = tf_text.FastWordpieceTokenizer(
            vocab=pieces,
            token_out_type=tf.int32,
            no_pretokenization=True,
            max_bytes_per_word=MAX_CHARS_PER_WORD * _MAX_BYTES_PER_CHAR,
        )

    def tokenize(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """Args: texts, string [N], UTF-8. Returns: ids without [CLS] or [SEP], int32 [N, None]."""
        is_ascii = tf.strings.regex_full_match(texts, _PRINTABLE_ASCII)
        ids = self._ascii.tokenize(tf.strings.lower(texts) if self._rules["lower_case"] else texts)
        return tf.cond(
            tf.reduce_all(is_ascii), lambda: ids, lambda: self._replace_others(ids, texts, is_ascii)
        )

    def finds_added_token(self, texts: tf.Tensor) -> tf.Tensor:
        """Whether a text holds a token that `tokenize` would wrongly cut into pieces, bool []."""
        if not self._added_tokens:
            return tf.constant(False)
        flags = "(?i)" if self._rules["lower_case"] else ""
        pattern = flags + "|".join(re.escape(token) for token in self._added_tokens)
        return tf.reduce_any(tf.strings.regex_replace(texts, pattern, "") != texts)

    def _replace_others(self, ids, texts, is_ascii):
        """Keeps the ids of ASCII texts and replaces all others, by the reference's steps."""
        rows = tf.where(~is_ascii)[:, 0]
        others = self._tokenize_like_reference(tf.gather(texts, rows))
        num_texts, num_others = (tf.size(x, out_type=tf.int64) for x in (texts, rows))
        source = tf.tensor_scatter_nd_update(
            tf.range(num_texts), rows[:, None], num_texts + tf.range(num_others)
        )
        return tf.gather(tf.concat([ids, others], axis=0), source)

    def _tokenize_like_reference(self, texts):
        """BasicTokenizer, then WordpieceTokenizer; the order of the steps is the reference's."""
        texts = tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8", errors="ignore")
        texts = tf.strings.regex_replace(texts, _SPACE, " ")
        texts = tf.strings.regex_replace(texts, _VANISHES, "")
        if self._rules["tokenize_chinese_chars"]:
            texts = tf.strings.regex_replace(texts, _CJK, r" \0 ")
        if self._rules["lower_case"]:
            texts = _lower_case(texts)
        if self._rules["strip_accents"]:
            texts = tf.strings.regex_replace(tf_text.normalize_utf8(texts, "NFD"), r"\p{Mn}", "")
        texts = tf.strings.regex_replace(texts, _PUNCTUATION, r" \0 ")
        words = tf.strings.split(texts, " ")
        words = tf.ragged.boolean_mask(words, words != "")
        too_long = tf.strings.length(words.flat_values, unit="UTF8_CHAR") > MAX_CHARS_PER_WORD
        words = words.with_flat_values(tf.where(too_long, UNK, words.flat_values))
        return self._word_pieces.tokenize(words).merge_dims(1, 2)


def _lower_case(texts):
    """Lower case, the same in every locale.

    ICU lower-cases by the locale of the process: in Turkish `I` becomes `ı`. Replacing both
    capital I beforehand makes the result the same everywhere.
    """
    texts = tf.strings.regex_replace(texts, "I", "i")
    texts = tf.strings.regex_replace(texts, "\u0130", "i\u0307")
    return tf.strings.lower(texts, encoding="utf-8")
