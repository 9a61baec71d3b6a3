"""Files that a command leaves: all of them whole, or none."""

import os
from collections.abc import Mapping
from pathlib import Path

from oracle.errors import ConfigurationError


def write_all(files: Mapping[Path, bytes]) -> None:
    """Write these files, each by one rename, once the drafts of all of them are on disk; folders are made.

    Raises ConfigurationError, and leaves every file as it was, where one cannot be written: no room, no right, or a
    folder of its name.
    """
    drafts = {path: path.with_name(path.name + ".new") for path in files}
    place = None
    try:
        for place, content in files.items():
            if place.is_dir():
                raise IsADirectoryError(f"{place} is a folder")
            place.parent.mkdir(parents=True, exist_ok=True)
            with drafts[place].open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
        for place, draft in drafts.items():
            draft.replace(place)
    except OSError as failed:
        raise ConfigurationError(f"{place} cannot be written ({failed}): make room, or name another place.") from None
    finally:
        for draft in drafts.values():
            if draft.is_file():
                draft.unlink()
