"""Every error that usummary raises on purpose.

    UsummaryError
    ├── InputError               what was given cannot be used
    │   ├── UnreadableFile       missing, empty, damaged, wrong type, no pictures in it
    │   ├── OtherRecording       another recording lies where the one of a project did
    │   ├── UnsupportedEncoding  a codec or DICOM transfer syntax without a decoder here
    │   └── SettingsError        a setting, an option or a side file with a wrong value
    ├── ModelError               a model folder is missing, damaged or does not fit the program
    ├── DeviceError              the wanted device cannot be used
    └── ExportError              a result could not be written, or does not read back as meant

A message is made for the person at the screen: what happened, to which file, what to do next.
Cancelling is not an error; see `usummary.progress.Cancelled`.
"""

from __future__ import annotations


class UsummaryError(Exception):
    """Root of the tree; its text can be shown to a person as it is."""


class InputError(UsummaryError):
    """What was given cannot be used."""


class UnreadableFile(InputError):
    """A file or folder is missing, empty, damaged, of the wrong type, or holds no pictures."""


class OtherRecording(InputError):
    """A file's content is another one than that which a project was made from."""


class UnsupportedEncoding(InputError):
    """The pictures are stored in an encoding for which no decoder is installed; it is named."""


class SettingsError(InputError):
    """A setting, a command-line option or a side file has a value that cannot be used."""


class ModelError(UsummaryError):
    """A model folder is missing, damaged, or does not fit this program."""


class DeviceError(UsummaryError):
    """The device asked for cannot be used."""


class ExportError(UsummaryError):
    """A result could not be written, or did not read back as what was meant."""
