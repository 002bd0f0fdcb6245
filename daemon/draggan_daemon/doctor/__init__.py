"""What stands in the way of a daemon on this computer, in sentences; never imports torch."""
