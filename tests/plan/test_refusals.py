"""Mistakes in the configuration and its files that are refused when the plan is made, before the first job."""

import json

import pytest

from tauspeech.experiments.foundation.plan import plan as foundation_of
from tauspeech.experiments.lors.plan import plan as lors_of
from tauspeech.experiments.rare_words.plan import plan as rare_words_of
from tauspeech.plan.config import complete
from tauspeech.runtime.errors import UserError

XTTS = "tts_models/multilingual/multi-dataset/xtts_v2"
HEADER = "word_id\tzh\ten\tdomain\ten_phrase\ten_aliases\n"


@pytest.fixture
def refused(folder):
    """The sentence with which the plan of a configuration is refused."""

    def sentence(plan, config):
        with pytest.raises(UserError) as caught:
            plan(complete({"name": "t"} | config, "c.yaml"), folder / "results")
        return str(caught.value)

    return sentence


@pytest.fixture
def words(folder, refused):
    """The same for rare words, with a table of its own."""

    def sentence(row="avignon\t阿维尼翁\tAvignon\tlocation\t\t", **sections):
        (folder / "words.tsv").write_text(f"{HEADER}{row}\n", encoding="utf-8")
        basis = {"experiment": "rare_words", "words": "words.tsv", "base": "foundation/tiny"}
        return refused(rare_words_of, basis | sections)

    return sentence


@pytest.fixture
def lors(refused):
    def sentence(**sections):
        basis = {"experiment": "lors", "base": "a/b", "groups": {"high": {"languages": ["ca", "de"]}}}
        return refused(lors_of, basis | sections)

    return sentence


def voices(*names, **models):
    return {"speech": {"voices": {"zh": list(names)}, "models": models}}


# Words and sentences


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            "mars\t火星\tMars\tplanet\t\t",
            "words.tsv, line 2: the template grammar has no sentences for the domain 'planet': use",
        ),
        ("rome\t罗马\tRome\tlocaton\t\t", "words.tsv, line 2: .* domain 'locaton': did you mean 'location'?"),
        (
            "rome\t罗马\tRome\tlocation\tthe city\t",
            "words.tsv, line 2: 'the city' in column 'en_phrase' does not contain 'Rome'",
        ),
    ],
)
def test_a_word_that_the_grammar_has_no_sentences_for(words, row, message):
    start, _, end = message.partition(" .* ")
    assert words(row).startswith(start)
    assert end in words(row)


def test_a_phrase_may_contain_an_alias_and_own_sentences_may_have_any_domain(folder, words):
    own = folder / "config" / "text" / "mars.tsv"
    own.parent.mkdir(parents=True)
    own.write_text("zh\ten\tsplit\n火星\tMars\ttrain\n火星\tMars\tvalidation\n火星\tMars\ttest\n", encoding="utf-8")
    assert "composition.counts" in words("mars\t火星\tMars\tplanet\t\t", composition={"counts": [9]})
    row = "rome\t罗马\tRome\tlocation\tthe Eternal City\tEternal City"
    assert "composition.counts" in words(row, composition={"counts": [9]})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("zh\n阿维尼翁\n", "avignon.tsv: column 'en' is missing in the first line."),
        ("zh\ten\tsplit\n阿维尼翁\tAvignon\tdev\n", "avignon.tsv, line 2: split 'dev' is unknown: use train,"),
        ("zh\ten\n阿维尼翁\tAvignon\n", "avignon.tsv leaves no validation sentences (the file has too few rows)"),
        ("zh\ten\tsplit\n阿维尼翁\tAvignon\ttest\n", "avignon.tsv leaves no validation sentences"),
        ("zh\ten\n", "avignon.tsv has no rows: add sentences, or remove the file."),
    ],
)
def test_own_sentences_with_a_mistake(folder, words, content, message):
    (folder / "own").mkdir()
    (folder / "own" / "avignon.tsv").write_text(content, encoding="utf-8")
    assert f"own/{message}" in words(text={"own": "own"})


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"text": {"own": "txet"}}, "key 'text.own': the folder txet does not exist"),
        ({"speech": {"recordings": "rec"}}, "key 'speech.recordings': the folder rec does not exist"),
        (
            {"text": {"limits": {"shortest": 9, "longest": 5}}},
            "key 'text.limits.shortest' is 9, and text.limits.longest is 5",
        ),
        (
            {"text": {"source": "transformers", "transformers": {"model": "qwen"}}},
            "key 'text.transformers.model': qwen is neither a folder nor a model of the hub (OWNER/NAME): check the name.",
        ),
        (
            {"overrides": {"avignn": {}}},
            "key 'overrides.avignn': no such word_id in words.tsv: did you mean 'avignon'?",
        ),
        (
            {"composition": {"subsets": {"a": ["avignon", "rome"]}}},
            "no word 'rome' in words.tsv, or it is skipped: give",
        ),
        ({"training": {"precision": "fp16"}}, "key 'training.precision' is fp16, which is many times slower on a CPU"),
        (
            {"training": {"precision": "fp16"}, "retrain_foundation": True},
            "key 'training.precision' is fp16, which is many times slower on a CPU",
        ),
        ({"overrides": {"avignon": {"training": {"precision": "fp16"}}}}, "key 'training.precision' is fp16"),
        ({"speech": {"rate": [300, 200]}}, "key 'speech.rate' is [300, 200]: give the lower end first."),
    ],
)
def test_settings_that_cannot_work(words, sections, message):
    assert message in words(**sections)


