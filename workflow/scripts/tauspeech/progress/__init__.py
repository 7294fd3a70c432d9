"""What a run did, told when it is through."""
