"""The grammar of spoken commands: sentences of each domain are whole, short and of that domain alone."""

import random
import re

import pytest
import yaml

from tauspeech.data.randomness import derive_rng
from tauspeech.data.reserved_names import reserved_forms
from tauspeech.plan.sources import grammar_domains, grammar_source
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.paths import GRAMMARS
from tauspeech.text.checks import Checker
from tauspeech.text.domain_grammars import combinations, grammars_of, with_and_without
from tauspeech.text.grammar import SLOT, Grammar, draw, fill, slots_of
from tauspeech.text.template import SHARES, generate, in_share, sentences

NAME = "commands/en"
FILE = GRAMMARS / f"{NAME}.yaml"
CONTENT = yaml.safe_load(FILE.read_text(encoding="utf-8"))
DOMAINS = [
    "alarm",
    "audio",
    "calendar",
    "cooking",
    "datetime",
    "email",
    "general",
    "iot",
    "lists",
    "music",
    "news",
    "play",
    "qa",
    "recommendation",
    "social",
    "takeaway",
    "transport",
    "weather",
]
DISTINCT = 2000


@pytest.fixture(scope="module")
def by_domain() -> dict[str, set[str]]:
    """Distinct sentences of each domain, as many as one can draw in a few times their number."""
    found: dict[str, set[str]] = {}
    for domain in DOMAINS:
        (grammar,) = grammars_of(FILE, ["en"], domain)
        rng = random.Random(0)
        found[domain] = {
            fill(template, draw(grammar, template, rng))["en"]
            for template in (rng.choice(grammar.templates) for _ in range(3 * DISTINCT))
        }
    return found


def test_the_domains_are_slurps():
    assert list(CONTENT["domains"]) == list(grammar_domains(NAME)) == DOMAINS


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_template_of_a_domain_comes_out_whole_and_every_list_is_used(domain):
    (grammar,) = grammars_of(FILE, ["en"], domain)
    content = CONTENT["domains"][domain]
    for template in grammar.templates:
        text = fill(template, draw(grammar, template, random.Random(0)))["en"]
        assert re.fullmatch(r"[a-z']+( [a-z']+)*", text), text
    used = {slot.rstrip("2") for template in grammar.templates for slot in slots_of(template)}
    nested = re.findall(r"\{(\w+)\}", str(content["lists"]))
    assert set(content["lists"]) <= used | set(nested)
    assert not set(content["lists"]) & set(CONTENT["lists"]), "a domain's list hides a common one"
    assert len(content["templates"].splitlines()) >= 12


def test_no_phrase_is_in_a_list_twice():
    for lists in (CONTENT["lists"], *(content["lists"] for content in CONTENT["domains"].values())):
        for name, phrases in lists.items():
            assert len(set(phrases)) == len(phrases), name


def test_sentences_of_every_domain_are_many_short_and_of_no_other_domain(by_domain):
    owner: dict[str, str] = {}
    for domain, texts in by_domain.items():
        assert len(texts) >= DISTINCT, domain
        assert {len(text.split()) for text in texts} <= set(range(3, 15)), domain
        assert not owner.keys() & texts
        owner |= dict.fromkeys(texts, domain)


def test_articles_agree_with_the_next_word(by_domain):
    for text in set().union(*by_domain.values()):
        assert not re.search(r"\ba [aeio]|\ban [^aeiouh]", text), text


def test_the_vocabulary_fits_a_small_model_and_domains_have_words_of_their_own(by_domain):
    words = {domain: {word for text in texts for word in text.split()} for domain, texts in by_domain.items()}
    assert 900 <= len(set().union(*words.values())) <= 1600
    for domain, own in words.items():
        others = set().union(*(each for other, each in words.items() if other != domain))
        assert len(own - others) >= 25, domain


def test_no_rare_word_of_the_shipped_tables_is_among_the_sentences(by_domain):
    reserved = [form.casefold() for form in reserved_forms(("en",), None)["en"]]
    everything = "\n".join(set().union(*by_domain.values()))
    assert not re.search(rf"\b({'|'.join(map(re.escape, reserved))})\b", everything)


