"""Files of other people's problems and of our own: text and bytes in, a `Problem` out, and back.

One module for each format. A reader takes what stands in a file, never a path: the solver does no
input or output. What it cannot honour it refuses by line or field name (`FormatError`), all faults
at once where it can; nothing in a file is ignored in silence.

- `vrptw`: Solomon, Gehring and Homberger; `lilim`: Li and Lim; `sartori`: Sartori and Buriol. All
  three are a `depot.Depot`.
- `ogc`: Optimization Grand Challenge 2024.
- `vroom`: VROOM's JSON and its answers.
- `antmile`: the fields of `Problem`, as JSON or as .npz, with its plans in `plans`.

`scores` judges routes by the published rules, from the file's own numbers.
"""
