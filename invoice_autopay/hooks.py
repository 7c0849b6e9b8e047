def uninstall_hook(env):
    """Take the guards of the tables of history along."""
    for model in ("autopay.attempt", "autopay.mandate", "autopay.mandate.event"):
        env[model]._drop_guard()
