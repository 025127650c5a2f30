"""What is kept: tables and the questions asked of them. SQL is written here and nowhere else."""
