"""What was chosen, by what test or person, and where it is kept. Not here: the backtest it rests on."""
