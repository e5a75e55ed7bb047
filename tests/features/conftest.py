"""The town that stories of rules are told in."""

import pytest

from tests.core.town import Story


@pytest.fixture
def story() -> Story:
    """Give a town with Ann on a bicycle, and Bob, who lives farther away."""
    story = Story()
    story.courier("ann")
    story.courier("bob", home=story.state.courier("ann").home)
    return story
