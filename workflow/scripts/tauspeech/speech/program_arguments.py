"""Arguments of the user's own program for speech. Nothing heavy is imported, since the plan checks them, too."""

from collections.abc import Sequence

from tauspeech.runtime.errors import UserError


def require_places(program: Sequence[str], where: str) -> None:
    """Refuse a program without the arguments for the text's file and for the audio, or with one for the text itself."""
    if any("{text}" in argument for argument in program):
        raise UserError(
            f"{where} has '{{text}}', but texts are never passed as arguments: let the program read the file {{text_file}}."
        )
    for place in ("{text_file}", "{wav}"):
        if not any(place in argument for argument in program[1:]):
            raise UserError(f"{where} lacks '{place}': add it to the arguments of the program.")
