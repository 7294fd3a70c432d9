"""CTC models of every class: labels, features, decoding, training, saving, merging."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCTC, AutoProcessor

from tauspeech.models.decoding import Decoder
from tauspeech.models.family import Example, open_model
from tauspeech.models.tasks import SpeechTask
from tauspeech.runtime.errors import UserError
from tauspeech.training.examples import Examples
from tauspeech.training.finetuning import Finetuning, TrainingSets
from tests.models.ctc.checkpoints import CLASSES, ENGLISH, WORDS, examples, save_checkpoint, utterance
from tests.models.ctc.speech import rows_of

DECODING = {"beams": 1, "batch": 8, "new_tokens": 10, "precision": "fp32"}
TRAINING = {"batch": 8, "accumulate": 1, "epochs": 120, "evaluations": 2, "learning_rate": 1e-2, "warmup": 0.1}
TRAINING |= {"schedule": "linear", "precision": "fp32", "weight_decay": 0.0, "best_by": "score", "joint_steps": None}
TRAINING |= {"validation_decoding": DECODING}


@pytest.fixture(scope="module", params=CLASSES)
def folder(request, tmp_path_factory):
    return save_checkpoint(request.param, tmp_path_factory.mktemp("model") / request.param)


def texts_of(model, words=WORDS, beams=1):
    encoded = model.encode([model.features(utterance(word)) for word in words])
    return model.decode(encoded, ENGLISH, beams=beams, new_tokens=0)


def finetuned(base, checkpoints, **settings):
    sets = TrainingSets({"words": rows_of()}, {"words": [ENGLISH]}, 1.0)
    return Finetuning(base, sets, TRAINING | settings, 1).at(TRAINING["learning_rate"], checkpoints)


@pytest.mark.parametrize("model_type", CLASSES)
def test_a_checkpoint_overfits_eight_utterances_and_its_fine_tune_saves_loads_and_merges(model_type, tmp_path):
    base = save_checkpoint(model_type, tmp_path / "base")
    trained = finetuned(base, tmp_path / "checkpoints")
    assert trained.score == 100
    trained.model.save_like(base, tmp_path / "fine-tune")
    again = open_model(tmp_path / "fine-tune")
    again.network.eval()
    assert [text.lower() for text in texts_of(again)] == WORDS
    assert [text.lower() for text in texts_of(again, beams=8)] == WORDS
    # Task arithmetic at weight 1 is the fine-tune, and at 0 the base.
    stored, changed = (load_file(path / "model.safetensors") for path in (base, tmp_path / "fine-tune"))
    assert stored.keys() == changed.keys()
    merged = open_model(base)
    merged.load_weights((name, changed[name].numpy()) for name in changed)
    merged.network.eval()
    assert texts_of(merged) == texts_of(again)
    frozen = [name for name in stored if ".feature_extractor." in name]
    assert bool(frozen) == (model_type != "parakeet_ctc")
    assert all(torch.equal(stored[name], changed[name]) for name in frozen)


def test_transformers_computes_the_same_from_the_saved_files(folder):
    """Features and frames are those of the model's own processor."""
    model = open_model(folder)
    model.network.eval()
    processor, network = AutoProcessor.from_pretrained(folder), AutoModelForCTC.from_pretrained(folder).eval()
    for samples in map(utterance, WORDS):
        with torch.inference_mode():
            expected = network(**processor(samples, sampling_rate=16_000, return_tensors="pt")).logits[0]
        (frames,) = model.encode([model.features(samples)]).frames
        torch.testing.assert_close(frames, expected.log_softmax(-1)[: len(frames)], atol=2e-5, rtol=1e-4)


