"""`python -m connector` and the command `postrail`."""

from connector.cli.main import main

if __name__ == "__main__":
    main()
