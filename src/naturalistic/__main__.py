"""`python -m naturalistic` is the same as `naturalistic`."""

from naturalistic.cli.main import main

if __name__ == "__main__":
    main()
