"""A small Whisper's training with a CTC loss beside attention's: the sum of both, and a plain model afterwards."""

import numpy as np
import pytest
import torch
from transformers import WhisperForConditionalGeneration

from tauspeech.models.family import Example, open_model
from tauspeech.models.foundation_sizes import SIZES
from tauspeech.models.tasks import SpeechTask
from tauspeech.models.whisper.foundation import new_model, with_ctc_loss, without_ctc_loss

SIZE = SIZES["english-test"]
TASK = SpeechTask("transcribe", "en", "en")
TEXTS = ["wake me up at seven", "play some jazz"]


@pytest.fixture
def model():
    return new_model(TEXTS, SIZE, 1)


@pytest.fixture
def batch(model):
    random = np.random.default_rng(1)
    sounds = [random.normal(0, 0.1, 16_000 * seconds).astype(np.float32) for seconds in (2, 1)]
    return model.collate(
        [Example(model.features(sound), model.labels(text, TASK)) for sound, text in zip(sounds, TEXTS, strict=True)]
    )


def test_the_loss_is_attentions_plus_the_weighted_ctc_loss_of_the_text(model, batch):
    end = model.processor.tokenizer.convert_tokens_to_ids("<|endoftext|>")  # the first token that is no text
    plain = model.network.train()(**batch)
    with_ctc_loss(model, 0.5)
    with torch.no_grad():
        joint = model.network.train()(**batch).loss
        scores = model.network.ctc_head(plain.encoder_last_hidden_state).log_softmax(-1)
        losses = []
        for row, text in zip(scores, TEXTS, strict=True):
            labels = torch.tensor([[id for id in model.labels(text, TASK) if id < end]])
            frames, length = torch.tensor([len(row)]), torch.tensor([labels.shape[1]])
            loss = torch.nn.functional.ctc_loss(row[:, None], labels, frames, length, blank=end, reduction="sum")
            losses.append(loss / labels.shape[1])
    expected = plain.loss + 0.5 * torch.stack(losses).mean()
    assert float(joint) == pytest.approx(float(expected), rel=1e-4)
    assert float(model.network.eval()(**batch).loss) == pytest.approx(float(plain.loss), rel=1e-5), (
        "validation is plain"
    )


def test_a_trained_model_is_saved_as_a_plain_whisper(model, tmp_path):
    names = set(model.network.state_dict())
    with_ctc_loss(model, 0.5)
    without_ctc_loss(model)
    assert type(model.network) is WhisperForConditionalGeneration and set(model.network.state_dict()) == names
    model.save(tmp_path)
    assert '"WhisperForConditionalGeneration"' in (tmp_path / "config.json").read_text(encoding="utf-8")
    assert type(open_model(tmp_path).network) is WhisperForConditionalGeneration
