"""What an unknown extract probably holds: guesses with their reasons, questions, and a draft of a mapping.

Nothing here decides for the user: a guess is a comment in the draft, and what cannot be guessed is a question.
"""
