"""What is called idle, wherever it is said: METHOD.md, section 4.2.

CPU below 5 % in every hour, below 2 % on average, less than 5 MB of traffic a day, and an
accelerator, where there is one, below 1 %. What is not known is never idle.
"""

IDLE_PEAK_PCT, IDLE_MEAN_PCT, IDLE_DAY_BYTES, IDLE_GPU_PCT = 5.0, 2.0, 5e6, 1.0
