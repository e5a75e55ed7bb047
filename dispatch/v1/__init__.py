"""Messages and stubs generated from ``protos/dispatch/v1`` when the package is built.

Only this file is written by hand; import contracts need a package here before the first build.
Only ``dispatch.wire``, ``dispatch.service`` and ``dispatch.web`` import what stands beside it.
"""