# Recordings


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("file\tzh\ten\n", "avignon.tsv: column 'split' is missing in the first line."),
        ("file\tsplit\tzh\n", "avignon.tsv: column 'en' is missing in the first line."),
        ("file\tsplit\tzh\ten\na.wav\tdev\t一\tone\n", "avignon.tsv, line 2: split 'dev' is unknown"),
        ("file\tsplit\tzh\ten\na.wav\ttrain\t一\t\n", "avignon.tsv, line 2: column 'en' is empty"),
        ("file\tsplit\tzh\ten\nb.wav\ttest\t一\tone\n", "avignon.tsv, line 2: the audio file rec/b.wav does not exist"),
        ("file\tsplit\tzh\ten\na.wav\ttest\t一\tone\n", "avignon.tsv has no row of the split train: add recordings"),
        ("file\tsplit\tzh\ten\na.wav\ttrain\t一\tone\n", "avignon.tsv has no row of the split test: add recordings"),
    ],
)
def test_recordings_with_a_mistake(folder, words, content, message):
    (folder / "rec").mkdir()
    (folder / "rec" / "a.wav").write_bytes(b"")
    (folder / "rec" / "avignon.tsv").write_text(content, encoding="utf-8")
    assert f"rec/{message}" in words(speech={"recordings": "rec"})


def test_recordings_of_a_language_need_every_split(folder, lors):
    (folder / "rec").mkdir()
    (folder / "rec" / "a.wav").write_bytes(b"")
    (folder / "rec" / "ca.tsv").write_text("file\tsplit\tca\ten\na.wav\ttest\tun\tone\n", encoding="utf-8")
    assert lors(speech={"recordings": "rec"}).startswith("rec/ca.tsv has no row of the split train")


# Voices


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        (voices("cmn+nobody"), "key 'speech.voices.zh': espeak-ng has no variant 'nobody', as in 'cmn+nobody'"),
        (voices("espeak/cmx"), "key 'speech.voices.zh': espeak-ng has no voice 'cmx': did you mean 'cmn'?"),
        (
            voices("coqui/xts", coqui={"xtts": {"model": "m"}}),
            "is not described: did you mean coqui/xtts? If not, add speech",
        ),
        (voices("coqui/mini/zh-9"), "the voice coqui/mini/zh-9 does not exist: coqui/mini has zh-1, zh-2, zh-3."),
        (
            voices("coqui/x", coqui={"x": {"model": XTTS}}),
            f"key 'speech.models.coqui.x': {XTTS} is under the Coqui Public",
        ),
        (
            voices("kokoro/v1/af_heart", kokoro={"v1": {"model": "a/b"}}),
            "key 'speech.voices.zh': kokoro/v1/af_heart is a voice of another language: give one of zh, whose names "
            "start with z, or only kokoro/v1 for any of them.",
        ),
        (
            voices("kokoro/v1", kokoro={"v1": {"model": "."}}),
            "key 'speech.models.kokoro.v1.file': ./onnx/model_quantized.onnx does not exist",
        ),
        (voices("coqui/x", coqui={"x": {"path": "no.pth"}}), "key 'speech.models.coqui.x.path': no.pth does not exist"),
        (
            voices("coqui/x", coqui={"x": {"model": "m", "reference": ["me.wav"]}}),
            "key 'speech.models.coqui.x.reference': me.wav does not exist",
        ),
        (
            voices("vits/v", vits={"v": {"model": "mms"}}),
            "key 'speech.models.vits.v.model': mms is neither a folder nor",
        ),
        (
            voices("speecht5/s", speecht5={"s": {"model": "a/b", "vocoder": "a/c", "speakers": "x.npy"}}),
            "key 'speech.models.speecht5.s.speakers': x.npy does not exist",
        ),
        (
            voices("http/s", http={"s": {"url": "http://h/v1", "model": "m"}}),
            "http/s names no voice of its server: add one",
        ),
        (
            voices("command/c", command={"c": {"program": ["say", "{text_file}", "{wav}", "{voice}"]}}),
            "command/c names no voice, but its program needs '{voice}': add one, such as command/c/",
        ),
        (
            voices("command/c", command={"c": {"program": ["say", "{wav}"]}}),
            "speech.models.command.c.program lacks '{text_file}'",
        ),
        (
            voices("command/c", command={"c": {"program": ["say", "{text}"]}}),
            "has '{text}', but texts are never passed",
        ),
        (
            voices(
                "cosyvoice/c",
                cosyvoice={"c": {"checkout": ".", "model": "no", "prompts": {"a": {"audio": ".", "text": "t"}}}},
            ),
            "key 'speech.models.cosyvoice.c.model': no does not exist",
        ),
        (
            voices(
                "cosyvoice/c/b",
                cosyvoice={"c": {"checkout": ".", "model": ".", "prompts": {"a": {"audio": ".", "text": "t"}}}},
            ),
            "the voice cosyvoice/c/b does not exist: cosyvoice/c has a.",
        ),
    ],
)
def test_voices_that_do_not_exist(words, sections, message):
    assert message in words(**sections)


