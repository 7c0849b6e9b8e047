def uninstall_hook(env):
    """Take the guards of the tables of history along."""
    for model in ("payment.plan.version", "payment.plan.event", "payment.plan.extra"):
        env[model]._drop_guard()
