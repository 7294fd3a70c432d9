"""sacrebleu's BLEU with the tokenizer of a language."""

from sacrebleu.metrics import BLEU

from tauspeech.data.languages import primary_subtag, unspaced
from tauspeech.scoring.rules import ScoringRules

_OWN_TOKENIZER = {"zh": "zh", "cmn": "zh", "yue": "zh", "ja": "ja-mecab", "ko": "ko-mecab"}


def bleu_scorer(language: str, rules: ScoringRules) -> BLEU:
    """BLEU by the rules' case; characters are tokens in Japanese and Korean if MeCab is not installed."""
    lower = rules.bleu_case == "lower"
    # 13a splits at spaces: in a language without them it would score whole sentences as words.
    fallback = "char" if unspaced(language) else "13a"
    tokenizer = _OWN_TOKENIZER.get(primary_subtag(language), fallback)
    try:
        return BLEU(lowercase=lower, tokenize=tokenizer)
    except RuntimeError:  # MeCab is an optional extra of sacrebleu
        return BLEU(lowercase=lower, tokenize="char")
