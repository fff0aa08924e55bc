"""What the black-box tests share: a server of their own, and small raw clients.

Nothing here knows Collegium's code. It knows what a newcomer knows: the command line, `quickstart.json`,
the ports and the protocols.
"""
