"""Candidates for rare words: names of a domain that a language model thinks are seldom spoken of.

Whether a speech model really misses them is for the check of rarity to say.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from tauspeech.experiments.rare_words.words import TAKEN
from tauspeech.text.checks import folded
from tauspeech.text.llm.asking import Asking, ranked
from tauspeech.text.llm.chat import Reply
from tauspeech.text.llm.prompts import WordPrompts, schema_of
from tauspeech.text.llm.sentences import ROOM, parse_reply

LONGEST = 80  # characters, as in a table of words
_LETTERS = str.maketrans({"ł": "l", "ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})


def propose(
    ask: Asking, domain: str, count: int, languages: Sequence[str], known: Iterable[str]
) -> list[dict[str, str]]:
    """``count`` words as rows of a table of words: ``word_id``, ``domain`` and one key for each language.

    ``ask`` is made by the caller, e.g. ``Asking(chat_model(source), Answers(path), seed, "candidates-landmark",
    source["batch"], source["most_requests"])`` with ``chat_model`` of a module in ``text/sources``; a name of its own
    for each domain gives each its own seeds. ``known`` holds words and word_ids that are there already, in any
    language. A UserError tells if the limit of requests is reached before.
    """
    goal = Words(WordPrompts(languages, domain, ask.batch, ask.seed, ask.name), count, known)
    ask.fulfil(goal)
    return goal.rows


class Words:
    """The names that passed so far."""

    what = "words"

    def __init__(self, prompts: WordPrompts, count: int, known: Iterable[str]):
        self.rows: list[dict[str, str]] = []
        self.schema = schema_of(self.what, prompts.languages)
        self.wanted = count
        self.rejected: Counter[str] = Counter()
        self._prompts = prompts
        self._names = sorted(set(known))
        self._known = {folded(name) for name in self._names}
        self._ids = set(self._names)
        self._told: Counter[str] = Counter()

    def have(self) -> int:
        return len(self.rows)

    def prompts(self, numbers: Sequence[int]) -> list[str]:
        known = [*self._names, *(row[self._prompts.languages[0]] for row in self.rows)]
        news = ranked(self.rejected - self._told)
        self._told = Counter(self.rejected)
        return [self._prompts.write(number, known, news) for number in numbers]

    def take(self, reply: Reply) -> None:
        found, reasons = parse_reply(reply, self._prompts.languages, ROOM * self._prompts.batch)
        self.rejected.update(reasons)
        for word in found:
            if self.have() == self.wanted:
                return
            if reason := self._reason(word):
                self.rejected[reason] += 1
                continue
            word_id = self._id(word)
            self._ids.add(word_id)
            self._known |= {folded(name) for name in word.values()}
            self.rows.append({"word_id": word_id, "domain": self._prompts.domain, **word})

    def _reason(self, word: dict[str, str]) -> str | None:
        for language, name in word.items():
            if not folded(name):
                return f"empty ({language})"
            if len(name) > LONGEST:
                return f"longer than {LONGEST} characters ({language})"
            if not name.isprintable() or re.search(r"[<>{}\[\]|\\]", name):
                return f"control characters or markup ({language})"
            if folded(name) in self._known:
                return "known already"
        return None

    def _id(self, word: dict[str, str]) -> str:
        """From the word itself where one of its forms is in Latin letters, else from the domain and a number."""
        slug = next(filter(None, (slug_of(word[language]) for language in self._prompts.languages)), "")
        if slug and slug not in self._ids and not TAKEN.fullmatch(slug):
            return slug
        stem = (slug_of(self._prompts.domain) or "word") if not slug or TAKEN.fullmatch(slug) else slug
        stem = "word" if TAKEN.fullmatch(f"{stem}-1") else stem
        number = 2 if stem == slug else 1
        while f"{stem}-{number}" in self._ids:
            number += 1
        return f"{stem}-{number}"


def slug_of(name: str) -> str:
    """Lower-case letters, digits and single hyphens; nothing if the name is not in Latin letters."""
    if any(char.isalpha() and not unicodedata.name(char, "").startswith("LATIN") for char in name):
        return ""
    plain = unicodedata.normalize("NFKD", name.casefold().translate(_LETTERS)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].rstrip("-")
