"""Recognition of file system errors (disk full, quota, permissions) behind exceptions of any library."""

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
EITHER = {errno.EACCES, errno.EIO}  # reading can fail with these, too
NUMBER = re.compile(r"(?:os error |Errno )(\d+)")  # as in messages of safetensors and pyarrow
UNNUMBERED = "PytorchStreamWriter failed writing"  # message of torch.save, which has no number


def trouble_of(error: BaseException | None) -> str | None:
    """Clause for a message if an error comes from the file system, which the user must fix first; None for other errors."""
    while error is not None:
        found = [error.errno] if isinstance(error, OSError) and error.errno else []
        found += [int(number) for number in NUMBER.findall(str(error))]
        for code in found:
            if code in TROUBLES:
                file = getattr(error, "filename", None)
                what = "read or written" if code in EITHER else "written"
                return f"{file or 'a file'} cannot be {what}: {TROUBLES[code]}"
        if UNNUMBERED in str(error):
            return f"a file cannot be written: {TROUBLES[errno.ENOSPC]}, or the disk reports an error"
        error = error.__cause__ or error.__context__
    return None
