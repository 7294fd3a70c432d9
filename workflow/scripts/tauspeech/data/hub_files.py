"""Single files of a data set on the Hugging Face hub, downloaded or taken from the local cache."""

from pathlib import Path

from tauspeech.runtime.errors import UserError


def _split_name(name: str) -> tuple[str, str | None]:
    repository, _, revision = name.partition("@")
    return repository, revision or None


def _unreachable(name: str, what: str, error: Exception) -> UserError:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    repository = _split_name(name)[0]
    return UserError(
        f"{what} of the data set {name} is not in the cache and cannot be downloaded ({reason}): check the name, or "
        f"run `hf download {repository} --repo-type dataset --local-dir FOLDER` on a machine with a connection, and "
        "give FOLDER as the mirror."
    )


def list_files(name: str) -> list[str]:
    """Names of the data set's files; without a connection, those in the cache."""
    import huggingface_hub

    repository, revision = _split_name(name)
    try:
        return huggingface_hub.HfApi().list_repo_files(repository, repo_type="dataset", revision=revision)
    except Exception as error:
        try:
            folder = Path(
                huggingface_hub.snapshot_download(
                    repository, repo_type="dataset", revision=revision, local_files_only=True
                )
            )
        except Exception:
            raise _unreachable(name, "the list of files", error) from None
        return [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]


def fetch_file(name: str, file: str) -> Path:
    """Path of a file in the cache; downloads the file if it is missing."""
    import huggingface_hub

    repository, revision = _split_name(name)
    try:
        return Path(huggingface_hub.hf_hub_download(repository, file, repo_type="dataset", revision=revision))
    except Exception as error:
        raise _unreachable(name, file, error) from None
