"""Instructions to a speech LLM: ten sentences for each task, of which one is drawn by hash."""

from tauspeech.data.languages import primary_subtag
from tauspeech.data.randomness import derive_seed
from tauspeech.models.dialogue.tokens import END_HUMAN, HUMAN, MODEL
from tauspeech.models.tasks import SpeechTask

# English names of languages; other languages have their codes as names.
NAMES = {
    "ar": "Arabic", "ca": "Catalan", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek", "en": "English", "es": "Spanish",
    "et": "Estonian", "fa": "Persian", "fi": "Finnish", "fr": "French", "hi": "Hindi", "hu": "Hungarian", "id": "Indonesian",
    "it": "Italian", "ja": "Japanese", "ko": "Korean", "lt": "Lithuanian", "lv": "Latvian", "nl": "Dutch", "no": "Norwegian",
    "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sk": "Slovak", "sl": "Slovenian", "sv": "Swedish",
    "ta": "Tamil", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip

_TRANSCRIBE = (
    "Can you transcribe this {source} recording?",
    "Please write down what is said here in {source}.",
    "What does the speaker say? Answer with the {source} words.",
    "Turn this {source} speech into text.",
    "I need the {source} text of this recording.",
    "Write the transcript of the following {source} speech.",
    "Listen and note every word that you recognise in {source}.",
    "Could you put this spoken {source} sentence into writing?",
    "Give me the words of this {source} utterance.",
    "Take this {source} dictation, please.",
)
_TRANSLATE = (
    "Can you transcribe this {source} speech and translate it into {target}?",
    "Please write down the {source} words, and then what they mean in {target}.",
    "First the {source} transcript, then the {target} translation of this recording.",
    "Turn this {source} speech into text, and the text into {target}.",
    "I need this {source} recording as text and in {target}.",
    "What is said here in {source}, and how would you say it in {target}?",
    "Note the {source} sentence that you recognise and render it in {target}.",
    "Write the {source} sentence, followed by its {target} version.",
    "Could you take down this {source} utterance and put it into {target}?",
    "Transcribe the {source} speaker, then translate for a reader of {target}.",
)
_TRANSLATE_TEXT = (
    "Can you translate this {source} sentence into {target}?",
    "Please put the following {source} text into {target}.",
    "How would you say this {source} sentence in {target}?",
    "What does this {source} sentence mean in {target}?",
    "I need the {target} version of this {source} text.",
    "Write this {source} sentence in {target}.",
    "Render the following {source} words in {target}.",
    "Give me a {target} translation of this {source} sentence.",
    "Could you make a {target} sentence of this {source} one?",
    "Translate for a reader of {target} who knows no {source}.",
)
INSTRUCTIONS = {
    "transcribe": _TRANSCRIBE,
    "translate": _TRANSLATE,
    "translate_text": _TRANSLATE_TEXT,
    # Language control is learned for translation, so it is asked for as a translation is.
    "control_language": _TRANSLATE,
}


def language_name(language: str) -> str:
    return NAMES.get(primary_subtag(language), language)


def instruction(task: SpeechTask, key: str) -> str:
    """One of the task's sentences, the same for the same key."""
    sentences = INSTRUCTIONS[task.kind]
    chosen = sentences[derive_seed(0, "instruction", key) % len(sentences)]
    return chosen.format(source=language_name(task.source), target=language_name(task.target))


def before_input(task: SpeechTask, key: str) -> str:
    """The prompt up to the speech or text that it is about."""
    return f"{HUMAN}: {instruction(task, key)} This is input: "


def behind_input() -> str:
    return f"{END_HUMAN} {MODEL}: "
