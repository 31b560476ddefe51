"""Where the shared data lie, beside the checkout, and how tests skip without them."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
"""Real recordings and images; read-only, not part of the project."""

needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the shared data set is not beside this checkout"
)