def test_splits_are_disjoint_and_every_domain_has_enough_for_each(by_domain):
    for texts in by_domain.values():
        splits = [{text for text in texts if in_share({"en": text}, split)} for split in SHARES]
        assert sum(map(len, splits)) == len(texts) == len(set().union(*splits))
        assert min(map(len, splits)) >= 100


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_set_of_one_domain_passes_the_checks(domain):
    counts = {"train": 200, "validation": 30, "test": 40}
    checker = Checker(("en",), None, reserved_forms(("en",), None))
    found = generate(grammars_of(FILE, ["en"], domain), counts, checker, 1, domain, None)
    assert {split: len(accepted) for split, accepted in found.items()} == counts


def test_without_a_domain_each_is_drawn_equally_often():
    found = generate(grammars_of(FILE, ["en"]), {"train": 36}, Checker(("en",), None, {}), 1, "all", None)["train"]
    for number, sentence in enumerate(found):
        (grammar,) = grammars_of(FILE, ["en"], DOMAINS[number % len(DOMAINS)])
        assert any(is_of(template["en"], grammar, sentence["en"]) for template in grammar.templates), sentence


def is_of(template: str, grammar: Grammar, text: str) -> bool:
    """True if a template of the grammar can give the text."""

    def phrases(match: re.Match[str]) -> str:
        return f"({'|'.join(phrase['en'] for phrase in grammar.fillers[match.group(1)])})"

    return re.fullmatch(SLOT.sub(phrases, template), text) is not None


def test_sentences_depend_on_the_domains_own_part_of_the_file(tmp_path):
    """Another domain's templates change neither the hash nor the sentences."""
    changed = tmp_path / "en.yaml"
    domains = {name: CONTENT["domains"][name] for name in ("weather", "cooking")}
    changed.write_text(yaml.safe_dump(CONTENT | {"domains": domains}), encoding="utf-8")
    drawn = [
        [next(source)["en"] for _ in range(20)]
        for path in (FILE, changed)
        for source in [sentences(grammars_of(path, ["en"], "cooking")[0], derive_rng(1, "t"), "train", None)]
    ]
    assert drawn[0] == drawn[1]


def test_the_source_of_a_domain_is_named_and_hashed():
    whole, cooking = grammar_source(("en",), NAME), grammar_source(("en",), NAME, "cooking")
    assert whole.keys() == {"name", "sha256"} and whole["name"] == NAME
    assert cooking == {"name": NAME, "domain": "cooking", "sha256": cooking["sha256"]}
    assert len({whole["sha256"], cooking["sha256"], grammar_source(("en",), NAME, "music")["sha256"]}) == 3


def test_a_grammar_found_by_its_languages_is_never_that_of_commands():
    assert grammar_source(("en",))["name"] == "zh-en"


def test_unknown_domains_and_texts_that_are_none_are_refused(tmp_path):
    wrong = "no sentences for the domain 'cookin': did you mean 'cooking'"
    with pytest.raises(UserError, match=wrong):
        grammars_of(FILE, ["en"], "cookin")
    with pytest.raises(UserError, match=wrong):
        grammar_source(("en",), NAME, "cookin")
    with pytest.raises(UserError, match="not divided into domains, so that it has none named 'landmark'"):
        grammars_of(GRAMMARS / "zh-en.yaml", ["en"], "landmark")
    broken = tmp_path / "en.yaml"
    broken.write_text("lists: {}\ndomains: {a: {lists: {switch: [on, off]}, templates: 'turn it {switch}'}}\n")
    with pytest.raises(UserError, match="domain 'a' has a phrase or template that is not text"):
        grammars_of(broken, ["en"])


def test_phrases_name_other_lists_and_parts_are_optional():
    lists = {"hour": ["one", "two"], "time": ["{hour} am", "noon"], "when": ["at {time}", "{hour} to {hour}"]}
    assert combinations("{time}", lists) == ["one am", "two am", "noon"]
    assert len(combinations("{when}", lists)) == 3 + 4
    assert with_and_without("[{ask}] wake me [at {time}] now") == [
        "{ask} wake me at {time} now",
        "{ask} wake me now",
        "wake me at {time} now",
        "wake me now",
    ]
