"""The table of rare words."""

import re
from dataclasses import dataclass
from pathlib import Path

from tauspeech.data.reserved_names import SLUG, TAKEN
from tauspeech.data.tables import check_width, tab_reader
from tauspeech.plan.sources import grammar_domains
from tauspeech.runtime.errors import UserError, did_you_mean, one_line
from tauspeech.text.characters import has_control_or_markup
from tauspeech.text.checks import contains

LANGUAGE = re.compile(r"[a-z]{2,3}")
LONGEST = 80  # characters of a word, and of its name in paths


@dataclass(frozen=True, eq=False)
class Word:
    id: str
    domain: str
    forms: dict[str, tuple[str, ...]]  # by language: the word, then what counts as the word too
    phrase: dict[str, str]  # by language: how it stands inside a sentence
    where: str = ""  # file and line, for messages

    def label(self, language: str) -> str:
        return self.forms[language][0]


def _words_of_row(row: dict[str, str], languages: tuple[str, ...], where: str) -> Word:
    id = row["word_id"]
    if not SLUG.fullmatch(id) or len(id) > LONGEST:
        raise UserError(
            f"{where}: word_id '{one_line(id, 40)}' is no identifier: use lower-case letters, digits, '-' and '_', {LONGEST} at most, as in 'berlin-wall'."
        )
    if TAKEN.fullmatch(id):
        raise UserError(f"{where}: word_id '{id}' is a name that tauspeech uses itself: choose another one.")
    forms, phrase = {}, {}
    for language in languages:
        if not row.get(language):
            raise UserError(f"{where}: word '{id}' has nothing in column '{language}': give the word in that language.")
        aliases = [alias.strip() for alias in (row.get(f"{language}_aliases") or "").split("|") if alias.strip()]
        forms[language] = (row[language], *aliases)
        phrase[language] = row.get(f"{language}_phrase") or row[language]
    if not row.get("domain"):
        raise UserError(f"{where}: word '{id}' has nothing in column 'domain': give landmark, location or individual.")
    for text in [*phrase.values(), *(form for group in forms.values() for form in group), row["domain"]]:
        if len(text) > LONGEST or not text.isprintable() or has_control_or_markup(text):
            raise UserError(
                f"{where}: '{one_line(text, 30)}' is no word: it is longer than {LONGEST} characters, or holds control "
                "characters or one of <>{}[]|\\, which no sentence may hold."
            )
    return Word(id, row["domain"], forms, phrase, where)


def read_words(path: Path, languages: tuple[str, ...]) -> list[Word]:
    """Rows of the table, in order; a mistake is reported with file and line."""
    if not path.is_file():
        raise UserError(
            f"{path} (key 'words') does not exist: give the path of a table of words, from the project's folder."
        )
    reader = tab_reader(path)
    columns = reader.fieldnames or []
    for column in ("word_id", *languages, "domain"):
        if column not in columns:
            raise UserError(
                f"{path}: column '{column}' is missing in the first line; it has {', '.join(columns) or 'nothing'}."
            )
    allowed = {"word_id", "domain"} | {
        c for c in columns if LANGUAGE.fullmatch(c.removesuffix("_aliases").removesuffix("_phrase"))
    }
    if unknown := [column for column in columns if column not in allowed and column != "notes"]:
        raise UserError(
            f"{path}: column '{unknown[0]}' is unknown; see config/README.md for the columns of a table of words."
        )
    words: dict[str, Word] = {}
    labels: dict[str, str] = {}
    for row in reader:
        where = f"{path}, line {reader.line_num}"
        check_width(row, len(columns), where)
        row = {column: value.strip() for column, value in row.items()}
        word = _words_of_row(row, languages, where)
        label = word.label(languages[0])
        if word.id in words:
            raise UserError(f"{where}: word_id '{word.id}' is there already: each word has one row.")
        if label in labels:
            raise UserError(f"{where}: '{label}' is there already, as '{labels[label]}': each word has one row.")
        words[word.id], labels[label] = word, word.id
    if not words:
        raise UserError(f"{path} has no rows: add one word at least.")
    return list(words.values())


def require_template(word: Word, grammar: str, languages: tuple[str, ...]) -> None:
    """Refuse a word for which the template grammar has no sentences, or of whose sentences none would contain it."""
    domains = grammar_domains(grammar)
    if word.domain not in domains:
        advice = did_you_mean(word.domain, domains, f"use one of its domains ({', '.join(domains)}), or own sentences.")
        raise UserError(f"{word.where}: the template grammar has no sentences for the domain '{word.domain}': {advice}")
    for language in languages:
        phrase, forms = word.phrase[language], word.forms[language]
        if phrase not in forms and not contains(phrase, forms, language):
            raise UserError(
                f"{word.where}: '{phrase}' in column '{language}_phrase' does not contain '{forms[0]}', so no sentence would: "
                f"change the phrase, or add its form of the word to the column '{language}_aliases'."
            )
