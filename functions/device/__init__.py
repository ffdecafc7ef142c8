"""What a phone does with a solution: its rows, its queue, its secrets, its calls."""
