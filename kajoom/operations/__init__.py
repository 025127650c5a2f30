"""What is done: each public function is one deed, with at most one commit."""
