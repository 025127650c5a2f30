"""Reading of the files a host gives: CSV rows, the types of their values, and what is wrong in them."""
