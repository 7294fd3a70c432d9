"""Greedy decoding: the tokens of transformers' ``generate``, in less time.

``generate`` still prepares everything: prompt, suppressed tokens, lengths; its loop is replaced. On a CPU the encoder runs
in pieces that fit into the processor's cache, and finished rows leave the batch. On other devices all rows are computed
until the last one ends, as in ``generate``: there the kernels, and with them the last bits of a result, depend on the
number of rows.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from transformers import (
    GenerationConfig,
    LogitsProcessorList,
    StoppingCriteriaList,
    SuppressTokensAtBeginLogitsProcessor,
    SuppressTokensLogitsProcessor,
    WhisperForConditionalGeneration,
)
from transformers.modeling_outputs import BaseModelOutput

from tauspeech.models.whisper.hints import PhraseBias

PIECE = 8 << 20  # bytes of a layer's widest tensor; for larger ones the C library maps new memory in every operation
LEAST = 2  # utterances of a piece; for a single one CPU libraries use other kernels, with other last bits
FEWEST = 4  # rows of a step; the same holds for matrix products with fewer rows
ROOM = 32  # tokens for which keys and values are allocated at first
ROW_BY_ROW = (SuppressTokensLogitsProcessor, SuppressTokensAtBeginLogitsProcessor, PhraseBias)


def generate(model: WhisperForConditionalGeneration, inputs: Tensor | None, states: Tensor, **settings: Any) -> Tensor:
    """``model.generate(inputs, **settings)`` for one beam; ``states`` is the encoder's output, for inputs or in their place."""
    outputs = BaseModelOutput(last_hidden_state=states)
    try:
        ids: Tensor = model.generate(inputs, encoder_outputs=outputs, custom_generate=_loop, **settings)
    except _Unsupported:
        encoded = {} if inputs is not None else {"encoder_outputs": outputs}
        ids = model.generate(inputs, **encoded, **settings)
    return ids


def encode(model: WhisperForConditionalGeneration, inputs: Tensor) -> Tensor:
    """Output of the encoder for a batch of features."""
    return torch.cat([model.model.encoder(piece).last_hidden_state for piece in pieces(model, inputs)])


class _Unsupported(Exception):
    """Raised in cases that only the loop of ``generate`` supports."""


