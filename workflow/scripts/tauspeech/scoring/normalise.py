"""Text normalisation before scoring: the project's rule, Whisper's two normalisers, and options for Chinese."""

import unicodedata
from collections.abc import Callable
from functools import cache
from importlib.metadata import version

from tauspeech.data.languages import chinese, primary_subtag
from tauspeech.scoring.numerals import spelled_numbers
from tauspeech.scoring.rules import DEFAULT_RULES, ScoringRules

CER_NORMALISATION = "NFKC, lower case, whitespace, punctuation and symbols removed"
WER_NORMALISATION = "NFKC, lower case, punctuation and symbols (but apostrophes inside words) replaced by spaces"
_OPENCC = "t2s"  # OpenCC's conversion from traditional to simplified characters, without change of words


def for_bleu(text: str, language: str, rules: ScoringRules = DEFAULT_RULES) -> str:
    """A translation in single spaces, in lower case unless BLEU is cased; sacrebleu tokenises."""
    written = chinese_form(text, language, rules)
    return " ".join((written.lower() if rules.bleu_case == "lower" else written).split())


def for_cer(text: str, language: str, rules: ScoringRules = DEFAULT_RULES) -> str:
    """Characters of a transcript without spaces and punctuation."""
    written = chinese_form(text, language, rules)
    if rules.normaliser == "project":
        return characters(written)
    return "".join(_whisper(language, rules)(written).split())


def for_wer(text: str, language: str, rules: ScoringRules = DEFAULT_RULES) -> str:
    """Words of a transcript, separated by single spaces."""
    written = chinese_form(text, language, rules)
    if rules.normaliser == "project":
        return words(written)
    return " ".join(_whisper(language, rules)(written).split())


def signature_of(language: str, rules: ScoringRules, project: str) -> str:
    """The normalisation of transcripts as a part of a metric's signature; ``project`` describes the project's rule."""
    name = project
    if rules.normaliser != "project":
        kind = "English" if _is_english(language, rules) else "basic"
        name = f"Whisper's {kind} normaliser|whisper-normalizer:{version('whisper-normalizer')}"
    return f"norm:{name}{chinese_signature(language, rules)}"


def chinese_signature(language: str, rules: ScoringRules) -> str:
    """The options for Chinese as a part of a metric's signature; empty if none is used."""
    if not chinese(language):
        return ""
    script = f"|script:{rules.script}|opencc:{version('opencc')} {_OPENCC}" if rules.script != "as_is" else ""
    return script + (f"|numbers:{rules.numbers}" if rules.numbers != "as_is" else "")


def chinese_form(text: str, language: str, rules: ScoringRules) -> str:
    """A Chinese text in the script and with the numbers of the rules; a text in another language as it is."""
    if not chinese(language):
        return text
    if rules.script == "simplified":
        text = _to_simplified()(text)
    return spelled_numbers(text) if rules.numbers == "spelled" else text


def characters(text: str) -> str:
    """The project's rule for characters; see CER_NORMALISATION."""
    return "".join(filter(_in_word, _folded(text)))


def words(text: str) -> str:
    """The project's rule for words; see WER_NORMALISATION."""
    folded = _folded(text).replace("’", "'")
    candidates = "".join(c if c == "'" or _in_word(c) else " " for c in folded).split()
    return " ".join(word for word in (candidate.strip("'") for candidate in candidates) if word)


def _folded(text: str) -> str:
    # Format characters (joiners, soft hyphens, byte order marks) are invisible and would split a word.
    visible = "".join(c for c in text if unicodedata.category(c) != "Cf")
    return unicodedata.normalize("NFKC", visible).lower()


def _in_word(character: str) -> bool:
    # Combining marks belong to the word: splitting at vowel signs would break Indic and Thai words.
    return unicodedata.category(character)[0] in "LMN"


def _is_english(language: str, rules: ScoringRules) -> bool:
    return rules.normaliser == "whisper" and primary_subtag(language) == "en"


def _whisper(language: str, rules: ScoringRules) -> Callable[[str], str]:
    return _whisper_english() if _is_english(language, rules) else _whisper_basic()


@cache
def _whisper_english() -> Callable[[str], str]:
    from whisper_normalizer.english import EnglishTextNormalizer

    return EnglishTextNormalizer()


@cache
def _whisper_basic() -> Callable[[str], str]:
    from whisper_normalizer.basic import BasicTextNormalizer

    return BasicTextNormalizer()


@cache
def _to_simplified() -> Callable[[str], str]:
    from opencc import OpenCC

    return OpenCC(_OPENCC).convert
