"""A disk that cannot be written, in one clause, whichever library ran into it."""

import errno
import re

TROUBLES = {
    errno.ENOSPC: "there is no space left on the disk",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "files may not be that large here",
    errno.EROFS: "it lies on a disk that is read-only",
    errno.EACCES: "you lack the permission",
    errno.EIO: "the disk reports an error",
}
EITHER = {errno.EACCES, errno.EIO}  # reading too may fail with these
NUMBER = re.compile(r"(?:os error |Errno )(\d+)")  # as safetensors and pyarrow quote it
UNNUMBERED = "PytorchStreamWriter failed writing"  # torch.save


def trouble_of(error: BaseException | None) -> str | None:
    """What a person must see to before the same command can go on, if that is what an error is about."""
    while error is not None:
        found = [error.errno] if isinstance(error, OSError) and error.errno else []
        found += [int(number) for number in NUMBER.findall(str(error))]
        for code in found:
            if code in TROUBLES:
                file = getattr(error, "filename", None)
                what = "read or written" if code in EITHER else "written"
                return f"{file or 'a file'} cannot be {what}: {TROUBLES[code]}"
        if UNNUMBERED in str(error):
            return f"a file cannot be written: {TROUBLES[errno.ENOSPC]}, or it reports an error"
        error = error.__cause__ or error.__context__
    return None
