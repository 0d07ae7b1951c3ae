"""What may leave: disclosure control and the evidence bundle."""
