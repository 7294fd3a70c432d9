"""Tokens of a speech LLM beside those of its text, spelled as SpeechGPT spells them."""

import re

UNITS, END_UNITS = "<sosp>", "<eosp>"
HUMAN, END_HUMAN = "[Human]", "<eoh>"
MODEL, END_ANSWER = "[SpeechGPT]", "<eoa>"

# Task tokens, which stand before a translation. In capitals, since the token of Maltese is <mt>.
TASK_TOKENS = {"translate": "<ST>", "translate_text": "<MT>"}
LANGUAGE = re.compile(
    r"<([a-z]{2,3}(?:[-_][A-Z][A-Za-z]+)?)>"
)  # with a region or script; `<gh_stars>` of code models is none
MARKS = (UNITS, END_UNITS, HUMAN, END_HUMAN, MODEL, END_ANSWER)


def unit_token(unit: int) -> str:
    return f"<{unit}>"


def language_token(language: str) -> str:
    return f"<{language}>"


def added_tokens(units: int, languages: list[str]) -> list[str]:
    """All tokens that a tokenizer of text gets."""
    return [
        *MARKS,
        *TASK_TOKENS.values(),
        *map(language_token, sorted(languages)),
        *map(unit_token, range(units)),
    ]
