"""The research bench: data sets, protocols, methods, experiments, the paper's tables and figures.

`datasets` reads a benchmark file into `videos.Video`s, `protocol` scores one video as the
benchmarks do, `baselines` are what methods are compared with, `experiment` runs a `config`,
`record` holds its results, and `tables` and the figures show them. How to use it:
``docs/research.md``. The application never needs this package.
"""
