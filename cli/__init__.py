"""The ``antmile`` command: one file per group of commands, no rules of its own."""