def pieces(model: WhisperForConditionalGeneration, utterances: Tensor) -> tuple[Tensor, ...]:
    """Parts of a batch for the encoder, of about equal size."""
    if utterances.device.type != "cpu":
        return (utterances,)
    config = model.config
    widest = config.max_source_positions * config.encoder_ffn_dim * utterances.element_size()
    return utterances.tensor_split(max(1, len(utterances) // max(LEAST, PIECE // widest)))


def _loop(
    model: WhisperForConditionalGeneration,
    input_ids: Tensor,
    logits_processor: LogitsProcessorList,
    stopping_criteria: StoppingCriteriaList,
    generation_config: GenerationConfig,
    **others: Any,
) -> Tensor:
    """Loop that ``generate`` calls in place of its own."""
    supported = model.config._attn_implementation == "sdpa" and not model.training
    settings = generation_config
    plain = not (settings.do_sample or settings.return_dict_in_generate) and settings.pad_token_id is not None
    if not (supported and plain and all(isinstance(each, ROW_BY_ROW) for each in logits_processor)):
        raise _Unsupported
    prompt = input_ids.shape[1]
    ids = input_ids.new_full((len(input_ids), stopping_criteria.max_length), generation_config.pad_token_id)
    ids[:, :prompt] = input_ids
    rows = _Rows(_Decoder(model, others["encoder_outputs"].last_hidden_state), ids)
    found = rows.generate(prompt, logits_processor, stopping_criteria)
    last_text = getattr(generation_config, "no_timestamps_token_id", model.config.vocab_size)
    if (found[:, prompt:] > last_text).any():  # generate() encodes the audio behind a timestamp again
        raise _Unsupported
    return found


class _Rows:
    """Token ids of a batch. Unfinished rows come first, in ``ids`` and in the decoder; ``places`` holds the original order."""

    def __init__(self, decoder: "_Decoder", ids: Tensor):
        self.decoder, self.ids = decoder, ids
        self.places = list(range(len(ids)))
        self.live = len(ids)

    def generate(self, length: int, process: LogitsProcessorList, stop: StoppingCriteriaList) -> Tensor:
        """Ids up to the end of the longest row; ``length`` is the prompt's."""
        ids, drops = self.ids, self.ids.device.type == "cpu"
        pending, ended = ids[:, :length], torch.zeros(len(ids), dtype=torch.bool, device=ids.device)
        while self.live:
            rows = len(pending)
            scores = self.decoder.step(pending)[:, -1].to(torch.float32, copy=True)
            chosen = process(ids[:rows, :length], scores).argmax(-1)
            ids[:rows, length] = torch.where(ended[:rows], ids[:rows, length], chosen)
            length += 1
            ended[:rows] |= stop(ids[:rows, :length], None)
            if drops:
                self._drop(ended)
                rows = max(self.live, min(FEWEST, len(ids)))
            elif ended.all():
                self.live = 0
            pending = ids[:rows, length - 1 : length]
        order = torch.tensor(self.places, device=ids.device).argsort()
        return ids[order, :length]

    def _drop(self, ended: Tensor) -> None:
        """Move the last unfinished row to the place of each row that has ended."""
        for row in reversed(ended[: self.live].nonzero()[:, 0].tolist()):
            self.live -= 1
            last = self.live
            if row != last:
                self.decoder.move(last, row)
                self.ids[[row, last]] = self.ids[[last, row]]
                self.places[row], self.places[last] = self.places[last], self.places[row]
                ended[row], ended[last] = False, True


class _Decoder:
    """Decoder of a model with its caches for a batch."""

    def __init__(self, model: WhisperForConditionalGeneration, encoded: Tensor):
        self.decoder, self.project = model.model.decoder, model.proj_out
        self.blocks = [_DecoderBlock(layer, encoded) for layer in self.decoder.layers]
        self.length = 0

    def step(self, tokens: Tensor) -> Tensor:
        """Logits for the next tokens of the first rows."""
        positions = torch.arange(self.length, self.length + tokens.shape[1], device=tokens.device)[None]
        embedded = self.decoder.embed_positions(tokens, position_ids=positions)
        hidden = self.decoder.embed_tokens(tokens) + embedded
        for block in self.blocks:
            hidden = block(hidden, self.length)
        self.length += tokens.shape[1]
        return self.project(self.decoder.layer_norm(hidden))

    def move(self, source: int, target: int) -> None:
        for block in self.blocks:
            for tensor in block.tensors():
                tensor[target] = tensor[source]


class _DecoderBlock:
    """One layer of a decoder, with keys and values of the encoder's output and of the tokens so far."""

    def __init__(self, layer: nn.Module, encoded: Tensor):
        self.layer = layer
        self.cross = self._projected(layer.encoder_attn, encoded)
        shape = (len(encoded), layer.self_attn.num_heads, ROOM, layer.self_attn.head_dim)
        self.own = [self.cross[0].new_zeros(shape) for _ in range(2)]  # in half precision under autocast

    def tensors(self) -> Iterator[Tensor]:
        yield from self.cross
        yield from self.own

    def __call__(self, hidden: Tensor, length: int) -> Tensor:
        layer = self.layer
        rows, count, _ = hidden.shape
        normed = layer.self_attn_layer_norm(hidden)
        self._extend(self._projected(layer.self_attn, normed), length)
        keys, values = (tensor[:rows, :, : length + count] for tensor in self.own)
        hidden = hidden + self._attended(layer.self_attn, normed, keys, values, is_causal=count > 1)
        normed = layer.encoder_attn_layer_norm(hidden)
        keys, values = (tensor[:rows] for tensor in self.cross)
        hidden = hidden + self._attended(layer.encoder_attn, normed, keys, values, is_causal=False)
        return hidden + layer.fc2(layer.activation_fn(layer.fc1(layer.final_layer_norm(hidden))))

    def _extend(self, fresh: list[Tensor], length: int) -> None:
        rows, _, count, _ = fresh[0].shape
        while length + count > self.own[0].shape[2]:
            self.own = [torch.cat([tensor, torch.zeros_like(tensor)], dim=2) for tensor in self.own]
        for tensor, added in zip(self.own, fresh, strict=True):
            tensor[:rows, :, length : length + count] = added

    @staticmethod
    def _projected(attention: nn.Module, states: Tensor) -> list[Tensor]:
        """Keys and values."""
        return [_by_head(attention, project(states)) for project in (attention.k_proj, attention.v_proj)]

    @staticmethod
    def _attended(attention: nn.Module, states: Tensor, keys: Tensor, values: Tensor, is_causal: bool) -> Tensor:
        query = _by_head(attention, attention.q_proj(states) * attention.scaling)
        found = scaled_dot_product_attention(query, keys, values, is_causal=is_causal, scale=1.0)
        return attention.out_proj(found.transpose(1, 2).reshape(states.shape))


def _by_head(attention: nn.Module, states: Tensor) -> Tensor:
    return states.view(*states.shape[:2], attention.num_heads, attention.head_dim).transpose(1, 2).contiguous()
