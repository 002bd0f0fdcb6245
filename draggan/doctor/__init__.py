"""What stands in the way of draggan on this computer, in sentences; never torch in this process."""
