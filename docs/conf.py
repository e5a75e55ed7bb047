"""Sphinx settings of the documentation."""

project = "antmile"
extensions = ["myst_parser"]
html_theme = "furo"
html_title = "antmile"
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