def test_the_others_of_a_batch_change_nothing(folder):
    model = open_model(folder)
    model.network.eval()
    features = [model.features(utterance(word)) for word in WORDS]
    for together, alone in zip(model.encode(features).frames, features, strict=True):
        torch.testing.assert_close(together, model.encode([alone]).frames[0], atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("masked", [True, False])
def test_a_model_with_group_normalisation_is_decoded_without_padding(tmp_path, masked):
    """It covers the whole input, so that padding would change the frames, whether a mask is passed or not."""
    base = save_checkpoint("wav2vec2", tmp_path / "base", masked=masked, feat_extract_norm="group")
    model = open_model(base)
    model.network.eval()
    features = [model.features(utterance(word)) for word in WORDS]
    assert ("attention_mask" in model.collate(examples(model))) == masked
    for together, alone in zip(model.encode(features).frames, features, strict=True):
        assert torch.equal(together, model.encode([alone]).frames[0])


def test_a_batch_is_padded_where_the_loss_does_not_count(folder):
    model = open_model(folder)
    if model.network.config.model_type == "wav2vec2-conformer":
        pytest.skip("its convolutions reach into the padding, in transformers too")
    model.network.eval()
    pair = [examples(model, ["cab"])[0], examples(model, ["mama"])[0]]
    losses = [model.network(**model.collate([each])).loss.item() for each in pair]
    assert model.network(**model.collate(pair)).loss.item() == pytest.approx(sum(losses) / 2, rel=1e-3)


def test_a_text_that_is_longer_than_its_frames_costs_nothing(folder):
    """Otherwise one utterance that is spoken too fast would make the whole loss infinite."""
    model = open_model(folder)
    (example,) = examples(model, ["cab"])
    labels = example.labels * 20
    assert model.network(**model.collate([example._replace(labels=labels)])).loss.item() == 0


@pytest.mark.parametrize("upper", [True, False])
def test_texts_are_spelled_in_the_case_of_the_vocabulary(tmp_path, upper):
    model = open_model(save_checkpoint("wav2vec2", tmp_path / "base", upper=upper))
    labels = model.labels("Dad, hide the Égg!".replace("the ", ""), ENGLISH)
    assert model.vocabulary.text(labels) == ("DAD HIDE EGG" if upper else "dad hide egg")


def test_letters_and_digits_that_the_vocabulary_lacks_are_refused_with_the_utterance(tmp_path):
    base = save_checkpoint("wav2vec2", tmp_path / "base")
    row = rows_of(["cab"])[0] | {"en": "cab 7"}
    with pytest.raises(UserError, match="utterance train-cab: the model's vocabulary has no '7': spell numbers out"):
        sets = TrainingSets({"words": [row, *rows_of(["dad"])]}, {"words": [ENGLISH]}, 1.0)
        Finetuning(base, sets, TRAINING, 1).at(1e-3, tmp_path / "checkpoints")


def test_translation_is_refused(folder):
    model = open_model(folder)
    task = SpeechTask("translate", "de", "en")
    with pytest.raises(UserError, match="CTC models only transcribe: set task to transcribe"):
        model.labels("cab", task)
    with pytest.raises(UserError, match="only transcribe"):
        Decoder(model, DECODING).decode(rows_of(["cab"])[:1], task)


def test_checkpoints_with_older_names_of_weight_normalisation(tmp_path):
    """Most published checkpoints have them, such as facebook/wav2vec2-base-960h."""
    base = save_checkpoint("wav2vec2", tmp_path / "base")
    weights = load_file(base / "model.safetensors")
    older = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}

    def renamed(name):
        return next((name.replace(new, old) for new, old in older.items() if new in name), name)

    expected = texts_of(open_model(base))
    save_file({renamed(name): each for name, each in weights.items()}, base / "model.safetensors", {"format": "pt"})
    assert sum(name.endswith(("weight_g", "weight_v")) for name in load_file(base / "model.safetensors")) == 2
    model = open_model(base)
    assert texts_of(model) == expected
    changed = {name: each.numpy() + 1 for name, each in load_file(base / "model.safetensors").items()}
    model.load_weights(changed.items())
    model.save_like(base, tmp_path / "changed")
    saved = load_file(tmp_path / "changed" / "model.safetensors")
    assert saved.keys() == changed.keys()
    assert all(np.array_equal(saved[name].numpy(), changed[name]) for name in changed)


def test_a_checkpoint_may_lack_what_only_augments_a_training(tmp_path):
    base = save_checkpoint("wav2vec2", tmp_path / "base", mask_time_prob=0.05)
    weights = load_file(base / "model.safetensors")
    del weights["wav2vec2.masked_spec_embed"]
    save_file(weights, base / "model.safetensors", {"format": "pt"})
    assert not open_model(base).network.wav2vec2.masked_spec_embed.any()
    del weights["lm_head.weight"]
    save_file(weights, base / "model.safetensors", {"format": "pt"})
    with pytest.raises(UserError, match=r"lacks 1 weights .* such as lm_head.weight: give a complete model"):
        open_model(base)


def test_a_model_that_was_only_pretrained_is_refused(tmp_path):
    base = save_checkpoint("hubert", tmp_path / "base")
    (base / "vocab.json").unlink()
    with pytest.raises(UserError, match=r"neither tokenizer.json nor vocab.json.*fine-tuned for speech recognition"):
        open_model(base)


