"""The cheap part of the full fault suite (tests/faults, `make faults`), as the same tests under one seed."""

import pytest

from tests.faults.test_broker_fails import test_connections_cut
from tests.faults.test_broker_fails import (
    test_foreign_elements_in_every_queue_are_logged_counted_and_fatal_to_nobody as test_foreign_elements,
)
from tests.faults.test_broker_fails import test_unknown_tasks_old_messages_and_oversized_ones_are_told_and_dropped as test_other_messages
from tests.faults.test_poison import test_a_poisonous_product_at_each_position_of_a_batch as test_poison
from tests.faults.test_store_fails import test_moods_change_all_the_time as test_moods
from tests.faults.test_workers_die import test_a_product_that_kills_its_process_ends_in_one_letter_and_harms_no_other as test_killer
from tests.faults.test_workers_die import test_a_worker_frozen_past_its_lease as test_frozen

__all__ = [
    "test_connections_cut",
    "test_foreign_elements",
    "test_frozen",
    "test_killer",
    "test_moods",
    "test_other_messages",
    "test_poison",
]

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]
