"""Keyed pseudonyms: the same id gives the same number in every table, and only the key holder can make it again."""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path

import numpy as np

from naturalistic.errors import ConfigError

KEY_FILE = "pseudonym.key"
_KEY_BYTES = 32
_POSITIVE = np.uint64(2**63 - 1)
MISSING = 0
"""Stands for a missing id until a table is finished; no pseudonym is 0."""


def project_key(private_dir: Path) -> bytes:
    """The pseudonym key of a cohort, made at the first call.

    Parameters
    ----------
    private_dir : Path
        ``private/{cohort}``; the key lies in ``pseudonym.key`` there, readable by its owner only.

    Raises
    ------
    ConfigError
        The key file is damaged.
    """
    path = private_dir / KEY_FILE
    private_dir.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read_key(path)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(_KEY_BYTES) + "\n")
    return _read_key(path)


def _read_key(path: Path) -> bytes:
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (ValueError, UnicodeDecodeError) as bad:
        raise ConfigError(f"{path.as_posix()} is damaged. Restore it from a backup.") from bad
    if len(key) < _KEY_BYTES:
        raise ConfigError(
            f"{path.as_posix()} is too short to be a key. Restore it from a backup, or delete it: every pseudonym "
            "of the cohort then changes."
        )
    return key


class Pseudonyms:
    """Makes pseudonyms with one key and sees to it that no two ids of a kind get the same.

    Parameters
    ----------
    key : bytes
        The secret key of the cohort.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._known: dict[str, dict[str, int]] = {}

    def of(self, kind: str, ids: np.ndarray) -> np.ndarray:
        """Pseudonyms of ids.

        The first 63 bits of HMAC-SHA256(key, kind + NUL + id), RFC 2104.

        Parameters
        ----------
        kind : str
            What the ids name ("patient", "referral" ...): the same text gives another number for another kind.
        ids : ndarray of object (str or None), shape (n,)

        Returns
        -------
        ndarray of int64, shape (n,)
            Positive; `MISSING` where the id is None.

        Raises
        ------
        RuntimeError
            Two ids share a pseudonym (expected once in some billion cohorts).
        """
        known = self._known.setdefault(kind, {})
        n_known = len(known)
        prefix = kind.encode() + b"\0"
        pseudonyms = np.zeros(len(ids), dtype=np.int64)
        for i, text in enumerate(ids):
            if text is not None:
                number = known.get(text)
                if number is None:
                    digest = hmac.digest(self._key, prefix + text.encode(), "sha256")
                    number = known[text] = int.from_bytes(digest[:8], "big") >> 1
                pseudonyms[i] = number
        if len(known) > n_known and len({MISSING, *known.values()}) != len(known) + 1:
            raise RuntimeError(f"two {kind} ids share a pseudonym: make another key")
        return pseudonyms


def combine(*parts: np.ndarray) -> np.ndarray:
    """One positive 63-bit number for each row of several integer columns.

    Each part is folded in by the finaliser of SplitMix64 (Steele, Lea and Flood 2014, Fast splittable pseudorandom
    number generators). The secret lies in the parts that are pseudonyms already.

    Parameters
    ----------
    *parts : ndarray of int64, shape (n,)

    Returns
    -------
    ndarray of int64, shape (n,)
    """
    state = np.zeros(len(parts[0]), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for part in parts:
            state = (state + np.uint64(0x9E3779B97F4A7C15)) ^ part.astype(np.int64).view(np.uint64)
            state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            state = state ^ (state >> np.uint64(31))
    return (state & _POSITIVE).astype(np.int64)
