"""Stock targets: demand over random lead times, and the base stock that keeps a promise."""