def test_a_voice_of_a_single_word(words):
    overrides = {"avignon": {"speech": {"voices": {"zh": ["cmn+nobody"]}}}}
    assert "espeak-ng has no variant 'nobody'" in words(overrides=overrides)


def test_a_language_that_the_bundled_voice_does_not_have(lors):
    spoken = {"voices": {"ca": ["coqui/mini"], "de": ["de"]}}
    assert lors(speech=spoken) == (
        "key 'speech.voices.ca': the voice coqui/mini does not support ca, only en and zh: use another voice."
    )
    assert "does not support ca" in lors(speech=spoken | {"retrain_voice": True})


def test_a_language_that_kokoro_does_not_have(lors):
    spoken = {"voices": {"ca": ["kokoro/v1"], "de": ["de"]}, "models": {"kokoro": {"v1": {"model": "a/b"}}}}
    assert lors(speech=spoken) == (
        "key 'speech.voices.ca': the voice kokoro/v1 does not support ca, only en, es, fr, hi, it, ja, pt and zh: use "
        "another voice."
    )


def test_a_voice_model_of_another_type(folder, words):
    (folder / "mine").mkdir()
    (folder / "mine" / "config.json").write_text(json.dumps({"model_type": "bark"}))
    assert "vits.v.model': mine is a model of the type 'bark', not 'vits'" in words(
        **voices("vits/v", vits={"v": {"model": "mine"}})
    )


def test_a_voice_of_a_foundation(refused):
    config = {"experiment": "foundation", "size": "tiny", "speech": {"voices": {"zh": ["cmn+nobody"]}}}
    assert "espeak-ng has no variant 'nobody'" in refused(foundation_of, config)


# Bases and corpora


@pytest.mark.parametrize(
    ("base", "message"),
    [
        ("whisper-small", "key 'base': whisper-small is neither a folder nor a model of the hub (OWNER/NAME)"),
        ("foundation/smal", "there is no foundation of size 'smal': did you mean 'small'?"),
        ("mine", "key 'base': mine is a model of the type 'mistral', which is not supported: give one of the types"),
    ],
)
def test_a_base_that_is_no_base(folder, words, base, message):
    (folder / "mine").mkdir()
    (folder / "mine" / "config.json").write_text(json.dumps({"model_type": "mistral"}))
    assert message in words(base=base)


@pytest.mark.parametrize(
    ("corpus", "message"),
    [
        ({"common_voice": "cv", "translations": "."}, "key 'corpus.common_voice': the folder cv does not exist"),
        ({"common_voice": ".", "translations": "t"}, "key 'corpus.translations': the folder t does not exist"),
        ({"mirror": "nowhere"}, "key 'corpus.mirror': nowhere is neither a folder nor"),
        ({"mirror": "a/b", "min_seconds": 31}, "key 'corpus.min_seconds' is 31, and corpus.max_seconds is 30"),
    ],
)
def test_a_corpus_that_is_not_there(lors, corpus, message):
    assert message in lors(corpus=corpus)


def test_an_override_of_no_training(lors):
    assert (
        lors(overrides={"ca--asrr": {}})
        == "key 'overrides.ca--asrr': there is no such training: did you mean 'ca--asr'?"
    )
