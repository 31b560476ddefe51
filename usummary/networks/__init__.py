"""The networks, one readable file each; their weights on disk; and what runs them."""

import sys

# OpenVINO's converter reports its use over the network wherever its telemetry package can be
# imported. A program for hospitals sends nothing: without the package OpenVINO does without.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
