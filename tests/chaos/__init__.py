"""Process kills, lost answers, full disks and cut connections: afterwards nothing is lost and nothing is done twice."""
