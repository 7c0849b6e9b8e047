"""The scripts behind ``make``: environment, runs, tests, checks.

``python3 -m devtools --help`` lists the commands. Everything that is downloaded
or built lies in one cache folder of the user (see :mod:`devtools.project`).
The package uses the standard library only until the private virtual
environment exists; it then restarts itself inside it.
"""
