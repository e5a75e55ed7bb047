"""Messages of ``dispatch.v1`` to values of the core, and back.

The only place that knows both worlds: names of protos follow the AIPs, names of the core their
own rules. What a message asks and the engine does not honour yet is refused by name, never
ignored. Nothing here reads a state's rules, a clock or a database.
"""
