"""What somebody should know of: alerts now, drift and calibration later."""
