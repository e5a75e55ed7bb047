"""The same drawn days carried by other people: what a network of guards is worth, measured."""
