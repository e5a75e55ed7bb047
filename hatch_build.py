"""Compile the protos into ``dispatch/v1`` whenever the package is built or installed.

Generated code is never committed, so that a proto and its Python can never disagree. The hook
runs for wheels and for editable installs; the source distribution carries the protos alone.
"""

import os
import shutil
import tempfile
from importlib import resources
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

GENERATED = "*_pb2*"
"""What the hook writes into ``dispatch/v1``, and all that it removes there."""


class ProtoBuildHook(BuildHookInterface[Any]):
    """Hatchling's hook: protos in, ``_pb2.py``, ``_pb2.pyi`` and ``_pb2_grpc.py`` out."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Generate the modules before hatchling collects the files of a wheel."""
        if self.target_name != "wheel":
            return
        compile_protos(Path(self.root))


def compile_protos(root: Path) -> None:
    """Write the Python modules of every proto below ``root/protos``.

    The modules are made aside and then moved into place one by one, so that a process that
    imports them meanwhile never sees half a file.

    Parameters
    ----------
    root : Path
        The folder that holds ``pyproject.toml``.

    Raises
    ------
    RuntimeError
        When protoc refuses a file; it has printed the line by then.
    """
    from grpc_tools import protoc

    protos = root / "protos"
    target = root / "dispatch" / "v1"
    files = sorted(str(path.relative_to(protos)) for path in protos.rglob("*.proto"))
    well_known = resources.files("grpc_tools") / "_proto"
    with tempfile.TemporaryDirectory() as work:
        include = Path(work, "include")
        made = Path(work, "made")
        made.mkdir()
        google = copy_google_protos(include)
        arguments = ["protoc", f"-I{protos}", f"-I{include}", f"-I{google}", f"-I{well_known}"]
        arguments += [f"--python_out={made}", f"--pyi_out={made}", f"--grpc_python_out={made}"]
        if protoc.main(arguments + files) != 0:
            message = "protoc refused the protos; its message stands above"
            raise RuntimeError(message)
        fresh = sorted((made / "dispatch" / "v1").glob(GENERATED))
        for path in target.glob(GENERATED):
            if path.name not in {new.name for new in fresh}:
                path.unlink()
        for path in fresh:
            aside = target / f".{path.name}.{os.getpid()}"
            shutil.copyfile(path, aside)
            aside.replace(target / path.name)


def copy_google_protos(include: Path) -> Path:
    """Put ``google/longrunning/operations.proto`` into ``include``; return Google's own folder.

    googleapis-common-protos ships that file as ``operations_proto.proto``. Imported under that
    name it compiles, and the generated module then asks Python for one that does not exist.
    """
    import google.api

    google_root = Path(next(iter(google.api.__path__))).parent.parent
    longrunning = include / "google" / "longrunning"
    longrunning.mkdir(parents=True)
    shutil.copyfile(
        google_root / "google" / "longrunning" / "operations_proto.proto",
        longrunning / "operations.proto",
    )
    return google_root
