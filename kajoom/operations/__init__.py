"""Operations: each public function is one transaction that reads, decides, writes and queues its side effects."""
