"""The tests walk the rooms of the house: a folder for each, and one for the rules of the house itself."""
