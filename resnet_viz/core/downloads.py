"""Downloads with progress and a checksum."""

import hashlib
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError

from resnet_viz.core.errors import DownloadError
from resnet_viz.core.saving import whole_file

_CHUNK = 1 << 18  # bytes
_TIMEOUT = 20  # seconds without a response


@dataclass(frozen=True)
class DownloadProgress:
    """Bytes received so far, and in total (0 if the server does not say)."""

    received: int
    total: int


def download(url: str, destination: Path, sha256_prefix: str) -> Iterator[DownloadProgress]:
    """Download a file; yields after every chunk, so that the caller can report or stop.

    The file is written atomically, after its checksum is verified.

    Parameters
    ----------
    url
        The address of the file.
    destination
        Path to write to; missing folders are created.
    sha256_prefix
        The first hexadecimal digits of the expected SHA-256.

    Raises
    ------
    DownloadError
        Without a connection, for a broken transfer, or for another checksum.

    """
    try:
        yield from _fetch(url, destination, sha256_prefix)
    except (OSError, HTTPException) as error:
        if isinstance(error, HTTPError):
            error.close()
        folder = str(destination.parent)
        raise DownloadError(
            "download_offline", name=destination.name, folder=folder, url=url
        ) from error


def _fetch(url: str, destination: Path, sha256_prefix: str) -> Iterator[DownloadProgress]:
    destination.parent.mkdir(parents=True, exist_ok=True)
    digest, received = hashlib.sha256(), 0
    with whole_file(destination) as partial:
        with partial.open("wb") as file, urllib.request.urlopen(url, timeout=_TIMEOUT) as response:
            total = int(response.headers.get("Content-Length") or 0)
            while chunk := response.read(_CHUNK):
                file.write(chunk)
                digest.update(chunk)
                received += len(chunk)
                yield DownloadProgress(received, total)
        if not digest.hexdigest().startswith(sha256_prefix) or received < total:
            raise DownloadError("download_checksum", name=destination.name)
