"""What several tests need: databases, a browser, captured data. No test lies here."""
