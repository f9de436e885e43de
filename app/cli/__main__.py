"""`python -m app.cli` is `almanac`."""

from app.cli import main

if __name__ == "__main__":
    main()
