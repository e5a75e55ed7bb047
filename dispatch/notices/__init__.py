"""Messages to recipients and merchants: their words, who sends them, and the outbox's loop."""
