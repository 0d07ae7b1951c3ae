"""What several analyses of change share: who is compared, completed data, and methods for missing forms."""