def test_a_padding_value_without_a_point_does_not_cut_the_samples(tmp_path):
    """Published preprocessor_config.json have 0 as well as 0.0."""
    base = save_checkpoint("wav2vec2", tmp_path / "base")
    expected = open_model(base).collate(examples(open_model(base)))["input_values"]
    config = json.loads((base / "processor_config.json").read_text())
    config["feature_extractor"]["padding_value"] = 0
    (base / "processor_config.json").write_text(json.dumps(config))
    assert torch.equal(open_model(base).collate(examples(open_model(base)))["input_values"], expected)


def test_tokens_that_are_no_text_lend_no_letters_and_tokenizers_change_no_case(tmp_path):
    base = save_checkpoint("wav2vec2", tmp_path / "base", upper=False, more=("<Xylo>", "[UNK]"))
    config = json.loads((base / "tokenizer_config.json").read_text())
    (base / "tokenizer_config.json").write_text(json.dumps(config | {"do_lower_case": True}))
    model = open_model(base)
    assert "X" not in model.vocabulary.characters
    assert model.vocabulary.text(model.labels("Cab", ENGLISH)) == "cab"
    with pytest.raises(UserError, match="the model's vocabulary has no 'X'"):
        model.labels("X", ENGLISH)
    with pytest.raises(UserError, match=r"the text '!\?' has no character of the model's vocabulary"):
        model.labels("!?", ENGLISH)


def test_a_word_delimiter_may_be_a_space(tmp_path):
    base = save_checkpoint("wav2vec2", tmp_path / "base")
    for name in ("vocab.json", "tokenizer_config.json"):
        text = (base / name).read_text()
        (base / name).write_text(text.replace('"|"', '" "'))
    config = json.loads((base / "tokenizer_config.json").read_text())
    (base / "tokenizer_config.json").write_text(json.dumps(config | {"word_delimiter_token": " "}))
    model = open_model(base)
    assert model.vocabulary.text(model.labels("dad hide", ENGLISH)) == "DAD HIDE"


def test_curly_apostrophes_are_apostrophes(tmp_path):
    model = open_model(save_checkpoint("wav2vec2", tmp_path / "base"))
    assert model.labels("he’d", ENGLISH) == model.labels("he'd", ENGLISH)
    assert model.vocabulary.spelled("he’d") == "HE'D"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"pad_token_id": None}, "pad_token_id is None"),
        ({"pad_token_id": 99}, "pad_token_id is 99, and must be the blank"),
    ],
)
def test_a_model_without_a_blank_is_refused(tmp_path, changes, says):
    base = save_checkpoint("hubert", tmp_path / "base")
    config = json.loads((base / "config.json").read_text()) | changes
    (base / "config.json").write_text(json.dumps(config))
    with pytest.raises(UserError, match=f"no CTC model could be loaded.*{says}"):
        open_model(base)


def test_stored_weights_that_the_model_does_not_use_stay(tmp_path):
    """Checkpoints of a pre-training hold its quantiser, too."""
    base = save_checkpoint("wav2vec2", tmp_path / "base")
    weights = load_file(base / "model.safetensors") | {"quantizer.codevectors": torch.arange(4.0)}
    save_file(weights, base / "model.safetensors", {"format": "pt"})
    open_model(base).save_like(base, tmp_path / "again")
    saved = load_file(tmp_path / "again" / "model.safetensors")
    assert saved.keys() == weights.keys()
    assert torch.equal(saved["quantizer.codevectors"], torch.arange(4.0))


def test_speech_that_is_too_short_for_a_frame_or_a_mask(tmp_path):
    """A tenth of a second has fewer frames than a mask of SpecAugment is long."""
    model = open_model(save_checkpoint("wav2vec2", tmp_path / "base", mask_time_prob=0.5, mask_time_length=10))
    model.network.train()
    short = [Example(model.features(np.zeros(samples, np.float32)), [5]) for samples in (1, 1600)]
    assert torch.isfinite(model.network(**model.collate(short)).loss)
    model.network.eval()
    assert len(model.decode(model.encode([each.features for each in short]), ENGLISH, beams=4, new_tokens=0)) == 2


def test_texts_that_are_too_long_for_their_speech_are_counted(tmp_path, capsys):
    model = open_model(save_checkpoint("wav2vec2", tmp_path / "base"))
    good, bad = rows_of(["cab", "dad"])[:2]
    bad = bad | {"en": "dad " * 40}
    Examples([(good, [ENGLISH]), (bad, [ENGLISH])], model)
    assert "1 of 2 texts are too long for their speech and do not count" in capsys.readouterr().out
    with pytest.raises(UserError, match="every text is too long for its speech"):
        Examples([(bad, [ENGLISH])], model)
